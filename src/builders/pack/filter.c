/* SPDX-License-Identifier: MIT */
#include "builders/pack/filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "lib/git/git.h"

/* Inside the tree, so that it goes with it whatever happens. */
#define REPO ".moorage-filter"

enum { LIST_MAX = 64 << 20 };

static int make_repo(const char *dir, const struct strvec *patterns, struct err *err)
{
	AUTO_FREE char *repo = path_join(dir, REPO);
	AUTO_FREE char *file = path_join(repo, "patterns");
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_CHILD c = CHILD_INIT;
	int r;

	git_child(&c, dir);
	strvec_pushl(&c.argv, "init", "--quiet", "--bare", "--template=", repo, NULL);
	r = git_quiet(&c, err);
	strvec_join(patterns, "\n", &text);
	strbuf_addch(&text, '\n');
	return r < 0 ? r : fs_write(file, text.buf, text.len, 0600, err);
}

/* Appends the files below DIR, each ended by a NUL; MATCHING: only those that the patterns mean. */
static int list(const char *dir, bool matching, bool folders, struct strbuf *ret, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	int r;

	git_child(&c, dir);
	strvec_pushl(&c.argv, "--git-dir=" REPO, "--work-tree=.", "ls-files", "-z", "--others",
		NULL);
	if (matching)
		strvec_pushl(&c.argv, "--ignored", "--exclude-from=" REPO "/patterns", NULL);
	if (folders)
		strvec_push(&c.argv, "--directory");
	r = git_output(&c, ret, err);
	if (r >= 0 && ret->truncated)
		r = err_set(err, ERR_INVALID, "the source has too many files");
	return r;
}

/* Folders that have become empty go as well. */
static int drop(const char *dir, const char *name, struct err *err)
{
	AUTO_FREE char *path = path_join(dir, name);
	size_t len = strlen(path);
	int r;

	while (len && path[len - 1] == '/')
		path[--len] = '\0';
	r = fs_rm_rf(path, err);
	for (char *slash; r >= 0 && (slash = strrchr(path, '/')) && slash > path + strlen(dir);) {
		*slash = '\0';
		if (rmdir(path) < 0)
			break;
	}
	return r;
}

static bool is_repo(const char *name)
{
	return str_starts(name, REPO "/") || str_eq(name, REPO);
}

static void split(const struct strbuf *list, struct strvec *ret)
{
	for (const char *p = list->buf; p < list->buf + list->len; p += strlen(p) + 1) {
		if (!is_repo(p))
			strvec_push(ret, p);
	}
}

static int exclude(const char *dir, struct err *err)
{
	AUTO_STRBUF text = STRBUF_CAPPED(LIST_MAX);
	AUTO_STRVEC names = STRVEC_INIT;
	int r = list(dir, true, true, &text, err);

	split(&text, &names);
	for (size_t i = 0; r >= 0 && i < names.count; i++)
		r = drop(dir, names.items[i], err);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int include(const char *dir, struct err *err)
{
	AUTO_STRBUF all_text = STRBUF_CAPPED(LIST_MAX);
	AUTO_STRBUF keep_text = STRBUF_CAPPED(LIST_MAX);
	AUTO_STRVEC all = STRVEC_INIT;
	AUTO_STRVEC keep = STRVEC_INIT;
	int r = list(dir, false, false, &all_text, err);

	if (r >= 0)
		r = list(dir, true, false, &keep_text, err);
	split(&all_text, &all);
	split(&keep_text, &keep);
	strvec_sort(&keep);
	for (size_t i = 0; r >= 0 && i < all.count; i++) {
		if (!keep.count || !bsearch(&all.items[i], keep.items, keep.count,
					   sizeof(*keep.items), by_name))
			r = drop(dir, all.items[i], err);
	}
	return r;
}

int pack_filter(const char *dir, const struct pack_project *project, struct err *err)
{
	bool includes = project->include.count > 0;
	AUTO_FREE char *repo = path_join(dir, REPO);
	AUTO_ERR ignored = ERR_INIT;
	int removed;
	int r;

	if (!includes && !project->exclude.count)
		return 0;
	r = fs_rm_rf(repo, err);
	if (r >= 0)
		r = make_repo(dir, includes ? &project->include : &project->exclude, err);
	if (r >= 0)
		r = includes ? include(dir, err) : exclude(dir, err);
	removed = fs_rm_rf(repo, r < 0 ? &ignored : err);
	if (r >= 0)
		r = removed;
	return r < 0 ? err_wrap(err, "leave out what project.toml says") : 0;
}
