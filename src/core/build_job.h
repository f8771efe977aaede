/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One container of a build, for builders that build in containers: made, filled, run to its end,
 * made an image of, removed. What an interrupted build left is found by its labels.
 *
 *	AUTO_BUILD_JOB job = BUILD_JOB_INIT(b, "herokuish");
 *
 *	job.task.image = ...;               the image it is made from
 *	strvec_push(&job.task.flags, ...);  flags of `docker container create`; see build_flags.h
 *	strvec_push(&job.task.command, ...);
 *	build_job_create(), then build_job_put_...(), build_job_run(), build_job_commit()
 */

#include "core/builder.h"
#include "core/task.h"
#include "lib/tar/tar.h"

struct build_job {
	const struct build *build;
	const char *builder; /* its name, for labels and texts */
	struct task task;
	bool out_of_memory; /* of what it was limited to, when it ended */
	stream_sink sink;   /* of its output; NULL: prints it as it comes */
	void *cookie;
	int exit_code; /* once it has run */
};

#define BUILD_JOB_INIT(b, name)                                                                    \
	{                                                                                          \
		.build = (b), .builder = (name), .task = TASK_INIT                                 \
	}
/* Removes the container, too. */
void build_job_done(struct build_job *job);
#define AUTO_BUILD_JOB CLEANUP(build_job_done) struct build_job

/* Makes the container, with the labels of a build's image (stage "build") and the operation's. */
MUST_CHECK int build_job_create(struct build_job *job, struct err *err);

/*
 * Copies what is in the host's folder DIR into the container's folder TO (absolute; made if it is
 * missing), as OWNER's. Nothing is written on the host.
 */
MUST_CHECK int build_job_put_dir(struct build_job *job, const char *to, const char *dir,
	struct tar_owner owner, struct err *err);
/* Unpacks a tar archive (lib/tar) into the container's existing folder TO. */
MUST_CHECK int build_job_put_tar(struct build_job *job, const char *to, const struct strbuf *tar,
	struct err *err);
/* Writes one file per variable, named after it and readable by OWNER alone, into the existing TO. */
MUST_CHECK int build_job_put_env(struct build_job *job, const char *to, const struct env *env,
	struct tar_owner owner, struct err *err);

/*
 * Starts it, prints its output as it comes, waits for its end. ERR_FAILED with its exit code in the
 * text when that is not 0, and when a signal has ended the operation.
 */
MUST_CHECK int build_job_run(struct build_job *job, struct err *err);

/* Makes its files the image IMAGE (repo:tag) with its settings and the Dockerfile lines CHANGES. */
MUST_CHECK int build_job_commit(struct build_job *job, const char *image,
	const struct strvec *changes, struct err *err);

/* Removes what an interrupted build of OPERATION left, volumes (core/build_volume.h) too. LATE as for
 * task_sweep(). */
MUST_CHECK int build_sweep(struct ctx *ctx, const char *operation, bool late, struct err *err);
