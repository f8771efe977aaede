/* SPDX-License-Identifier: MIT */
#include "base/timing.h"

#include <limits.h>
#include <time.h>

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t ms_left(uint64_t deadline_ms)
{
	uint64_t now = now_ms();
	uint64_t left = deadline_ms > now ? deadline_ms - now : 0;

	return left > INT_MAX ? INT_MAX : left;
}

void sleep_ms(uint64_t ms)
{
	struct timespec ts = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000,
	};

	nanosleep(&ts, NULL);
}

int64_t wall_seconds(void)
{
	return (int64_t)time(NULL);
}

void format_rfc3339(int64_t epoch_seconds, struct strbuf *out)
{
	time_t t = (time_t)epoch_seconds;
	struct tm tm;
	char text[32];

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	strbuf_addstr(out, text);
}
