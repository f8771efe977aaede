/* SPDX-License-Identifier: MIT */
#include "core/stack_log.h"

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "core/output.h"

void stack_log_done(struct stack_log *log)
{
	strbuf_done(&log->line);
	strbuf_done(&log->last);
}

/* Half is dropped at a time, so that a long log costs little. */
static void keep(struct stack_log *log)
{
	const char *from;

	strbuf_add(&log->last, log->line.buf, log->line.len);
	strbuf_addch(&log->last, '\n');
	if (log->last.len <= 2 * STACK_LOG_LAST)
		return;
	from = strchr(log->last.buf + log->last.len - STACK_LOG_LAST, '\n');
	if (from) {
		size_t left = log->last.len - (size_t)(from + 1 - log->last.buf);

		memmove(log->last.buf, from + 1, left);
		strbuf_setlen(&log->last, left);
	}
}

static void count(struct stack_log *log)
{
	unsigned upgraded = 0;
	unsigned total = 0;

	if (sscanf(log->line.buf, "%u upgraded, %u newly installed", &upgraded, &total) == 2) {
		log->total = total;
		out_verbose("%u packages", total);
	} else if (str_starts(log->line.buf, "Unpacking ") && log->total) {
		unsigned step = log->total / STACK_LOG_TIMES + 1;

		log->done++;
		if (log->done % step == 0)
			out_verbose("%u of %u unpacked", log->done, log->total);
		else if (log->done == log->total)
			out_verbose("All unpacked; setting them up");
	}
}

static void end_line(struct stack_log *log)
{
	strbuf_rtrim(&log->line);
	if (log->line.len) {
		keep(log);
		if (log->all)
			out_verbose("%s", log->line.buf);
		else
			count(log);
		out_flush();
	}
	strbuf_clear(&log->line);
}

void stack_log_feed(struct stack_log *log, const char *data, size_t len)
{
	while (len) {
		const char *end = memchr(data, '\n', len);
		size_t part = end ? (size_t)(end - data) : len;

		strbuf_add(&log->line, data, part);
		if (end) {
			end_line(log);
			part++;
		}
		data += part;
		len -= part;
	}
}

int stack_log_sink(void *log, int stream, const void *data, size_t len, struct err *err)
{
	stack_log_feed(log, data, len);
	return 0;
}

void stack_log_show_last(struct stack_log *log)
{
	const char *from = log->last.buf;

	end_line(log);
	if (log->all)
		return;
	if (log->last.len > STACK_LOG_LAST)
		from = strchr(log->last.buf + log->last.len - STACK_LOG_LAST, '\n') + 1;
	for (const char *end; *from; from = *end ? end + 1 : end) {
		end = strchrnul(from, '\n');
		out_verbose("%.*s", (int)(end - from), from);
	}
	out_flush();
}
