/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Schedules as people write them for cron: five fields, or a descriptor such as @daily.
 *
 * What is accepted is what the Go library robfig/cron (version 3, five fields and descriptors) takes
 * and cron(8) can be told. The two differ: cron(8) knows neither "?" nor "5/15" nor @every nor a
 * time zone in front, and runs on Sunday for 7, which the library refuses. What merely is written
 * otherwise is rewritten by cronspec_crontab().
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

enum {
	CRONSPEC_TEXT_MAX = 1000,
	CRONSPEC_FIELDS = 5, /* minute, hour, day of month, month, day of week */
};

struct cronspec {
	uint64_t sets[CRONSPEC_FIELDS]; /* bit N: fires at value N; none with a descriptor */
	bool any[CRONSPEC_FIELDS];      /* written as * or ? without a step */
	bool every;                     /* @every <duration> */
	bool zone;                      /* a time zone stands in front */
};

/*
 * ERR_INVALID, with the field's name, for what is no schedule; RET is untouched then. The text of
 * a message is short and free of control characters, whatever the schedule holds.
 */
MUST_CHECK int cronspec_parse(const char *text, struct cronspec *ret, struct err *err);

/*
 * Appends the schedule as a line of a crontab begins: fields with one blank between them, or the
 * descriptor. ERR_INVALID as above, and for @every and time zones; OUT is untouched then.
 */
MUST_CHECK int cronspec_crontab(const char *text, struct strbuf *out, struct err *err);
