/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tools/member.h"
#include "tools/unpack.h"

static void paths_inside_are_fine(void **state)
{
	static const char *const good[] = { "a", "a/b", "./a//b/", ".", "...", "a/..b", "b../c",
		"lä" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_null(member_path_problem(good[i]));
}

static void paths_that_climb_or_hide_are_not(void **state)
{
	static const char *const bad[] = {
		"",
		"/",
		"/a",
		"//a",
		"..",
		"../a",
		"a/..",
		"a/../b",
		"./..",
		"a//..//b",
		"a\nb",
		"\033[2J",
		"a\177",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_non_null(member_path_problem(bad[i]));
}

/* COUNT times "UNIT", for free(). */
static char *repeat(const char *unit, size_t count)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t i = 0; i < count; i++)
		strbuf_addstr(&sb, unit);
	return strbuf_detach(&sb);
}

static void path_limits_are_exact(void **state)
{
	AUTO_FREE char *name = repeat("n", MEMBER_NAME_MAX);
	AUTO_FREE char *name_over = repeat("n", MEMBER_NAME_MAX + 1);
	AUTO_FREE char *deep = repeat("d/", MEMBER_DEPTH_MAX);
	AUTO_FREE char *deep_over = repeat("d/", MEMBER_DEPTH_MAX + 1);
	AUTO_FREE char *path = repeat("./", MEMBER_PATH_MAX / 2);
	AUTO_FREE char *path_over = repeat("./", MEMBER_PATH_MAX / 2 + 1);

	(void)state;
	assert_null(member_path_problem(name));
	assert_non_null(member_path_problem(name_over));
	assert_null(member_path_problem(deep));
	assert_non_null(member_path_problem(deep_over));
	assert_null(member_path_problem(path));
	assert_non_null(member_path_problem(path_over));
}

static void links_know_how_far_they_may_climb(void **state)
{
	static const struct {
		const char *path;
		const char *target;
		size_t spare;
	} good[] = {
		{ "l", "x", 0 },
		{ "l", ".", 0 },
		{ "a/l", "x", 1 },
		{ "a/l", "..", 0 },
		{ "a/b/l", "../x", 1 },
		{ "./a//b/l", "./../.././x", 0 },
	};
	static const char *const bad[][2] = {
		{ "l", "" },
		{ "l", "/x" },
		{ "l", ".." },
		{ "l", "../x" },
		{ "a/l", "../.." },
		{ "./l", "../x" },
		{ "a/b/l", "x/../y" },
		{ "a/l", "x\ny" },
	};
	size_t spare;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		spare = 99;
		assert_null(member_link_problem(good[i].path, good[i].target, &spare));
		assert_int_equal(spare, good[i].spare);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_non_null(member_link_problem(bad[i][0], bad[i][1], &spare));
}

static void names_in_messages_are_printable_and_short(void **state)
{
	AUTO_FREE char *longish = repeat("x", 201);
	AUTO_STRBUF sb = STRBUF_INIT;

	(void)state;
	member_show("a\033b\xc3\xa9", &sb);
	assert_string_equal(sb.buf, "a?b??");
	strbuf_clear(&sb);
	member_show(longish, &sb);
	assert_int_equal(sb.len, 203);
	assert_string_equal(sb.buf + 200, "...");
}

static void types_are_known_by_name(void **state)
{
	AUTO_ERR err = ERR_INIT;
	enum unpack_type type;

	(void)state;
	assert_int_equal(unpack_type_parse("tar.gz", &type, &err), 0);
	assert_int_equal(type, UNPACK_TAR_GZ);
	assert_int_equal(unpack_type_parse("rar", &type, &err), -ERR_USAGE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_inside_are_fine),
		cmocka_unit_test(paths_that_climb_or_hide_are_not),
		cmocka_unit_test(path_limits_are_exact),
		cmocka_unit_test(links_know_how_far_they_may_climb),
		cmocka_unit_test(names_in_messages_are_printable_and_short),
		cmocka_unit_test(types_are_known_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
