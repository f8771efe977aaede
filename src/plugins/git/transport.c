/* SPDX-License-Identifier: MIT */
/* What git clients ask for over SSH: git-receive-pack 'app' and its kin. */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/app_life.h"
#include "core/applock.h"
#include "core/disk.h"
#include "core/git_repo.h"
#include "core/output.h"
#include "core/trigger.h"
#include "plugins/git/git.h"

/* Git quotes the path for a shell: quotes go, escaped ones stay, one leading slash goes. */
static char *app_of(const char *word)
{
	AUTO_STRBUF out = STRBUF_INIT;

	for (const char *c = word; *c; c++) {
		if (*c == '\\' && c[1] == '\'')
			c++;
		else if (*c == '\'')
			continue;
		strbuf_addch(&out, *c);
	}
	return xstrdup(out.buf[0] == '/' ? out.buf + 1 : out.buf);
}

/* An app that is not there is made, with its repository. */
static int make_ready(struct ctx *ctx, const char *app, struct err *err)
{
	int r = app_exists(ctx, app) ? app_verify(ctx, app, err) : app_name_check(app, err);

	if (r >= 0 && git_repo_exists(ctx, app))
		return git_ref_settle(ctx, app, err);
	if (r >= 0)
		r = app_lock(ctx, app, APP_LOCK_WAIT, err);
	if (r >= 0)
		r = app_maybe_create(ctx, app, err);
	if (r >= 0 && !git_repo_exists(ctx, app))
		r = git_repo_init(ctx, app, err);
	/* The hook is a command of its own and takes the lock itself. */
	app_unlock(ctx, app);
	return r < 0 ? r : 0;
}

void git_die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGHUP);
}

/* Hands the connection over to git. INPUT_MAX: bytes that it may receive, 0 for any number. */
static int run_git(struct ctx *ctx, const char *verb, const char *app, uint64_t input_max,
	struct err *err)
{
	AUTO_FREE char *dir = inst_home(&ctx->inst, "%s", app);
	AUTO_CHILD c = CHILD_INIT;
	struct child_status st;
	int r;

	ctx_publish_env(ctx);
	out_flush();
	strvec_push(&c.argv, "git");
	if (input_max) {
		strvec_push(&c.argv, "-c");
		strvec_pushf(&c.argv, "receive.maxInputSize=%llu", (unsigned long long)input_max);
	}
	strvec_pushl(&c.argv, verb, dir, NULL);
	c.in = CHILD_INHERIT;
	c.die_with_parent = true;
	git_die_with_parent();
	r = child_run(&c, &st, err);
	return r < 0 || !st.code ? r : err_exit(err, st.code);
}

int git_run_receive_pack(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *app = app_of(args_pos(args, 0));
	uint64_t input_max = 0;
	int r = make_ready(ctx, app, err);

	if (r >= 0)
		r = disk_check_push(ctx, app, &input_max, err);
	return r < 0 ? r : run_git(ctx, "receive-pack", app, input_max, err);
}

int git_run_upload_pack(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *app = app_of(args_pos(args, 0));
	int r = make_ready(ctx, app, err);

	if (r >= 0)
		r = trigger_fire(ctx, err, "git-pre-pull", app, NULL);
	if (r >= 0)
		r = run_git(ctx, "upload-pack", app, 0, err);
	return r < 0 ? r : trigger_fire(ctx, err, "git-post-pull", app, NULL);
}

int git_run_upload_archive(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *app = app_of(args_pos(args, 0));
	int r = app_verify(ctx, app, err);

	return r < 0 ? r : run_git(ctx, "upload-archive", app, 0, err);
}
