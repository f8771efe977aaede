/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/strbuf.h"
#include "lib/toml/toml.h"

/* Parses TEXT and gives it back as compact JSON, or "!message". */
static char *compact(const char *text, size_t len)
{
	AUTO_ERR err = ERR_INIT;
	json_t *root = NULL;
	char *s;

	if (toml_parse(text, len, &root, &err) < 0) {
		assert_int_equal(err.kind, ERR_INVALID);
		assert_null(root);
		return xasprintf("!%s", err_text(&err));
	}
	s = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	assert_non_null(s);
	return s;
}

static void check(const char *text, const char *want)
{
	AUTO_FREE char *got = compact(text, strlen(text));

	assert_string_equal(got, want);
}

static void refused(const char *text)
{
	AUTO_FREE char *got = compact(text, strlen(text));

	if (got[0] != '!')
		fail_msg("taken: %s", text);
}

static void headers_open_tables(void **state)
{
	(void)state;
	check("", "{}");
	check("# only a comment", "{}");
	check("a = 1 # one\n[t]\nb = 2\n [ x . \"y z\" ] \nc = 3",
		"{\"a\":1,\"t\":{\"b\":2},\"x\":{\"y z\":{\"c\":3}}}");
	check("[a.b.c]\nz = 9\n[a]\ny = 8\n", "{\"a\":{\"b\":{\"c\":{\"z\":9}},\"y\":8}}");
}

static void lists_of_tables_grow_by_their_header(void **state)
{
	(void)state;
	check("[[p]]\nn = 1\n[[p]]\n[[p]]\nn = 3\n", "{\"p\":[{\"n\":1},{},{\"n\":3}]}");
	check("[[f]]\nn = 1\n[f.p]\nc = 2\n[[f.v]]\nn = 3\n[[f]]\n[[f.v]]\nn = 4\n",
		"{\"f\":[{\"n\":1,\"p\":{\"c\":2},\"v\":[{\"n\":3}]},{\"v\":[{\"n\":4}]}]}");
}

static void dotted_keys_make_tables(void **state)
{
	(void)state;
	check("a.b.c = 1\na.b . d = 2\n\"a\".'e' = 3\n",
		"{\"a\":{\"b\":{\"c\":1,\"d\":2},\"e\":3}}");
	check("3.14 = 'pi'\n", "{\"3\":{\"14\":\"pi\"}}");
	check("[f]\na.t.s = true\n[f.a.x]\ny = 1\n",
		"{\"f\":{\"a\":{\"t\":{\"s\":true},\"x\":{\"y\":1}}}}");
	check("a = { b.c = 1, b.d = { e = 2 } }\n", "{\"a\":{\"b\":{\"c\":1,\"d\":{\"e\":2}}}}");
}

static void nothing_is_defined_twice(void **state)
{
	(void)state;
	refused("a = 1\na = 2\n");
	refused("a = 1\n\"a\" = 2\n");
	refused("[a]\n[a]\n");
	refused("[a]\nb = 1\n[a.b]\n");
	refused("a = 1\na.b = 2\n");
	refused("[f]\na.c = 1\n[f.a]\n");
	refused("a.b = 1\n[a]\n");
	refused("[a.b.c]\nz = 9\n[a]\nb.c.t = 1\n");
	refused("[a]\n[[a]]\n");
	refused("[[a]]\n[a]\n");
	refused("a = []\n[[a]]\n");
	refused("a = {}\n[a.b]\n");
	refused("a = { b = { c = 1 }, b.d = 2 }\n");
	refused("[[a.b]]\n[a]\nb.y = 2\n");
}

static void basic_strings_know_escapes(void **state)
{
	(void)state;
	check("a = \"\\b\\t\\n\\f\\r\\\"\\\\ \\u00e9\\U0001F600\"\n",
		"{\"a\":\"\\b\\t\\n\\f\\r\\\"\\\\ \xc3\xa9\xf0\x9f\x98\x80\"}");
	check("a = 'C:\\x \"y\"'\n", "{\"a\":\"C:\\\\x \\\"y\\\"\"}");
	refused("a = \"\\x41\"\n");
	refused("a = \"\\ud800\"\n");
	refused("a = \"\\U00110000\"\n");
	refused("a = \"\\u00e\"\n");
	refused("a = \"\\u0000\"\n");
	refused("a = \"b\nc\"\n");
	refused("a = 'b\n'\n");
	refused("a = \"b\x01\"\n");
	refused("a = \"b\n");
}

static void strings_of_several_lines(void **state)
{
	(void)state;
	check("a = \"\"\"\nx\r\n  y\\\n\n    z\"\"\"\n", "{\"a\":\"x\\n  yz\"}");
	check("a = '''\nx\\\n''y'''\n", "{\"a\":\"x\\\\\\n''y\"}");
	check("a = \"\"\"\"b\"\"\"\"\"\n", "{\"a\":\"\\\"b\\\"\\\"\"}");
	check("a = \"\"\"\"\"\"\n", "{\"a\":\"\"}");
	refused("a = \"\"\"x\"\"\"\"\"\"\n");
	refused("\"\"\"a\"\"\" = 1\n");
	refused("a = '''x\n");
	refused("a = \"\"\"x \\ y\"\"\"\n");
}

static void numbers(void **state)
{
	(void)state;
	check("a=+99\nb=-17\nc=-0\nd=1_000_000\ne=0xDEAD_beef\nf=0o755\ng=0b1101\n",
		"{\"a\":99,\"b\":-17,\"c\":0,\"d\":1000000,\"e\":3735928559,\"f\":493,\"g\":13}");
	check("a=9223372036854775807\nb=-9223372036854775808\n",
		"{\"a\":9223372036854775807,\"b\":-9223372036854775808}");
	check("a=3.5\nb=-1.5E+3\nc=2e2\nd=1_0.2_5\n",
		"{\"a\":3.5,\"b\":-1500.0,\"c\":200.0,\"d\":10.25}");
	check("a=inf\nb=-nan\n", "{\"a\":\"inf\",\"b\":\"-nan\"}");
	refused("a = 01\n");
	refused("a = 1__0\n");
	refused("a = 1_\n");
	refused("a = .5\n");
	refused("a = 1.\n");
	refused("a = 1.e2\n");
	refused("a = 1e\n");
	refused("a = 0x\n");
	refused("a = +0x1\n");
	refused("a = 0b2\n");
	refused("a = 9223372036854775808\n");
	refused("a = 1e999\n");
}

static void dates_are_checked_and_kept_as_written(void **state)
{
	(void)state;
	check("a = 1979-05-27T07:32:00Z\nb = 1979-05-27 00:32:00.999-07:00\nc = 2000-02-29\n"
	      "d = 23:59:60\ne = 1979-05-27t07:32:00\n",
		"{\"a\":\"1979-05-27T07:32:00Z\",\"b\":\"1979-05-27 00:32:00.999-07:00\","
		"\"c\":\"2000-02-29\",\"d\":\"23:59:60\",\"e\":\"1979-05-27t07:32:00\"}");
	refused("a = 1979-02-29\n");
	refused("a = 1979-13-01\n");
	refused("a = 1979-5-27\n");
	refused("a = 24:00:00\n");
	refused("a = 07:32\n");
	refused("a = 07:32:00.\n");
	refused("a = 1979-05-27T07:32:00+24:00\n");
	refused("a = 1979-05-27T\n");
}

static void lists_may_go_over_several_lines(void **state)
{
	(void)state;
	check("a = [ 1, # one\n\r\n  'x', [ true ], { y = 2 },\n]\nb = []\n",
		"{\"a\":[1,\"x\",[true],{\"y\":2}],\"b\":[]}");
	refused("a = [1,,2]\n");
	refused("a = [,]\n");
	refused("a = [1 2]\n");
	refused("a = [1\n");
	refused("a = { b = 1, }\n");
	refused("a = { b = 1\n}\n");
	refused("a = { b = 1 c = 2 }\n");
}

static void mistakes_are_named_with_their_place(void **state)
{
	(void)state;
	check("a = 1\n  b 2\n", "!line 2, column 5: = is missing behind a key");
	check("\xc3\xa9 = 1\n", "!line 1, column 1: a key is missing");
	check("a = 1 b = 2\n", "!line 1, column 7: something that does not belong on this line");
	check("a =\n", "!line 1, column 4: a value is missing");
	check("a = yes\n", "!line 1, column 5: not a value");
	check("[a\n", "!line 1, column 3: ] is missing");
	check("a\rb", "!line 1, column 2: = is missing behind a key");
	check("# \x7f\n", "!line 1, column 3: something that does not belong on this line");
	check("\xff", "!not UTF-8 text");
}

static void what_is_too_much_is_refused(void **state)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_FREE char *deep = NULL;
	AUTO_FREE char *fits = NULL;
	AUTO_FREE char *many = NULL;
	AUTO_FREE char *big = NULL;

	(void)state;
	strbuf_addstr(&text, "a = ");
	for (int i = 0; i < TOML_DEPTH_MAX; i++)
		strbuf_addch(&text, '[');
	for (int i = 0; i < TOML_DEPTH_MAX; i++)
		strbuf_addch(&text, ']');
	fits = compact(text.buf, text.len);
	assert_int_equal(fits[0], '{');
	strbuf_insert(&text, 4, "[");
	strbuf_addch(&text, ']');
	deep = compact(text.buf, text.len);
	assert_true(str_ends(deep, "nested too deeply"));
	strbuf_clear(&text);
	for (int i = 0; i < TOML_TABLES_MAX + 1; i++)
		strbuf_addstr(&text, "[[a]]\n");
	many = compact(text.buf, text.len);
	assert_true(str_ends(many, "too many tables"));
	strbuf_clear(&text);
	strbuf_grow(&text, TOML_TEXT_MAX + 1);
	while (text.len <= TOML_TEXT_MAX)
		strbuf_addch(&text, '\n');
	big = compact(text.buf, text.len);
	assert_int_equal(big[0], '!');
}

static void what_is_quoted_reads_back(void **state)
{
	static const char *const texts[] = { "", "plain", "a\"b\\c", "x\ny\tz\x01\x7f",
		"\xc3\xa9" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO_STRBUF text = STRBUF_INIT;
		AUTO_ERR err = ERR_INIT;
		json_t *root = NULL;

		strbuf_addstr(&text, "a = ");
		toml_quote(&text, texts[i]);
		assert_int_equal(toml_parse(text.buf, text.len, &root, &err), 0);
		assert_string_equal(json_string_value(json_object_get(root, "a")), texts[i]);
		json_decref(root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_open_tables),
		cmocka_unit_test(lists_of_tables_grow_by_their_header),
		cmocka_unit_test(dotted_keys_make_tables),
		cmocka_unit_test(nothing_is_defined_twice),
		cmocka_unit_test(basic_strings_know_escapes),
		cmocka_unit_test(strings_of_several_lines),
		cmocka_unit_test(numbers),
		cmocka_unit_test(dates_are_checked_and_kept_as_written),
		cmocka_unit_test(lists_may_go_over_several_lines),
		cmocka_unit_test(mistakes_are_named_with_their_place),
		cmocka_unit_test(what_is_too_much_is_refused),
		cmocka_unit_test(what_is_quoted_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
