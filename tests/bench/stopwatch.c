/* SPDX-License-Identifier: MIT */
/*
 * stopwatch ROUNDS -- COMMAND [ARG...] [-- COMMAND [ARG...]]...
 *
 * Runs the commands by turns, ROUNDS times each after three rounds that do not count, with their
 * output thrown away, and prints one line for each: median, lowest and 90th percentile of the
 * microseconds from its start to its end. By turns, so that whatever else the machine does hits
 * all of them alike. Exit code 1 when a command failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { COMMANDS_MAX = 32, ROUNDS_MAX = 100000, WARM_UP = 3 };

extern char **environ;

struct command {
	char **argv;
	uint64_t *us;
};

static uint64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static uint64_t run_once(const struct command *c)
{
	posix_spawn_file_actions_t actions;
	uint64_t start;
	int status = -1;
	pid_t pid;
	int e;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	start = clock_us();
	e = posix_spawn(&pid, c->argv[0], &actions, NULL, c->argv, environ);
	if (!e)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	start = clock_us() - start;
	posix_spawn_file_actions_destroy(&actions);
	if (e || !WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "stopwatch: %s failed: %s\n", c->argv[0],
			e ? strerror(e) : "exit code");
		exit(1);
	}
	return start;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return (*x > *y) - (*x < *y);
}

/* Splits ARGV at each "--", in place. */
static size_t split(char **argv, struct command *commands, size_t rounds)
{
	size_t count = 0;

	for (; *argv && count < COMMANDS_MAX; argv++) {
		if (strcmp(*argv, "--") != 0)
			continue;
		*argv = NULL;
		if (!argv[1])
			break;
		commands[count].argv = argv + 1;
		commands[count].us = calloc(rounds, sizeof(uint64_t));
		if (!commands[count].us)
			exit(1);
		count++;
	}
	return count;
}

int main(int argc, char **argv)
{
	struct command commands[COMMANDS_MAX] = {};
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	size_t count;

	if (!rounds || rounds > ROUNDS_MAX) {
		fputs("usage: stopwatch ROUNDS -- COMMAND [ARG...] [-- ...]\n", stderr);
		return 2;
	}
	count = split(argv + 2, commands, rounds);
	for (size_t round = 0; round < rounds + WARM_UP; round++) {
		for (size_t i = 0; i < count; i++) {
			uint64_t us = run_once(&commands[i]);

			if (round >= WARM_UP)
				commands[i].us[round - WARM_UP] = us;
		}
	}
	for (size_t i = 0; i < count; i++) {
		uint64_t *us = commands[i].us;

		qsort(us, rounds, sizeof(*us), compare);
		printf("%llu %llu %llu\n", (unsigned long long)us[rounds / 2],
			(unsigned long long)us[0], (unsigned long long)us[rounds * 9 / 10]);
		free(us);
	}
	return 0;
}
