/* SPDX-License-Identifier: MIT */
/* What is printed arrives line by line, also where several commands share a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "core/output.h"

/* A pipe of packets: one read gives what one write has put in. */
static void warning_is_written_in_one_piece(void **state)
{
	int keep = dup(STDERR_FILENO);
	char said[256];
	int ends[2];
	ssize_t n;

	assert_true(keep >= 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_DIRECT), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	out_warn("Skipping %s for %s", "ps:restore", "off");
	dup2(keep, STDERR_FILENO);
	n = read(ends[0], said, sizeof(said) - 1);
	assert_true(n > 0);
	said[n] = '\0';
	assert_string_equal(said, " !     Skipping ps:restore for off\n");
	close(ends[0]);
	close(ends[1]);
	close(keep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(warning_is_written_in_one_piece),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
