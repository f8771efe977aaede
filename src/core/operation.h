/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Operations: everything that changes the world is an ordered list of steps, run by one executor.
 *
 * A step is planned (with its arguments: names and ids, never secrets), started, done. Each of
 * these is written to the operation's journal before the next thing happens, and synced when a step
 * starts, so that after a crash the next command on that app finishes or undoes what it finds. A
 * step may plan further ones while it runs; what is recorded never changes.
 *
 * Point of no return: the first step whose kind has STEP_COMMIT. Before it is started, failure and
 * recovery undo; once it is done (or, in recovery, started) the rest is finished. A step that fails
 * then stops the run and the journal stays: the next command on the app tries again from there. Only
 * a STEP_MAY_FAIL step (scripts, third-party triggers) is reported and passed over. If the commit
 * step itself fails, all is undone.
 *
 * Rules for step kinds: run() and undo() are idempotent (recovery may call them again, and undo() is
 * called for a step that was started but had no or only half of its effect); they find things by
 * the names in `args`, since `result` exists only once the step is done. Whatever a later step
 * needs is in args or result: in-memory state does not survive a crash.
 *
 * The caller holds the locks of all apps of the operation.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ctx.h"

struct operation;
struct step;

enum step_flags {
	STEP_COMMIT = 1 << 0, /* the point of no return */
	STEP_ONCE = 1 << 1,   /* done, not undoable: recovery does not run it again once started */
	STEP_QUIET = 1 << 2,  /* left out of --dry-run: bookkeeping */
	STEP_MAY_FAIL =
		1 << 3, /* after the point of no return: reported, and the rest still runs */
};

struct step_kind {
	const char *name; /* unique: "docker-local:create" */
	unsigned flags;
	/* Required: one line in the imperative for --dry-run, "start 2 containers of web". */
	void (*describe)(const struct step *step, struct strbuf *out);
	/* Required. */
	int (*run)(struct operation *op, struct step *step, struct err *err);
	/* Optional: NULL means there is nothing to undo. */
	int (*undo)(struct operation *op, struct step *step, struct err *err);
};

enum step_state { STEP_PLANNED, STEP_STARTED, STEP_DONE, STEP_FAILED, STEP_UNDONE };

struct step {
	const struct step_kind *kind;
	size_t number; /* from 1 */
	json_t *args;  /* object, never NULL; read-only once planned */
	json_t *result; /* object, never NULL; run() fills it, it is recorded when the step is done */
	enum step_state state;
};

struct operation {
	struct ctx *ctx;
	char *id;           /* 14 characters of base36 */
	char *name;         /* "deploy" */
	struct strvec apps; /* one or two */
	json_t *args;       /* object: what the operation is about */
	struct step **steps;
	size_t count;
	bool recovering;
	bool committed;
	bool failed; /* a step failed: undo() may want to keep evidence */
	bool stuck;  /* a step that must be finished failed: the journal stays */
	bool undoing;
	/* What the command that began it has for steps before the point of no return and may not be
	 * written down (passwords); borrowed. NULL in recovery. */
	const void *memory;
	/* private */
	struct journal *journal;
};

/*
 * Begins an operation on APP (and OTHER_APP, may be NULL): reserves and writes the journal. ARGS is
 * taken over (may be NULL). Under --dry-run nothing is written. One operation at a time per ctx; an
 * operation begun inside another (a nested call in this process) is ERR_BUG.
 */
MUST_CHECK int operation_begin(struct ctx *ctx, const char *name, const char *app,
	const char *other_app, json_t *args, struct operation **ret, struct err *err);
/* Plans a further step at the end. ARGS is taken over (may be NULL). */
MUST_CHECK int operation_add(struct operation *op, const struct step_kind *kind, json_t *args,
	struct err *err);
/*
 * Runs all steps (under --dry-run: prints them), ends the journal and frees OP. On failure
 * everything before the point of no return has been undone, or, if undoing failed too, the journal
 * stays and the error says so.
 */
MUST_CHECK int operation_run(struct operation *op, struct err *err);
/* The same if planning it (result R) went well; otherwise gives OP up and returns R. */
MUST_CHECK int operation_run_planned(struct operation *op, int r, struct err *err);
/* Gives up an operation of which no step was run. */
void operation_abandon(struct operation *op);

/* Finishes or undoes what an interrupted operation on APP left. Called by app_lock(). */
MUST_CHECK int operation_recover(struct ctx *ctx, const char *app, struct err *err);
/* True if an interrupted operation waits for recovery. */
bool operation_pending(struct ctx *ctx, const char *app);
/* Appends the names of all such apps; one whose removal was interrupted may have no folder any more. */
MUST_CHECK int operation_pending_apps(struct ctx *ctx, struct strvec *ret, struct err *err);

/* True after SIGINT, SIGTERM, SIGHUP or SIGQUIT, or when a limit of time is over: long waits in steps
 * end with ERR_SILENT. */
bool operation_interrupted(void);
/*
 * What is between these two may take SECONDS (0: any time); then the operation is interrupted, as by
 * a signal. IN_TIME: it was done, so that a limit that was over at the last moment counts no more.
 */
void operation_begin_limit(uint64_t seconds);
void operation_end_limit(bool in_time);
/* Is it a limit that has interrupted the operation? */
bool operation_out_of_time(void);
/*
 * A descriptor that becomes readable with such a signal (and stays so), for waits that have one to
 * watch, as the engine client's cancel_fd; -1 when no operation runs. Not for use in undo().
 */
int operation_cancel_fd(void);
/* The same for long work that is no operation. False: one runs, and its signals are caught; else
 * operation_release_signals() must follow. */
bool operation_catch_signals(void);
/* R is how the work ended: a failure by a signal gets its text and exit code. Returns R. */
int operation_release_signals(int r, struct err *err);
/* The same for a program that a step of the running operation starts, as struct child's cancel_fd: -1
 * also where signals do not stop the operation. */
int operation_child_fd(const struct ctx *ctx);

/* String member of a step's args or result, "" when absent. */
const char *step_arg(const struct step *step, const char *key);
const char *step_result(const struct step *step, const char *key);
/* The last step of that kind before (or apart from) SELF that is done, or NULL. */
const struct step *operation_find(const struct operation *op, const char *kind_name);

/* A new id: 14 characters of base36, for free(). */
char *operation_new_id(void) MUST_CHECK;
