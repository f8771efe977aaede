/* SPDX-License-Identifier: MIT */
#include "core/registry_auth.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/lock.h"
#include "lib/dockerref/dockerref.h"
#include "lib/engine/images.h"

enum {
	CONFIG_MAX = 1024 * 1024,
	HELPER_TEXT_MAX = 64 * 1024,
	HELPER_TIMEOUT_MS = 60 * 1000,
	LOCK_WAIT_MS = 30 * 1000,
};

/* What docker programs call Docker Hub in their files. */
static const char hub_key[] = "https://index.docker.io/v1/";

#define AUTO_SECRET CLEANUP(strbuf_erase) struct strbuf

static bool is_hub(const char *host)
{
	static const char *const names[] = { "docker.io", "docker.com", "hub.docker.com",
		"index.docker.io", "registry-1.docker.io" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (str_eq(host, names[i]))
			return true;
	}
	return false;
}

/* "https://host:1/v2/" -> "host:1" */
static char *host_of(const char *address)
{
	const char *mark = strstr(address, "://");
	const char *host = mark ? mark + 3 : address;

	return xstrndup(host, strcspn(host, "/"));
}

char *registry_key(const char *server)
{
	AUTO_FREE char *host = host_of(server);

	return is_hub(host) ? xstrdup(hub_key) : TAKE_PTR(host);
}

/* --- the file --- */

static char *config_dir(struct ctx *ctx, const char *app)
{
	return app ? inst_lib(&ctx->inst, "config/registry/%s", app)
		   : inst_home(&ctx->inst, ".docker");
}

static char *config_path(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *dir = config_dir(ctx, app);

	return path_join(dir, "config.json");
}

/* 1 when there is one, 0 when not: *RET is a new object in both cases. */
static int load(struct ctx *ctx, const char *app, json_t **ret, struct err *err)
{
	AUTO_FREE char *path = config_path(ctx, app);
	AUTO_SECRET text = STRBUF_INIT;
	json_t *all;
	int r = fs_read_optional(path, CONFIG_MAX, &text, err);

	if (r < 0)
		return r;
	strbuf_trim(&text);
	all = text.len ? json_loadb(text.buf, text.len, 0, NULL) : json_object();
	if (!json_is_object(all)) {
		json_decref(all);
		return err_set(err, ERR_INVALID, "'%s' is not JSON; repair or remove it", path);
	}
	*ret = all;
	return r;
}

static int save(struct ctx *ctx, const char *app, const json_t *all, struct err *err)
{
	AUTO_FREE char *dir = config_dir(ctx, app);
	AUTO_FREE char *path = path_join(dir, "config.json");
	char *text = json_dumps(all, JSON_INDENT(4));
	int r = fs_mkdir_p(dir, 0700, err);

	/* It may be there from settings, which are no secrets. */
	if (r >= 0 && chmod(dir, 0700) < 0)
		r = err_sys(err, "protect '%s'", dir);
	if (r >= 0)
		r = fs_write_str(path, text ? text : "{}", 0600, err);
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
	return r;
}

/* Two logins at the same time must not lose one. */
static int take_lock(struct ctx *ctx, struct err *err)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/moorage/locks");
	AUTO_FREE char *path = path_join(dir, ".registry-logins");
	int r = fs_mkdir_p(dir, 0755, err);

	return r < 0 ? r : lock_take(path, "registry logins", LOCK_WAIT_MS, err);
}

/* --- credential helpers --- */

/* The helper that the file names for the server; NULL: the file itself holds the logins. */
static const char *helper_of(const json_t *all, const char *key)
{
	const char *one =
		json_string_value(json_object_get(json_object_get(all, "credHelpers"), key));

	if (!one)
		one = json_string_value(json_object_get(all, "credsStore"));
	return one && *one ? one : NULL;
}

static bool is_helper_name(const char *name)
{
	for (const char *c = name; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("-_.", *c))
			return false;
	}
	return true;
}

/* Runs "docker-credential-NAME VERB" with INPUT. 1: done, OUT has what it said; 0: it has nothing. */
static int ask_helper(const char *name, const char *verb, const struct strbuf *input,
	struct strbuf *out, struct err *err)
{
	AUTO_FREE char *program = xasprintf("docker-credential-%s", name);
	AUTO_FREE char *path = is_helper_name(name) ? child_which(program) : NULL;
	AUTO_CHILD c = CHILD_INIT;
	struct child_status st;
	int r;

	if (!path)
		return err_set(err, ERR_NOT_FOUND,
			"config.json names the credential helper '%.100s', but there is no program "
			"docker-credential-%.100s",
			name, name);
	strvec_pushl(&c.argv, path, verb, NULL);
	c.timeout_ms = HELPER_TIMEOUT_MS;
	r = child_capture(&c, input, out, NULL, &st, err);
	if (r < 0)
		return err_wrap(err, "ask the credential helper '%s'", name);
	if (!st.code)
		return 1;
	if (strstr(out->buf, "credentials not found"))
		return 0;
	/* What it printed may be of any kind, so it is not repeated. */
	return err_set(err, ERR_REMOTE, "the credential helper '%s' cannot %s (exit code %d)", name,
		verb, st.code);
}

static int helper_store(const char *name, const char *key, const char *user, const char *secret,
	struct err *err)
{
	AUTO_SECRET input = STRBUF_INIT;
	AUTO_SECRET out = STRBUF_CAPPED(HELPER_TEXT_MAX);
	json_t *entry =
		json_pack("{s:s, s:s, s:s}", "ServerURL", key, "Username", user, "Secret", secret);
	char *text = entry ? json_dumps(entry, JSON_COMPACT) : NULL;
	int r;

	json_decref(entry);
	strbuf_addstr(&input, text ? text : "{}");
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
	r = ask_helper(name, "store", &input, &out, err);
	return r < 0 ? r : 0;
}

static int helper_get(const char *name, const char *key, json_t **ret, struct err *err)
{
	AUTO_STRBUF input = STRBUF_INIT;
	AUTO_SECRET out = STRBUF_CAPPED(HELPER_TEXT_MAX);
	json_t *answer;
	const char *user;
	const char *secret;
	int r;

	strbuf_addstr(&input, key);
	r = ask_helper(name, "get", &input, &out, err);
	if (r <= 0)
		return r;
	answer = json_loadb(out.buf, out.len, 0, NULL);
	user = json_string_value(json_object_get(answer, "Username"));
	secret = json_string_value(json_object_get(answer, "Secret"));
	if (user && secret && str_eq(user, "<token>"))
		*ret = json_pack("{s:s, s:s}", "identitytoken", secret, "serveraddress", key);
	else if (user && secret)
		*ret = json_pack("{s:s, s:s, s:s}", "username", user, "password", secret,
			"serveraddress", key);
	json_decref(answer);
	if (!user || !secret)
		return err_set(err, ERR_INVALID, "the credential helper '%s' gives no login", name);
	return 0;
}

/* --- logging in and out --- */

static json_t *auths_of(json_t *all)
{
	json_t *auths = json_object_get(all, "auths");

	if (json_is_object(auths))
		return auths;
	auths = json_object();
	json_object_set_new(all, "auths", auths);
	return auths;
}

/* As docker programs write it: with a token the password is left out. */
static json_t *entry_of(const struct registry_login *login, const char *token)
{
	AUTO_SECRET plain = STRBUF_INIT;
	AUTO_SECRET encoded = STRBUF_INIT;
	json_t *entry;

	strbuf_addf(&plain, "%s:%s", login->username, *token ? "" : login->password);
	base64_encode(plain.buf, plain.len, &encoded);
	entry = json_pack("{s:s}", "auth", encoded.buf);
	if (*token)
		json_object_set_new(entry, "identitytoken", json_string(token));
	return entry;
}

static int store(struct ctx *ctx, const char *app, const char *key,
	const struct registry_login *login, const char *token, struct err *err)
{
	AUTO_CLOSE int lock = take_lock(ctx, err);
	json_t *all = NULL;
	const char *helper;
	int r = lock < 0 ? lock : load(ctx, app, &all, err);

	if (r < 0)
		return r;
	helper = helper_of(all, key);
	if (helper)
		r = helper_store(helper, key, *token ? "<token>" : login->username,
			*token ? token : login->password, err);
	if (r >= 0) {
		json_object_set_new(auths_of(all), key,
			helper ? json_object() : entry_of(login, token));
		r = save(ctx, app, all, err);
	}
	json_decref(all);
	return r;
}

int registry_login(struct ctx *ctx, const char *app, const struct registry_login *login,
	struct err *err)
{
	AUTO_FREE char *key = registry_key(login->server);
	json_t *auth = json_pack("{s:s, s:s, s:s}", "username", login->username, "password",
		login->password, "serveraddress", key);
	char *token = NULL;
	int r;

	if (!auth)
		return err_set(err, ERR_INVALID, "the user name or the password is not UTF-8");
	r = engine_registry_login(ctx_engine(ctx), auth, &token, err);
	json_decref(auth);
	if (r < 0) {
		AUTO_FREE char *why = xstrdup(err_text(err));

		return err_user(err, ERR_REMOTE, 1, "Unable to log in to %s as %s: %s",
			login->server, login->username, why);
	}
	r = store(ctx, app, key, login, token, err);
	explicit_bzero(token, strlen(token));
	free(token);
	return r;
}

/* The member of auths that means KEY: older programs wrote whole addresses. */
static const char *find_entry(json_t *auths, const char *key)
{
	const char *name;
	json_t *entry;

	if (json_object_get(auths, key))
		return key;
	json_object_foreach (auths, name, entry) {
		AUTO_FREE char *same = registry_key(name);

		if (str_eq(same, key))
			return name;
	}
	return NULL;
}

static int forget(struct ctx *ctx, const char *app, const char *key, json_t *all, struct err *err)
{
	json_t *auths = json_object_get(all, "auths");
	const char *helper = helper_of(all, key);
	const char *name = find_entry(auths, key);
	AUTO_STRBUF input = STRBUF_INIT;
	AUTO_SECRET out = STRBUF_CAPPED(HELPER_TEXT_MAX);
	int r = 0;

	strbuf_addstr(&input, key);
	if (helper)
		r = ask_helper(helper, "erase", &input, &out, err);
	if (r < 0 || !name)
		return r;
	json_object_del(auths, name);
	r = save(ctx, app, all, err);
	return r < 0 ? r : 1;
}

int registry_logout(struct ctx *ctx, const char *app, const char *server, struct err *err)
{
	AUTO_CLOSE int lock = take_lock(ctx, err);
	AUTO_FREE char *key = registry_key(server);
	json_t *all = NULL;
	int r = lock < 0 ? lock : load(ctx, app, &all, err);

	if (r > 0)
		r = forget(ctx, app, key, all, err);
	else if (r == 0 && app)
		r = err_set(err, ERR_NOT_FOUND, "No registry credentials found for app %s", app);
	json_decref(all);
	return r;
}

/* --- using it --- */

/* "dXNlcjpwYXNz" -> what the engine is told. */
static int decode_entry(const json_t *entry, const char *key, json_t **ret, struct err *err)
{
	const char *token = json_string_value(json_object_get(entry, "identitytoken"));
	const char *auth = json_string_value(json_object_get(entry, "auth"));
	AUTO_SECRET plain = STRBUF_INIT;
	char *colon;

	if (token && *token) {
		*ret = json_pack("{s:s, s:s}", "identitytoken", token, "serveraddress", key);
		return 0;
	}
	if (!auth || !*auth)
		return 0;
	if (!base64_decode(auth, strlen(auth), &plain, NULL) || !(colon = strchr(plain.buf, ':')))
		return err_set(err, ERR_INVALID, "the login for '%s' in config.json is damaged",
			key);
	*colon = '\0';
	*ret = json_pack("{s:s, s:s, s:s}", "username", plain.buf, "password", colon + 1,
		"serveraddress", key);
	if (!*ret)
		return err_set(err, ERR_INVALID, "the login for '%s' in config.json is damaged",
			key);
	return 0;
}

static int load_logins(struct ctx *ctx, const char *app, json_t **ret, struct err *err)
{
	int r = app ? load(ctx, app, ret, err) : 0;

	if (r < 0 || json_object_size(json_object_get(*ret, "auths")))
		return r;
	json_decref(*ret);
	*ret = NULL;
	return load(ctx, NULL, ret, err);
}

int registry_auth(struct ctx *ctx, const char *app, const char *image, json_t **ret,
	struct err *err)
{
	AUTO_DOCKERREF ref = DOCKERREF_INIT;
	AUTO_FREE char *key = NULL;
	json_t *all = NULL;
	json_t *found = NULL;
	const char *helper;
	const char *name;
	int r = dockerref_parse(image, &ref, err);

	if (r >= 0)
		r = load_logins(ctx, app, &all, err);
	if (r < 0)
		return r;
	key = registry_key(ref.domain);
	helper = helper_of(all, key);
	name = find_entry(json_object_get(all, "auths"), key);
	if (helper)
		r = helper_get(helper, key, &found, err);
	else if (name)
		r = decode_entry(json_object_get(json_object_get(all, "auths"), name), key, &found,
			err);
	json_decref(all);
	if (r < 0)
		return r;
	*ret = found;
	return 0;
}

char *registry_config_dir(struct ctx *ctx, const char *app)
{
	AUTO_ERR ignored = ERR_INIT;
	json_t *all = NULL;
	bool own = load(ctx, app, &all, &ignored) > 0 &&
		   json_object_size(json_object_get(all, "auths"));

	json_decref(all);
	return own ? config_dir(ctx, app) : NULL;
}
