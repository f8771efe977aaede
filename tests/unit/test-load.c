/* SPDX-License-Identifier: MIT */
/* When the machine counts as busy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/load.h"

static const char memory_free[] =
	"MemTotal:       1000 kB\nMemFree:   10 kB\nMemAvailable:    100 kB\n";
static const char memory_full[] =
	"MemTotal:       1000 kB\nMemFree:   90 kB\nMemAvailable:     99 kB\n";

static void busy_when_more_than_two_programs_want_each_cpu(void **state)
{
	assert_false(load_is_high("cpu 1 2\nprocs_running 4\nprocs_blocked 9\n", memory_free, 2));
	assert_true(load_is_high("cpu 1 2\nprocs_running 5\nprocs_blocked 0\n", memory_free, 2));
	assert_false(load_is_high("procs_running 5\n", memory_free, 4));
}

static void busy_when_less_than_a_tenth_of_memory_is_left(void **state)
{
	assert_false(load_is_high("procs_running 1\n", memory_free, 1));
	assert_true(load_is_high("procs_running 1\n", memory_full, 1));
}

static void a_line_that_is_not_there_says_nothing(void **state)
{
	assert_false(load_is_high("", "", 1));
	assert_false(load_is_high("xprocs_running 99\n", "MemTotal: 1000 kB\n", 1));
}

static void this_machine_has_processors(void **state)
{
	assert_true(machine_cpus() >= 1);
	(void)machine_is_busy();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(busy_when_more_than_two_programs_want_each_cpu),
		cmocka_unit_test(busy_when_less_than_a_tenth_of_memory_is_left),
		cmocka_unit_test(a_line_that_is_not_there_says_nothing),
		cmocka_unit_test(this_machine_has_processors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
