/* SPDX-License-Identifier: MIT */
#include "core/app.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/auth.h"
#include "core/state.h"

const char app_none_text[] = "You haven't deployed any applications yet";

static bool name_matches(const char *name, const char *more)
{
	size_t len = strlen(name);

	if (!len || len > APP_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (!plain && (i == 0 || !strchr(more, c)))
			return false;
	}
	return true;
}

int app_name_check(const char *name, struct err *err)
{
	if (!*name)
		return err_set(err, ERR_USAGE, "%s", args_no_app_text);
	if (strlen(name) > APP_NAME_MAX)
		return err_set(err, ERR_INVALID, "App name is longer than %d characters",
			APP_NAME_MAX);
	if (!name_matches(name, ".-"))
		return err_set(err, ERR_INVALID,
			"App name must begin with lowercase alphanumeric character, and may only "
			"contain lowercase alphanumerics, dots, and hyphens");
	return 0;
}

bool app_name_valid_old(const char *name)
{
	return name_matches(name, "._-");
}

bool app_exists(struct ctx *ctx, const char *name)
{
	AUTO_FREE char *dir = NULL;

	if (!app_name_valid_old(name))
		return false;
	dir = inst_home(&ctx->inst, "%s", name);
	return fs_is_dir(dir);
}

int app_verify(struct ctx *ctx, const char *name, struct err *err)
{
	if (!app_name_valid_old(name))
		return app_name_check(name, err);
	if (!app_exists(ctx, name) || !auth_may_see_app(ctx, name))
		return err_user(err, ERR_NOT_FOUND, 20, "App %s does not exist", name);
	return 0;
}

int app_list_all(struct ctx *ctx, struct strvec *ret, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_list(ctx->inst.dokku_root, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		if (app_exists(ctx, names.items[i]))
			strvec_push(ret, names.items[i]);
	}
	return r;
}

int app_list(struct ctx *ctx, struct strvec *ret, struct err *err)
{
	AUTO_STRVEC all = STRVEC_INIT;
	int r = app_list_all(ctx, &all, err);

	return r < 0 ? r : auth_filter_apps(ctx, &all, ret, err);
}

bool app_is_deployed(struct ctx *ctx, const char *app)
{
	return state_is_true(ctx, "common", app, "deployed");
}
