/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/strbuf.h"
#include "lib/yaml/yaml.h"

/* Parses TEXT and gives it back as compact JSON, or "!message". */
static char *compact(const char *text, size_t len)
{
	AUTO_ERR err = ERR_INIT;
	json_t *root = NULL;
	char *s;

	if (yaml_parse(text, len, &root, &err) < 0) {
		assert_int_equal(err.kind, ERR_INVALID);
		assert_null(root);
		return xasprintf("!%s", err_text(&err));
	}
	s = json_dumps(root, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(root);
	assert_non_null(s);
	return s;
}

static void check(const char *text, const char *want)
{
	AUTO_FREE char *got = compact(text, strlen(text));

	assert_string_equal(got, want);
}

static void mappings_nest_by_indentation(void **state)
{
	(void)state;
	check("---\na:\n  b: 1\n  c:\n    d: x\ne: y\n",
		"{\"a\":{\"b\":\"1\",\"c\":{\"d\":\"x\"}},\"e\":\"y\"}");
	check("a:\n\n\n    b: 1\n\n", "{\"a\":{\"b\":\"1\"}}");
}

static void lists_stand_below_their_key_or_as_deep_as_it(void **state)
{
	(void)state;
	check("a:\n  - x\n  - y\nb:\n- z\nc: w\n",
		"{\"a\":[\"x\",\"y\"],\"b\":[\"z\"],\"c\":\"w\"}");
	check("- - 1\n  - 2\n-\n  - 3\n-\n", "[[\"1\",\"2\"],[\"3\"],null]");
	check("- a: 1\n  b:\n    - 2\n- c: 3\n", "[{\"a\":\"1\",\"b\":[\"2\"]},{\"c\":\"3\"}]");
}

static void scalars_are_strings_or_null(void **state)
{
	(void)state;
	check("a: true\nb: 80\nc: 1.5\nd: ~\ne:\nf: null\ng: \"\"\n",
		"{\"a\":\"true\",\"b\":\"80\",\"c\":\"1.5\",\"d\":null,\"e\":null,\"f\":null,"
		"\"g\":\"\"}");
	check("plain text", "\"plain text\"");
	check("", "null");
	check("# nothing\n\n", "null");
}

static void a_colon_inside_a_word_is_part_of_it(void **state)
{
	(void)state;
	check("- --entrypoints.http.address=:80\n- a:b\n- http://x:80/y\n",
		"[\"--entrypoints.http.address=:80\",\"a:b\",\"http://x:80/y\"]");
}

static void quotes_keep_what_is_in_them(void **state)
{
	(void)state;
	check("a: 'it''s # no: comment'\nb: \"say \\\"x\\\" \\\\ \\n\"\n\"c: d\": 'e' # f\n",
		"{\"a\":\"it's # no: comment\",\"b\":\"say \\\"x\\\" \\\\ \\n\",\"c: d\":\"e\"}");
}

static void comments_end_a_line(void **state)
{
	(void)state;
	check("a: b # c\n# d\ne: f#g\nh:  # i\n  - j # k\n",
		"{\"a\":\"b\",\"e\":\"f#g\",\"h\":[\"j\"]}");
}

static void brackets_hold_lists_and_mappings_of_one_line(void **state)
{
	(void)state;
	check("a: [1, \"b, c\", [d], ]\ne: {f: g, h: {i: [j]}}\nk: []\nl: {} # m\n",
		"{\"a\":[\"1\",\"b, c\",[\"d\"]],\"e\":{\"f\":\"g\",\"h\":{\"i\":[\"j\"]}},\"k\":[]"
		",\"l\":{}}");
}

static void what_is_not_offered_is_refused(void **state)
{
	(void)state;
	check("a: |\n  text\n", "!line 1: a value cannot begin like this here");
	check("a: &x y\n", "!line 1: a value cannot begin like this here");
	check("a: !!str y\n", "!line 1: a value cannot begin like this here");
	check("a: b\n---\nc: d\n", "!line 2: there can be only one document");
	check("a: \"b\n  c\"\n", "!line 1: a quote does not end on its line");
	check("a: \"\\x41\"\n", "!line 1: this backslash in double quotes is not known");
	check("a:\n\tb: c\n", "!line 2: a tab cannot indent");
}

static void what_is_wrong_is_named_with_its_line(void **state)
{
	(void)state;
	check("a: 1\nb\n", "!line 2: this is no \"key: value\"");
	check("a: 1\n  b: 2\n", "!line 2: it is indented more than what it belongs to");
	check("  a: 1\nb: 2\n", "!line 2: it belongs to nothing above it");
	check("a: 1\na: 2\n", "!line 2: a key is given twice");
	check("a: [1, 2\n", "!line 1: brackets do not end on their line");
	check("a: b: c\n", "!line 1: there is something behind the value");
	check("a: 1\n- b\n", "!line 2: a list item stands among keys");
	check("a: {b}\n", "!line 1: a colon is missing in { }");
}

static void outside_bytes_are_limited(void **state)
{
	AUTO_STRBUF deep = STRBUF_INIT;
	AUTO_FREE char *got = NULL;
	AUTO_FREE char *nul = compact("a: b\0c", 6);

	(void)state;
	for (int i = 0; i < YAML_DEPTH_MAX + 1; i++)
		strbuf_addch(&deep, '[');
	got = compact(deep.buf, deep.len);
	assert_string_equal(got, "!line 1: it is nested too deeply");
	assert_string_equal(nul, "!it holds NUL bytes or is not UTF-8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mappings_nest_by_indentation),
		cmocka_unit_test(lists_stand_below_their_key_or_as_deep_as_it),
		cmocka_unit_test(scalars_are_strings_or_null),
		cmocka_unit_test(a_colon_inside_a_word_is_part_of_it),
		cmocka_unit_test(quotes_keep_what_is_in_them),
		cmocka_unit_test(comments_end_a_line),
		cmocka_unit_test(brackets_hold_lists_and_mappings_of_one_line),
		cmocka_unit_test(what_is_not_offered_is_refused),
		cmocka_unit_test(what_is_wrong_is_named_with_its_line),
		cmocka_unit_test(outside_bytes_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
