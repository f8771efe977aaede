/* SPDX-License-Identifier: MIT */
#include "core/build_job.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "core/build_image.h"
#include "core/build_limit.h"
#include "core/build_volume.h"
#include "core/disk.h"
#include "core/operation.h"
#include "core/output.h"
#include "lib/engine/containers.h"

#define JOB_LABEL "com.moorage.task"
#define JOB_VALUE "build"

void build_job_done(struct build_job *job)
{
	task_remove(&job->task);
	task_done(&job->task);
}

int build_job_create(struct build_job *job, struct err *err)
{
	const struct build *b = job->build;
	json_t *labels = build_labels(b, job->builder, "build");
	int r;

	json_object_set_new(labels, JOB_LABEL, json_string(JOB_VALUE));
	job->task.ctx = b->ctx;
	job->task.labels = labels;
	r = task_create(&job->task, err);
	return r < 0 ? err_wrap(err, "create the container of the build") : 0;
}

/* --- filling it --- */

static void tar_args(const char *to, const char *dir, struct tar_owner owner, struct strvec *argv)
{
	strvec_pushl(argv, "tar", "--create", "--file=-", "--numeric-owner", NULL);
	strvec_pushf(argv, "--owner=%u", (unsigned)owner.uid);
	strvec_pushf(argv, "--group=%u", (unsigned)owner.gid);
	/* Names and targets of hard links begin with TO; where symbolic links lead stays. */
	strvec_pushf(argv, "--transform=s,^\\.,%s,S", to + strspn(to, "/"));
	strvec_pushl(argv, "--directory", dir, ".", NULL);
}

/* The end of the tar program: only if the engine was content is its failure the first one. */
static int end_tar(struct child *c, int sent, struct err *err)
{
	AUTO_ERR tar_err = ERR_INIT;
	struct child_status st = { 0 };
	int r;

	if (sent < 0)
		kill(c->pid, SIGTERM);
	r = child_wait(c, &st, &tar_err);
	if (r >= 0)
		r = child_check(c, &st, &tar_err);
	if (sent < 0)
		return sent;
	return r < 0 ? err_set(err, tar_err.kind, "%s", tar_err.msg.buf) : 0;
}

int build_job_put_dir(struct build_job *job, const char *to, const char *dir,
	struct tar_owner owner, struct err *err)
{
	struct engine *e = ctx_engine(job->build->ctx);
	AUTO_CHILD c = CHILD_INIT;
	int r;

	tar_args(to, dir, owner, &c.argv);
	c.out = CHILD_PIPE;
	c.die_with_parent = true;
	r = child_start(&c, err);
	if (r < 0)
		return r;
	e->cancel_fd = operation_cancel_fd();
	r = engine_archive_put_fd(e, job->task.id, "/", c.out, err);
	e->cancel_fd = -1;
	close(c.out);
	c.out = CHILD_NULL;
	r = end_tar(&c, r, err);
	return r < 0 ? err_wrap(err, "copy the source into the build's container") : 0;
}

int build_job_put_tar(struct build_job *job, const char *to, const struct strbuf *tar,
	struct err *err)
{
	int r = engine_archive_put(ctx_engine(job->build->ctx), job->task.id, to, tar->buf,
		tar->len, err);

	return r < 0 ? err_wrap(err, "copy files into %s of the build's container", to) : 0;
}

int build_job_put_env(struct build_job *job, const char *to, const struct env *env,
	struct tar_owner owner, struct err *err)
{
	struct strbuf tar = STRBUF_INIT;
	int r;

	for (size_t i = 0; i < env->count; i++) {
		const char *value = env->vars[i].value;

		tar_add_file(&tar, env->vars[i].key, 0600, owner, value, strlen(value));
	}
	tar_end(&tar);
	r = build_job_put_tar(job, to, &tar, err);
	strbuf_erase(&tar);
	return r;
}

/* --- running it --- */

/* What it prints is meant for the person who waits, as it is. */
static int show(void *cookie, int stream, const void *data, size_t len, struct err *err)
{
	fwrite(data, 1, len, stdout);
	out_flush();
	return 0;
}

/*
 * The engine notes what the kernel has killed for want of memory, but not on every machine; nobody
 * but the kernel kills what is in a container of ours while we wait for it.
 */
static int explain_end(struct build_job *job, int code, struct err *err)
{
	json_t *inspected = NULL;
	json_t *state;
	uint64_t memory;
	AUTO_ERR ignored = ERR_INIT; /* then there is nothing more to say */

	(void)!engine_container_inspect(ctx_engine(job->build->ctx), job->task.id, &inspected,
		&ignored);
	state = json_object_get(inspected, "State");
	memory = (uint64_t)json_integer_value(
		json_object_get(json_object_get(inspected, "HostConfig"), "Memory"));
	job->out_of_memory = memory && (json_is_true(json_object_get(state, "OOMKilled")) ||
					       code == 128 + SIGKILL);
	json_decref(inspected);
	if (job->out_of_memory) {
		AUTO_FREE char *limit = disk_size_text(memory);

		return build_limit_memory_used(job->build->app, limit, err);
	}
	return err_set(err, ERR_FAILED, "the build ended with exit code %d", code);
}

int build_job_run(struct build_job *job, struct err *err)
{
	int code = 0;
	int r = task_run(&job->task, job->sink ? job->sink : show, job->cookie, &code, err);

	job->exit_code = code;

	if (operation_interrupted())
		return err_user(err, ERR_FAILED, 1, "The build was interrupted");
	if (r < 0)
		return err_wrap(err, "run the build's container");
	return code ? explain_end(job, code, err) : 0;
}

int build_job_commit(struct build_job *job, const char *image, const struct strvec *changes,
	struct err *err)
{
	const char *colon = strrchr(image, ':');
	AUTO_FREE char *repo = xstrndup(image, colon ? (size_t)(colon - image) : strlen(image));
	AUTO_STRVEC all = STRVEC_INIT;
	AUTO_FREE char *id = NULL;
	struct engine_commit opts = {
		.repo = repo,
		.tag = colon ? colon + 1 : NULL,
		.no_pause = true,
	};
	int r;

	strvec_pushv(&all, changes->items);
	strvec_push(&all, "LABEL " JOB_LABEL "="); /* its containers are none of a build */
	opts.changes = all.items;
	r = engine_container_commit(ctx_engine(job->build->ctx), job->task.id, &opts, &id, err);
	return r < 0 ? err_wrap(err, "make the image '%s' of the build's container", image) : 0;
}

int build_sweep(struct ctx *ctx, const char *operation, bool late, struct err *err)
{
	AUTO_FREE char *mine = xasprintf("com.moorage.operation=%s", operation);
	const char *const labels[] = { JOB_LABEL "=" JOB_VALUE, mine, NULL };
	int r = task_sweep(ctx, NULL, labels, late, err);

	return r < 0 ? r : build_volumes_remove(ctx, operation, err);
}
