/* SPDX-License-Identifier: MIT */
/* Logins as docker programs write them, and which one an image gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/builder.h"
#include "core/proxy.h"
#include "core/registry_auth.h"
#include "core/scheduler.h"

const struct proxy *const proxies[] = { NULL };
const struct builder *const builders[] = { NULL };
const struct scheduler *const schedulers[] = { NULL };

struct place {
	char *dir;
	struct ctx ctx;
	struct err err;
};

static void open_place(struct place *p)
{
	*p = (struct place){ .dir = xstrdup("/tmp/moorage-test-XXXXXX"), .err = ERR_INIT };
	assert_non_null(mkdtemp(p->dir));
	p->ctx.inst.dokku_root = p->dir;
	p->ctx.inst.lib_root = p->dir;
}

static void close_place(struct place *p)
{
	err_clear(&p->err);
	assert_true(fs_rm_rf(p->dir, &p->err) >= 0);
	free(p->dir);
	err_done(&p->err);
}

/* TEXT with single quotes for double ones, as the config.json of APP or of all. */
static void write_config(struct place *p, const char *app, const char *text)
{
	AUTO_FREE char *path = app ? xasprintf("%s/config/registry/%s/config.json", p->dir, app)
				   : xasprintf("%s/.docker/config.json", p->dir);
	AUTO_FREE char *json = xstrdup(text);

	for (char *c = json; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	assert_true(fs_write_str(path, json, 0600, &p->err) >= 0);
}

/* "username password token", or "none". */
static char *login_for(struct place *p, const char *app, const char *image)
{
	json_t *auth = NULL;
	const char *keys[] = { "username", "password", "identitytoken" };
	AUTO_STRBUF out = STRBUF_INIT;

	if (registry_auth(&p->ctx, app, image, &auth, &p->err) < 0)
		fail_msg("%s", p->err.msg.buf);
	for (size_t i = 0; auth && i < ARRAY_SIZE(keys); i++) {
		const char *value = json_string_value(json_object_get(auth, keys[i]));

		strbuf_addf(&out, "%s%s", i ? " " : "", value ? value : "-");
	}
	json_decref(auth);
	return out.len ? strbuf_detach(&out) : xstrdup("none");
}

static void expect(struct place *p, const char *app, const char *image, const char *want)
{
	AUTO_FREE char *got = login_for(p, app, image);

	assert_string_equal(got, want);
}

static void servers_have_one_key_however_they_are_written(void **state)
{
	static const char *const pairs[][2] = {
		{ "registry.example:5000", "registry.example:5000" },
		{ "https://registry.example/v2/", "registry.example" },
		{ "docker.io", "https://index.docker.io/v1/" },
		{ "hub.docker.com", "https://index.docker.io/v1/" },
		{ "https://index.docker.io/v1/", "https://index.docker.io/v1/" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		AUTO_FREE char *key = registry_key(pairs[i][0]);

		assert_string_equal(key, pairs[i][1]);
	}
}

static void an_image_gets_the_login_of_its_registry(void **state)
{
	struct place p;

	(void)state;
	open_place(&p);
	expect(&p, NULL, "registry.example/a:1", "none");
	/* dTpw is u:p, dTpwOnc= is u:p:w, Z286 is go: */
	write_config(&p, NULL,
		"{'auths': {'registry.example:5000': {'auth': 'dTpwOnc='},"
		"'https://index.docker.io/v1/': {'auth': 'dTpw'},"
		"'https://older.example/v1/': {'auth': 'dTpw'},"
		"'token.example': {'auth': 'Z286', 'identitytoken': 'tok'},"
		"'empty.example': {}}}");
	expect(&p, NULL, "registry.example:5000/team/a:1", "u p:w -");
	expect(&p, NULL, "registry.example/team/a:1", "none");
	expect(&p, NULL, "ruby", "u p -");
	expect(&p, NULL, "docker.io/team/a", "u p -");
	expect(&p, NULL, "older.example/a", "u p -");
	expect(&p, NULL, "token.example/a", "- - tok");
	expect(&p, NULL, "empty.example/a", "none");
	close_place(&p);
}

static void an_app_with_any_login_of_its_own_uses_only_these(void **state)
{
	struct place p;
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *none = NULL;

	(void)state;
	open_place(&p);
	write_config(&p, NULL, "{'auths': {'a.example': {'auth': 'dTpw'}}}");
	expect(&p, "shop", "a.example/x", "u p -");
	write_config(&p, "shop", "{'auths': {}}");
	expect(&p, "shop", "a.example/x", "u p -");
	none = registry_config_dir(&p.ctx, "shop");
	assert_null(none);
	write_config(&p, "shop", "{'auths': {'b.example': {'auth': 'dTpwOnc='}}}");
	expect(&p, "shop", "a.example/x", "none");
	expect(&p, "shop", "b.example/x", "u p:w -");
	expect(&p, "other", "a.example/x", "u p -");
	dir = registry_config_dir(&p.ctx, "shop");
	assert_non_null(dir);
	assert_true(str_ends(dir, "/config/registry/shop"));
	close_place(&p);
}

static void fails(struct place *p, enum err_kind kind, const char *why)
{
	json_t *auth = NULL;

	assert_int_equal(registry_auth(&p->ctx, NULL, "a.example/x", &auth, &p->err), -(int)kind);
	assert_null(auth);
	assert_non_null(strstr(p->err.msg.buf, why));
	err_clear(&p->err);
}

static void damaged_files_are_errors_that_show_no_login(void **state)
{
	struct place p;

	(void)state;
	open_place(&p);
	write_config(&p, NULL, "{'auths': ");
	fails(&p, ERR_INVALID, "is not JSON; repair or remove it");
	write_config(&p, NULL, "[]");
	fails(&p, ERR_INVALID, "is not JSON");
	write_config(&p, NULL, "{'auths': {'a.example': {'auth': '***'}}}");
	fails(&p, ERR_INVALID, "the login for 'a.example' in config.json is damaged");
	write_config(&p, NULL, "{'auths': {'a.example': {'auth': 'dXA='}}}"); /* no colon */
	fails(&p, ERR_INVALID, "is damaged");
	write_config(&p, NULL, "{'credsStore': '../x', 'auths': {'a.example': {}}}");
	fails(&p, ERR_NOT_FOUND, "credential helper '../x'");
	close_place(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers_have_one_key_however_they_are_written),
		cmocka_unit_test(an_image_gets_the_login_of_its_registry),
		cmocka_unit_test(an_app_with_any_login_of_its_own_uses_only_these),
		cmocka_unit_test(damaged_files_are_errors_that_show_no_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
