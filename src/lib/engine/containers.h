/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Containers. ID is a name or an id without slashes. Errors: see engine.h; every call gives
 * ERR_NOT_FOUND when there is no such container. int results are 0 on success.
 */

#include "lib/engine/engine.h"
#include "lib/engine/stream.h"

/*
 * Creates a container from CONFIG, the body of POST /containers/create (borrowed, unchanged).
 * NAME may be NULL. *RET_ID is for free(). ERR_NOT_FOUND: the image is missing; ERR_EXISTS: the
 * name is taken.
 *
 * Hidden here: before 1.44 an engine takes one network at creation only; the others of
 * NetworkingConfig.EndpointsConfig are connected afterwards (the container is removed again if
 * that fails). From 1.44 on a top-level MacAddress belongs to the endpoint and is moved there.
 */
MUST_CHECK int engine_container_create(struct engine *e, const char *name, const json_t *config,
	char **ret_id, struct err *err);

/* Starting a running container, or stopping a stopped one, succeeds. */
MUST_CHECK int engine_container_start(struct engine *e, const char *id, struct err *err);
/* Waits for the end: at most about TIMEOUT_S (then the engine kills it); < 0: the container's own
 * setting. */
MUST_CHECK int engine_container_stop(struct engine *e, const char *id, int timeout_s,
	struct err *err);
MUST_CHECK int engine_container_restart(struct engine *e, const char *id, int timeout_s,
	struct err *err);
/* SIGNAL as the engine knows it: "SIGTERM", "9"; NULL: SIGKILL. ERR_EXISTS when not running. */
MUST_CHECK int engine_container_kill(struct engine *e, const char *id, const char *signal,
	struct err *err);
/* ERR_EXISTS when it runs and FORCE is not set, or when it is being removed already. VOLUMES: also
 * its anonymous ones. */
MUST_CHECK int engine_container_remove(struct engine *e, const char *id, bool force, bool volumes,
	struct err *err);
MUST_CHECK int engine_container_rename(struct engine *e, const char *id, const char *new_name,
	struct err *err);

/*
 * *RET is new. From 1.52 on NetworkSettings has no top-level IPAddress, Gateway, MacAddress and
 * kin: read NetworkSettings.Networks, which every version has (engine_container_address()).
 */
MUST_CHECK int engine_container_inspect(struct engine *e, const char *id, json_t **ret,
	struct err *err);
/* IPv4 address on NETWORK (NULL: on the first network that has one) in what inspect gave, or NULL;
 * valid as long as INSPECTED. */
const char *engine_container_address(const json_t *inspected, const char *network);

/* FILTERS: {"label": ["a=b"], ...} or NULL. *RET is a new array. ALL: also stopped ones. */
MUST_CHECK int engine_container_list(struct engine *e, bool all, const json_t *filters,
	json_t **ret, struct err *err);
/* BODY as of POST /containers/ID/update, for example {"RestartPolicy": {"Name": "no"}}. */
MUST_CHECK int engine_container_update(struct engine *e, const char *id, const json_t *body,
	struct err *err);
/* Processes; PS_ARGS may be NULL. *RET: {"Titles": [...], "Processes": [[...]]}. */
MUST_CHECK int engine_container_top(struct engine *e, const char *id, const char *ps_args,
	json_t **ret, struct err *err);
MUST_CHECK int engine_container_resize(struct engine *e, const char *id, unsigned rows,
	unsigned cols, struct err *err);

/*
 * Waits for CONDITION: "not-running" (also NULL; at once when it does not run), "next-exit" or
 * "removed". TIMEOUT_MS 0: for ever; else ERR_TIMEOUT. *RET_CODE is the exit code.
 */
MUST_CHECK int engine_container_wait(struct engine *e, const char *id, const char *condition,
	uint64_t timeout_ms, int *ret_code, struct err *err);

/* The same in two steps, so that no exit is missed: after _begin() the engine watches. */
struct engine_wait {
	struct http_conn conn;
};

/* Fills W; engine_wait_done() in every case. */
MUST_CHECK int engine_wait_begin(struct engine *e, struct engine_wait *w, const char *id,
	const char *condition, struct err *err);
MUST_CHECK int engine_wait_end(struct engine_wait *w, uint64_t timeout_ms, int *ret_code,
	struct err *err);
void engine_wait_done(struct engine_wait *w);

struct engine_log_opts {
	bool follow;
	bool timestamps;
	bool out;
	bool err;
	int64_t tail;  /* last lines; < 0: all */
	int64_t since; /* seconds since the epoch; 0: all */
	int64_t until; /* the same; 0: no end */
};

/*
 * Hands the log to SINK, as it comes. Returns 0 at its end (FOLLOW: when the container ends), 1
 * when the sink had enough. No deadline; engine.cancel_fd breaks it off. Hidden here: from 1.42 on
 * the answer tells whether the stream is a terminal's; before, the container is asked.
 */
MUST_CHECK int engine_container_logs(struct engine *e, const char *id,
	const struct engine_log_opts *opts, stream_sink sink, void *ctx, struct err *err);

struct engine_commit {
	const char *repo;     /* may be NULL: no name */
	const char *tag;      /* may be NULL: "latest" */
	const char *message;  /* may be NULL */
	const char *author;   /* may be NULL */
	char *const *changes; /* Dockerfile lines ("ENV A=b"), NULL-terminated; or NULL */
	const json_t *config; /* container config to set, or NULL */
	bool no_pause;
};

/* Makes an image of a container. *RET_IMAGE ("sha256:...") is for free(). */
MUST_CHECK int engine_container_commit(struct engine *e, const char *id,
	const struct engine_commit *opts, char **ret_image, struct err *err);

/* All files of the container as a tar stream to SINK. Returns 1 when the sink had enough. */
MUST_CHECK int engine_container_export(struct engine *e, const char *id, http_sink sink, void *ctx,
	struct err *err);

/* PATH of the container as a tar stream to SINK. ERR_NOT_FOUND: no such path either. Returns 1 when
 * the sink had enough. */
MUST_CHECK int engine_archive_get(struct engine *e, const char *id, const char *path,
	http_sink sink, void *ctx, struct err *err);
/* Unpacks a tar stream into the existing folder PATH of the container. */
MUST_CHECK int engine_archive_put(struct engine *e, const char *id, const char *path,
	const void *tar, size_t len, struct err *err);
/* The same, read from TAR_FD to its end. */
MUST_CHECK int engine_archive_put_fd(struct engine *e, const char *id, const char *path, int tar_fd,
	struct err *err);
