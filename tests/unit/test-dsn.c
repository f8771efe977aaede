/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "base/macro.h"
#include "lib/dsn/dsn.h"
#include "lib/jsonc/jsonc.h"

/* WANTED is JSON with single quotes for double ones. */
static void gives(const char *dsn, const char *wanted)
{
	AUTO_FREE char *text = xstrdup(wanted);
	AUTO_ERR err = ERR_INIT;
	json_auto_t *expected = NULL;
	json_auto_t *got = NULL;

	for (char *c = text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	expected = json_loads(text, 0, NULL);
	assert_non_null(expected);
	if (dsn_parse(dsn, &got, &err) < 0)
		fail_msg("%s: %s", dsn, err.msg.buf);
	if (!json_equal(got, expected)) {
		AUTO_FREE char *seen = json_dumps(got, 0);

		fail_msg("%s gives %s", dsn, seen);
	}
}

static void refuses(const char *dsn, const char *why)
{
	AUTO_ERR err = ERR_INIT;
	json_t *got = NULL;

	assert_int_equal(dsn_parse(dsn, &got, &err), -ERR_INVALID);
	assert_null(got);
	if (!strstr(err.msg.buf, why))
		fail_msg("%s: %s", dsn, err.msg.buf);
	assert_null(strstr(err.msg.buf, "secret"));
}

static void values_are_strings_or_what_they_are_as_json(void **state)
{
	(void)state;
	gives("console://?a=text&b=1&c=1.5&d=true&e=null&f=",
		"{'type':'console','a':'text','b':1,'c':1.5,'d':true,'e':null,'f':''}");
	gives("x://?a={\"b\":[1,2]}&c=[\"d\"]", "{'type':'x','a':{'b':[1,2]},'c':['d']}");
	gives("x://?a=\"1\"&b=01&c=1s", "{'type':'x','a':'1','b':'01','c':'1s'}");
}

static void brackets_make_objects_and_lists(void **state)
{
	(void)state;
	gives("console://?encoding[codec]=json", "{'type':'console','encoding':{'codec':'json'}}");
	gives("x://?a[b][c]=1&a[b][d]=2&a[e]=3", "{'type':'x','a':{'b':{'c':1,'d':2},'e':3}}");
	gives("x://?a[]=1&a[]=two", "{'type':'x','a':[1,'two']}");
	gives("x://?a[b][]=1&a[b][]=2", "{'type':'x','a':{'b':[1,2]}}");
	gives("x://?a[][b]=1&a[][b]=2", "{'type':'x','a':[{'b':1},{'b':2}]}");
}

static void escapes_are_decoded_once(void **state)
{
	(void)state;
	gives("http://?uri=https%3A//u.example%3A1/%3Ft%3Da%26b%3D%2525",
		"{'type':'http','uri':'https://u.example:1/?t=a&b=%25'}");
	gives("x://?a+b=c+d&e%5Bf%5D=g", "{'type':'x','a b':'c d','e':{'f':'g'}}");
	gives("x://?a=b=c", "{'type':'x','a':'b=c'}");
	gives("x://?a={{ label }}", "{'type':'x','a':'{{ label }}'}");
}

static void the_type_is_in_lower_case_with_underscores(void **state)
{
	(void)state;
	gives("AWS-s3://?a=b", "{'type':'aws_s3','a':'b'}");
	gives("aws_s3://ignored/path?&a=b#rest", "{'type':'aws_s3','a':'b'}");
	gives("x://?type=y", "{'type':'x'}");
}

static void base64_at_the_top_is_decoded(void **state)
{
	(void)state;
	gives("x://?a=base64enc:e3sgcHJpbnQgInt7IHBvZCB9fSIgfX0K&b[c]=base64enc:YQ==",
		"{'type':'x','a':'{{ print \\'{{ pod }}\\' }}','b':{'c':'base64enc:YQ=='}}");
	refuses("x://?a=base64enc:secret*", "Error decoding base64: the value of a");
	refuses("x://?a=base64enc:/w==", "is no text");
}

static void what_is_no_dsn_is_refused_without_quoting_values(void **state)
{
	(void)state;
	refuses("", "expected <type>://");
	refuses("nothing", "expected <type>://");
	refuses("://?a=b", "expected <type>://");
	refuses("1x://?a=b", "expected <type>://");
	refuses("x://", "no options");
	refuses("x://?", "no options");
	refuses("x://?&&#a=b", "no options");
	refuses("x://?a", "the option a has no value");
	refuses("x://?=secret", "no name");
	refuses("x://?[a]=secret", "no name");
	refuses("x://?a[=secret", "brackets of the option a");
	refuses("x://?a[b]c=secret", "brackets of the option a");
	refuses("x://?a=secret%zz", "two hex digits");
	refuses("x://?a=secret%0", "two hex digits");
	refuses("x://?a=secret%ff", "not UTF-8");
	refuses("x://?a=secret&a[b]=1", "the option a is given as");
	refuses("x://?a[]=1&a[b]=secret", "the option a is given as");
	refuses("x://?a[b]=1&a=secret", "the option a is given as");
	refuses("x://?a[1][2][3][4][5][6][7][8][9][10][11][12][13][14][15][16][17]=1",
		"brackets of the option a");
}

static void the_last_of_a_scalar_given_twice_counts(void **state)
{
	(void)state;
	gives("x://?a=1&a=2", "{'type':'x','a':2}");
}

static void indented_json_is_as_go_writes_it(void **state)
{
	json_auto_t *value = json_pack("{s:s, s:{s:[i, f, f, f, f, b, n]}, s:[], s:{}}", "z",
		"<a&b> \"\\u0026\" \x01", "m", "list", -1, 0.1, 1.5e6, 1e21, 2.5e-7, 1, "empty",
		"none");
	AUTO_STRBUF out = STRBUF_INIT;

	(void)state;
	jsonc_add_indented(&out, value);
	assert_string_equal(out.buf, "{\n"
				     "  \"z\": \"\\u003ca&b\\u003e \\\"\\\\u0026\\\" \\u0001\",\n"
				     "  \"m\": {\n"
				     "    \"list\": [\n"
				     "      -1,\n"
				     "      0.1,\n"
				     "      1500000,\n"
				     "      1e+21,\n"
				     "      2.5e-7,\n"
				     "      true,\n"
				     "      null\n"
				     "    ]\n"
				     "  },\n"
				     "  \"empty\": [],\n"
				     "  \"none\": {}\n"
				     "}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_strings_or_what_they_are_as_json),
		cmocka_unit_test(brackets_make_objects_and_lists),
		cmocka_unit_test(escapes_are_decoded_once),
		cmocka_unit_test(the_type_is_in_lower_case_with_underscores),
		cmocka_unit_test(base64_at_the_top_is_decoded),
		cmocka_unit_test(what_is_no_dsn_is_refused_without_quoting_values),
		cmocka_unit_test(the_last_of_a_scalar_given_twice_counts),
		cmocka_unit_test(indented_json_is_as_go_writes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
