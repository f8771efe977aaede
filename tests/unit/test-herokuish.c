/* SPDX-License-Identifier: MIT */
/* Rules of builds with buildpacks that need no engine: users of a stack, which stack, what asks for
 * herokuish. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "builders/herokuish/image.h"
#include "builders/herokuish/user.h"
#include "core/app_env.h"
#include "core/image_kind.h"
#include "core/stack.h"
#include "core/state.h"

/* --- users --- */

static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
			     "herokuishuser2:x:5:6::/:/bin/sh\n"
			     "herokuishuser:x:32767:32766::/app:/bin/bash\n"
			     "odd:::1\n"
			     "none::8:9::/:\n"
			     "big:x:4294967295:1::/:/bin/sh\n";

static void assert_owner(const char *name, unsigned uid, unsigned gid)
{
	struct tar_owner owner = { 77, 77 };

	assert_true(user_find(passwd, name, &owner));
	assert_int_equal(owner.uid, uid);
	assert_int_equal(owner.gid, gid);
}

static void a_user_is_found_by_the_whole_name(void **state)
{
	assert_owner("herokuishuser", 32767, 32766);
	assert_owner("root", 0, 0);
	assert_owner("none", 8, 9);
}

static void a_number_is_its_own_user(void **state)
{
	assert_owner("1000", 1000, 1000);
	assert_owner("1000:50", 1000, 50);
}

static void others_are_not_found(void **state)
{
	static const char *const names[] = { "heroku", "", "odd", "big", "1000:", ":1", "-1",
		"4294967295", "root:x", "1 2" };
	struct tar_owner owner;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_false(user_find(passwd, names[i], &owner));
}

/* --- stacks --- */

static void the_usual_debian_is_preferred_else_the_newest(void **state)
{
	AUTO_STRVEC names = STRVEC_INIT;

	assert_null(stack_best(&names));
	strvec_pushl(&names, "moorage/stack:other", "other/stack:debian-12", NULL);
	assert_null(stack_best(&names));
	strvec_pushl(&names, "moorage/stack:debian-9", "moorage/stack:debian-13", NULL);
	assert_string_equal(stack_best(&names), "moorage/stack:debian-13");
	strvec_pushl(&names, "moorage/stack:debian-12", "moorage/stack:debian-14", NULL);
	assert_string_equal(stack_best(&names), "moorage/stack:debian-12");
}

/* --- with settings --- */

struct place {
	char dir[64];
	struct ctx ctx;
};

static int set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	AUTO_ERR err = ERR_INIT;
	AUTO_FREE char *conf = NULL;
	AUTO_FREE char *text = NULL;

	memcpy(p->dir, "/tmp/moorage-test-XXXXXX", 25);
	assert_non_null(mkdtemp(p->dir));
	conf = path_join(p->dir, "instance.conf");
	/* Nobody answers there. */
	text = xasprintf("dokku_root=%s/home\nlib_root=%s/lib\nengine_socket=%s/none\n", p->dir,
		p->dir, p->dir);
	assert_int_equal(fs_write_str(conf, text, 0644, &err), 0);
	assert_int_equal(ctx_init(&p->ctx, conf, false, &err), 0);
	unsetenv("DOKKU_IMAGE");
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(fs_rm_rf(p->dir, &err), 0);
	ctx_done(&p->ctx);
	free(p);
	return 0;
}

static void set_config(struct place *p, const char *key, const char *value)
{
	AUTO_ENV env = ENV_INIT;
	AUTO_ERR err = ERR_INIT;

	env_set(&env, key, value);
	assert_int_equal(app_env_save(&p->ctx, "shop", &env, &err), 0);
}

static void write_source(struct place *p, const char *name, const char *text)
{
	AUTO_FREE char *path = xasprintf("%s/src/%s", p->dir, name);
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(fs_write_str(path, text, 0644, &err), 0);
}

static void assert_detected(struct place *p, const char *reason)
{
	AUTO_FREE char *dir = path_join(p->dir, "src");
	AUTO_STRBUF found = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(builder_herokuish.detect(&p->ctx, "shop", dir, &found, &err),
		*reason != '\0');
	assert_string_equal(found.buf, reason);
}

static void a_source_asks_for_it_by_file_or_variable(void **state)
{
	struct place *p = *state;

	write_source(p, "Procfile", "web: x\n");
	write_source(p, ".env", "A=1\n");
	assert_detected(p, "");
	set_config(p, "BUILDPACK_URL", "");
	assert_detected(p, "");
	set_config(p, "BUILDPACK_URL", "https://example.com/pack.git");
	assert_detected(p, "BUILDPACK_URL in the config");
	write_source(p, ".env", "A=1\n# no BUILDPACK_URL\n");
	assert_detected(p, "BUILDPACK_URL in .env");
	write_source(p, ".buildpacks", "");
	assert_detected(p, ".buildpacks");
}

static void assert_stack(struct place *p, const char *image, const char *reason)
{
	AUTO_STACK stack = STACK_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(stack_choose(&p->ctx, "shop", &stack, &err), 0);
	assert_true(stack.named);
	assert_string_equal(stack.image, image);
	assert_non_null(strstr(stack.reason.buf, reason));
}

static void what_is_set_for_the_app_counts_most(void **state)
{
	struct place *p = *state;
	AUTO_ERR err = ERR_INIT;

	setenv("DOKKU_IMAGE", "img/env:1", 1);
	assert_stack(p, "img/env:1", "of the environment");
	set_config(p, "DOKKU_IMAGE", "img/config:1");
	assert_stack(p, "img/config:1", "of the app's config");
	assert_int_equal(state_set(&p->ctx, "buildpacks", SCOPE_GLOBAL, "stack", "img/all:1", &err),
		0);
	assert_stack(p, "img/all:1", "the global property");
	assert_int_equal(state_set(&p->ctx, "buildpacks", "shop", "stack", "img/own:1", &err), 0);
	assert_stack(p, "img/own:1", "the app's property");
	unsetenv("DOKKU_IMAGE");
}

static void dokkus_own_default_in_the_environment_says_nothing(void **state)
{
	struct place *p = *state;
	AUTO_STACK stack = STACK_INIT;
	AUTO_ERR err = ERR_INIT;

	setenv("DOKKU_IMAGE", STACK_HEROKUISH, 1);
	/* So the engine is asked what there is, and there is none. */
	assert_true(stack_choose(&p->ctx, "shop", &stack, &err) < 0);
	unsetenv("DOKKU_IMAGE");
}

static void images_of_herokuish_are_known_by_label_or_user(void **state)
{
	struct place *p = *state;
	json_t *user = json_pack("{s:{s:[s, s]}}", "Config", "Env", "A=1", "USER=herokuishuser");
	json_t *label = json_pack("{s:{s:{s:s}}}", "Config", "Labels", "com.dokku.builder-type",
		"herokuish");
	json_t *cnb = json_pack("{s:{s:{s:s, s:s}}}", "Config", "Labels", "io.buildpacks.stack.id",
		"x", "com.dokku.builder-type", "herokuish");

	assert_true(image_is_herokuish(&p->ctx, "shop", user));
	assert_true(image_is_herokuish(&p->ctx, "shop", label));
	assert_false(image_is_herokuish(&p->ctx, "shop", cnb));
	assert_string_equal(image_builder(cnb), "pack");
	assert_string_equal(image_builder(user), "dockerfile");
	assert_string_equal(image_env(user, "USER"), "herokuishuser");
	assert_string_equal(image_env(user, "USE"), "");
	set_config(p, "DOKKU_APP_USER", "me");
	assert_false(image_is_herokuish(&p->ctx, "shop", user));
	assert_true(image_is_herokuish(&p->ctx, "shop", label));
	json_decref(user);
	json_decref(label);
	json_decref(cnb);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_is_found_by_the_whole_name),
		cmocka_unit_test(a_number_is_its_own_user),
		cmocka_unit_test(others_are_not_found),
		cmocka_unit_test(the_usual_debian_is_preferred_else_the_newest),
		TEST(a_source_asks_for_it_by_file_or_variable),
		TEST(what_is_set_for_the_app_counts_most),
		TEST(dokkus_own_default_in_the_environment_says_nothing),
		TEST(images_of_herokuish_are_known_by_label_or_user),
	};

	return cmocka_run_group_tests_name("herokuish", tests, NULL, NULL);
}
