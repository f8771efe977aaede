/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "core/engine_path.h"

static char home[] = "/home/dokku";
static char lib[] = "/var/lib/dokku";
static char host_home[] = "/srv/paas/home/dokku";
static char host_lib[] = "/srv/paas/var/lib/dokku";
static char nested[] = "/var/lib/dokku/var/lib/dokku";
static char none[] = "";

static const struct instance outside = { .dokku_root = home,
	.lib_root = lib,
	.host_root = none,
	.lib_host_root = none };
static const struct instance inside = { .dokku_root = home,
	.lib_root = lib,
	.host_root = host_home,
	.lib_host_root = host_lib };
/* As Dokku's documentation starts its image: the volume is the host's /var/lib/dokku. */
static const struct instance overlap = { .dokku_root = home,
	.lib_root = lib,
	.host_root = none,
	.lib_host_root = nested };

static void expect_path(const struct instance *inst, const char *path, const char *expected)
{
	AUTO_FREE char *there = engine_path(inst, path);

	assert_string_equal(there, expected);
}

static void paths_below_the_roots_are_translated(void **state)
{
	(void)state;
	expect_path(&inside, "/var/lib/dokku/data/storage/a",
		"/srv/paas/var/lib/dokku/data/storage/a");
	expect_path(&inside, "/home/dokku/app/cache", "/srv/paas/home/dokku/app/cache");
	expect_path(&inside, "/var/lib/dokku", "/srv/paas/var/lib/dokku");
}

static void other_paths_stay(void **state)
{
	(void)state;
	expect_path(&inside, "/var/lib/dokku-2/data", "/var/lib/dokku-2/data");
	expect_path(&inside, "/etc/hosts", "/etc/hosts");
	expect_path(&inside, "name", "name");
	expect_path(&outside, "/var/lib/dokku/data", "/var/lib/dokku/data");
}

static void a_path_that_is_the_engines_already_stays(void **state)
{
	(void)state;
	expect_path(&overlap, "/var/lib/dokku/data/storage/a",
		"/var/lib/dokku/var/lib/dokku/data/storage/a");
	expect_path(&overlap, "/var/lib/dokku/var/lib/dokku/data/storage/a",
		"/var/lib/dokku/var/lib/dokku/data/storage/a");
}

static void expect_flags(const char *given, const char *expected)
{
	AUTO_STRVEC flags = STRVEC_INIT;
	AUTO_FREE char *joined = NULL;

	strvec_split(&flags, given, " ");
	engine_path_flags(&inside, &flags);
	joined = strvec_joined(&flags, " ");
	assert_string_equal(joined, expected);
}

static void every_spelling_of_a_bind_mount_is_found(void **state)
{
	(void)state;
	expect_flags("-v /var/lib/dokku/data/storage/a:/data:ro --env=A=/home/dokku/x",
		"-v /srv/paas/var/lib/dokku/data/storage/a:/data:ro --env=A=/home/dokku/x");
	expect_flags("-v/var/lib/dokku/a:/data", "-v/srv/paas/var/lib/dokku/a:/data");
	expect_flags("--volume /var/lib/dokku/a:/data", "--volume /srv/paas/var/lib/dokku/a:/data");
	expect_flags("--volume=/var/lib/dokku/a:/data", "--volume=/srv/paas/var/lib/dokku/a:/data");
	expect_flags("--mount type=bind,source=/var/lib/dokku/a,target=/data,readonly",
		"--mount type=bind,source=/srv/paas/var/lib/dokku/a,target=/data,readonly");
	expect_flags("--mount=src=/home/dokku/a,type=bind,dst=/home/dokku/a",
		"--mount=src=/srv/paas/home/dokku/a,type=bind,dst=/home/dokku/a");
}

static void what_is_no_bind_mount_stays(void **state)
{
	(void)state;
	expect_flags("-v /var/lib/dokku/data", "-v /var/lib/dokku/data");
	expect_flags("--volumes-from=/var/lib/dokku/a:ro", "--volumes-from=/var/lib/dokku/a:ro");
	expect_flags("--mount type=volume,source=cache,target=/var/lib/dokku",
		"--mount type=volume,source=cache,target=/var/lib/dokku");
	expect_flags("--label=a -v", "--label=a -v");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_below_the_roots_are_translated),
		cmocka_unit_test(other_paths_stay),
		cmocka_unit_test(a_path_that_is_the_engines_already_stays),
		cmocka_unit_test(every_spelling_of_a_bind_mount_is_found),
		cmocka_unit_test(what_is_no_bind_mount_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
