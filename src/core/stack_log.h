/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What apt and dpkg say while a stack is made: a line now and then of how far they are, all of it
 * under --trace, and its end when they fail.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "core/ctx.h"

enum {
	STACK_LOG_LAST = 4096, /* kept for a failure */
	STACK_LOG_LINE = 1024,
	STACK_LOG_TIMES = 5, /* that progress is told of */
};

struct stack_log {
	bool all;
	struct strbuf line;
	struct strbuf last;
	unsigned total; /* packages to install, as apt says */
	unsigned done;
};

#define STACK_LOG_INIT(ctx)                                                                        \
	{                                                                                          \
		.all = (ctx)->trace, .line = STRBUF_CAPPED(STACK_LOG_LINE), .last = STRBUF_INIT    \
	}
void stack_log_done(struct stack_log *log);
#define AUTO_STACK_LOG CLEANUP(stack_log_done) struct stack_log

void stack_log_feed(struct stack_log *log, const char *data, size_t len);
/* Fits stream_sink, with the log as its context. */
int stack_log_sink(void *log, int stream, const void *data, size_t len, struct err *err);
/* The last lines, for the person whose stack could not be made. */
void stack_log_show_last(struct stack_log *log);
