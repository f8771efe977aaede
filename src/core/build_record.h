/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Records of builds and deploys, as Dokku keeps them: LIB_ROOT/data/builds/<app>/<id>.json, and
 * what was printed in <id>.log beside it.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/ctx.h"

enum { BUILD_ID_MAX = 64, BUILD_RETENTION = 20 };

struct build_record {
	char *id;
	char *app;
	char *kind; /* build, deploy */
	int64_t pid;
	char *started_at;  /* RFC 3339 */
	char *finished_at; /* NULL while it runs */
	char *status;      /* running, succeeded, failed, canceled */
	char *source;      /* git-hook, ps:rebuild ... */
	bool has_exit_code;
	int64_t exit_code;
};
#define BUILD_RECORD_INIT                                                                          \
	{                                                                                          \
		0                                                                                  \
	}
void build_record_done(struct build_record *r);
#define AUTO_BUILD_RECORD CLEANUP(build_record_done) struct build_record

struct build_records {
	struct build_record *items;
	size_t count;
};
#define BUILD_RECORDS_INIT                                                                         \
	{                                                                                          \
		0                                                                                  \
	}
void build_records_done(struct build_records *all);
#define AUTO_BUILD_RECORDS CLEANUP(build_records_done) struct build_records

bool build_id_valid(const char *id);
char *build_log_path(struct ctx *ctx, const char *app, const char *id) MUST_CHECK;

/* Writes a running record. An unknown SOURCE is recorded as "unknown". */
MUST_CHECK int build_record_start(struct ctx *ctx, const char *app, const char *id, int64_t pid,
	const char *source, struct err *err);
/* Ends a running record (others stay as they are) and prunes. A missing one is fine. CANCELED: a
 * failure is somebody's wish. */
MUST_CHECK int build_record_finish(struct ctx *ctx, const char *app, const char *id, int exit_code,
	bool canceled, struct err *err);
/* Ends it with a status of one's own. */
MUST_CHECK int build_record_end(struct ctx *ctx, struct build_record *record, const char *status,
	int exit_code, struct err *err);

/* 1 when there is one. */
MUST_CHECK int build_record_load(struct ctx *ctx, const char *app, const char *id,
	struct build_record *ret, struct err *err);
/* Newest first. Unreadable ones are left out with a warning. */
MUST_CHECK int build_records_load(struct ctx *ctx, const char *app, struct build_records *ret,
	struct err *err);
/* As in the file; a new object. */
json_t *build_record_json(const struct build_record *r) MUST_CHECK;
/* Its process is there. */
bool build_record_alive(const struct build_record *r);
/* The status, or "abandoned". */
const char *build_record_status(const struct build_record *r);
/* Whole seconds between start and end (or now). */
int64_t build_record_seconds(const struct build_record *r);

int64_t build_retention(struct ctx *ctx, const char *app);
/* Ends abandoned records and removes those beyond the retention. */
MUST_CHECK int build_records_prune(struct ctx *ctx, const char *app, struct err *err);
