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
#include "base/strvec.h"
#include "lib/jsonc/jsonc.h"

/* Parses TEXT and gives it back compact, keys sorted, or "!message". */
static char *compact(const char *text, size_t len)
{
	AUTO_ERR err = ERR_INIT;
	json_t *root = NULL;
	char *s;

	if (jsonc_parse(text, len, &root, &err) < 0) {
		assert_int_equal(err.kind, ERR_INVALID);
		assert_null(root);
		return xasprintf("!%s", err_text(&err));
	}
	s = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	json_decref(root);
	assert_non_null(s);
	return s;
}

static void check(const char *text, const char *want)
{
	AUTO_FREE char *got = compact(text, strlen(text));

	assert_string_equal(got, want);
}

static void comments_and_trailing_commas_vanish(void **state)
{
	(void)state;
	check("{ // line\n \"a\": 1, /* block\n ** / */ \"b\": [1, 2,],\n}",
		"{\"a\":1,\"b\":[1,2]}");
	check("/**/[/* a */1/* b */, // c\n]//", "[1]");
	check("\xef\xbb\xbf{\"a\":1}", "{\"a\":1}");
}

static void strings_are_left_alone(void **state)
{
	(void)state;
	check("[\"// no /* comment */ ,]\", \"a\\\"//\", \"\\\\\"//\n]",
		"[\"// no /* comment */ ,]\",\"a\\\"//\",\"\\\\\"]");
}

static void last_duplicate_wins(void **state)
{
	(void)state;
	check("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}");
}

/* Every text but FROM of it is as given, and the place is the person's. */
static void check_fault(const char *text, const char *place)
{
	AUTO_FREE char *got = compact(text, strlen(text));

	if (!str_starts(got + 1, place))
		fail_msg("'%s' gave '%s'", text, got);
}

static void faults_are_where_the_person_sees_them(void **state)
{
	(void)state;
	check_fault("{\n  /* \xc3\xbc\xe2\x82\xac */ \"a\" 1\n}", "line 2, column 16: ");
	check_fault("{\n // comment\n \"a\": /* x\n y */ tru\n}", "line 4, column 9: ");
	check_fault("[1,,]", "line 1, column 4: ");
	check_fault("[,]", "line 1, column 2: ");
	check_fault("[1 /* 2]", "line 1, column 4: comment without its end");
	check_fault("[\"\xc3\xbc\", \"a\xff\"]", "line 1, column 9: invalid UTF-8");
	check_fault("{} x", "line 1, column 4: ");
	check_fault("", "line 1, column 0: ");
}

static void nul_depth_and_size_are_refused(void **state)
{
	AUTO_FREE char *nul = compact("[1,\n\0]", 6);
	AUTO_STRBUF deep = STRBUF_INIT;
	AUTO_FREE char *big = xcalloc(JSONC_TEXT_MAX + 1, 1);
	AUTO_FREE char *big_got = compact(big, JSONC_TEXT_MAX + 1);

	(void)state;
	assert_string_equal(nul, "!line 2, column 1: NUL byte");
	assert_string_equal(big_got, "!the text is longer than 4194304 bytes");
	for (int i = 0; i < JSONC_DEPTH_MAX; i++)
		strbuf_addch(&deep, '[');
	strbuf_addstr(&deep, "\n[");
	check(deep.buf, "!line 2, column 1: nested too deeply");
	strbuf_clear(&deep);
	for (int i = 0; i < JSONC_DEPTH_MAX * 10; i++)
		strbuf_addstr(&deep, i ? ",[]" : "[[]");
	strbuf_addch(&deep, ']');
	check(deep.buf, deep.buf);
}

static void blank_text(void **state)
{
	(void)state;
	assert_true(jsonc_blank(" \t\r\n", 4));
	assert_true(jsonc_blank("", 0));
	assert_false(jsonc_blank(" {}", 3));
}

struct task {
	char *command;
	bool maintenance;
	int64_t quantity;
	struct strvec names;
	json_t *env;
};

static const struct jsonc_field task_fields[] = {
	{ "command", JSONC_STRING, offsetof(struct task, command), JSONC_REQUIRED },
	{ "maintenance", JSONC_BOOL, offsetof(struct task, maintenance) },
	{ "quantity", JSONC_INT, offsetof(struct task, quantity), .min = 0, .max = 100 },
	{ "names", JSONC_STRVEC, offsetof(struct task, names) },
	{ "env", JSONC_OBJECT, offsetof(struct task, env) },
	{},
};

static int read_task(const char *text, struct task *task, json_t **root, struct err *err)
{
	assert_int_equal(jsonc_parse(text, strlen(text), root, err), 0);
	return jsonc_read(*root, task_fields, task, err);
}

static void table_reads_a_struct(void **state)
{
	struct task t = { .names = STRVEC_INIT, .command = xstrdup("old"), .quantity = 7 };
	AUTO_ERR err = ERR_INIT;
	json_t *root;

	(void)state;
	assert_int_equal(read_task("{\"Command\":\"a "
				   "b\",\"maintenance\":true,\"names\":[\"x\",\"y\"],"
				   "\"env\":{\"K\":\"v\"},\"quantity\":null,\"unknown\":1}",
				 &t, &root, &err),
		0);
	assert_string_equal(t.command, "a b");
	assert_true(t.maintenance);
	assert_int_equal(t.quantity, 7);
	assert_int_equal(t.names.count, 2);
	assert_string_equal(t.names.items[1], "y");
	assert_string_equal(json_string_value(json_object_get(t.env, "K")), "v");
	json_decref(root);
	strvec_done(&t.names);
	free(t.command);
}

static void check_refused(const char *text, const char *want)
{
	struct task t = { .names = STRVEC_INIT, .quantity = 7 };
	AUTO_ERR err = ERR_INIT;
	json_t *root;

	assert_int_equal(read_task(text, &t, &root, &err), -ERR_INVALID);
	assert_string_equal(err_text(&err), want);
	assert_null(t.command);
	assert_int_equal(t.quantity, 7);
	json_decref(root);
}

static void table_names_the_wrong_key(void **state)
{
	(void)state;
	check_refused("{}", "'command' is missing");
	check_refused("{\"command\":\"x\",\"quantity\":\"1\"}",
		"'quantity' must be a whole number, not a string");
	check_refused("{\"command\":\"x\",\"quantity\":101}",
		"'quantity' must be between 0 and 100, not 101");
	check_refused("{\"command\":\"x\",\"quantity\":1,\"names\":[1]}",
		"'names' must be a list of strings, not a list");
	check_refused("[]", "must be an object, not a list");
}

static void exact_key_comes_before_a_case_variant(void **state)
{
	AUTO_ERR err = ERR_INIT;
	const char *text = "{\"key\":1,\"KEY\":2,\"Other\":3,\"null\":null}";
	json_t *root;

	(void)state;
	assert_int_equal(jsonc_parse(text, strlen(text), &root, &err), 0);
	assert_int_equal(json_integer_value(jsonc_get(root, "key")), 1);
	assert_int_equal(json_integer_value(jsonc_get(root, "other")), 3);
	assert_null(jsonc_get(root, "null"));
	assert_null(jsonc_get(root, "absent"));
	json_decref(root);
}

static void check_quote(const char *s, const char *want)
{
	AUTO_STRBUF out = STRBUF_INIT;

	jsonc_quote(&out, s);
	assert_string_equal(out.buf, want);
}

/* Values from the description of encoding/json's string encoding. */
static void quote_gives_the_bytes_of_go(void **state)
{
	(void)state;
	check_quote("", "\"\"");
	check_quote("a \"b\" \\ /", "\"a \\\"b\\\" \\\\ /\"");
	check_quote("\b\f\n\r\t\x01\x1f\x7f", "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
	check_quote("<a href='x'>&amp;", "\"\\u003ca href='x'\\u003e\\u0026amp;\"");
	check_quote("\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80",
		"\"\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80\"");
	check_quote("\xe2\x80\xa8\xe2\x80\xa9", "\"\\u2028\\u2029\"");
	check_quote("a\xff\xc3", "\"a\\ufffd\\ufffd\"");
}

static void plain_quote_escapes_no_more_than_json_asks_for(void **state)
{
	AUTO_STRBUF out = STRBUF_INIT;

	(void)state;
	jsonc_quote_plain(&out, "<a&\xe2\x80\xa8\"\n\x01\xff");
	assert_string_equal(out.buf, "\"<a&\xe2\x80\xa8\\\"\\n\\u0001\\ufffd\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comments_and_trailing_commas_vanish),
		cmocka_unit_test(strings_are_left_alone),
		cmocka_unit_test(last_duplicate_wins),
		cmocka_unit_test(faults_are_where_the_person_sees_them),
		cmocka_unit_test(nul_depth_and_size_are_refused),
		cmocka_unit_test(blank_text),
		cmocka_unit_test(table_reads_a_struct),
		cmocka_unit_test(table_names_the_wrong_key),
		cmocka_unit_test(exact_key_comes_before_a_case_variant),
		cmocka_unit_test(quote_gives_the_bytes_of_go),
		cmocka_unit_test(plain_quote_escapes_no_more_than_json_asks_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
