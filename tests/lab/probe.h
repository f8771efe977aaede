/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * An open-loop HTTP load: request k is due at start + k / rate whatever became of those before it,
 * so a server that stalls is asked just as often and its delay is counted, not hidden. No request
 * is ever repeated. In the default mode each has a connection of its own; with keep_alive = N up
 * to N connections are reused, and a request finds a free one or is late.
 *
 * Single-threaded; probe_run() returns when the time is up or SIGTERM or SIGINT came, and all
 * requests under way have ended.
 */

#include <netinet/in.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

enum {
	PROBE_BODIES_MAX = 64,
	PROBE_NOTES_MAX = 50,
	PROBE_STATUS_MAX = 600,
};

struct probe_options {
	struct sockaddr_in addr;
	const char *host; /* Host header, borrowed */
	const char *path; /* borrowed */
	uint64_t rate;    /* requests a second */
	uint64_t run_ms;  /* 0: until a signal */
	uint64_t timeout_ms;
	uint64_t keep_alive; /* connections; 0: a new one per request */
};

/* How one request ended. Everything but PROBE_OK is a failure. */
enum probe_end {
	PROBE_OK,      /* status 200 and a whole body */
	PROBE_STATUS,  /* another status */
	PROBE_CONNECT, /* no connection */
	PROBE_RESET,   /* connection reset, or closed without an answer */
	PROBE_REUSED,  /* the same, on a kept-alive connection that had served before */
	PROBE_SHORT,   /* closed in the middle of an answer, or not an answer at all */
	PROBE_TIMEOUT,
	PROBE_LOCAL, /* never left this machine: no descriptor, no port */
	PROBE_ENDS,
};

struct probe_body {
	struct strbuf text; /* the first line of what came with a 200 */
	uint64_t count;
	uint64_t first_ms; /* since the start */
	uint64_t last_ms;
};

struct probe_note {
	uint64_t at_ms;
	enum probe_end end;
	int detail; /* status or errno */
};

struct probe_stats {
	uint64_t sent;
	uint64_t ends[PROBE_ENDS];
	uint64_t status[PROBE_STATUS_MAX];
	uint64_t late_max_us; /* how far behind its schedule a request was sent */
	uint64_t ran_ms;
	int64_t started_epoch_ms;
	uint32_t *latency_us; /* of every answer, from the time the request was due */
	size_t latencies;
	size_t latencies_alloc;
	struct probe_body bodies[PROBE_BODIES_MAX];
	size_t body_count;
	uint64_t other_bodies; /* answers whose text did not fit into the table */
	struct probe_note notes[PROBE_NOTES_MAX]; /* the first failures */
	size_t note_count;
};

/* Zeroed storage is a valid start. */
void probe_stats_done(struct probe_stats *stats);

/* On failure (ERR_SYS) no load was made and STATS has nothing but counts. */
MUST_CHECK int probe_run(const struct probe_options *options, struct probe_stats *stats,
	struct err *err);

/* One line of JSON about STATS appended to OUT. Sorts the latencies. */
void probe_report(const struct probe_options *options, struct probe_stats *stats,
	struct strbuf *out);
