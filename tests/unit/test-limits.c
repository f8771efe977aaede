/* SPDX-License-Identifier: MIT */
/* Limits of what apps may use of the machine: values, sizes of builds, what a build needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "builders/dockerfile/syntax.h"
#include "core/build_limit.h"
#include "core/disk.h"
#include "core/proxy.h"
#include "core/resource.h"
#include "core/scheduler.h"
#include "core/state.h"

struct place {
	char dir[64];
	struct ctx ctx;
};

static int set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	AUTO_ERR err = ERR_INIT;
	AUTO_FREE char *conf = NULL;
	AUTO_FREE char *text = NULL;

	memcpy(p->dir, "/tmp/moorage-test-XXXXXX", 25);
	assert_non_null(mkdtemp(p->dir));
	conf = path_join(p->dir, "instance.conf");
	text = xasprintf("dokku_root=%s/home\nlib_root=%s/lib\n", p->dir, p->dir);
	assert_int_equal(fs_write_str(conf, text, 0644, &err), 0);
	assert_int_equal(ctx_init(&p->ctx, conf, false, &err), 0);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(fs_rm_rf(p->dir, &err), 0);
	ctx_done(&p->ctx);
	free(p);
	return 0;
}

static void put(struct place *p, const char *name, const char *value)
{
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(state_set(&p->ctx, "resource", "shop", name, value, &err), 0);
}

/* --- resource --- */

static void values_are_those_that_docker_reads(void **state)
{
	static const struct {
		const char *name;
		const char *value;
		bool good;
	} rows[] = {
		{ "cpu", "2", true },
		{ "cpu", "0.5", true },
		{ "cpu", "0.", false },
		{ "cpu", "x", false },
		{ "cpu", "-1", false },
		{ "cpu", "100000000", false },
		{ "memory", "512", true },
		{ "memory", "512m", true },
		{ "memory", "512M", true },
		{ "memory", "1.5g", true },
		{ "memory", "1GB", true },
		{ "memory", "1GiB", true },
		{ "memory", "100b", true },
		{ "memory", "512 m", false },
		{ "memory", "512mm", false },
		{ "memory", "m", false },
		{ "memory", "-1", false },
		{ "memory-swap", "-1", true },
		{ "memory-swap", "1g", true },
		{ "memory-swap", "-2", false },
		{ "nvidia-gpu", "all", true },
		{ "nvidia-gpu", "1", true },
		{ "nvidia-gpu", "\"device=0\"", false },
		{ "network", "10", true },
		{ "network", "1 0", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_ERR err = ERR_INIT;

		assert_int_equal(resource_check(rows[i].name, rows[i].value, &err),
			rows[i].good ? 0 : -ERR_USAGE);
	}
}

static void expect_flags(struct place *p, const char *process, const char *want)
{
	AUTO_STRVEC flags = STRVEC_INIT;
	AUTO_FREE char *got = NULL;

	resource_args(&p->ctx, "shop", process, &flags);
	got = strvec_joined(&flags, " ");
	assert_string_equal(got, want);
}

static void process_type_comes_before_the_default(void **state)
{
	struct place *p = *state;

	put(p, "_default_.limit.memory", "512");
	put(p, "_default_.limit.cpu", "2");
	put(p, "_default_.reserve.memory", "64m");
	put(p, "_default_.limit.network", "10");
	put(p, "_default_.reserve.cpu", "1");
	put(p, "worker.limit.memory", "1GB");
	put(p, "worker.limit.memory-swap", "2g");
	put(p, "worker.limit.nvidia-gpu", "1");
	expect_flags(p, "web", "--cpus=2 --memory=512m --memory-reservation=64m");
	expect_flags(p, "worker",
		"--cpus=2 --memory=1GB --memory-swap=2g --gpus=1 --memory-reservation=64m");
}

static void process_type_can_lift_the_default(void **state)
{
	struct place *p = *state;

	put(p, "_default_.limit.cpu", "2");
	put(p, "worker.limit.cpu", "");
	expect_flags(p, "worker", "");
	expect_flags(p, "web", "--cpus=2");
}

static void builds_have_limits_of_their_own(void **state)
{
	struct place *p = *state;
	AUTO_STRVEC dockerfile = STRVEC_INIT;
	AUTO_STRVEC herokuish = STRVEC_INIT;
	AUTO_STRVEC pack = STRVEC_INIT;

	put(p, "_default_.limit.memory", "64");
	assert_false(resource_limits_build(&p->ctx, "shop"));
	put(p, "build.limit.memory", "256");
	put(p, "build.limit.cpu", "0.5");
	put(p, "build.reserve.memory", "32");
	resource_build_args(&p->ctx, "shop", "dockerfile", &dockerfile);
	resource_build_args(&p->ctx, "shop", "herokuish", &herokuish);
	resource_build_args(&p->ctx, "shop", "pack", &pack);
	assert_int_equal(dockerfile.count, 1);
	assert_string_equal(dockerfile.items[0], "--memory=256m");
	assert_int_equal(herokuish.count, 2);
	assert_string_equal(herokuish.items[0], "--cpus=0.5");
	assert_int_equal(pack.count, 0);
	assert_int_equal(resource_build_quota(&p->ctx, "shop"), 50000);
	assert_true(resource_limits_build(&p->ctx, "shop"));
}

/* --- Dockerfiles that only BuildKit can build --- */

static void dockerfiles_that_need_buildkit(void **state)
{
	static const struct {
		const char *text;
		bool needs;
	} rows[] = {
		{ "", false },
		{ "FROM x\nRUN make\nCOPY a b\n", false },
		{ "FROM x\nCOPY --from=0 --chown=1:1 a b", false },
		{ "FROM x\nADD --chown=1 a b", false },
		{ "# syntax=docker/dockerfile:1\nFROM x\n", true },
		{ "#syntax = x\nFROM x\n", true },
		{ "#\n# syntax=x\nFROM x\n", true },
		{ "FROM x\n# syntax=x\n", false },
		{ "#", false },
		{ "FROM x\nRUN --mount=type=cache,target=/c make", true },
		{ "from x\r\nrun\t--network=none make\r\n", true },
		{ "FROM x\nCOPY --chmod=755 a b", true },
		{ "FROM x\nCOPY --link a b", true },
		{ "FROM x\nADD --checksum=x a b", true },
		{ "FROM x\nCOPY --fromage=1 a b", true },
		{ "FROM x\nRUN <<EOF\nmake\nEOF\n", true },
		{ "FROM x\nCOPY <<a.txt b\nhi\na.txt\n", true },
		{ "FROM x\nRUN echo $((1<<2))", false },
		{ "FROM x\nRUN cat <<<x", false },
		{ "FROM x\nRUN make \\\n  --mount=x\n", false },
		{ "FROM x\nRUN make \\\n# a comment\nRUN --mount=x\n", false },
		{ "FROM x\nENV A=--mount=x\nCMD run --mount=y", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool got = syntax_needs_buildkit(rows[i].text, strlen(rows[i].text));

		if (got != rows[i].needs)
			print_message("# %s\n", rows[i].text);
		assert_int_equal(got, rows[i].needs);
	}
}

/* --- disks --- */

static void sizes_have_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t want;
	} rows[] = { { "0", 0 }, { "1000", 1000 }, { "4k", 4096 }, { "512m", 512 << 20 },
		{ "2g", (uint64_t)2 << 30 }, { "1t", (uint64_t)1 << 40 } };
	static const char *const bad[] = { "", "m", "1.5g", "-1", "1mb", "1 g",
		"99999999999999999" };
	AUTO_FREE char *text = disk_size_text(1536 << 10);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_ERR err = ERR_INIT;
		uint64_t got = 1;

		assert_int_equal(disk_size_parse(rows[i].text, &got, &err), 0);
		assert_true(got == rows[i].want);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO_ERR err = ERR_INIT;
		uint64_t got;

		assert_int_equal(disk_size_parse(bad[i], &got, &err), -ERR_INVALID);
	}
	assert_string_equal(text, "1.5 MB");
}

static void tree_is_as_large_as_its_files(void **state)
{
	static const char text[] = "100644 blob 0123     120\ta file\0"
				   "120000 blob 4567       7\tlink\t9\0"
				   "160000 commit 89ab       -\tmodule\0"
				   "100755 blob cdef 1000000\tlast";

	assert_true(disk_tree_bytes(text, sizeof(text) - 1) == 1000127);
	assert_true(disk_tree_bytes("", 0) == 0);
	assert_true(disk_tree_bytes("12\t", 3) == 0);
	assert_true(disk_tree_bytes("\t\0\t", 3) == 0);
}

static void image_counts_as_what_its_last_build_added(void **state)
{
	json_t *history = json_pack("[{s:i,s:i}, {s:i,s:i}, {s:i,s:i}, {s:i,s:i}]", "Created",
		100000, "Size", 10, "Created", 99990, "Size", 500, "Created", 99980, "Size", 0,
		"Created", 50000, "Size", 70000);

	assert_true(disk_history_bytes(history) == 510);
	assert_true(disk_history_bytes(NULL) == 0);
	json_decref(history);
}

#define PLACED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* Refused when WANTED is UINT64_MAX. */
static void check_time(const char *text, uint64_t wanted)
{
	AUTO_ERR err = ERR_INIT;
	uint64_t got = UINT64_MAX;
	int r = build_limit_parse(text, &got, &err);

	assert_int_equal(r, wanted == UINT64_MAX ? -ERR_INVALID : 0);
	assert_true(got == wanted);
}

static void time_limits_are_seconds_or_have_units_in_order(void **state)
{
	static const char *const bad[] = { "", "x", "m", "1d", "1.5h", "-1", "30m1h", "1h1h",
		"1h30", "10 m", "9999999999999999999", "169h", "168h1s", "30M" };

	(void)state;
	check_time("0", 0);
	check_time("90", 90);
	check_time("90s", 90);
	check_time("30m", 1800);
	check_time("1h30m", 5400);
	check_time("2h5s", 7205);
	check_time("168h", 604800);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		check_time(bad[i], UINT64_MAX);
}

static void time_limit_of_an_app_counts_before_that_of_the_instance(void **state)
{
	struct place *p = *state;
	AUTO_ERR err = ERR_INIT;
	AUTO_STRBUF text = STRBUF_INIT;

	assert_int_equal(build_limit(&p->ctx, "shop"), 0);
	assert_int_equal(state_set(&p->ctx, "builds", SCOPE_GLOBAL, "timeout", "1h", &err), 0);
	assert_int_equal(build_limit(&p->ctx, "shop"), 3600);
	assert_int_equal(state_set(&p->ctx, "builds", "shop", "timeout", "0", &err), 0);
	assert_int_equal(build_limit(&p->ctx, "shop"), 0);
	assert_int_equal(state_set(&p->ctx, "builds", "shop", "timeout", "soon", &err), 0);
	assert_int_equal(build_limit(&p->ctx, "shop"), 0); /* with a warning */
	build_limit_explain("shop", 3661, &text);
	assert_non_null(strstr(text.buf, "its time limit of 1 hour 1 minute 1 second and"));
	assert_non_null(strstr(text.buf, "dokku builds:set shop timeout <time>"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_those_that_docker_reads),
		PLACED(process_type_comes_before_the_default),
		PLACED(process_type_can_lift_the_default),
		PLACED(builds_have_limits_of_their_own),
		cmocka_unit_test(dockerfiles_that_need_buildkit),
		cmocka_unit_test(sizes_have_units),
		cmocka_unit_test(tree_is_as_large_as_its_files),
		cmocka_unit_test(image_counts_as_what_its_last_build_added),
		cmocka_unit_test(time_limits_are_seconds_or_have_units_in_order),
		cmocka_unit_test_setup_teardown(
			time_limit_of_an_app_counts_before_that_of_the_instance, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
