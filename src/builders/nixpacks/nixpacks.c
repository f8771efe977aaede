/* SPDX-License-Identifier: MIT */
/* Builds with the nixpacks program. */
#include "core/build_flags.h"
#include "core/build_image.h"
#include "core/build_program.h"
#include "core/build_tree.h"
#include "core/builder.h"
#include "core/ports.h"
#include "lib/dockeropts/dockeropts.h"

/* Dokku's selection from the docker options of all phases. */
static const struct dockeropts_flag known[] = {
	{ "add-host" },
	{ "apt", .letter = 'a' },
	{ "build-cmd", .letter = 'b' },
	{ "cache-from" },
	{ "cache-key" },
	{ "docker-host" },
	{ "docker-tls-verify" },
	{ "env", .letter = 'e' },
	{ "incremental-cache-image" },
	{ "inline-cache", .is_bool = true },
	{ "install-cmd", .letter = 'i' },
	{ "label", .letter = 'l' },
	{ "libs" },
	{ "no-cache", .is_bool = true },
	{ "no-error-without-start", .is_bool = true },
	{ "pkgs", .letter = 'p' },
	{ "platform" },
	{ "start-cmd", .letter = 's' },
	{ "tag", .letter = 't' },
	{},
};

static const struct build_file marker = { "nixpacks.toml", "builder-nixpacks",
	"nixpackstoml-path" };

static int check(const struct build *b, struct err *err)
{
	return build_program_check(b, "nixpacks", "nixpacks", "https://nixpacks.com/docs/install",
		err);
}

static int run(const struct build *b, struct err *err)
{
	AUTO_FREE char *half = build_half_name(b->image);
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRVEC options = STRVEC_INIT;
	int r = build_flags(b, "nixpacks", &options, err);

	if (r >= 0)
		r = build_program_child(b, "nixpacks", &c, err);
	if (r < 0)
		return r;
	/* It hands limits on to BuildKit, which takes such flags and does not keep to them. */
	build_program_warn_limits(b, "nixpacks");
	strvec_push(&c.argv, "build");
	build_labels_args(b, "nixpacks", "build", &c.argv);
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
		r = build_half_finish(b, "nixpacks", BUILD_START_LOGIN, err);
	return r < 0 ? r : ports_forget_detected(b->ctx, b->app, err);
}

extern const struct builder builder_nixpacks;
const struct builder builder_nixpacks = {
	.name = "nixpacks",
	.old_name = "",
	.marker = &marker,
	.check = check,
	.build = build,
};
