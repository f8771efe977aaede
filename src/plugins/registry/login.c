/* SPDX-License-Identifier: MIT */
/* registry:login and registry:logout. */
#include "plugins/registry/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "core/app.h"
#include "core/applock.h"
#include "core/output.h"
#include "core/registry_auth.h"
#include "core/trigger.h"

enum { PASSWORD_MAX = 64 * 1024 };

/* Older spellings of the default registry. */
static const char *server_of(const char *word)
{
	return str_eq(word, "hub.docker.com") || str_eq(word, "docker.com") ? "docker.io" : word;
}

static int need_app(struct ctx *ctx, const char *app, struct err *err)
{
	int r = app_verify(ctx, app, err);

	return r < 0 ? r : app_lock(ctx, app, APP_LOCK_WAIT, err);
}

static int read_password(struct strbuf *out, struct err *err)
{
	char data[4096];
	ssize_t n;

	while ((n = read(STDIN_FILENO, data, sizeof(data))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read the password");
		strbuf_add(out, data, (size_t)n);
	}
	explicit_bzero(data, sizeof(data));
	if (out->truncated || strlen(out->buf) != out->len)
		return err_set(err, ERR_INVALID, "The password is no text");
	strbuf_trim(out);
	return 0;
}

struct login_words {
	const char *app; /* NULL: for all apps */
	size_t at;       /* of the server */
};

/* With an app there is one word more than without. */
static struct login_words sort_words(const struct args *args)
{
	size_t without = args_has(args, "password-stdin") ? 2 : 3;
	size_t count = args->pos.count;

	if (args_has(args, "global"))
		return (struct login_words){ NULL, 0 };
	if (count > without)
		return (struct login_words){ args_pos(args, 0), 1 };
	if (count == without)
		out_warn("Deprecated: please use --global flag for global registry login");
	else
		return (struct login_words){ NULL, count };
	return (struct login_words){ NULL, 0 };
}

static int check_words(const struct registry_login *login, struct err *err)
{
	if (!*login->server)
		return err_set(err, ERR_USAGE, "Missing server argument");
	if (!*login->username)
		return err_set(err, ERR_USAGE, "Missing username argument");
	if (!*login->password)
		return err_set(err, ERR_USAGE, "Missing password argument");
	return 0;
}

/* Plugins get the password as Dokku's do, in a variable that nothing else sees. */
static int fire_login(struct ctx *ctx, const struct registry_login *login, struct err *err)
{
	int r;

	if (!trigger_has_external(ctx, "post-registry-login"))
		return 0;
	setenv("DOCKER_REGISTRY_PASS", login->password, 1);
	r = trigger_fire(ctx, err, "post-registry-login", login->server, login->username, NULL);
	unsetenv("DOCKER_REGISTRY_PASS");
	return r;
}

static int log_in(struct ctx *ctx, const char *app, const struct registry_login *login,
	struct err *err)
{
	int r = check_words(login, err);

	if (r >= 0 && app)
		r = need_app(ctx, app, err);
	if (r >= 0)
		r = registry_login(ctx, app, login, err);
	if (r < 0)
		return r;
	if (app)
		out_warn("Login Succeeded for %s", app);
	else
		out_warn("Login Succeeded for global registry");
	return fire_login(ctx, login, err);
}

int registry_run_login(struct ctx *ctx, const struct args *args, struct err *err)
{
	CLEANUP(strbuf_erase) struct strbuf password = STRBUF_CAPPED(PASSWORD_MAX);
	struct login_words words = sort_words(args);
	struct registry_login login = {
		.server = server_of(args_pos(args, words.at)),
		.username = args_pos(args, words.at + 1),
	};
	int r = 0;

	if (args_has(args, "password-stdin"))
		r = read_password(&password, err);
	else
		strbuf_addstr(&password, args_pos(args, words.at + 2));
	login.password = password.buf;
	return r < 0 ? r : log_in(ctx, words.app, &login, err);
}

int registry_run_logout(struct ctx *ctx, const struct args *args, struct err *err)
{
	bool global = args_has(args, "global") || args->pos.count < 2;
	const char *app = global ? NULL : args_pos(args, 0);
	const char *server = server_of(args_pos(args, global ? 0 : 1));
	int r = 0;

	if (!*server)
		return err_set(err, ERR_USAGE, "Missing server argument");
	if (app)
		r = need_app(ctx, app, err);
	if (r >= 0)
		r = registry_logout(ctx, app, server, err);
	if (r == 0)
		out_warn("There was no login for %s", server);
	return r < 0 ? r : 0;
}
