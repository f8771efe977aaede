/* SPDX-License-Identifier: MIT */
/* Builds functions for AWS Lambda with the lambda-builder program: an image and an archive. */
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/build_image.h"
#include "core/build_program.h"
#include "core/build_tree.h"
#include "core/builder.h"
#include "core/ports.h"
#include "core/source_file.h"
#include "core/state.h"

static const struct build_file marker = { "lambda.yml", "builder-lambda", "lambdayml-path" };

static int check(const struct build *b, struct err *err)
{
	return build_program_check(b, "lambda", "lambda-builder",
		"https://github.com/dokku/lambda-builder/releases", err);
}

static int run(const struct build *b, struct err *err)
{
	AUTO_FREE char *half = build_half_name(b->image);
	AUTO_CHILD c = CHILD_INIT;
	int r = build_program_child(b, "lambda-builder", &c, err);

	if (r < 0)
		return r;
	build_program_warn_limits(b, "lambda-builder");
	strvec_pushl(&c.argv, "build", "--generate-image", "--write-procfile",
		"--image-env=DOCKER_LAMBDA_STAY_OPEN=1", NULL);
	build_labels_args(b, "lambda", "build", &c.argv);
	strvec_pushl(&c.argv, "--port", "5000", "--tag", half, "--working-directory", b->dir, NULL);
	return build_program_run(&c, NULL, err);
}

/* --- the archive --- */

/* What the program was made to leave may be a link to anywhere. */
static int keep_file(const struct build *b, const char *name, const char *to, struct err *err)
{
	AUTO_FREE char *from = NULL;
	AUTO_CLOSE int fd = source_open(b->dir, name, err);
	int r;

	if (fd < 0)
		return fd;
	from = xasprintf("/proc/self/fd/%d", fd);
	r = fs_unlink(to, err);
	return r < 0 ? r : fs_copy_file(from, to, err);
}

/* Only those of this revision stay. */
static int drop_others(const char *dir, const char *rev, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_list(dir, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *path = path_join(dir, names.items[i]);

		if (!str_starts(names.items[i], rev))
			r = fs_unlink(path, err);
	}
	return r;
}

static int keep(const struct build *b, struct err *err)
{
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *zip = NULL;
	AUTO_FREE char *procfile = NULL;
	int r = state_make_data_dir(b->ctx, "builder-lambda", b->app, &dir, err);

	if (r < 0)
		return r;
	zip = xasprintf("%s/%s.zip", dir, b->rev);
	procfile = xasprintf("%s/%s.Procfile", dir, b->rev);
	r = keep_file(b, "lambda.zip", zip, err);
	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		return err_set(err, ERR_FAILED,
			"Compressed lambda.zip not detected, failed to build lambda function");
	}
	if (r >= 0 && source_has(b->dir, "Procfile"))
		r = keep_file(b, "Procfile", procfile, err);
	return r < 0 ? r : drop_others(dir, b->rev, err);
}

static int build(const struct build *b, struct err *err)
{
	int r = run(b, err);

	if (r >= 0)
		r = keep(b, err);
	if (r >= 0)
		r = build_half_finish(b, "lambda", BUILD_START_KEEP, err);
	return r < 0 ? r : ports_set_detected_default(b->ctx, b->app, err);
}

extern const struct builder builder_lambda;
const struct builder builder_lambda = {
	.name = "lambda",
	.old_app_only = true,
	.marker = &marker,
	.check = check,
	.build = build,
};
