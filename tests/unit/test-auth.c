/* SPDX-License-Identifier: MIT */
/* The authoriser's table against all commands there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/fs.h"
#include "base/strvec.h"
#include "core/auth.h"
#include "plugins/all.h"

static const enum caller callers[] = { CALLER_ROOT, CALLER_LOCAL, CALLER_KEY, CALLER_ADMIN };

/* What of the machine's own a command may change: to be added to by hand, with a reason. */
static const char *const roots[] = {
	"nginx:setup",
	"nginx:unsetup", /* files below /etc */
	"plugin:disable",
	"plugin:enable",
	"plugin:install",
	"plugin:install-dependencies",
	"plugin:installed",
	"plugin:trigger",
	"plugin:uninstall",
	"plugin:update",
	"scheduler-k3s:initialize",
	"scheduler-k3s:uninstall",
};

static bool is_root_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		if (str_eq(roots[i], name))
			return true;
	}
	return false;
}

static enum right expected_right(const char *name)
{
	if (str_eq(name, "ssh-keys:add") || str_eq(name, "ssh-keys:remove"))
		return RIGHT_KEYS;
	if (str_starts(name, "backup:"))
		return RIGHT_STATE;
	return is_root_command(name) ? RIGHT_ROOT : RIGHT_USE;
}

static void every_command_has_the_right_that_it_should(void **state)
{
	size_t seen = 0;

	for (const struct plugin *const *p = builtin_plugins; *p; p++) {
		for (const struct command *c = (*p)->commands; c && c->name; c++) {
			if (auth_right_of(c) != expected_right(c->name))
				fail_msg("%s has another right than is written down here", c->name);
			assert_true(auth_allows(CALLER_ROOT, auth_right_of(c)));
			seen++;
		}
	}
	assert_true(seen > 20);
}

static void the_table_is_what_the_documentation_says(void **state)
{
	/* rows: use, keys, root, other; columns: root, local, key, admin */
	static const bool table[RIGHTS][4] = {
		[RIGHT_USE] = { true, true, true, true },
		[RIGHT_KEYS] = { true, false, false, true },
		[RIGHT_STATE] = { true, true, false, true },
		[RIGHT_ROOT] = { true, false, false, false },
		[RIGHT_OTHER] = { true, true, true, true },
	};

	for (int right = 0; right < RIGHTS; right++) {
		for (size_t i = 0; i < ARRAY_SIZE(callers); i++)
			assert_int_equal(auth_allows(callers[i], (enum right)right),
				table[right][i]);
	}
}

static void what_no_rule_names_is_denied(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(callers); i++)
		assert_false(auth_allows(callers[i], RIGHTS));
	assert_false(auth_allows((enum caller)0, RIGHT_USE));
}

static void plugins_are_in_name_order(void **state)
{
	for (const struct plugin *const *p = builtin_plugins; p[0] && p[1]; p++) {
		if (strcmp(p[0]->name, p[1]->name) >= 0)
			fail_msg("%s stands before %s", p[0]->name, p[1]->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_has_the_right_that_it_should),
		cmocka_unit_test(the_table_is_what_the_documentation_says),
		cmocka_unit_test(what_no_rule_names_is_denied),
		cmocka_unit_test(plugins_are_in_name_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
