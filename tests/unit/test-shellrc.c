/* SPDX-License-Identifier: MIT */
/* Which shell settings are read without a shell, and what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/base64.h"
#include "core/shellrc.h"

static void expect_one(const char *text, const char *name, const char *value, bool exported)
{
	AUTO_SHELLRC rc = SHELLRC_INIT;

	assert_true(shellrc_parse_plain(text, strlen(text), &rc));
	assert_int_equal(rc.count, 1);
	assert_string_equal(rc.lines[0].name, name);
	assert_string_equal(rc.lines[0].value, value);
	assert_int_equal(rc.lines[0].exported, exported);
}

static void plain_assignments_are_read(void **state)
{
	expect_one("export A=1\n", "A", "1", true);
	expect_one("A=1", "A", "1", false);
	expect_one("  export\tDOKKU_ROOT=/home/dokku # home\n", "DOKKU_ROOT", "/home/dokku", true);
	expect_one("# a\n\nexport A=\n", "A", "", true);
	expect_one("export A='a $b `c` \"d\"'", "A", "a $b `c` \"d\"", true);
	expect_one("export A=\"a b 'c' #d\"", "A", "a b 'c' #d", true);
	expect_one("exported=1", "exported", "1", false);
}

static void a_file_without_assignments_is_plain(void **state)
{
	AUTO_SHELLRC rc = SHELLRC_INIT;

	assert_true(shellrc_parse_plain("", 0, &rc));
	assert_true(shellrc_parse_plain("# only this\n", 12, &rc));
	assert_int_equal(rc.count, 0);
}

static void whatever_needs_a_shell_is_left_to_it(void **state)
{
	static const char *const texts[] = {
		"export A=$B",
		"export A=\"$B\"",
		"export A=`id`",
		"export A=$(id)",
		"export A=~/x",
		"export A=a\\ b",
		"export A='a'b",
		"export A=a b=c",
		"export A",
		"export -n A=1",
		"A=1 command",
		"A=1; B=2",
		"if true; then",
		"export A='open",
		"export A=\"open",
		"export A=\"a\\\"b\"",
		"[[ $X ]] && export A=1",
		"export A=(1 2)",
		"export 1A=1",
		"export A-B=1",
		"export A =1",
		"A+=1",
		"export A=1\r",
		"export A=x&",
		"export A=*",
		"export A=\"hi!\"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO_SHELLRC rc = SHELLRC_INIT;

		if (shellrc_parse_plain(texts[i], strlen(texts[i]), &rc))
			fail_msg("taken as plain: %s", texts[i]);
		assert_int_equal(rc.count, 0);
	}
}

static void one_line_for_the_shell_makes_the_whole_file_its(void **state)
{
	static const char text[] = "export A=1\nexport B=$A\n";
	AUTO_SHELLRC rc = SHELLRC_INIT;

	assert_false(shellrc_parse_plain(text, sizeof(text) - 1, &rc));
	assert_int_equal(rc.count, 0);
}

static void a_nul_byte_is_not_plain(void **state)
{
	AUTO_SHELLRC rc = SHELLRC_INIT;

	assert_false(shellrc_parse_plain("A=1\0B=2", 7, &rc));
}

static void base64_goes_both_ways(void **state)
{
	static const char *const pairs[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "\xff\xfe\xfd", "//79" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		AUTO_STRBUF text = STRBUF_INIT;
		AUTO_STRBUF back = STRBUF_INIT;

		base64_encode(pairs[i][0], strlen(pairs[i][0]), &text);
		assert_string_equal(text.buf, pairs[i][1]);
		assert_true(base64_decode(text.buf, text.len, &back, NULL));
		assert_string_equal(back.buf, pairs[i][0]);
	}
}

static void what_is_not_base64_is_found_and_leaves_nothing(void **state)
{
	static const struct {
		const char *text;
		size_t at;
	} bad[] = { { "Zg=", 3 }, { "Z", 1 }, { "Zm9*", 3 }, { "=", 0 }, { "Zg==Zg==", 4 },
		{ "Zm 9v", 2 }, { "Z===", 1 } };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO_STRBUF out = STRBUF_INIT;
		size_t at = 99;

		strbuf_addstr(&out, "before");
		assert_false(base64_decode(bad[i].text, strlen(bad[i].text), &out, &at));
		assert_int_equal(at, bad[i].at);
		assert_string_equal(out.buf, "before");
	}
}

static void base64_may_have_lines(void **state)
{
	AUTO_STRBUF out = STRBUF_INIT;

	assert_true(base64_decode("Zm9v\r\nYg==\n", 11, &out, NULL));
	assert_string_equal(out.buf, "foob");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_assignments_are_read),
		cmocka_unit_test(a_file_without_assignments_is_plain),
		cmocka_unit_test(whatever_needs_a_shell_is_left_to_it),
		cmocka_unit_test(one_line_for_the_shell_makes_the_whole_file_its),
		cmocka_unit_test(a_nul_byte_is_not_plain),
		cmocka_unit_test(base64_goes_both_ways),
		cmocka_unit_test(what_is_not_base64_is_found_and_leaves_nothing),
		cmocka_unit_test(base64_may_have_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
