/* SPDX-License-Identifier: MIT */
/* Which flags of a build are variables, and what they are worth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "core/build_flags.h"

static void variables_are_taken_out_of_the_flags(void **state)
{
	AUTO_STRVEC flags = STRVEC_INIT;
	AUTO_ENV known = ENV_INIT;
	AUTO_ENV env = ENV_INIT;
	AUTO_ERR err = ERR_INIT;
	AUTO_FREE char *left = NULL;

	env_set(&known, "TOKEN", "s3cret=");
	strvec_pushl(&flags, "--memory", "1g", "--env", "A=1", "-v", "/a:/b", "--env=TOKEN", "-e",
		"B=x y", "-eC=3", "--entrypoint", "e", NULL);
	assert_int_equal(build_flags_take_env(&flags, &known, &env, &err), 0);
	left = strvec_joined(&flags, " ");
	assert_string_equal(left, "--memory 1g -v /a:/b --entrypoint e");
	assert_int_equal(env.count, 4);
	assert_string_equal(env_get(&env, "A"), "1");
	assert_string_equal(env_get(&env, "B"), "x y");
	assert_string_equal(env_get(&env, "C"), "3");
	assert_string_equal(env_get(&env, "TOKEN"), "s3cret=");
}

static void a_name_without_a_value_anywhere_is_left_out(void **state)
{
	AUTO_STRVEC flags = STRVEC_INIT;
	AUTO_ENV known = ENV_INIT;
	AUTO_ENV env = ENV_INIT;
	AUTO_ERR err = ERR_INIT;

	unsetenv("NOWHERE");
	strvec_pushl(&flags, "--env=NOWHERE", NULL);
	assert_int_equal(build_flags_take_env(&flags, &known, &env, &err), 0);
	assert_int_equal(flags.count, 0);
	assert_int_equal(env.count, 0);
}

static void a_mistake_leaves_the_flags_alone(void **state)
{
	AUTO_STRVEC flags = STRVEC_INIT;
	AUTO_ENV known = ENV_INIT;
	AUTO_ENV env = ENV_INIT;
	AUTO_ERR err = ERR_INIT;

	strvec_pushl(&flags, "--cpus", "1", "--env-file=/nowhere/at/all", NULL);
	assert_true(build_flags_take_env(&flags, &known, &env, &err) < 0);
	assert_int_equal(flags.count, 3);
	assert_non_null(strstr(err_text(&err), "--env-file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables_are_taken_out_of_the_flags),
		cmocka_unit_test(a_name_without_a_value_anywhere_is_left_out),
		cmocka_unit_test(a_mistake_leaves_the_flags_alone),
	};

	return cmocka_run_group_tests_name("build-flags", tests, NULL, NULL);
}
