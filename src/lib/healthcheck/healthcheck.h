/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Startup checks of a container, as app.json's "healthchecks" and the older CHECKS file describe
 * them. Reading them, and deciding whether one holds, need no engine: whatever touches a container
 * goes through struct healthcheck_ops.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/strvec.h"

enum {
	HEALTHCHECKS_MAX = 64,           /* of one process type */
	HEALTHCHECK_SECONDS_MAX = 86400, /* any duration in a check */
	HEALTHCHECK_ATTEMPTS_MAX = 1000,
	HEALTHCHECK_BODY_MAX = 1024 * 1024,
	HEALTHCHECK_DEFAULT_UPTIME_S = 10,
};

enum healthcheck_kind {
	HEALTHCHECK_UPTIME,    /* still running, not restarted, after so many seconds */
	HEALTHCHECK_COMMAND,   /* a command in the container ends with 0 */
	HEALTHCHECK_HTTP,      /* GET gives 2xx, and the body holds a text */
	HEALTHCHECK_LISTENING, /* something listens on the port, on all addresses */
};

struct healthcheck {
	char *name; /* never NULL */
	enum healthcheck_kind kind;
	bool warn; /* a failure is only reported */
	struct strvec command;
	char *path;
	char *content;         /* "" for any */
	char *scheme;          /* "http" or "https" */
	struct strvec headers; /* "Name: value" */
	int64_t port;          /* 0: the process's */
	int64_t attempts;
	int64_t timeout_s;
	int64_t wait_s;  /* between attempts */
	int64_t delay_s; /* from the container's start to the first attempt */
	int64_t uptime_s;
	struct strvec failure_command; /* run on the host when the check failed; may be empty */
	char *failure_url;             /* gets a POST then; NULL: none */
};

struct healthchecks {
	struct healthcheck *items;
	size_t count;
	struct strvec notes; /* what a person should hear about entries that were left out */
};

#define HEALTHCHECKS_INIT                                                                          \
	{                                                                                          \
		.notes = STRVEC_INIT                                                               \
	}
#define AUTO_HEALTHCHECKS CLEANUP(healthchecks_done) struct healthchecks

void healthchecks_done(struct healthchecks *list);

/*
 * Appends the startup checks of PROCESS in an app.json (NULL: there is none). Entries of type
 * liveness and readiness are left out, so are those without a type (with a note). An entry that
 * mixes ways of checking is ERR_INVALID, which names it. Returns 1 when app.json has entries for
 * the process, whatever their type, else 0.
 */
MUST_CHECK int healthchecks_parse(json_t *app_json, const char *process, struct healthchecks *ret,
	struct err *err);

/*
 * Appends what a CHECKS file asks for: lines "PATH [CONTENT]", where PATH may be "//HOST/PATH" or a
 * URL, and the settings WAIT, TIMEOUT and ATTEMPTS. Returns 1 when there was any check.
 */
MUST_CHECK int healthchecks_parse_file(const char *text, size_t len, struct healthchecks *ret,
	struct err *err);

void healthchecks_add_uptime(struct healthchecks *list, const char *name, int64_t seconds);
/* One that never fails a deploy. */
void healthchecks_add_listening(struct healthchecks *list, const char *name, unsigned port);

/* --- running --- */

struct healthcheck_state {
	bool running;
	bool restarting;
	int64_t restarts;
	uint64_t age_ms; /* since the (last) start */
};

struct healthcheck_request {
	const char *scheme;
	const char *path;
	unsigned port;
	const struct strvec *headers; /* of the check */
	uint64_t timeout_ms;
};

struct healthcheck_ops {
	/* All return < 0 with ERR set when the thing could not be tried. */
	int (*state)(void *cookie, struct healthcheck_state *ret, struct err *err);
	int (*exec)(void *cookie, char *const *argv, uint64_t timeout_ms, struct strbuf *out,
		int *ret_code, struct err *err);
	int (*fetch)(void *cookie, const struct healthcheck_request *rq, int *ret_status,
		struct strbuf *body, struct err *err);
	/* An enum healthcheck_listening. */
	int (*listening)(void *cookie, unsigned port, struct err *err);
	/* False: the waiting was interrupted, give up. */
	bool (*sleep)(void *cookie, uint64_t ms);
};

enum healthcheck_listening { LISTENING_NOT, LISTENING_LOCAL, LISTENING_ALL };

/*
 * Tries until it holds or its attempts are used up. ERR_FAILED says why it does not hold (for WARN
 * checks too: the caller knows); ERR_SILENT when interrupted. PORT is the process's, for checks
 * without one.
 */
MUST_CHECK int healthcheck_run(const struct healthcheck *check, unsigned port,
	const struct healthcheck_ops *ops, void *cookie, struct err *err);
/* "Running healthcheck name='x' type='path' ..." without a newline. */
void healthcheck_describe(const struct healthcheck *check, unsigned port, struct strbuf *out);

/* --- the parts of an implementation that any container needs --- */

/* Who listens on PORT according to the text of /proc/net/tcp or tcp6. */
enum healthcheck_listening healthcheck_scan_tcp(const char *text, unsigned port);

/*
 * Sends the request to ADDRESS (IPv4). HEADERS are added to the check's own, which win over them.
 * The body is cut at HEALTHCHECK_BODY_MAX. For https it runs curl, since nothing here speaks TLS;
 * certificates are not verified: what a container presents to its proxy is nobody's name.
 */
MUST_CHECK int healthcheck_fetch(const char *address, const struct healthcheck_request *rq,
	const struct strvec *headers, int *ret_status, struct strbuf *body, struct err *err);
/* POST to the failure URL of a check; a child process. */
MUST_CHECK int healthcheck_post(const char *url, const char *text, struct err *err);
