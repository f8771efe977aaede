/* SPDX-License-Identifier: MIT */
#include "core/app_data.h"

#include "base/alloc.h"
#include "base/fs.h"

enum { COPY_NEVER, COPY_RENAME, COPY_ALWAYS };

/* LIB_ROOT/data/<plugin>/<prefix><app>. All are removed with the app. */
static const struct data_folder {
	const char *plugin;
	const char *prefix;
	int copy;
} data_folders[] = {
	{ "app-json", "", COPY_ALWAYS },
	{ "apps", "", COPY_NEVER }, /* the deploy lock */
	{ "builder-lambda", "", COPY_ALWAYS },
	{ "builder-nixpacks", "", COPY_NEVER }, /* scratch, as the next one and git */
	{ "builder-railpack", "", COPY_NEVER },
	{ "builds", "", COPY_RENAME },
	{ "git", "", COPY_NEVER },
	{ "logs", "", COPY_ALWAYS },
	{ "nginx-vhosts", "app-", COPY_ALWAYS },
	{ "openresty-vhosts", "app-", COPY_ALWAYS },
	{ "ps", "", COPY_ALWAYS },
	{ "scheduler-docker-local", "", COPY_ALWAYS },
	{ "scheduler-k3s", "", COPY_RENAME },
};

static char *data_path(struct ctx *ctx, const struct data_folder *f, const char *app)
{
	return inst_lib(&ctx->inst, "data/%s/%s%s", f->plugin, f->prefix, app);
}

int app_data_drop(struct ctx *ctx, const char *app, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(data_folders); i++) {
		AUTO_FREE char *path = data_path(ctx, &data_folders[i], app);

		/* A file of that name is not the app's: an app may be called vector.json. */
		if (!fs_is_file(path))
			r = fs_rm_rf(path, err);
	}
	return r;
}

int app_data_copy(struct ctx *ctx, const char *from, const char *to, bool rename, struct err *err)
{
	AUTO_FREE char *failed =
		inst_lib(&ctx->inst, "data/scheduler-docker-local/%s/failed-containers", to);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(data_folders); i++) {
		const struct data_folder *f = &data_folders[i];
		AUTO_FREE char *source = data_path(ctx, f, from);
		AUTO_FREE char *target = data_path(ctx, f, to);

		if (f->copy < (rename ? COPY_RENAME : COPY_ALWAYS) || !fs_is_dir(source))
			continue;
		r = fs_rm_rf(target, err);
		if (r >= 0)
			r = fs_copy_tree(source, target, err);
	}
	/* Names of containers that are not the new app's. */
	return r < 0 ? r : fs_unlink(failed, err);
}
