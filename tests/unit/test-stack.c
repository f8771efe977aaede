/* SPDX-License-Identifier: MIT */
/* What makes a stack anew, and what is told of its making. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/stack_files.h"
#include "core/stack_log.h"

/* --- the checksums of the three parts --- */

static char dir[] = "/tmp/moorage-stack.XXXXXX";

static void put(const char *name, const char *text)
{
	AUTO_FREE char *path = xasprintf("%s/stack/%s", dir, name);
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(fs_write_str(path, text, 0644, &err), 0);
}

static int make_tree(void **state)
{
	assert_non_null(mkdtemp(dir));
	put("bin/herokuish", "program");
	put("lib/build.bash", "library");
	put("buildpacks/02_nodejs/bin/detect", "node?");
	put("buildpacks/12_null/bin/detect", "nothing?");
	put("image/base", "dpkg");
	put("image/bootstrap", "apt");
	put("image/packages", "apt");
	put("image/setup", "useradd");
	put("packages/base.txt", "git");
	put("packages/nodejs.txt", "nodejs npm");
	put("packages/static.txt", "nginx-light");
	return 0;
}

static int remove_tree(void **state)
{
	AUTO_ERR err = ERR_INIT;

	return fs_rm_rf(dir, &err);
}

static int plan(const struct stack_options *opts, struct stack_plan *ret, struct err *err)
{
	struct ctx ctx = { .inst = { .share_dir = dir } };

	return stack_plan_make(&ctx, opts, ret, err);
}

static const struct stack_options everything = { 0 };

/* Which of the three have another checksum after FILE got another text: "base packages whole". */
static void expect_new(const char *file, const char *want)
{
	AUTO_STACK_PLAN before = { 0 };
	AUTO_STACK_PLAN after = { 0 };
	AUTO_STRBUF seen = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(plan(&everything, &before, &err), 0);
	put(file, "something else");
	assert_int_equal(plan(&everything, &after, &err), 0);
	if (strcmp(before.base.key.buf, after.base.key.buf) != 0)
		strbuf_addstr(&seen, "base ");
	if (strcmp(before.packages.key.buf, after.packages.key.buf) != 0)
		strbuf_addstr(&seen, "packages ");
	if (strcmp(before.whole.key.buf, after.whole.key.buf) != 0)
		strbuf_addstr(&seen, "whole");
	assert_string_equal(seen.buf, want);
}

static void a_change_makes_what_lies_above_it_anew(void **state)
{
	expect_new("lib/build.bash", "whole");
	expect_new("buildpacks/02_nodejs/bin/detect", "whole");
	expect_new("image/setup", "whole");
	expect_new("packages/static.txt", "packages whole");
	expect_new("image/bootstrap", "base packages whole");
	expect_new("README.md", "");
}

static void languages_left_out_bring_neither_packages_nor_buildpacks(void **state)
{
	struct stack_options opts = { .languages = "static", .packages = "hello cowsay" };
	AUTO_STACK_PLAN some = { 0 };
	AUTO_STACK_PLAN all = { 0 };
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(plan(&opts, &some, &err), 0);
	assert_int_equal(plan(&everything, &all, &err), 0);
	assert_string_equal(some.base.key.buf, all.base.key.buf);
	assert_int_equal(some.packages.command.count, 4);
	assert_string_equal(some.packages.command.items[2],
		"/usr/share/moorage-stack/packages/static.txt");
	assert_string_equal(some.packages.command.items[3],
		"/usr/share/moorage-stack/packages/more.txt");
	assert_null(memmem(some.whole.tar.buf, some.whole.tar.len, "02_nodejs", 9));
	assert_non_null(memmem(some.whole.tar.buf, some.whole.tar.len, "12_null", 7));
	assert_non_null(memmem(all.whole.tar.buf, all.whole.tar.len, "02_nodejs", 9));
}

static void names_that_are_none_are_refused(void **state)
{
	static const struct stack_options bad[] = {
		{ .suite = "potato" },
		{ .languages = "static,cobol" },
		{ .packages = "hello --allow-downgrades" },
		{ .packages = "a;b" },
		{ .name = "../x" },
		{ .name = "a b" },
		{ .name = "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO_STACK_PLAN p = { 0 };
		AUTO_ERR err = ERR_INIT;

		assert_true(plan(&bad[i], &p, &err) < 0);
		assert_true(*err_text(&err));
	}
}

static void a_suite_has_two_names(void **state)
{
	const struct stack_suite *suite;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(stack_suite_find("debian-13", &suite, &err), 0);
	assert_string_equal(suite->debian, "trixie");
	assert_int_equal(stack_suite_find("bookworm", &suite, &err), 0);
	assert_string_equal(suite->name, "debian-12");
	assert_int_equal(stack_suite_find(NULL, &suite, &err), 0);
	assert_string_equal(suite->name, "debian-12");
}

/* --- what is told --- */

/* What the log prints of INPUT, fed in pieces of PIECE bytes. */
static void expect_told(const char *input, size_t piece, const char *want)
{
	struct ctx ctx = { .trace = false };
	AUTO_STACK_LOG log = STACK_LOG_INIT(&ctx);
	char told[4096] = "";
	int before = dup(STDOUT_FILENO);
	int fd = memfd_create("told", MFD_CLOEXEC);
	size_t len = strlen(input);

	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	for (size_t at = 0; at < len; at += piece)
		stack_log_feed(&log, input + at, len - at < piece ? len - at : piece);
	fflush(stdout);
	dup2(before, STDOUT_FILENO);
	close(before);
	assert_true(pread(fd, told, sizeof(told) - 1, 0) >= 0);
	close(fd);
	assert_string_equal(told, want);
}

static void progress_is_told_now_and_then(void **state)
{
	AUTO_STRBUF input = STRBUF_INIT;
	static const char want[] = "       20 packages\n"
				   "       5 of 20 unpacked\n"
				   "       10 of 20 unpacked\n"
				   "       15 of 20 unpacked\n"
				   "       20 of 20 unpacked\n";

	strbuf_addstr(&input, "Reading package lists...\n"
			      "0 upgraded, 20 newly installed, 0 to remove and 3 not upgraded.\n");
	for (int i = 0; i < 20; i++)
		strbuf_addf(&input, "Selecting p%d\nUnpacking p%d (1.0) ...\n", i, i);
	strbuf_addstr(&input, "Setting up p0 (1.0) ...\n");
	expect_told(input.buf, input.len, want);
	expect_told(input.buf, 3, want);
}

static void a_long_log_keeps_its_end(void **state)
{
	struct ctx ctx = { .trace = false };
	AUTO_STACK_LOG log = STACK_LOG_INIT(&ctx);

	for (int i = 0; i < 20000; i++)
		stack_log_feed(&log, "a line of dpkg\n", strlen("a line of dpkg\n"));
	stack_log_feed(&log, "E: the end\n", strlen("E: the end\n"));
	assert_true(log.last.len <= 3 * STACK_LOG_LAST);
	assert_true(str_ends(log.last.buf, "a line of dpkg\nE: the end\n"));
	assert_true(str_starts(log.last.buf, "a line of dpkg\n"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_makes_what_lies_above_it_anew),
		cmocka_unit_test(languages_left_out_bring_neither_packages_nor_buildpacks),
		cmocka_unit_test(names_that_are_none_are_refused),
		cmocka_unit_test(a_suite_has_two_names),
		cmocka_unit_test(progress_is_told_now_and_then),
		cmocka_unit_test(a_long_log_keeps_its_end),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
