/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "lib/procfile/procfile.h"

/* "name=command|..." or "!message". */
static void check_bytes(const char *text, size_t len, const char *want)
{
	AUTO_PROCFILE p = PROCFILE_INIT;
	AUTO_STRBUF got = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	if (procfile_parse(text, len, &p, &err) < 0) {
		assert_int_equal(err.kind, ERR_INVALID);
		assert_int_equal(p.count, 0);
		strbuf_addf(&got, "!%s", err_text(&err));
	}
	for (size_t i = 0; i < p.count; i++)
		strbuf_addf(&got, "%s%s=%s", i ? "|" : "", p.entries[i].name, p.entries[i].command);
	assert_string_equal(got.buf, want);
}

static void check(const char *text, const char *want)
{
	check_bytes(text, strlen(text), want);
}

static void entries_are_sorted(void **state)
{
	(void)state;
	check("worker: rake jobs:work\nweb: puma -p $PORT\n",
		"web=puma -p $PORT|worker=rake jobs:work");
	check("  web:x  \r\n\r\n\tB_1-c :  y z\t\r\n", "B_1-c=y z|web=x");
	check("web: a", "web=a");
	check("web: : #", "web=: #");
	check("web: echo gr\xc3\xbc\xc3\x9f", "web=echo gr\xc3\xbc\xc3\x9f");
}

static void comments(void **state)
{
	(void)state;
	check("# one\n// two\nweb: a # c\nw2: b\t// c\n", "w2=b|web=a");
	check("web: curl http://x/#frag a#b\n", "web=curl http://x/#frag a#b");
	/* the last one of the line; # before // */
	check("web: a # b # c\nw2: a # b // c\nw3: a // b # c\n", "w2=a|w3=a // b|web=a # b");
	check("web: a #\n", "web=a #");
}

static void faults_name_reason_and_line(void **state)
{
	(void)state;
	check("", "!no entries found in Procfile");
	check("# nothing\n\n", "!no entries found in Procfile");
	check("web: a\n<<<<<<< HEAD\n", "!invalid line in procfile, line 2");
	check("web:\n", "!invalid line in procfile, line 1");
	check("web:   \n", "!invalid line in procfile, line 1");
	check("web.1: a\n", "!invalid line in procfile, line 1");
	check(": a\n", "!invalid line in procfile, line 1");
	check("\xef\xbb\xbfweb: a\n", "!invalid line in procfile, line 1");
	check("\n\nweb: a\nweb: b\n", "!process names must be unique, line 4");
	check("web: # a\n", "!comment specified in place of command, line 1");
	check("web: // a\n", "!comment specified in place of command, line 1");
	check_bytes("web: a\nb: \0c\n", 13, "!NUL byte, line 2");
	check("web: \xff\n", "!invalid UTF-8, line 1");
}

static void name_length(void **state)
{
	char line[80];

	(void)state;
	memset(line, 'a', sizeof(line));
	line[63] = '\0';
	assert_true(procfile_name_valid(line));
	line[63] = 'a';
	line[64] = '\0';
	assert_false(procfile_name_valid(line));
	line[64] = ':';
	line[66] = '\0';
	check(line, "!process name over 63 characters, line 1");
	assert_false(procfile_name_valid(""));
	assert_false(procfile_name_valid("a b"));
}

static void sizes_are_bounded(void **state)
{
	AUTO_STRBUF text = STRBUF_INIT;

	(void)state;
	strbuf_addstr(&text, "web: ");
	while (text.len <= PROCFILE_LINE_MAX)
		strbuf_addch(&text, 'x');
	check(text.buf, "!line too long, line 1");
	while (text.len <= PROCFILE_TEXT_MAX)
		strbuf_addch(&text, '\n');
	check(text.buf, "!the Procfile is longer than 1048576 bytes");
	strbuf_clear(&text);
	for (int i = 0; i <= PROCFILE_ENTRIES_MAX; i++)
		strbuf_addf(&text, "p%d: x\n", i);
	check(text.buf, "!too many processes, line 1001");
}

static void look_up(void **state)
{
	AUTO_PROCFILE p = PROCFILE_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(procfile_parse("web: a\nb: c\n", 12, &p, &err), 0);
	assert_string_equal(procfile_find(&p, "web")->command, "a");
	assert_null(procfile_find(&p, "we"));
	assert_null(procfile_find(&p, "Web"));
}

static void check_expand(const char *command, const char *want)
{
	AUTO_FREE char *name = xstrdup("web");
	AUTO_FREE char *copy = xstrdup(command);
	struct procfile_entry entry = { .name = name, .command = copy };
	AUTO_ENV env = ENV_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	env_set(&env, "A", "va $B \\");
	env_set(&env, "EMPTY", "");
	assert_int_equal(procfile_expand(&entry, &env, 5000, &out, &err), 0);
	assert_string_equal(out.buf, want);
}

static void variables_are_expanded_once(void **state)
{
	(void)state;
	check_expand("x $A-${A}y $Ab", "x va $B \\-va $B \\y ");
	check_expand("p $PORT ${PORT}0", "p 5000 50000");
	check_expand("$PS[$EMPTY][$UNSET][${UNSET:-d}]", "web[][][]");
	check_expand("'$A' \\$A", "'va $B \\' \\va $B \\");
}

static void what_is_no_variable(void **state)
{
	(void)state;
	check_expand("echo $(date) $((1+1)) \"$(id $A)\"",
		"echo $(date) $((1+1)) \"$(id va $B \\)\"");
	check_expand("a$ $/ $. b$", "a$ $/ $. b$");
	check_expand("a$$b$1c$?d${}e${#}f", "abcdef");
	check_expand("x${A", "xA");
}

static void port_of_the_env_wins(void **state)
{
	AUTO_FREE char *name = xstrdup("web");
	AUTO_FREE char *command = xstrdup("$PORT");
	struct procfile_entry entry = { .name = name, .command = command };
	AUTO_ENV env = ENV_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	env_set(&env, "PORT", "8080");
	assert_int_equal(procfile_expand(&entry, &env, 5000, &out, &err), 0);
	assert_string_equal(out.buf, "8080");
}

static void expansion_is_bounded(void **state)
{
	AUTO_FREE char *name = xstrdup("web");
	AUTO_STRBUF command = STRBUF_INIT;
	AUTO_STRBUF value = STRBUF_INIT;
	AUTO_ENV env = ENV_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	struct procfile_entry entry = { .name = name };

	(void)state;
	for (int i = 0; i < 1000; i++) {
		strbuf_addstr(&command, "$V");
		strbuf_addstr(&value, "1234567890");
	}
	env_set(&env, "V", value.buf);
	entry.command = command.buf;
	assert_int_equal(procfile_expand(&entry, &env, 5000, &out, &err), -ERR_INVALID);
	assert_string_equal(err_text(&err), "the command of 'web' is too long");
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_sorted),
		cmocka_unit_test(comments),
		cmocka_unit_test(faults_name_reason_and_line),
		cmocka_unit_test(name_length),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(look_up),
		cmocka_unit_test(variables_are_expanded_once),
		cmocka_unit_test(what_is_no_variable),
		cmocka_unit_test(port_of_the_env_wins),
		cmocka_unit_test(expansion_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
