/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "base/child.h"
#include "lib/words/words.h"

typedef int splitter(const char *text, size_t len, struct strvec *ret, struct err *err);

static int shell(const char *text, size_t len, struct strvec *ret, struct err *err)
{
	return words_shell(text, len, ret, NULL, err);
}

/* The words, each in [], or "!message". */
static char *split(splitter *fn, const char *text)
{
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	if (fn(text, strlen(text), &words, &err) < 0) {
		assert_int_equal(err.kind, ERR_INVALID);
		assert_int_equal(words.count, 0);
		strbuf_addf(&out, "!%s", err_text(&err));
	}
	for (size_t i = 0; i < words.count; i++)
		strbuf_addf(&out, "[%s]", words.items[i]);
	return strbuf_detach(&out);
}

static void check(splitter *fn, const char *text, const char *want)
{
	AUTO_FREE char *got = split(fn, text);

	assert_string_equal(got, want);
}

static void xargs_rules(void **state)
{
	(void)state;
	check(words_xargs, "", "");
	check(words_xargs, " \t\n ", "");
	check(words_xargs, "apps:create  web\n", "[apps:create][web]");
	check(words_xargs, "a \"\" b", "[a][][b]");
	check(words_xargs, "a''b 'c d'e", "[ab][c de]");
	check(words_xargs, "\"it's\" 'say \"hi\"'", "[it's][say \"hi\"]");
	check(words_xargs, "a\\ b \\'c \"a\\b\"", "[a b]['c][a\\b]");
	check(words_xargs, "$HOME * #x `id`", "[$HOME][*][#x][`id`]");
	check(words_xargs, "gr\xc3\xbc\xc3\x9f e", "[gr\xc3\xbc\xc3\x9f][e]");
}

static void xargs_keeps_what_echo_would_eat(void **state)
{
	(void)state;
	check(words_xargs, "logs app -n 5", "[logs][app][-n][5]");
	check(words_xargs, "run -e K=V app --help", "[run][-e][K=V][app][--help]");
}

static void xargs_errors_name_the_fault(void **state)
{
	(void)state;
	check(words_xargs, "apps:destroy \"web", "!unmatched double quote at column 14");
	check(words_xargs, "a 'b", "!unmatched single quote at column 3");
	check(words_xargs, "'a\nb'", "!newline inside the single quotes that start at column 1");
}

/* The program whose rules these are. */
static void real_xargs(const char *text, struct strvec *ret)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF in = STRBUF_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	struct child_status st;

	strbuf_addstr(&in, text);
	strvec_pushl(&c.argv, "xargs", "-r", "printf", "%s\\0", NULL);
	assert_int_equal(child_capture(&c, &in, &out, NULL, &st, &err), 0);
	assert_int_equal(st.code, 0);
	for (size_t i = 0; i < out.len; i += strlen(out.buf + i) + 1)
		strvec_push(ret, out.buf + i);
}

static void xargs_agrees_with_the_real_one(void **state)
{
	static const char *const texts[] = {
		"-v /a:/b --label 'x=y z' -e \"K=a b\"",
		"a\\\nb",
		"a\\",
		"x \\",
		"\\",
		"\\\n",
		"a\vb\fc\rd",
		"\vb \fc\n\rd \v",
		"''\n",
		"'' \"\"\n",
		"a\\\\b",
		"\\\"x",
		"\"a\\\\\"b",
		"one\ntwo\n\nthree",
		"--opt='a'\"b\"c\\ d",
		"\\ ",
		"%s\\\\n $(id)",
		"\xc2\xa0 \xff",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO_STRVEC want = STRVEC_INIT;
		AUTO_STRVEC got = STRVEC_INIT;
		AUTO_ERR err = ERR_INIT;

		real_xargs(texts[i], &want);
		assert_int_equal(words_xargs(texts[i], strlen(texts[i]), &got, &err), 0);
		if (want.count != got.count)
			fail_msg("'%s': %zu words, xargs has %zu", texts[i], got.count, want.count);
		for (size_t w = 0; w < want.count; w++)
			assert_string_equal(got.items[w], want.items[w]);
	}
}

static void plain_keeps_quotes(void **state)
{
	(void)state;
	check(words_plain, "git-receive-pack 'my app'", "[git-receive-pack]['my][app']");
	check(words_plain, " a\\ b\t\n\"c ", "[a\\][b][\"c]");
}

static void posix_rules(void **state)
{
	(void)state;
	check(words_posix, "python 'a b' \"c d\" e\\ f", "[python][a b][c d][e f]");
	check(words_posix, "a\"b\"'c'", "[abc]");
	check(words_posix, "\"\\$x \\a \\\\ \\\"\"", "[$x \\a \\ \"]");
	check(words_posix, "a\\\nb \"c\\\nd\"", "[ab][cd]");
	check(words_posix, "'' x", "[][x]");
	check(words_posix, "$(a b) #c ;", "[$(a][b)][#c][;]");
	check(words_posix, "'a", "!single quote without its end at column 1");
	check(words_posix, "b \"a", "!double quote without its end at column 3");
	check(words_posix, "a\\", "!backslash without its end at column 2");
}

static void shell_keeps_expansions_whole(void **state)
{
	(void)state;
	check(shell, "--label $(a b) -e", "[--label][$(a b)][-e]");
	check(shell, "\"$(echo \"a b\")\" x", "[$(echo \"a b\")][x]");
	check(shell, "${A:-b c}d `e f` $((1 + (2)))", "[${A:-b c}d][`e f`][$((1 + (2)))]");
	check(shell, "\"a ${B} 'c'\"", "[a ${B} 'c']");
	check(shell, "$(echo ')' x)", "[$(echo ')' x)]");
	check(shell, "$HOME/x a$ *", "[$HOME/x][a$][*]");
}

static void shell_removes_quotes_and_backslashes(void **state)
{
	(void)state;
	/* a traefik rule, typed in the three ways people type it */
	check(shell, "--label 'r=Host(`app`)'", "[--label][r=Host(`app`)]");
	check(shell, "--label \"r=Host(\\`app\\`)\"", "[--label][r=Host(`app`)]");
	check(shell, "--label r=Host\\(\\`app\\`\\)", "[--label][r=Host(`app`)]");
}

static void shell_refuses_operators_and_reports_comments(void **state)
{
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;
	size_t end;

	(void)state;
	check(shell, "a; b", "!unquoted ';' at column 2");
	check(shell, "a (b)", "!unquoted '(' at column 3");
	check(shell, "a $(b", "!expansion without its end at column 3");
	assert_int_equal(words_shell("-v a#b #c", 9, &words, &end, &err), 0);
	assert_int_equal(words.count, 2);
	assert_string_equal(words.items[1], "a#b");
	assert_int_equal(end, 6);
}

static void shell_depth_is_bounded(void **state)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	for (int i = 0; i < 100000; i++)
		strbuf_addstr(&text, "$(");
	assert_int_equal(words_shell(text.buf, text.len, &words, NULL, &err), -ERR_INVALID);
	assert_non_null(strstr(err_text(&err), "nested deeper than 64"));
}

static void limits_and_nul_bytes(void **state)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(words_xargs("a b\0c", 5, &words, &err), -ERR_INVALID);
	assert_string_equal(err_text(&err), "NUL byte at column 4");
	while (text.len < WORDS_TEXT_MAX)
		strbuf_addstr(&text, "a ");
	assert_int_equal(words_plain(text.buf, text.len, &words, &err), -ERR_INVALID);
	assert_string_equal(err_text(&err), "more than 65536 words");
	strbuf_addch(&text, 'a');
	assert_int_equal(words_posix(text.buf, text.len, &words, &err), -ERR_INVALID);
	assert_string_equal(err_text(&err), "the text is longer than 1048576 bytes");
	assert_int_equal(words.count, 0);
}

static void check_quote(void (*fn)(struct strbuf *, const char *), const char *s, const char *want)
{
	AUTO_STRBUF out = STRBUF_INIT;

	fn(&out, s);
	assert_string_equal(out.buf, want);
}

static void quoting(void **state)
{
	(void)state;
	check_quote(quote_single, "esc'aped", "'esc'\\''aped'");
	check_quote(quote_single, "", "''");
	check_quote(quote_double, "a\"$b`\\ '", "\"a\\\"\\$b\\`\\\\ '\"");
	check_quote(quote_word, "--build-arg=X:/y,z", "--build-arg=X:/y,z");
	check_quote(quote_word, "", "''");
	check_quote(quote_word, "Host(`a`)", "'Host(`a`)'");
	check_quote(quote_word, "it's", "'it'\\''s'");
	check_quote(quote_word, "a\xc2\xa0z", "a\xc2\xa0z");
}

static void quoted_words_come_back_from_a_real_shell(void **state)
{
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_STRBUF line = STRBUF_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_CHILD c = CHILD_INIT;
	AUTO_ERR err = ERR_INIT;
	struct child_status st;
	size_t at = 0;

	(void)state;
	strvec_pushl(&words, "plain", "", "two words", "it's", "$(id)", "a\nb", "\\", "{a,b}", "~",
		"!x", "*", "\"", "a=b;c", NULL);
	strbuf_addstr(&line, "printf '%s\\0' ");
	quote_words(&line, &words);
	strvec_pushl(&c.argv, "bash", "-c", line.buf, NULL);
	assert_int_equal(child_capture(&c, NULL, &out, NULL, &st, &err), 0);
	for (size_t i = 0; i < words.count; i++) {
		assert_true(at < out.len);
		assert_string_equal(out.buf + at, words.items[i]);
		at += strlen(out.buf + at) + 1;
	}
	assert_int_equal(at, out.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xargs_rules),
		cmocka_unit_test(xargs_keeps_what_echo_would_eat),
		cmocka_unit_test(xargs_errors_name_the_fault),
		cmocka_unit_test(xargs_agrees_with_the_real_one),
		cmocka_unit_test(plain_keeps_quotes),
		cmocka_unit_test(posix_rules),
		cmocka_unit_test(shell_keeps_expansions_whole),
		cmocka_unit_test(shell_removes_quotes_and_backslashes),
		cmocka_unit_test(shell_refuses_operators_and_reports_comments),
		cmocka_unit_test(shell_depth_is_bounded),
		cmocka_unit_test(limits_and_nul_bytes),
		cmocka_unit_test(quoting),
		cmocka_unit_test(quoted_words_come_back_from_a_real_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
