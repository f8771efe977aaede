/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "base/child.h"
#include "lib/envfile/envfile.h"

static void parse(const char *text, struct env *e)
{
	AUTO_ERR err = ERR_INIT;

	if (env_parse(text, strlen(text), e, NULL, &err) < 0)
		fail_msg("'%s': %s", text, err_text(&err));
}

/* TEXT must hold exactly the variables in WANT: "K=v" with \x1e between them, sorted. */
static void check_read(const char *text, const char *want)
{
	AUTO_ENV e = ENV_INIT;
	AUTO_STRBUF got = STRBUF_INIT;

	parse(text, &e);
	for (size_t i = 0; i < e.count; i++)
		strbuf_addf(&got, "%s%s=%s", i ? "\x1e" : "", e.vars[i].key, e.vars[i].value);
	assert_string_equal(got.buf, want);
}

static void reads_each_form_of_a_line(void **state)
{
	(void)state;
	check_read("A=1\nB=two\n", "A=1\x1e"
				   "B=two");
	check_read("export A=1\nexport\tB=2", "A=1\x1e"
					      "B=2");
	check_read("A: 1\nB : 2\n", "A=1\x1e"
				    "B=2");
	check_read("A = x y  \n", "A=x y");
	check_read("A='a b $X \\n'", "A=a b $X \\n");
	check_read("A=\"a\\nb\\r\\\"c\\\" \\\\ \\! \\` \\t\"", "A=a\nb\r\"c\" \\ ! ` t");
	check_read("A=\"line 1\nline 2\"\r\nB=x\r\n", "A=line 1\nline 2\x1e"
						      "B=x");
	check_read("A=\n B= \nC=''\nD=\"\"\n", "A=\x1e"
					       "B=\x1e"
					       "C=\x1e"
					       "D=");
	check_read("A=1\nA=2\n", "A=2");
	check_read("exporter=1\nexport_=2\n", "export_=2\x1e"
					      "exporter=1");
	check_read("\xef\xbb\xbf"
		   "A=gr\xc3\xbc\xc3\x9f\n",
		"A=gr\xc3\xbc\xc3\x9f");
	check_read("", "");
	check_read("\n# only a comment", "");
}

static void reads_comments(void **state)
{
	(void)state;
	check_read("# x\nA=1 # one\n  # y\nB=a#b\n", "A=1\x1e"
						     "B=a#b");
	check_read("A=\"x # y\" # z\nB='p' #\n", "A=x # y\x1e"
						 "B=p");
	/* the last one of the line */
	check_read("A=a # b # c\n", "A=a # b");
	check_read("A=#x\n", "A=#x");
}

static void reads_two_statements_on_a_line(void **state)
{
	(void)state;
	check_read("A=\"x\" B=\"y\"\n", "A=x\x1e"
					"B=y");
}

static void expands_names_from_further_up(void **state)
{
	(void)state;
	check_read("A=1\nB=\"${A}-$A-$A}\"\nC=x${A}y\n", "A=1\x1e"
							 "B=1-1-1\x1e"
							 "C=x1y");
	check_read("B=${A}\nA=1\n", "A=1\x1e"
				    "B=");
	check_read("A=\"\\$A \\${A}\"\nB='$A'\n", "A=$A ${A}\x1e"
						  "B=$A");
	check_read("A=\"$low ${low} $ 5$\"\n", "A=$low ${low} $ 5$");
	/* a command substitution loses its dollar, an escaped one keeps it */
	check_read("A=\"$(date)\"\nB=\"\\$(date)\"\n", "A=(date)\x1e"
						       "B=$(date)");
}

static void reads_what_godotenv_writes_and_cannot_read(void **state)
{
	(void)state;
	check_read("A=\"C:\\\\\"\nB=\"y\"\n", "A=C:\\\x1e"
					      "B=y");
	check_read("A=\"\\\\\\\\\" \n", "A=\\\\");
	check_read("A=\"say \\\"hi\\\"\"\nB=\"\\\"\"\n", "A=say \"hi\"\x1e"
							 "B=\"");
	check_read("A=\"a\\\\\\\"\"\n", "A=a\\\"");
	/* and where it can read such a text, its reading counts */
	check_read("A=\"a\\\\\" b\"\n", "A=a\\\" b");
}

static void drops_names_that_are_no_keys(void **state)
{
	AUTO_ENV e = ENV_INIT;
	AUTO_STRVEC dropped = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;
	const char *text = "a.b=1\n2X=2\nOK=3\nA B=4\n\xc3\x84=5\nlast";

	(void)state;
	assert_int_equal(env_parse(text, strlen(text), &e, &dropped, &err), 0);
	assert_int_equal(e.count, 1);
	assert_string_equal(env_get(&e, "OK"), "3");
	assert_int_equal(dropped.count, 5);
	assert_true(strvec_has(&dropped, "a.b"));
	assert_true(strvec_has(&dropped, "2X"));
	assert_true(strvec_has(&dropped, "A B"));
	assert_true(strvec_has(&dropped, "\xc3\x84"));
	assert_true(strvec_has(&dropped, ""));
}

static void check_fault(const char *text, size_t len, const char *want)
{
	AUTO_ENV e = ENV_INIT;
	AUTO_STRVEC dropped = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	env_set(&e, "KEEP", "1");
	assert_int_equal(env_parse(text, len, &e, &dropped, &err), -ERR_INVALID);
	assert_string_equal(err_text(&err), want);
	assert_int_equal(e.count, 1);
	assert_int_equal(dropped.count, 0);
}

static void faults_name_the_line_and_no_value(void **state)
{
	(void)state;
	check_fault("A=1\n\nsecret\nB=2", 15, "line 3: a name without '='");
	check_fault("A=1\nB-C=secret\n", 15, "line 2: unexpected character in a variable's name");
	check_fault("A=1\nB=\"secret\nC=2\n", 18, "line 2: unterminated quoted value");
	check_fault("A=1\nB=\0x\n", 9, "line 2: NUL byte");
}

static void expansion_is_bounded(void **state)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ENV e = ENV_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	strbuf_addstr(&text, "A0=0123456789\n");
	for (int i = 1; i < 100; i++)
		strbuf_addf(&text, "A%d=$A%d$A%d\n", i, i - 1, i - 1);
	assert_int_equal(env_parse(text.buf, text.len, &e, NULL, &err), -ERR_INVALID);
	assert_non_null(strstr(err_text(&err), "the value is too long"));
	assert_int_equal(e.count, 0);
}

static void too_many_variables(void **state)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ENV e = ENV_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	for (int i = 0; i <= ENV_VARS_MAX; i++)
		strbuf_addf(&text, "A%d=1\n", i);
	assert_int_equal(env_parse(text.buf, text.len, &e, NULL, &err), -ERR_INVALID);
	assert_string_equal(err_text(&err), "line 10001: too many variables");
}

static void check_written(const char *value, const char *want)
{
	AUTO_ENV e = ENV_INIT;
	AUTO_ENV back = ENV_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_FREE char *line = xasprintf("K=%s\n", want);

	env_set(&e, "K", value);
	env_write(&e, &text);
	assert_string_equal(text.buf, line);
	parse(text.buf, &back);
	assert_int_equal(back.count, 1);
}

static void writes_as_godotenv_does(void **state)
{
	(void)state;
	check_written("", "\"\"");
	check_written("a b", "\"a b\"");
	check_written("a\"b\\c\nd\re$f!g`h'i", "\"a\\\"b\\\\c\\nd\\re\\$f\\!g\\`h'i\"");
	check_written("gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"");
	check_written("tab\there", "\"tab\there\"");
}

static void writes_integers_bare_and_normalised(void **state)
{
	(void)state;
	check_written("5", "5");
	check_written("007", "7");
	check_written("+5", "5");
	check_written("-0", "0");
	check_written("-12", "-12");
	check_written("9223372036854775807", "9223372036854775807");
	check_written("9223372036854775808", "\"9223372036854775808\"");
	check_written("1.0", "\"1.0\"");
	check_written("1_000", "\"1_000\"");
	check_written("+", "\"+\"");
	check_written("+-5", "\"+-5\"");
	check_written("5 ", "\"5 \"");
	check_written("0x1F", "\"0x1F\"");
}

/* These forms go through both readers: no quotes, or single quotes. */
static void writes_awkward_ends_so_that_both_readers_agree(void **state)
{
	(void)state;
	check_written("C:\\", "C:\\");
	check_written("$x\\", "\\$x\\");
	check_written("say \"hi\"", "say \"hi\"");
	check_written("\"hi\"", "'\"hi\"'");
	check_written(" x\"", "' x\"'");
	check_written("a #\"", "'a #\"'");
	check_written("l1\nl2\"", "'l1\nl2\"'");
	/* no such form exists */
	check_written("it's\n\\", "\"it's\\n\\\\\"");
	check_written("'\n\"", "\"'\\n\\\"\"");
}

static void every_value_comes_back(void **state)
{
	static const char *const values[] = {
		"",
		" ",
		"a",
		"\\",
		"\\\\",
		"\"",
		"\"\"",
		"'",
		"''",
		"\\\"",
		"\"\\",
		"x\\",
		"x\\\\",
		"x\"",
		"'x\"",
		"'x\\",
		"\n",
		"\\\n",
		"\n\\",
		"\n\"",
		"'\n\"",
		"\r\n\"",
		"\r",
		"$",
		"\\$",
		"\\\\$A",
		"$(x)",
		"${A}",
		"$A",
		"$A\\",
		"$(x)\\",
		"\\$A\"",
		"#",
		"a #",
		"a # \"",
		"a #\\",
		"\\n",
		"\\\\n",
		"\\\\\\n",
		"!",
		"`id`",
		"\t",
		"\x01",
		"\xff\xfe",
		"\xff\\",
		"\xc2\xa0x\\",
		"x\xc2\xa0#\"",
		"export A=1",
		"A: b",
		"007x",
		"{\"a\": [\"b\\\"c\"]}",
	};
	AUTO_ENV e = ENV_INIT;
	AUTO_ENV back = ENV_INIT;
	AUTO_STRBUF text = STRBUF_INIT;

	(void)state;
	env_set(&e, "A", "wrong");
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		AUTO_FREE char *key = xasprintf("K%zu", i);

		env_set(&e, key, values[i]);
	}
	env_write(&e, &text);
	parse(text.buf, &back);
	assert_int_equal(back.count, e.count);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		AUTO_FREE char *key = xasprintf("K%zu", i);
		const char *got = env_get(&back, key);

		if (!got || strcmp(got, values[i]) != 0)
			fail_msg("value %zu: '%s' came back as '%s'", i, values[i], got);
	}
}

static void writes_sorted_by_line(void **state)
{
	AUTO_ENV e = ENV_INIT;
	AUTO_STRBUF text = STRBUF_INIT;

	(void)state;
	env_set(&e, "B", "x");
	env_set(&e, "A_B", "x");
	env_set(&e, "A", "x");
	env_set(&e, "A1", "1");
	env_write(&e, &text);
	/* '1' < '=' < '_' */
	assert_string_equal(text.buf, "A1=1\nA=\"x\"\nA_B=\"x\"\nB=\"x\"\n");
	env_done(&e);
	strbuf_clear(&text);
	env_write(&e, &text);
	assert_string_equal(text.buf, "\n");
}

static void get_set_unset_merge(void **state)
{
	AUTO_ENV global = ENV_INIT;
	AUTO_ENV app = ENV_INIT;

	(void)state;
	env_set(&global, "B", "global");
	env_set(&global, "A", "global");
	env_set(&app, "C", "app");
	env_set(&app, "B", "app");
	env_merge(&global, &app);
	assert_int_equal(global.count, 3);
	assert_string_equal(global.vars[0].key, "A");
	assert_string_equal(env_get(&global, "A"), "global");
	assert_string_equal(env_get(&global, "B"), "app");
	assert_true(env_unset(&global, "B"));
	assert_false(env_unset(&global, "B"));
	assert_null(env_get(&global, "B"));
	assert_string_equal(env_get(&global, "C"), "app");
}

static void keys(void **state)
{
	(void)state;
	assert_true(env_key_valid("_"));
	assert_true(env_key_valid("aZ_09"));
	assert_false(env_key_valid(""));
	assert_false(env_key_valid("0A"));
	assert_false(env_key_valid("A-B"));
	assert_false(env_key_valid("A.B"));
	assert_false(env_key_valid("A\n"));
	assert_false(env_key_valid("\xc3\x84"));
}

static void check_export(const struct env *e, const char *format, const char *want)
{
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	enum env_format f;

	assert_int_equal(env_format_parse(format, &f, &err), 0);
	env_export(e, f, &out);
	assert_string_equal(out.buf, want);
}

static void export_formats(void **state)
{
	AUTO_ENV e = ENV_INIT;

	(void)state;
	env_set(&e, "KEY", "a 'b' <c>");
	env_set(&e, "LONGER_KEY", " two\nlines ");
	env_set(&e, "N", "007");
	check_export(&e, "exports",
		"export KEY='a '\\''b'\\'' <c>'\n"
		"export LONGER_KEY=' two\nlines '\nexport N='007'");
	check_export(&e, "docker-args",
		"--env=KEY='a '\\''b'\\'' <c>' "
		"--env=LONGER_KEY=' two\nlines ' --env=N='007'");
	check_export(&e, "docker-args-keys", "--env=KEY --env=LONGER_KEY --env=N");
	check_export(&e, "pack-keys", "--env KEY --env LONGER_KEY --env N");
	check_export(&e, "shell", "KEY='a '\\''b'\\'' <c>' LONGER_KEY=' two\nlines ' N='007'");
	check_export(&e, "envfile", "KEY=\"a 'b' <c>\"\nLONGER_KEY=\" two\\nlines \"\nN=7");
	check_export(&e, "pretty",
		"KEY:         a 'b' <c>\nLONGER_KEY:  two\nlines\n"
		"N:           007");
	check_export(&e, "json",
		"{\"KEY\":\"a 'b' \\u003cc\\u003e\","
		"\"LONGER_KEY\":\" two\\nlines \",\"N\":\"007\"}");
	check_export(&e, "json-list",
		"[{\"name\":\"KEY\",\"value\":\"a 'b' \\u003cc\\u003e\"},"
		"{\"name\":\"LONGER_KEY\",\"value\":\" two\\nlines \"},"
		"{\"name\":\"N\",\"value\":\"007\"}]");
}

static void export_of_nothing(void **state)
{
	AUTO_ENV e = ENV_INIT;

	(void)state;
	check_export(&e, "exports", "");
	check_export(&e, "envfile", "");
	check_export(&e, "pretty", "");
	check_export(&e, "json", "{}");
	check_export(&e, "json-list", "null");
}

static void export_format_names(void **state)
{
	AUTO_ERR err = ERR_INIT;
	enum env_format f;

	(void)state;
	assert_int_equal(env_format_parse("yaml", &f, &err), -ERR_USAGE);
	assert_string_equal(err_text(&err), "Unknown export format: yaml");
	assert_string_equal(env_export_suffix(ENV_SHELL), " ");
	assert_string_equal(env_export_suffix(ENV_JSON), "\n");
}

static void pretty_takes_a_prefix(void **state)
{
	AUTO_ENV e = ENV_INIT;
	AUTO_STRBUF out = STRBUF_INIT;

	(void)state;
	env_set(&e, "A", "1");
	env_set(&e, "BB", "");
	env_pretty(&e, "       ", &out);
	assert_string_equal(out.buf, "       A:   1\n       BB:  ");
}

static void exports_are_read_by_a_real_shell(void **state)
{
	AUTO_ENV e = ENV_INIT;
	AUTO_STRBUF script = STRBUF_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_CHILD c = CHILD_INIT;
	AUTO_ERR err = ERR_INIT;
	struct child_status st;

	(void)state;
	env_set(&e, "K", "it's $HOME `id` \"x\" \\ !\nend");
	env_export(&e, ENV_EXPORTS, &script);
	strbuf_addstr(&script, "\nprintf %s \"$K\"");
	strvec_pushl(&c.argv, "bash", "-c", script.buf, NULL);
	assert_int_equal(child_capture(&c, NULL, &out, NULL, &st, &err), 0);
	assert_string_equal(out.buf, "it's $HOME `id` \"x\" \\ !\nend");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_each_form_of_a_line),
		cmocka_unit_test(reads_comments),
		cmocka_unit_test(reads_two_statements_on_a_line),
		cmocka_unit_test(expands_names_from_further_up),
		cmocka_unit_test(reads_what_godotenv_writes_and_cannot_read),
		cmocka_unit_test(drops_names_that_are_no_keys),
		cmocka_unit_test(faults_name_the_line_and_no_value),
		cmocka_unit_test(expansion_is_bounded),
		cmocka_unit_test(too_many_variables),
		cmocka_unit_test(writes_as_godotenv_does),
		cmocka_unit_test(writes_integers_bare_and_normalised),
		cmocka_unit_test(writes_awkward_ends_so_that_both_readers_agree),
		cmocka_unit_test(every_value_comes_back),
		cmocka_unit_test(writes_sorted_by_line),
		cmocka_unit_test(get_set_unset_merge),
		cmocka_unit_test(keys),
		cmocka_unit_test(export_formats),
		cmocka_unit_test(export_of_nothing),
		cmocka_unit_test(export_format_names),
		cmocka_unit_test(pretty_takes_a_prefix),
		cmocka_unit_test(exports_are_read_by_a_real_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
