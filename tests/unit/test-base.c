/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/parse.h"
#include "base/proctree.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "base/timing.h"

static char *scratch(void)
{
	char *dir = xstrdup("/tmp/moorage-test-XXXXXX");

	assert_non_null(mkdtemp(dir));
	return dir;
}

static void strbuf_keeps_a_cap(void **state)
{
	AUTO_STRBUF sb = STRBUF_CAPPED(5);

	(void)state;
	strbuf_addstr(&sb, "abc");
	assert_false(sb.truncated);
	strbuf_addstr(&sb, "defgh");
	assert_string_equal(sb.buf, "abcde");
	assert_true(sb.truncated);
}

static void strbuf_trims_and_inserts(void **state)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	(void)state;
	strbuf_addstr(&sb, "  middle \n");
	strbuf_trim(&sb);
	assert_string_equal(sb.buf, "middle");
	strbuf_insert(&sb, 3, "-");
	assert_string_equal(sb.buf, "mid-dle");
	strbuf_trim(&sb);
	assert_int_equal(sb.len, 7);
}

static void strvec_sorts_splits_removes(void **state)
{
	AUTO_STRVEC v = STRVEC_INIT;
	AUTO_FREE char *joined = NULL;

	(void)state;
	strvec_split(&v, "c,,a,b,a", ",");
	assert_int_equal(v.count, 4);
	strvec_sort_unique(&v);
	strvec_insert(&v, 1, "aa");
	joined = strvec_joined(&v, " ");
	assert_string_equal(joined, "a aa b c");
	assert_int_equal(strvec_remove_str(&v, "aa"), 1);
	assert_null(v.items[3]);
}

static void err_keeps_user_line_and_chain(void **state)
{
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&err, ERR_REMOTE, "engine said no"), -ERR_REMOTE);
	err_wrap(&err, "start '%s'", "web");
	err_user(&err, ERR_FAILED, 20, "App %s does not exist", "x");
	assert_int_equal(err.kind, ERR_REMOTE);
	assert_string_equal(err.msg.buf, "start 'web': engine said no");
	assert_string_equal(err_text(&err), "App x does not exist");
	assert_int_equal(err_exit_code(&err), 20);
}

static void fs_write_replaces_and_leaves_no_temp(void **state)
{
	AUTO_FREE char *dir = scratch();
	AUTO_FREE char *path = path_join(dir, "file");
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(fs_write(path, "one", 3, 0600, &err), 0);
	assert_int_equal(fs_write(path, "two", 3, 0640, &err), 0);
	assert_int_equal(fs_read(path, 100, &text, &err), 0);
	assert_string_equal(text.buf, "two");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(fs_list(dir, &names, &err), 0);
	assert_int_equal(names.count, 1);
	assert_int_equal(fs_rm_rf(dir, &err), 0);
}

static void fs_write_failure_names_the_folder(void **state)
{
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(fs_write("/nonexistent/x", "a", 1, 0600, &err), -ERR_SYS);
	assert_non_null(strstr(err.msg.buf, "/nonexistent"));
}

static void fs_read_honours_its_limit(void **state)
{
	AUTO_FREE char *dir = scratch();
	AUTO_FREE char *path = path_join(dir, "file");
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(fs_write(path, "12345", 5, 0600, &err), 0);
	assert_int_equal(fs_read(path, 4, &text, &err), -ERR_INVALID);
	err_clear(&err);
	assert_int_equal(fs_read("/nonexistent", 4, &text, &err), -ERR_NOT_FOUND);
	assert_int_equal(fs_rm_rf(dir, &err), 0);
}

static void rm_rf_does_not_follow_links(void **state)
{
	AUTO_FREE char *dir = scratch();
	AUTO_FREE char *keep = path_join(dir, "keep");
	AUTO_FREE char *kept = path_join(keep, "file");
	AUTO_FREE char *gone = path_join(dir, "gone");
	AUTO_FREE char *link = path_join(gone, "link");
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(fs_mkdir_p(keep, 0755, &err), 0);
	assert_int_equal(fs_mkdir_p(gone, 0755, &err), 0);
	assert_int_equal(fs_write(kept, "", 0, 0600, &err), 0);
	assert_int_equal(symlink(keep, link), 0);
	assert_int_equal(fs_rm_rf(gone, &err), 0);
	assert_true(fs_exists(kept));
	assert_false(fs_exists(gone));
	assert_int_equal(fs_rm_rf(dir, &err), 0);
}

static void path_is_inside_refuses_escapes(void **state)
{
	(void)state;
	assert_true(path_is_inside("a/b..c/d"));
	assert_false(path_is_inside(""));
	assert_false(path_is_inside("/a"));
	assert_false(path_is_inside("a/../b"));
	assert_false(path_is_inside(".."));
	assert_false(path_is_inside("a\nb"));
}

static void child_captures_both_streams(void **state)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF in = STRBUF_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_STRBUF eout = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	struct child_status st;

	(void)state;
	strbuf_addstr(&in, "hello");
	strvec_pushl(&c.argv, "sh", "-c", "cat; echo $K >&2; exit 3", NULL);
	strvec_push(&c.env, "K=v");
	assert_int_equal(child_capture(&c, &in, &out, &eout, &st, &err), 0);
	assert_string_equal(out.buf, "hello");
	assert_string_equal(eout.buf, "v\n");
	assert_int_equal(st.code, 3);
	assert_int_equal(child_check(&c, &st, &err), -ERR_FAILED);
}

static void child_captured_without_input_reads_the_descriptor_it_was_given(void **state)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	struct child_status st;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "hello", 5), 5);
	close(ends[1]);
	strvec_push(&c.argv, "cat");
	c.in = ends[0];
	assert_int_equal(child_capture(&c, NULL, &out, NULL, &st, &err), 0);
	close(ends[0]);
	assert_string_equal(out.buf, "hello");
}

static void child_tells_signal_timeout_and_missing_apart(void **state)
{
	AUTO_CHILD killed = CHILD_INIT;
	AUTO_CHILD slow = CHILD_INIT;
	AUTO_CHILD missing = CHILD_INIT;
	AUTO_ERR err = ERR_INIT;
	struct child_status st;

	(void)state;
	strvec_pushl(&killed.argv, "sh", "-c", "kill -9 $$", NULL);
	assert_int_equal(child_run(&killed, &st, &err), 0);
	assert_int_equal(st.signal, 9);
	assert_int_equal(st.code, 137);
	strvec_pushl(&slow.argv, "sleep", "30", NULL);
	slow.timeout_ms = 50;
	assert_int_equal(child_run(&slow, &st, &err), 0);
	assert_true(st.timed_out);
	strvec_push(&missing.argv, "no-such-program-here");
	assert_int_equal(child_run(&missing, &st, &err), -ERR_NOT_FOUND);
}

/* A pipe that is readable: whoever watches it is to stop. */
static void make_readable(int ends[2])
{
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "", 1), 1);
	close(ends[1]);
}

static void child_that_is_cancelled_ends_with_all_that_it_has_started(void **state)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_PROC_TREE tree = PROC_TREE_INIT;
	AUTO_ERR err = ERR_INIT;
	struct child_status st;
	int ends[2];
	int out[2];
	char byte;

	(void)state;
	assert_int_equal(pipe(out), 0);
	/* A session of its own, which no signal to the group would reach. */
	strvec_pushl(&c.argv, "sh", "-c", "setsid sh -c 'echo; exec sleep 60' & wait", NULL);
	c.out = out[1];
	assert_int_equal(child_start(&c, &err), 0);
	close(out[1]);
	assert_int_equal(read(out[0], &byte, 1), 1);
	proc_tree_take(&tree, c.pid);
	assert_true(tree.count >= 2);
	assert_int_equal(tree.items[0].pid, c.pid);
	make_readable(ends);
	c.cancel_fd = ends[0];
	assert_int_equal(child_wait(&c, &st, &err), 0);
	assert_true(st.cancelled);
	assert_int_equal(child_check(&c, &st, &err), -ERR_FAILED);
	assert_int_equal(proc_tree_signal(&tree, 0), 0);
	assert_int_equal(read(out[0], &byte, 1), 0); /* nobody holds the other end */
	close(out[0]);
	close(ends[0]);
}

static void child_whose_output_is_awaited_can_be_cancelled(void **state)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	struct child_status st;
	int ends[2];

	(void)state;
	make_readable(ends);
	strvec_pushl(&c.argv, "sleep", "60", NULL);
	c.cancel_fd = ends[0];
	assert_int_equal(child_capture(&c, NULL, &out, NULL, &st, &err), 0);
	assert_true(st.cancelled);
	assert_int_equal(st.signal, SIGTERM);
	close(ends[0]);
}

static void child_that_nobody_cancels_ends_as_ever(void **state)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_CHILD slow = CHILD_INIT;
	AUTO_ERR err = ERR_INIT;
	struct child_status st;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	strvec_pushl(&c.argv, "sh", "-c", "sleep 0.1; exit 4", NULL);
	c.cancel_fd = ends[0];
	assert_int_equal(child_run(&c, &st, &err), 0);
	assert_false(st.cancelled);
	assert_int_equal(st.code, 4);
	strvec_pushl(&slow.argv, "sleep", "30", NULL);
	slow.cancel_fd = ends[0];
	slow.timeout_ms = 50;
	assert_int_equal(child_run(&slow, &st, &err), 0);
	assert_true(st.timed_out);
	assert_false(st.cancelled);
	close(ends[0]);
	close(ends[1]);
}

static void lock_excludes_and_names_the_holder(void **state)
{
	AUTO_FREE char *dir = scratch();
	AUTO_FREE char *path = path_join(dir, "lock");
	AUTO_ERR err = ERR_INIT;
	int fd;

	(void)state;
	fd = lock_take(path, "first", 0, &err);
	assert_true(fd >= 0);
	assert_int_equal(lock_take(path, "second", 10, &err), -ERR_BUSY);
	assert_non_null(strstr(err.msg.buf, "first"));
	close(fd);
	fd = lock_take(path, "third", 0, &err);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(fs_rm_rf(dir, &err), 0);
}

static void parsers_take_whole_strings(void **state)
{
	AUTO_ERR err = ERR_INIT;
	uint64_t u;
	int64_t i;
	bool b;

	(void)state;
	assert_int_equal(parse_uint("65535", 1, 65535, &u, &err), 0);
	assert_int_equal(u, 65535);
	assert_true(parse_uint("65536", 1, 65535, &u, &err) < 0);
	assert_true(parse_uint("12a", 0, 100, &u, &err) < 0);
	assert_true(parse_uint("", 0, 100, &u, &err) < 0);
	assert_true(parse_uint("99999999999999999999999", 0, UINT64_MAX, &u, &err) < 0);
	assert_int_equal(parse_int("-5", -10, 10, &i, &err), 0);
	assert_int_equal(i, -5);
	assert_true(parse_bool("yes", &b, &err) < 0);
}

static void utf8_is_checked_strictly(void **state)
{
	(void)state;
	assert_true(utf8_valid("gr\xc3\xbc\xc3\x9f", 6));
	assert_false(utf8_valid("\xc0\x80", 2));
	assert_false(utf8_valid("\xed\xa0\x80", 3));
	assert_false(utf8_valid("\xc3", 1));
	assert_false(utf8_valid("a\0b", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strbuf_keeps_a_cap),
		cmocka_unit_test(strbuf_trims_and_inserts),
		cmocka_unit_test(strvec_sorts_splits_removes),
		cmocka_unit_test(err_keeps_user_line_and_chain),
		cmocka_unit_test(fs_write_replaces_and_leaves_no_temp),
		cmocka_unit_test(fs_write_failure_names_the_folder),
		cmocka_unit_test(fs_read_honours_its_limit),
		cmocka_unit_test(rm_rf_does_not_follow_links),
		cmocka_unit_test(path_is_inside_refuses_escapes),
		cmocka_unit_test(child_captures_both_streams),
		cmocka_unit_test(child_captured_without_input_reads_the_descriptor_it_was_given),
		cmocka_unit_test(child_tells_signal_timeout_and_missing_apart),
		cmocka_unit_test(child_that_is_cancelled_ends_with_all_that_it_has_started),
		cmocka_unit_test(child_whose_output_is_awaited_can_be_cancelled),
		cmocka_unit_test(child_that_nobody_cancels_ends_as_ever),
		cmocka_unit_test(lock_excludes_and_names_the_holder),
		cmocka_unit_test(parsers_take_whole_strings),
		cmocka_unit_test(utf8_is_checked_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
