/* SPDX-License-Identifier: MIT */
#include "core/git_repo.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/state.h"
#include "lib/git/git.h"
#include "lib/git/refline.h"
#include "lib/words/words.h"

static char *repo_path(struct ctx *ctx, const char *app)
{
	return inst_home(&ctx->inst, "%s", app);
}

bool git_repo_exists(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *refs = inst_home(&ctx->inst, "%s/refs", app);

	return fs_is_dir(refs);
}

/* What the hook calls finds its instance by itself: git hooks and sshd pass no settings on. */
static int write_hook(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *path = inst_home(&ctx->inst, "%s/hooks/pre-receive", app);
	AUTO_STRBUF text = STRBUF_INIT;

	strbuf_addstr(&text, "#!/bin/sh\nexec ");
	quote_single(&text, ctx->inst.dokku_command);
	strbuf_addstr(&text, " git-hook ");
	quote_single(&text, app);
	strbuf_addch(&text, '\n');
	return fs_write_str(path, text.buf, 0755, err);
}

int git_head_follow(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *branch = git_deploy_branch(ctx, app, "master");
	AUTO_FREE char *wanted = xasprintf("ref: refs/heads/%s", branch);
	AUTO_FREE char *dir = repo_path(ctx, app);
	AUTO_FREE char *file = path_join(dir, "HEAD");
	AUTO_STRBUF head = STRBUF_INIT;
	AUTO_CHILD c = CHILD_INIT;
	int r;

	if (!git_repo_exists(ctx, app) || !git_branch_valid(branch))
		return 0;
	r = fs_read_optional(file, 4096, &head, err);
	strbuf_trim(&head);
	if (r < 0 || str_eq(head.buf, wanted))
		return r;
	git_child(&c, dir);
	strvec_pushl(&c.argv, "symbolic-ref", "HEAD", wanted + strlen("ref: "), NULL);
	return git_quiet(&c, err);
}

int git_repo_init(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *dir = repo_path(ctx, app);
	AUTO_CHILD c = CHILD_INIT;
	int r = 0;

	if (!git_repo_exists(ctx, app)) {
		git_child(&c, dir);
		strvec_pushl(&c.argv, "-c", "init.defaultBranch=master", "init", "-q", "--bare",
			"--template=", ".", NULL);
		r = git_quiet(&c, err);
	}
	if (r >= 0)
		r = write_hook(ctx, app, err);
	return r < 0 ? r : git_head_follow(ctx, app, err);
}

char *git_deploy_branch(struct ctx *ctx, const char *app, const char *fallback)
{
	return state_computed(ctx, "git", app, "deploy-branch", fallback);
}

bool git_branch_valid(const char *branch)
{
	return git_branch_name_valid(branch);
}

/* Appends what is in the file of a branch, if it has one: it can be nothing but a commit. */
static bool read_branch(struct ctx *ctx, const char *app, const char *name, struct strbuf *out)
{
	AUTO_FREE char *path = inst_home(&ctx->inst, "%s/%s", app, name);
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT; /* git will say what is wrong */

	if (!str_starts(name, "refs/heads/") || !git_ref_valid(name) ||
		fs_read_optional(path, GIT_REF_MAX, &text, &ignored) <= 0)
		return false;
	strbuf_chomp(&text);
	if (!git_oid_valid(text.buf))
		return false;
	strbuf_addstr(out, text.buf);
	return true;
}

int git_resolve(struct ctx *ctx, const char *app, const char *name, struct strbuf *out,
	struct err *err)
{
	AUTO_FREE char *dir = repo_path(ctx, app);
	AUTO_STRBUF said = STRBUF_CAPPED(4096);
	AUTO_CHILD c = CHILD_INIT;
	struct child_status st;
	int r;

	if (!git_repo_exists(ctx, app))
		return 0;
	if (read_branch(ctx, app, name, out))
		return 1;
	git_child(&c, dir);
	strvec_pushl(&c.argv, "rev-parse", "--verify", "--quiet", "--end-of-options", NULL);
	strvec_pushf(&c.argv, "%s^{commit}", name);
	r = child_capture(&c, NULL, &said, &said, &st, err);
	strbuf_trim(&said);
	if (r < 0 || st.code || !git_oid_valid(said.buf))
		return r < 0 ? r : 0;
	strbuf_addstr(out, said.buf);
	return 1;
}

char *git_rev_variable(struct ctx *ctx, const char *app)
{
	if (!state_exists(ctx, "git", app, "rev-env-var"))
		return xstrdup("GIT_REV");
	return state_get_or(ctx, "git", app, "rev-env-var", "");
}

/* --- refs that git is about to move --- */

static char *expect_path(struct ctx *ctx, const char *app)
{
	return inst_lib(&ctx->inst, "data/moorage/refs/%s", app);
}

/* When process PID started, in the kernel's ticks: with the pid it names one process. */
static char *start_of(long long pid)
{
	AUTO_FREE char *path = xasprintf("/proc/%lld/stat", pid);
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRVEC fields = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT;
	const char *rest;

	if (fs_read_optional(path, 8192, &text, &ignored) <= 0)
		return NULL;
	rest = strrchr(text.buf, ')'); /* the name before it may hold anything */
	if (rest)
		strvec_split(&fields, rest + 1, " \n");
	/* State is field 3, the start time field 22. A zombie does nothing any more. */
	if (fields.count < 20 || str_eq(fields.items[0], "Z"))
		return NULL;
	return xstrdup(fields.items[19]);
}

int git_ref_expect(struct ctx *ctx, const char *app, const struct pushed_ref *ref, struct err *err)
{
	AUTO_FREE char *path = expect_path(ctx, app);
	AUTO_FREE char *start = start_of(getppid());
	AUTO_FREE char *text = NULL;
	json_t *note = json_pack("{s:s, s:s, s:s, s:I, s:s}", "name", ref->name, "old", ref->old,
		"rev", ref->rev, "pid", (json_int_t)getppid(), "start", start ? start : "");

	text = json_dumps(note, JSON_INDENT(1));
	json_decref(note);
	return fs_write_str(path, text, 0644, err);
}

static const char *member(json_t *note, const char *key)
{
	const char *value = json_string_value(json_object_get(note, key));

	return value ? value : "";
}

static int settle(struct ctx *ctx, const char *app, json_t *note, const char *path, struct err *err)
{
	struct pushed_ref ref = { member(note, "name"), member(note, "old"), member(note, "rev") };
	AUTO_FREE char *start =
		start_of((long long)json_integer_value(json_object_get(note, "pid")));
	int r = 0;

	if (start && str_eq(start, member(note, "start")))
		return 0; /* git is still at it */
	if (git_ref_valid(ref.name) && git_oid_valid(ref.rev))
		r = git_ref_move(ctx, app, &ref, err);
	return r < 0 ? r : fs_unlink(path, err);
}

int git_ref_settle(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *path = expect_path(ctx, app);
	AUTO_STRBUF text = STRBUF_INIT;
	json_t *note;
	int r = fs_read_optional(path, 64 * 1024, &text, err);

	if (r <= 0)
		return r;
	note = json_loadb(text.buf, text.len, 0, NULL);
	r = settle(ctx, app, note, path, err);
	json_decref(note);
	return r;
}

int git_ref_move(struct ctx *ctx, const char *app, const struct pushed_ref *ref, struct err *err)
{
	AUTO_FREE char *dir = repo_path(ctx, app);
	AUTO_STRBUF now = STRBUF_INIT;
	AUTO_CHILD c = CHILD_INIT;
	int r = git_resolve(ctx, app, ref->name, &now, err);

	if (r < 0 || !git_repo_exists(ctx, app))
		return r;
	/* Elsewhere already: another push came later, or git has done it. */
	if (r == 0 ? !git_oid_is_zero(ref->old) : !str_eq(now.buf, ref->old))
		return 0;
	git_child(&c, dir);
	strvec_pushl(&c.argv, "update-ref", "-m", "deploy", ref->name, ref->rev, ref->old, NULL);
	return git_quiet(&c, err);
}
