/* SPDX-License-Identifier: MIT */
#include "core/stack_build.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/timing.h"
#include "core/disk.h"
#include "core/image.h"
#include "core/image_make.h"
#include "core/operation.h"
#include "core/output.h"
#include "core/stack_files.h"
#include "core/stack_log.h"
#include "core/task.h"
#include "lib/engine/containers.h"
#include "lib/engine/images.h"

#define RAW_REPO "moorage/stack-raw"

/* One run. */
struct make {
	struct ctx *ctx;
	struct stack_plan *plan;
	char *dir;       /* what the smallest Debian is put together in */
	char *raw;       /* tag of it, as it came */
	char *container; /* name of the one that is at work */
};

static void make_done(struct make *m)
{
	free(m->dir);
	free(m->raw);
	free(m->container);
}

/* --- what a killed run left --- */

static int sweep(struct make *m, struct err *err)
{
	AUTO_FREE char *raw = xasprintf(RAW_REPO ":%s", m->raw);
	struct engine *e = ctx_engine(m->ctx);
	int r = engine_container_remove(e, m->container, true, true, err);

	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		r = 0;
	}
	if (r >= 0)
		r = engine_image_remove(e, raw, true, false, err);
	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		r = 0;
	}
	return r < 0 ? r : fs_rm_rf(m->dir, err);
}

/* At the end; its own failure matters less than that of the build. */
static void clean_up(struct make *m)
{
	AUTO_ERR err = ERR_INIT;

	if (sweep(m, &err) < 0)
		out_warn("%s", err_text(&err));
}

/* --- the smallest Debian --- */

static int follow(int fd, struct stack_log *log, struct err *err)
{
	char data[8192];
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) != 0) {
		if (n > 0)
			stack_log_feed(log, data, (size_t)n);
		else if (errno != EINTR)
			return err_sys(err, "read what is said while the stack is made");
		else if (operation_interrupted())
			break;
	}
	return 0;
}

/* Its group is its own, so that all of it can be ended. */
static int run_script(struct child *c, struct stack_log *log, struct err *err)
{
	struct child_status st = { 0 };
	int ends[2];
	int waited;
	int r;
	AUTO_ERR wait_err = ERR_INIT;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	c->out = c->err = ends[1];
	c->new_group = true;
	c->die_with_parent = true;
	r = child_start(c, err);
	close(ends[1]);
	if (r < 0) {
		close(ends[0]);
		return r;
	}
	r = follow(ends[0], log, err);
	close(ends[0]);
	if (operation_interrupted())
		kill(-c->pid, SIGTERM);
	waited = child_wait(c, &st, &wait_err);
	if (r >= 0 && waited < 0)
		return err_set(err, wait_err.kind, "%s", wait_err.msg.buf);
	return r < 0 ? r : child_check(c, &st, err);
}

static int fetch(struct make *m, struct err *err)
{
	AUTO_STACK_LOG log = STACK_LOG_INIT(m->ctx);
	AUTO_CHILD c = CHILD_INIT;
	int r = fs_mkdir_p(m->dir, 0755, err);

	if (r < 0)
		return r;
	strvec_pushl(&c.argv, "bash", m->plan->bootstrap, m->plan->suite->debian, m->dir, NULL);
	if (m->plan->mirror)
		strvec_push(&c.argv, m->plan->mirror);
	out_flush();
	r = run_script(&c, &log, err);
	if (r < 0) {
		stack_log_show_last(&log);
		return err_user(err, ERR_FAILED, 0,
			"The packages of Debian %s could not be fetched: apt says why above",
			m->plan->suite->debian);
	}
	return 0;
}

static int import(struct make *m, const char *repo, const char *tag, char *const *changes,
	struct err *err)
{
	AUTO_FREE char *path = path_join(m->dir, "base.tar");
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	return engine_image_import(ctx_engine(m->ctx), fd, repo, tag, changes, err);
}

/* --- work in a container --- */

static int run(struct make *m, struct task *t, const struct stack_part *part, struct err *err)
{
	AUTO_STACK_LOG log = STACK_LOG_INIT(m->ctx);
	int code = 0;
	int r;

	t->ctx = m->ctx;
	strvec_pushf(&t->flags, "--name=%s", m->container);
	strvec_pushv(&t->command, part->command.items);
	r = task_create(t, err);
	if (r >= 0)
		r = engine_archive_put(ctx_engine(m->ctx), t->id, "/", part->tar.buf, part->tar.len,
			err);
	if (r >= 0)
		r = task_run(t, stack_log_sink, &log, &code, err);
	if (r < 0)
		return err_wrap(err, "make the stack '%s'", m->plan->name);
	if (!code)
		return 0;
	stack_log_show_last(&log);
	return err_user(err, ERR_FAILED, 0,
		"The stack '%s' could not be made: %s ended with exit code %d", m->plan->name,
		part->command.items[0], code);
}

static int write_out(void *cookie, const void *data, size_t len, struct err *err)
{
	const int *fd = cookie;

	return fs_write_all(*fd, data, len) < 0 ? err_sys(err, "write the base of the stack") : 0;
}

/* The packages that dpkg unpacked are in the image twice; only what there is in the end is taken. */
static int flatten(struct make *m, const char *id, struct err *err)
{
	AUTO_FREE char *path = path_join(m->dir, "base.tar");
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	r = engine_container_export(ctx_engine(m->ctx), id, write_out, &fd, err);
	return r < 0 ? r : 0;
}

static void settings_of(const struct stack_part *part, struct strvec *ret)
{
	strvec_pushv(ret, part->settings.items);
	strvec_pushf(ret, "LABEL %s=%s", STACK_KEY_LABEL, part->key.buf);
}

static int make_base(struct make *m, struct err *err)
{
	const struct stack_part *part = &m->plan->base;
	AUTO_STRVEC settings = STRVEC_INIT;
	AUTO_FREE char *image = xasprintf(RAW_REPO ":%s", m->raw);
	AUTO_TASK task = TASK_INIT;
	int r;

	out_info1("Fetching the packages of the smallest Debian %s", m->plan->suite->debian);
	r = fetch(m, err);
	if (r >= 0)
		r = import(m, RAW_REPO, m->raw, NULL, err);
	if (r < 0)
		return r;
	out_info1("Installing them");
	task.image = image;
	settings_of(part, &settings);
	r = run(m, &task, part, err);
	if (r >= 0)
		r = flatten(m, task.id, err);
	if (r >= 0)
		r = import(m, part->repo, m->plan->suite->name, settings.items, err);
	task_remove(&task);
	/* A few hundred megabytes that nothing needs any more. */
	return r < 0 ? r : sweep(m, err);
}

static int make_on(struct make *m, const struct stack_part *part, const char *below,
	struct err *err)
{
	AUTO_STRVEC settings = STRVEC_INIT;
	AUTO_FREE char *image = NULL;
	AUTO_TASK task = TASK_INIT;
	struct engine_commit commit = { .repo = part->repo, .tag = m->plan->name };
	int r;

	task.image = below;
	settings_of(part, &settings);
	commit.changes = settings.items;
	r = run(m, &task, part, err);
	if (r >= 0)
		r = engine_container_commit(ctx_engine(m->ctx), task.id, &commit, &image, err);
	task_remove(&task);
	return r;
}

/* --- which parts are to be made --- */

/* *RET_OLD: the id of what has the name now. 1: it is of the same make. */
static int look(struct ctx *ctx, const char *image, const struct stack_part *part, char **ret_old,
	struct err *err)
{
	json_auto_t *inspected = NULL;
	const char *id;
	int r = engine_image_inspect(ctx_engine(ctx), image, &inspected, err);

	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		*ret_old = xstrdup("");
		return 0;
	}
	if (r < 0)
		return r;
	id = json_string_value(json_object_get(inspected, "Id"));
	*ret_old = xstrdup(id ? id : "");
	return str_eq(image_label(inspected, STACK_KEY_LABEL), part->key.buf);
}

/* An earlier one goes unless apps were built on it; then it stays, without a name, as long as they. */
static void drop_old(struct ctx *ctx, const char *old, const char *image)
{
	AUTO_ERR err = ERR_INIT;
	AUTO_FREE char *now = NULL;

	if (!*old || image_id(ctx, image, &now, &err) < 0 || str_eq(now, old))
		return;
	if (engine_image_remove(ctx_engine(ctx), old, false, false, &err) < 0)
		out_trace("%s", err.msg.buf);
}

static int make_all(struct make *m, bool force, struct err *err)
{
	struct stack_plan *plan = m->plan;
	AUTO_FREE char *base = xasprintf("%s:%s", plan->base.repo, plan->suite->name);
	AUTO_FREE char *packages = xasprintf("%s:%s", plan->packages.repo, plan->name);
	AUTO_FREE char *whole = xasprintf("%s:%s", plan->whole.repo, plan->name);
	AUTO_FREE char *old_base = NULL;
	AUTO_FREE char *old_packages = NULL;
	AUTO_FREE char *old_whole = NULL;
	int have_base = look(m->ctx, base, &plan->base, &old_base, err);
	int have_packages = have_base < 0
				    ? have_base
				    : look(m->ctx, packages, &plan->packages, &old_packages, err);
	int r = have_packages < 0 ? have_packages
				  : look(m->ctx, whole, &plan->whole, &old_whole, err);

	if (r < 0)
		return r;
	r = 0;
	if (force || (!have_packages && !have_base))
		r = make_base(m, err);
	if (r >= 0 && (force || !have_packages)) {
		out_info1("Installing the packages of the languages; this takes a few minutes");
		r = make_on(m, &plan->packages, base, err);
	}
	if (r >= 0) {
		out_info1("Adding the scripts");
		r = make_on(m, &plan->whole, packages, err);
	}
	if (r < 0)
		return r;
	drop_old(m->ctx, old_whole, whole);
	drop_old(m->ctx, old_packages, packages);
	drop_old(m->ctx, old_base, base);
	return 0;
}

/* 1: it is there, and as it should be. */
static int is_current(struct ctx *ctx, const struct stack_plan *plan, struct err *err)
{
	AUTO_FREE char *image = xasprintf("%s:%s", plan->whole.repo, plan->name);
	AUTO_FREE char *old = NULL;

	return look(ctx, image, &plan->whole, &old, err);
}

static int show_result(struct ctx *ctx, const struct stack_plan *plan, uint64_t start,
	struct err *err)
{
	AUTO_FREE char *image = xasprintf("%s:%s", plan->whole.repo, plan->name);
	AUTO_FREE char *size = NULL;
	json_auto_t *inspected = NULL;
	int r = engine_image_inspect(ctx_engine(ctx), image, &inspected, err);

	if (r < 0)
		return r;
	size = disk_size_text((uint64_t)json_integer_value(json_object_get(inspected, "Size")));
	out_info2("%s is made: %s, in %llu s", image, size,
		(unsigned long long)((now_ms() - start) / 1000));
	return 0;
}

/* --- the whole --- */

static int make_locked(struct ctx *ctx, struct stack_plan *plan, bool force, struct err *err)
{
	CLEANUP(make_done)
	struct make m = {
		.ctx = ctx,
		.plan = plan,
		.dir = inst_lib(&ctx->inst, "data/moorage/stack/%s", plan->name),
		.raw = xasprintf("%s%s%s", ctx->inst.label, *ctx->inst.label ? "-" : "",
			plan->name),
		.container = container_name(ctx, "stack-build", plan->name),
	};
	uint64_t start = now_ms();
	bool caught;
	int r = is_current(ctx, plan, err);

	if (r < 0)
		return r;
	if (r && !force) {
		out_info1("The stack %s:%s is up to date", plan->whole.repo, plan->name);
		return 1;
	}
	caught = operation_catch_signals();
	out_info1("Making the stack %s:%s", plan->whole.repo, plan->name);
	r = sweep(&m, err);
	if (r >= 0)
		r = make_all(&m, force, err);
	clean_up(&m);
	if (r >= 0)
		r = show_result(ctx, plan, start, err);
	if (caught)
		r = operation_release_signals(r, err);
	return r;
}

int stack_make(struct ctx *ctx, const struct stack_options *opts, struct err *err)
{
	CLEANUP(stack_plan_done) struct stack_plan plan = { 0 };
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/moorage/stack");
	AUTO_FREE char *path = path_join(dir, "lock");
	AUTO_CLOSE int lock = -1;
	int r = stack_plan_make(ctx, opts, &plan, err);

	if (r >= 0)
		r = fs_mkdir_p(dir, 0755, err);
	if (r < 0)
		return r;
	lock = lock_take(path, "", 0, err);
	if (lock == -ERR_BUSY) {
		err_clear(err);
		out_info1("Waiting for another command that makes a stack");
		out_flush();
		lock = lock_take(path, "", UINT64_MAX, err);
	}
	return lock < 0 ? lock : make_locked(ctx, &plan, opts->force, err);
}

int stack_build(struct ctx *ctx, const char *suite, struct err *err)
{
	struct stack_options opts = { .suite = suite };
	int r = stack_make(ctx, &opts, err);

	return r < 0 ? r : 0;
}
