/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Schedulers run an app's processes. One ops struct per driver; the core never asks which it has.
 * Adding one: a folder in src/schedulers and a row in scheduler.c.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/operation.h"

/* Where a process listens. Never "the container's IP" spelled out anywhere else. */
struct listener {
	char *process;
	char *address;
	unsigned port; /* 0: unknown (the process type has none) */
};
struct listeners {
	struct listener *items;
	size_t count;
};
#define LISTENERS_INIT                                                                             \
	{                                                                                          \
		0                                                                                  \
	}
void listeners_done(struct listeners *l);
void listeners_add(struct listeners *l, const char *process, const char *address, unsigned port);
#define AUTO_LISTENERS CLEANUP(listeners_done) struct listeners

/* One running (or not) unit of a process type. */
struct proc_status {
	char *process;
	unsigned index; /* from 1 */
	char *id;       /* the scheduler's: a container id */
	char *state;    /* running, exited, missing ... */
};
struct proc_statuses {
	struct proc_status *items;
	size_t count;
};
#define PROC_STATUSES_INIT                                                                         \
	{                                                                                          \
		0                                                                                  \
	}
void proc_statuses_done(struct proc_statuses *s);
#define AUTO_PROC_STATUSES CLEANUP(proc_statuses_done) struct proc_statuses

/* What a deploy wants. Goes into step args as JSON by deploy_to_json(). */
struct deploy {
	const char *app;
	const char *image;   /* repo:tag */
	const char *process; /* NULL: all process types; else only this one */
	/* NULL: the stored scale; else counts to use instead (ps:scale) */
	const struct scale *scale;
};

struct run_request {
	const char *app;
	const struct strvec *env;  /* K=V, on top of the app's */
	const struct strvec *argv; /* empty: the scheduler's shell */
	bool detached;
	bool force_tty;
	bool no_tty;
	bool no_rm; /* keep the container afterwards */
	uint64_t ttl_seconds;
	const char *cron_id;         /* "" for none; makes it a cron container */
	const char *concurrency;     /* allow, forbid, replace */
	const struct strvec *labels; /* more k=v labels */
};

struct log_request {
	const char *app;
	const char *process; /* "web", "web.1" or NULL */
	bool follow;
	bool quiet; /* no prefix */
	long lines; /* -1: all */
};

struct scheduler {
	const char *name;
	/* All required. */

	/*
	 * Plans the steps that bring up what D wants beside what runs (or instead of it, where checks
	 * are disabled) and check it, up to and including the state that listeners() reads. They
	 * come before the point of no return and can all be undone.
	 */
	int (*plan_start)(struct operation *op, const struct deploy *d, struct err *err);
	/*
	 * Plans the steps after the switch: final names, networks attached after deploy, surplus and
	 * old units handed over to be retired.
	 */
	int (*plan_settle)(struct operation *op, const struct deploy *d, struct err *err);
	/* Plans the removal of everything the app has in the scheduler, images included. */
	int (*plan_remove)(struct operation *op, const char *app, struct err *err);
	/* Plans stopping (restartable) / starting again without a deploy. */
	int (*plan_stop)(struct operation *op, const char *app, struct err *err);

	/* Live addresses; of one process type or, if NULL, of all. */
	int (*listeners)(struct ctx *ctx, const char *app, const char *process,
		struct listeners *ret, struct err *err);
	int (*status)(struct ctx *ctx, const char *app, struct proc_statuses *ret, struct err *err);
	int (*is_deployed)(struct ctx *ctx, const char *app); /* 1 or 0 */

	int (*run)(struct ctx *ctx, const struct run_request *req, int *ret_code, struct err *err);
	int (*run_list)(struct ctx *ctx, const char *app, json_t **ret, struct err *err);
	int (*run_stop)(struct ctx *ctx, const char *app, const char *container, struct err *err);
	int (*run_logs)(struct ctx *ctx, const struct log_request *req, const char *container,
		struct err *err);
	/* Enters PROCESS ("web", "web.1" or NULL) or the container ID. */
	int (*enter)(struct ctx *ctx, const char *app, const char *process, const char *container,
		const struct strvec *argv, int *ret_code, struct err *err);
	int (*logs)(struct ctx *ctx, const struct log_request *req, struct err *err);
	int (*logs_failed)(struct ctx *ctx, const char *app, struct err *err);
	int (*inspect)(struct ctx *ctx, const char *app, json_t **ret, struct err *err);
	/* Runs the checks of running units: all, those of PROCESS ("web") or one ("web.2"). */
	int (*check)(struct ctx *ctx, const char *app, const char *process, struct err *err);
	/* Removes what was handed over and is due; APP NULL: of all apps. */
	int (*retire)(struct ctx *ctx, const char *app, struct err *err);
	int (*run_retire)(struct ctx *ctx, const char *app, struct err *err);
};

/* Name of the scheduler that SCOPE (an app or "--global") uses, be it a third-party one; for free(). */
char *scheduler_name(struct ctx *ctx, const char *scope) MUST_CHECK;
/* The driver that SCOPE (an app or "--global") uses. ERR_NOT_FOUND names an unknown one. */
MUST_CHECK int scheduler_of(struct ctx *ctx, const char *scope, const struct scheduler **ret,
	struct err *err);
/* Drivers are handed over by main's layer: see src/plugins/all.c. NULL-terminated. */
extern const struct scheduler *const schedulers[];
