/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macro.h"
#include "lib/lineedit/lineedit.h"

/* Types TEXT; the event of its last byte. */
static enum lineedit_event type(struct lineedit *e, const char *text)
{
	enum lineedit_event event = LINEEDIT_MORE;

	for (; *text; text++) {
		assert_int_equal(event, LINEEDIT_MORE);
		event = lineedit_byte(e, (unsigned char)*text);
	}
	return event;
}

static void assert_typed(const char *text, const char *line)
{
	AUTO_LINEEDIT e = LINEEDIT_INIT;

	lineedit_start(&e);
	assert_int_equal(type(&e, text), LINEEDIT_MORE);
	assert_string_equal(e.line.buf, line);
}

static void test_a_line_ends_with_return(void **state)
{
	AUTO_LINEEDIT e = LINEEDIT_INIT;

	lineedit_start(&e);
	assert_int_equal(type(&e, "apps:list\r"), LINEEDIT_LINE);
	assert_string_equal(e.line.buf, "apps:list");
}

static void test_characters_go_in_at_the_cursor(void **state)
{
	assert_typed("ac\033[Db", "abc");
	assert_typed("bc\001a", "abc");
	assert_typed("bc\033[Ha\033[Fd", "abcd");
	assert_typed("bc\033OHa\005d", "abcd");
	assert_typed("ab\002\002\006X", "aXb");
	assert_typed("a\033[D\033[D\033[C\033[Cb", "ab");
}

static void test_deleting(void **state)
{
	assert_typed("abc\177", "ab");
	assert_typed("abc\010\010\010\010", "");
	assert_typed("abc\001\033[3~", "bc");
	assert_typed("abc\001\004\004", "c");
	assert_typed("abc\002\013", "ab");
	assert_typed("abc\002\025", "c");
	assert_typed("one two  \027x", "one x");
	assert_typed("one\027\027", "");
}

static void test_a_character_of_several_bytes_is_one(void **state)
{
	assert_typed("a\xc3\xa4z\033[D\177", "az");
	assert_typed("\xe2\x82\xac\033[D\033[3~", "");
	assert_typed("\xe2\x82\xac\002x", "x\xe2\x82\xac");
}

static void test_unknown_sequences_leave_the_line_alone(void **state)
{
	assert_typed("a\033[15~b", "ab");
	assert_typed("a\033[1;5Cb", "ab");
	assert_typed("a\033bb", "ab");
	assert_typed("a\033[1234567890;1234567890;1234567890Zb", "ab");
	assert_typed("a\tb\001\000", "ab");
}

static void test_control_keys_that_are_for_the_caller(void **state)
{
	AUTO_LINEEDIT e = LINEEDIT_INIT;

	lineedit_start(&e);
	assert_int_equal(type(&e, "\004"), LINEEDIT_END);
	assert_int_equal(type(&e, "abc\003"), LINEEDIT_DROP);
	assert_int_equal(type(&e, "\014"), LINEEDIT_WIPE);
	assert_string_equal(e.line.buf, "abc");
}

static void test_up_and_down_go_through_the_lines_of_before(void **state)
{
	AUTO_LINEEDIT e = LINEEDIT_INIT;

	lineedit_remember(&e, "one");
	lineedit_remember(&e, "two");
	lineedit_remember(&e, "two");
	assert_int_equal(e.history.count, 2);
	lineedit_start(&e);
	(void)type(&e, "new\033[A");
	assert_string_equal(e.line.buf, "two");
	(void)type(&e, "\020\020");
	assert_string_equal(e.line.buf, "one");
	(void)type(&e, "!\033[B");
	assert_string_equal(e.line.buf, "two");
	(void)type(&e, "\016\016\016");
	assert_string_equal(e.line.buf, "new");
	assert_string_equal(e.history.items[0],
		"one"); /* changing a shown line changes no old one */
}

static void test_the_oldest_lines_are_forgotten(void **state)
{
	AUTO_LINEEDIT e = LINEEDIT_INIT;

	lineedit_remember(&e, "a");
	for (int i = 0; i < LINEEDIT_HISTORY; i++)
		lineedit_remember(&e, i % 2 ? "b" : "c");
	assert_int_equal(e.history.count, LINEEDIT_HISTORY);
	assert_string_equal(e.history.items[0], "c");
}

static void assert_drawn(const char *text, size_t columns, const char *wanted)
{
	AUTO_LINEEDIT e = LINEEDIT_INIT;
	AUTO_STRBUF out = STRBUF_INIT;

	lineedit_start(&e);
	(void)type(&e, text);
	lineedit_draw(&e, "> ", columns, &out);
	assert_string_equal(out.buf, wanted);
}

static void test_drawing_follows_the_cursor(void **state)
{
	assert_drawn("ab\033[D", 80, "\r> ab\033[K\r\033[3C");
	assert_drawn("\xc3\xa4z", 80, "\r> \xc3\xa4z\033[K\r\033[4C");
	assert_drawn("0123456789", 8, "\r> 56789\033[K\r\033[7C");
	assert_drawn("0123456789\001", 8, "\r> 01234\033[K\r\033[2C");
	assert_drawn("", 1, "\r> \033[K\r\033[2C");
}

static void test_lines_of_a_pipe_leave_the_rest_in_it(void **state)
{
	AUTO_LINEEDIT e = LINEEDIT_INIT;
	AUTO_STRBUF line = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	char rest[16] = "";
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "one\ntwo\nthree", 13), 13);
	close(fds[1]);
	assert_int_equal(lineedit_read(&e, fds[0], -1, "> ", &line, &err), 1);
	assert_string_equal(line.buf, "one");
	assert_int_equal(read(fds[0], rest, 4), 4);
	assert_string_equal(rest, "two\n");
	strbuf_clear(&line);
	assert_int_equal(lineedit_read(&e, fds[0], -1, "> ", &line, &err), 1);
	assert_string_equal(line.buf, "three");
	strbuf_clear(&line);
	assert_int_equal(lineedit_read(&e, fds[0], -1, "> ", &line, &err), 0);
	close(fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_line_ends_with_return),
		cmocka_unit_test(test_characters_go_in_at_the_cursor),
		cmocka_unit_test(test_deleting),
		cmocka_unit_test(test_a_character_of_several_bytes_is_one),
		cmocka_unit_test(test_unknown_sequences_leave_the_line_alone),
		cmocka_unit_test(test_control_keys_that_are_for_the_caller),
		cmocka_unit_test(test_up_and_down_go_through_the_lines_of_before),
		cmocka_unit_test(test_the_oldest_lines_are_forgotten),
		cmocka_unit_test(test_drawing_follows_the_cursor),
		cmocka_unit_test(test_lines_of_a_pipe_leave_the_rest_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
