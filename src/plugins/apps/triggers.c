/* SPDX-License-Identifier: MIT */
/* What scripts of third-party plugins ask and tell about apps through `plugn trigger`. */
#include "plugins/apps/apps.h"

#include "base/fs.h"
#include "core/trigger.h"
#include "core/app.h"
#include "core/app_life.h"
#include "core/applock.h"
#include "core/confirm.h"
#include "core/state.h"

static int on_exists(struct trigger_call *call, struct err *err)
{
	return app_verify(call->ctx, trigger_arg(call, 0), err);
}

static int on_create(struct trigger_call *call, struct err *err)
{
	const char *app = trigger_arg(call, 0);
	int r = app_name_check(app, err);

	if (r >= 0)
		r = app_lock(call->ctx, app, APP_LOCK_WAIT, err);
	return r < 0 ? r : app_create(call->ctx, app, err);
}

static int on_maybe_create(struct trigger_call *call, struct err *err)
{
	const char *app = trigger_arg(call, 0);
	int r;

	if (app_exists(call->ctx, app))
		return 0;
	r = app_name_check(app, err);
	if (r >= 0)
		r = app_lock(call->ctx, app, APP_LOCK_WAIT, err);
	if (r >= 0)
		r = app_maybe_create(call->ctx, app, err);
	return r < 0 ? r : 0;
}

static int on_destroy(struct trigger_call *call, struct err *err)
{
	const char *app = trigger_arg(call, 0);
	int r = app_verify(call->ctx, app, err);

	if (r >= 0)
		r = confirm_destroy(call->ctx, "app", app, NULL, err);
	if (r >= 0)
		r = app_lock(call->ctx, app, APP_LOCK_WAIT, err);
	if (r >= 0)
		r = app_verify(call->ctx, app, err);
	return r < 0 ? r : apps_destroy(call->ctx, app, err);
}

static int on_source_set(struct trigger_call *call, struct err *err)
{
	const char *app = trigger_arg(call, 0);
	int r = app_verify(call->ctx, app, err);

	if (r >= 0)
		r = state_set(call->ctx, "apps", app, "deploy-source", trigger_arg(call, 1), err);
	if (r >= 0)
		r = state_set(call->ctx, "apps", app, "deploy-source-metadata",
			trigger_arg(call, 2), err);
	return r;
}

const struct trigger_handler apps_triggers[] = {
	{ "app-create", on_create },
	{ "app-destroy", on_destroy },
	{ "app-exists", on_exists },
	{ "app-maybe-create", on_maybe_create },
	{ "deploy-source-set", on_source_set },
	{},
};
