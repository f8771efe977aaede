/* SPDX-License-Identifier: MIT */
/* Builds with the railpack program. */
#include "core/build_flags.h"
#include "core/build_image.h"
#include "core/build_program.h"
#include "core/build_tree.h"
#include "core/builder.h"
#include "core/ports.h"
#include "lib/dockeropts/dockeropts.h"

/* Dokku's selection from the docker options of all phases. */
static const struct dockeropts_flag known[] = {
	{ "build-cmd" },
	{ "cache-key" },
	{ "env", .letter = 'e' },
	{ "error-missing-start", .is_bool = true },
	{ "platform" },
	{ "previous" },
	{ "progress" },
	{ "show-plan", .is_bool = true },
	{ "start-cmd" },
	{},
};

static const struct build_file marker = { "railpack.json", "builder-railpack",
	"railpackjson-path" };

static int check(const struct build *b, struct err *err)
{
	return build_program_check(b, "railpack", "railpack", "https://railpack.com/installation",
		err);
}

static int run(const struct build *b, struct err *err)
{
	AUTO_FREE char *half = build_half_name(b->image);
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRVEC options = STRVEC_INIT;
	int r = build_flags(b, "railpack", &options, err);

	if (r >= 0)
		r = build_program_child(b, "railpack", &c, err);
	if (r < 0)
		return r;
	build_program_warn_limits(b, "railpack");
	strvec_push(&c.argv, "build");
	dockeropts_filter(known, options.items, &c.argv);
	strvec_pushl(&c.argv, "--name", half, b->dir, NULL);
	return build_program_run(&c, NULL, err);
}

static int build(const struct build *b, struct err *err)
{
	int r = build_tree_drop_release(b->dir, err);

	if (r >= 0)
		r = run(b, err);
	if (r >= 0)
		r = build_half_finish(b, "railpack", BUILD_START_PLAIN, err);
	return r < 0 ? r : ports_forget_detected(b->ctx, b->app, err);
}

extern const struct builder builder_railpack;
const struct builder builder_railpack = {
	.name = "railpack",
	.old_name = "",
	.marker = &marker,
	.check = check,
	.build = build,
};
