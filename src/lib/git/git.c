/* SPDX-License-Identifier: MIT */
#include "lib/git/git.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"

enum { SAID_MAX = 16 * 1024, TIPS_MAX = 16 << 20 };

/* git-rev-parse --local-env-vars, and what a push adds. */
static const char *const hook_variables[] = {
	"GIT_DIR",
	"GIT_WORK_TREE",
	"GIT_INDEX_FILE",
	"GIT_PREFIX",
	"GIT_CONFIG",
	"GIT_CONFIG_PARAMETERS",
	"GIT_CONFIG_COUNT",
	"GIT_GRAFT_FILE",
	"GIT_COMMON_DIR",
	"GIT_REPLACE_REF_BASE",
	"GIT_SHALLOW_FILE",
	"GIT_NO_REPLACE_OBJECTS",
	"GIT_IMPLICIT_WORK_TREE",
	"GIT_INTERNAL_SUPER_PREFIX",
	"GIT_NAMESPACE",
	"GIT_QUARANTINE_PATH",
};

static const char *const quarantine_variables[] = {
	"GIT_OBJECT_DIRECTORY",
	"GIT_ALTERNATE_OBJECT_DIRECTORIES",
};

void git_child_quarantine(struct child *c, const char *dir)
{
	strvec_pushl(&c->argv, "git", "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null",
		"-c", "core.fsmonitor=false", "-c", "core.askPass=", "-c", "gc.auto=0", "-c",
		"advice.detachedHead=false", "-C", dir, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(hook_variables); i++)
		strvec_push(&c->env, hook_variables[i]);
	strvec_pushl(&c->env, "GIT_TERMINAL_PROMPT=0", "GIT_PAGER=cat", "GIT_OPTIONAL_LOCKS=0",
		NULL);
}

void git_child(struct child *c, const char *dir)
{
	git_child_quarantine(c, dir);
	for (size_t i = 0; i < ARRAY_SIZE(quarantine_variables); i++)
		strvec_push(&c->env, quarantine_variables[i]);
}

/* The verb, for messages: the first word behind "-C DIR". */
static const char *verb_of(const struct child *c)
{
	ptrdiff_t at = strvec_index(&c->argv, "-C");

	return at >= 0 && (size_t)at + 2 < c->argv.count ? c->argv.items[at + 2] : "";
}

static int check(const struct child *c, const struct child_status *st, struct strbuf *said,
	struct err *err)
{
	if (!st->code)
		return 0;
	strbuf_trim(said);
	err_set(err, ERR_FAILED, "git %s failed (exit code %d)%s%s", verb_of(c), st->code,
		said->len ? ": " : "", said->buf);
	return -ERR_FAILED;
}

int git_output(struct child *c, struct strbuf *out, struct err *err)
{
	AUTO_STRBUF said = STRBUF_CAPPED(SAID_MAX);
	struct child_status st;
	int r = child_capture(c, NULL, out, &said, &st, err);

	return r < 0 ? r : check(c, &st, &said, err);
}

int git_quiet(struct child *c, struct err *err)
{
	AUTO_STRBUF said = STRBUF_CAPPED(SAID_MAX);
	struct child_status st;
	int r = child_capture(c, NULL, &said, &said, &st, err);

	return r < 0 ? r : check(c, &st, &said, err);
}

/* What is to be packed, as pack-objects reads it: REV, but nothing that a ref reaches. */
static int list_tips(const char *dir, const char *rev, struct err *err)
{
	AUTO_STRBUF text = STRBUF_CAPPED(TIPS_MAX);
	AUTO_CLOSE int fd = memfd_create("tips", MFD_CLOEXEC);
	AUTO_CHILD c = CHILD_INIT;
	int r;

	strbuf_addf(&text, "%s\n", rev);
	git_child(&c, dir);
	strvec_pushl(&c.argv, "for-each-ref", "--format=^%(objectname)", NULL);
	r = git_output(&c, &text, err);
	if (r < 0)
		return r;
	if (text.truncated)
		return err_set(err, ERR_INVALID, "the repository has too many refs");
	if (fd < 0 || fs_write_all(fd, text.buf, text.len) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "prepare the list of what is to be packed");
	return TAKE_FD(fd);
}

/* Starts `pack-objects`, which writes what REV needs to its out pipe. */
static int start_pack(struct child *c, const char *dir, const char *rev, struct err *err)
{
	AUTO_CLOSE int tips = list_tips(dir, rev, err);

	if (tips < 0)
		return tips;
	git_child_quarantine(c, dir);
	strvec_pushl(&c->argv, "pack-objects", "-q", "--revs", "--stdout", NULL);
	c->in = tips;
	c->out = CHILD_PIPE;
	return child_start(c, err);
}

static int finish(struct child *c, const char *what, int r, struct err *err)
{
	struct child_status st;
	AUTO_ERR ignored = ERR_INIT;
	int w = child_wait(c, &st, r < 0 ? &ignored : err);

	if (r < 0 || w < 0)
		return r < 0 ? r : w;
	return st.code ? err_set(err, ERR_FAILED, "git %s failed (exit code %d)", what, st.code)
		       : 0;
}

int git_leave_quarantine(const char *dir, const char *rev, struct err *err)
{
	AUTO_CHILD pack = CHILD_INIT;
	AUTO_CHILD index = CHILD_INIT;
	int r;

	if (!getenv("GIT_QUARANTINE_PATH"))
		return 0;
	r = start_pack(&pack, dir, rev, err);
	if (r < 0)
		return r;
	git_child(&index, dir);
	strvec_pushl(&index.argv, "index-pack", "--stdin", NULL);
	index.in = pack.out;
	index.out = CHILD_NULL;
	r = child_start(&index, err);
	close(TAKE_FD(pack.out));
	if (r >= 0)
		r = finish(&index, "index-pack", 0, err);
	return finish(&pack, "pack-objects", r, err);
}

void git_forget_push(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(hook_variables); i++)
		unsetenv(hook_variables[i]);
	for (size_t i = 0; i < ARRAY_SIZE(quarantine_variables); i++)
		unsetenv(quarantine_variables[i]);
}
