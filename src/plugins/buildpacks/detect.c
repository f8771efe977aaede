/* SPDX-License-Identifier: MIT */
/* buildpacks:detect: asks the stack which of its buildpacks fits a revision. */
#include <signal.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "core/git_repo.h"
#include "core/image.h"
#include "core/output.h"
#include "core/stack.h"
#include "core/task.h"
#include "lib/engine/containers.h"
#include "lib/git/git.h"
#include "plugins/buildpacks/buildpacks.h"

enum { SAID_MAX = 64 << 10 };

struct said {
	struct strbuf out;
	struct strbuf err;
};

static int collect(void *cookie, int stream, const void *data, size_t len, struct err *err)
{
	struct said *said = cookie;

	strbuf_add(stream == STREAM_STDERR ? &said->err : &said->out, data, len);
	return 0;
}

/* The revision's files go from git to the engine; none is written here. */
static int put_source(struct task *t, const char *repo, const char *rev, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_ERR git_err = ERR_INIT;
	struct child_status st;
	int sent;
	int r;

	git_child(&c, repo);
	strvec_pushl(&c.argv, "archive", "--format=tar", "--prefix=tmp/app/", rev, NULL);
	c.out = CHILD_PIPE;
	c.die_with_parent = true;
	r = child_start(&c, err);
	if (r < 0)
		return r;
	sent = engine_archive_put_fd(ctx_engine(t->ctx), t->id, "/", c.out, err);
	close(TAKE_FD(c.out));
	if (sent < 0)
		kill(c.pid, SIGTERM);
	r = child_wait(&c, &st, sent < 0 ? &git_err : err);
	if (sent < 0)
		return sent;
	return r < 0 ? r : child_check(&c, &st, err);
}

static int run(struct task *t, const char *repo, const char *rev, struct said *said,
	struct err *err)
{
	int code = 0;
	int r;

	strvec_pushl(&t->command, "/bin/herokuish", "buildpack", "detect", "/tmp/app", NULL);
	r = task_create(t, err);
	if (r >= 0)
		r = put_source(t, repo, rev, err);
	if (r >= 0)
		r = task_run(t, collect, said, &code, err);
	task_remove(t);
	strbuf_trim(&said->out);
	strbuf_trim(&said->err);
	if (r < 0)
		return r;
	return code ? err_set(err, ERR_FAILED, "%s", said->err.len ? said->err.buf : said->out.buf)
		    : 0;
}

/* The branch that is asked for, else the one whose pushes are deployed. */
static int find_revision(struct ctx *ctx, const char *app, const char *branch, struct strbuf *out,
	struct err *err)
{
	AUTO_FREE char *deployed = git_deploy_branch(ctx, app, "master");
	int r = git_resolve(ctx, app, *branch ? branch : deployed, out, err);

	if (r != 0)
		return r < 0 ? r : 0;
	return err_set(err, ERR_NOT_FOUND,
		"Unable to checkout bare git repository: there is no '%s' in it",
		*branch ? branch : deployed);
}

int buildpacks_run_detect(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	AUTO_FREE char *repo = inst_home(&ctx->inst, "%s", app);
	AUTO_STACK stack = STACK_INIT;
	AUTO_STRBUF rev = STRBUF_INIT;
	AUTO_TASK task = TASK_INIT;
	struct said said = { STRBUF_CAPPED(SAID_MAX), STRBUF_CAPPED(SAID_MAX) };
	int r = find_revision(ctx, app, args_value(args, "branch", ""), &rev, err);

	if (r >= 0)
		r = stack_choose(ctx, app, &stack, err);
	if (r >= 0)
		r = stack_provide(ctx, app, &stack, err);
	if (r < 0)
		return r;
	task.ctx = ctx;
	task.image = stack.image;
	task.labels = labels_for(ctx, app);
	json_object_set_new(task.labels, "com.dokku.image-stage", json_string("build"));
	r = run(&task, repo, rev.buf, &said, err);
	if (r >= 0)
		out_verbose("%s", said.out.buf);
	strbuf_done(&said.out);
	strbuf_done(&said.err);
	return r < 0 ? err_wrap(err, "Buildpack detection failed") : 0;
}
