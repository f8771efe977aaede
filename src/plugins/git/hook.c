/* SPDX-License-Identifier: MIT */
/* git-hook: decides what a push means and builds it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/applock.h"
#include "core/deploy.h"
#include "core/git_repo.h"
#include "core/output.h"
#include "core/state.h"
#include "core/trigger.h"
#include "lib/git/git.h"
#include "lib/git/refline.h"
#include "plugins/git/git.h"

enum { PUSH_TEXT_MAX = 16 << 20 };

/* Moves to the line's start, behind the "remote: " that the client has printed. */
#define LINE_START "\033[1G\033[K"

static int read_input(struct strbuf *out, struct err *err)
{
	char data[8192];

	for (;;) {
		ssize_t n = read(0, data, sizeof(data));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read what was pushed");
		if (n == 0)
			break;
		strbuf_add(out, data, (size_t)n);
	}
	return out->truncated ? err_set(err, ERR_INVALID, "too many refs in one push") : 0;
}

static bool is_named(const char *ref, const char *branch)
{
	const char *head = str_after(ref, "refs/heads/");
	const char *tag = str_after(ref, "refs/tags/");

	return (head && str_eq(head, branch)) || (tag && str_eq(tag, branch));
}

/* "refs/heads/x" and "refs/tags/x" as x. */
static const char *short_name(const char *ref)
{
	const char *name = str_after(ref, "refs/heads/");

	if (!name)
		name = str_after(ref, "refs/tags/");
	return name ? name : ref;
}

enum meaning {
	MEANS_DEPLOY,
	MEANS_FIRST,  /* deploy, and the branch becomes the deploy branch */
	MEANS_PLUGIN, /* third-party plugins deal with it */
	MEANS_NOTHING,
};

static enum meaning meaning_of(struct ctx *ctx, const char *app, const struct git_refline *line)
{
	AUTO_FREE char *branch = git_deploy_branch(ctx, app, "master");
	AUTO_FREE char *chosen = git_deploy_branch(ctx, app, "");

	if (is_named(line->ref, branch))
		return MEANS_DEPLOY;
	if (trigger_has_external(ctx, "receive-branch"))
		return MEANS_PLUGIN;
	if (!*chosen && !git_oid_is_zero(line->rev) && git_branch_valid(short_name(line->ref)))
		return MEANS_FIRST;
	return MEANS_NOTHING;
}

static void warn_ignored(struct ctx *ctx, const char *app, const struct git_refline *line)
{
	AUTO_FREE char *branch = git_deploy_branch(ctx, app, "master");

	out_line(LINE_START "-----> WARNING: deploy did not complete, you must push to %s.",
		branch);
	out_line(LINE_START "-----> for example, try 'git push <dokku> %s:%s'",
		short_name(line->ref), branch);
}

static int set_source(struct ctx *ctx, const char *app, const char *rev, struct err *err)
{
	int r = state_set(ctx, "apps", app, "deploy-source", "git-push", err);

	if (r >= 0)
		r = state_set(ctx, "apps", app, "deploy-source-metadata", rev, err);
	if (r >= 0)
		r = state_unset(ctx, "git", app, "source-image", err);
	return r < 0 ? r : trigger_fire(ctx, err, "deploy-source-set", app, "git-push", rev, NULL);
}

/* One deploy at a time; whoever comes second is told at once and pushes again later. */
static int lock_now(struct ctx *ctx, const char *app, struct err *err)
{
	int r = app_lock(ctx, app, APP_LOCK_NOW, err);

	if (r == -ERR_BUSY) {
		AUTO_FREE char *who = xstrdup(err_text(err));

		return err_user(err, ERR_BUSY, 1,
			"%s currently has a deploy lock in place. Exiting...\n%s", app, who);
	}
	return r < 0 ? r : app_verify(ctx, app, err);
}

static int deploy_line(struct ctx *ctx, const char *app, const struct git_refline *line,
	struct err *err)
{
	struct pushed_ref ref = { line->ref, line->old, line->rev };
	int r;

	if (git_oid_is_zero(line->rev))
		return err_set(err, ERR_INVALID,
			"%s is what %s is deployed from and cannot be removed", line->ref, app);
	r = git_head_follow(ctx, app, err);
	if (r >= 0)
		r = deploy_push(ctx, app, &ref, err);
	return r < 0 ? r : set_source(ctx, app, line->rev, err);
}

static int handle_line(struct ctx *ctx, const char *app, const struct git_refline *line,
	struct err *err)
{
	const char *name = short_name(line->ref);
	int r = 0;

	switch (meaning_of(ctx, app, line)) {
	case MEANS_DEPLOY:
		return deploy_line(ctx, app, line, err);
	case MEANS_FIRST:
		out_line(LINE_START "-----> Set %s as deploy-branch", name);
		r = state_set(ctx, "git", app, "deploy-branch", name, err);
		return r < 0 ? r : deploy_line(ctx, app, line, err);
	case MEANS_PLUGIN:
		r = trigger_fire(ctx, err, "receive-branch", app, line->rev, line->ref, NULL);
		return r < 0 ? r : set_source(ctx, app, line->rev, err);
	case MEANS_NOTHING:
		warn_ignored(ctx, app, line);
		break;
	}
	return 0;
}

/*
 * Before anything is built the objects leave the push's quarantine, so that a build and everything
 * it starts sees an ordinary repository, also after this push has died.
 */
static int prepare(struct ctx *ctx, const char *app, const struct git_reflines *lines,
	struct err *err)
{
	AUTO_FREE char *dir = inst_home(&ctx->inst, "%s", app);
	bool locked = false;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < lines->count; i++) {
		enum meaning meaning = meaning_of(ctx, app, &lines->items[i]);

		if (meaning != MEANS_DEPLOY && meaning != MEANS_FIRST)
			continue;
		if (!locked)
			r = lock_now(ctx, app, err);
		locked = true;
		if (r >= 0 && !git_oid_is_zero(lines->items[i].rev))
			r = git_leave_quarantine(dir, lines->items[i].rev, err);
	}
	if (locked)
		git_forget_push();
	return r;
}

static bool branch_is_usable(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *branch = git_deploy_branch(ctx, app, "master");

	if (git_branch_valid(branch))
		return true;
	out_line(LINE_START "-----> WARNING: Invalid branch name '%s' specified via deploy-branch "
			    "setting.",
		branch);
	out_line(LINE_START "-----> For more details, please see the man page for "
			    "'git-check-ref-format.'");
	return false;
}

int git_run_hook(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	AUTO_GIT_REFLINES lines = GIT_REFLINES_INIT;
	AUTO_STRBUF text = STRBUF_CAPPED(PUSH_TEXT_MAX);
	int r = read_input(&text, err);

	if (r >= 0)
		r = git_reflines_parse(text.buf, text.len, &lines, err);
	if (r < 0)
		return r;
	if (!branch_is_usable(ctx, app))
		return 0;
	git_die_with_parent();
	r = prepare(ctx, app, &lines, err);
	for (size_t i = 0; r >= 0 && i < lines.count; i++)
		r = handle_line(ctx, app, &lines.items[i], err);
	return r;
}
