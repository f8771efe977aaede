/* SPDX-License-Identifier: MIT */
/* The registry plugin: where images of releases go, and logins. */
#include "plugins/registry/registry.h"

#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/property.h"
#include "core/registry.h"
#include "core/registry_auth.h"
#include "core/state.h"
#include "core/trigger.h"
#include "lib/dockerref/dockerref.h"

extern const struct plugin plugin_registry;

/* --- properties --- */

/* Can it stand in front of a tag? */
static int check_reference(const char *what, const char *name, struct err *err)
{
	AUTO_DOCKERREF ref = DOCKERREF_INIT;
	AUTO_FREE char *example = xasprintf("%s:1", name);
	AUTO_ERR why = ERR_INIT;

	if (dockerref_parse(example, &ref, &why) >= 0 && ref.tag && !ref.digest &&
		str_eq(ref.tag, "1"))
		return 0;
	return err_set(err, ERR_INVALID, "Invalid %s value, '%s' is not the name of a repository",
		what, name);
}

static int check_repo(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	return check_reference("image-repo", value, err);
}

static int check_template(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	AUTO_FREE char *example = NULL;
	int r = registry_render(value, str_eq(scope, SCOPE_GLOBAL) ? "app" : scope, &example, err);

	return r < 0 ? r : check_reference("image-repo-template", example, err);
}

static int check_server(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	AUTO_FREE char *trimmed = xstrndup(value, strlen(value) - (str_ends(value, "/") ? 1 : 0));
	AUTO_FREE char *example = xasprintf("%s/app", trimmed);

	if (strstr(value, "://"))
		return err_set(err, ERR_INVALID,
			"Invalid server value, a host without %.*s:// is needed",
			(int)strcspn(value, ":"), value);
	return check_reference("server", example, err);
}

static int check_tags(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	AUTO_STRVEC tags = STRVEC_INIT;

	registry_split_tags(value, &tags);
	for (size_t i = 0; i < tags.count; i++) {
		if (!dockerref_tag_valid(tags.items[i]))
			return err_set(err, ERR_INVALID,
				"Invalid push-extra-tags value, '%s' cannot be a tag",
				tags.items[i]);
	}
	return 0;
}

static int computed_repo(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *repo = NULL;
	int r = registry_repo(ctx, app, &repo, err);

	if (r >= 0)
		strbuf_addstr(out, repo);
	return r;
}

static int computed_server(struct ctx *ctx, const char *scope, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *server = registry_server(ctx, scope);

	strbuf_addstr(out, server);
	return 0;
}

static int row_tag_version(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	int r = state_get(ctx, "registry", app, "tag-version", out, err);

	strbuf_trim(out);
	return r < 0 ? r : 0;
}

/* --- triggers --- */

/* APP */
static int on_image_repo(struct trigger_call *call, struct err *err)
{
	int r = computed_repo(call->ctx, trigger_arg(call, 0), call->out, err);

	strbuf_addch(call->out, '\n');
	return r;
}

/* APP */
static int on_image_tag(struct trigger_call *call, struct err *err)
{
	AUTO_FREE char *tag = registry_own_tag(call->ctx, trigger_arg(call, 0));

	if (*tag)
		strbuf_addf(call->out, "%s\n", tag);
	return 0;
}

/* APP */
static int on_repository(struct trigger_call *call, struct err *err)
{
	int r = computed_server(call->ctx, trigger_arg(call, 0), call->out, err);

	strbuf_addch(call->out, '\n');
	return r;
}

/* --- an app's life --- */

/* The folder holds logins, so it stays closed. */
static int copy_settings(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	AUTO_FREE char *dir = NULL;
	int r = plugin_copy_settings(ctx, &plugin_registry, old, new, err);

	if (r < 0)
		return r;
	dir = registry_config_dir(ctx, new);
	if (dir && chmod(dir, 0700) < 0)
		return err_sys(err, "protect '%s'", dir);
	return 0;
}

/* The images of the other app are not the clone's. */
static int clone_settings(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	int r = copy_settings(ctx, old, new, err);

	return r < 0 ? r : state_unset(ctx, "registry", new, "repos", err);
}

/* --- tables --- */

static const struct flag login_flags[] = {
	{ "global", 0, FLAG_BOOL, NULL, "For all apps" },
	{ "password-stdin", 0, FLAG_BOOL, NULL, "Read the password from standard input" },
	{},
};

static const struct flag logout_flags[] = {
	{ "global", 0, FLAG_BOOL, NULL, "For all apps" },
	{},
};

static const struct command commands[] = {
	{ "registry:login",
		"[--global] [--password-stdin] [<app>] <server> <username> [<password>]",
		"Log in to a registry, for an app or for all", 0, 0, 4, login_flags,
		registry_run_login, NULL },
	{ "registry:logout", "[--global] [<app>] <server>", "Forget a login", 0, 0, 2, logout_flags,
		registry_run_logout, NULL },
	{},
};

static const struct property properties[] = {
	{ "image-repo", PROP_APP | PROP_COMPUTED, NULL, "Name of the repository of an app's images",
		check_repo, computed_repo },
	{ "image-repo-template", PROP_BOTH, NULL,
		"Template of that name, where {{ .AppName }} stands for the app", check_template,
		NULL },
	{ "push-extra-tags", PROP_BOTH, NULL,
		"Further tags that each release is pushed with, with commas between them",
		check_tags, NULL },
	{ "push-on-release", PROP_BOTH, "false", "Push each release, tagged with its number",
		check_bool, NULL },
	{ "repos", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{ "server", PROP_BOTH, NULL, "The registry, as host or host:port", check_server,
		computed_server },
	{ "tag-pushed", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{ "tag-version", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{},
};

static const struct report_row rows[] = {
	{ "--registry-tag-version", false, row_tag_version },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "deployed-app-image-repo", on_image_repo },
	{ "deployed-app-image-tag", on_image_tag },
	{ "deployed-app-repository", on_repository },
	{},
};

const struct plugin plugin_registry = {
	.name = "registry",
	.summary = "Push images to registries, and log in to them",
	.report_flags = REPORT_LEGACY_KEYS,
	.commands = commands,
	.properties = properties,
	.rows = rows,
	.triggers = triggers,
	.steps = registry_steps,
	.on_clone = clone_settings,
	.on_rename = copy_settings,
};
