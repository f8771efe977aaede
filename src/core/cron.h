/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Scheduled tasks: those of app.json's `cron`, and those that third-party plugins add through the
 * trigger cron-entries. Where a scheduler leaves the firing to the machine's cron, the crontab of
 * the instance's user holds a line for each task that is not in maintenance. That whole crontab is
 * ours, as it is Dokku's.
 */

#include <jansson.h>
#include <stdbool.h>

#include "core/operation.h"

/* Properties of one task are called "maintenance.<id>". */
#define CRON_MAINTENANCE "maintenance."

enum {
	CRON_TASKS_MAX = 1000,
	CRON_COMMAND_MAX = 4096,
};

struct cron_task {
	char *id;
	char *app; /* NULL: a plugin's task, whose command is a line for a shell */
	char *command;
	char *schedule;
	char *concurrency; /* allow, forbid, replace; "" for a plugin's task */
	char *log;         /* where a plugin's task prints to; "" for nowhere */
	bool app_maintenance;
	bool task_maintenance;
};

struct cron_tasks {
	struct cron_task *items;
	size_t count;
};
#define CRON_TASKS_INIT                                                                            \
	{                                                                                          \
		0                                                                                  \
	}
void cron_tasks_done(struct cron_tasks *t);
#define AUTO_CRON_TASKS CLEANUP(cron_tasks_done) struct cron_tasks

/*
 * The tasks of the app's app.json (the staged one within a deploy). A task without command or
 * schedule is left out with a warning; ERR_INVALID for anything else that Dokku refuses.
 */
MUST_CHECK int cron_tasks_load(struct ctx *ctx, const char *app, struct cron_tasks *ret,
	struct err *err);
/* Before a deploy: nothing is left out, and what the machine's cron cannot do is refused where it
 * is the one that fires. */
MUST_CHECK int cron_check(struct ctx *ctx, const char *app, json_t *app_json, struct err *err);
/* The tasks that third-party plugins add for SCHEDULER. */
MUST_CHECK int cron_entries(struct ctx *ctx, const char *scheduler, struct cron_tasks *ret,
	struct err *err);
const struct cron_task *cron_find(const struct cron_tasks *tasks, const char *id);
static inline bool cron_is_paused(const struct cron_task *t)
{
	return t->app_maintenance || t->task_maintenance;
}

/*
 * The words of a task's command, by a shell's grammar but without one: operators and command
 * substitutions are ERR_INVALID, variables stay as they are written.
 */
MUST_CHECK int cron_words(const char *command, struct strvec *ret, struct err *err);
/* True for the values of a task's maintenance property that count as yes. */
bool cron_value_is_true(const char *value);

/* --- ids --- */

/* TEXT read as a number in base 36; for free(). */
char *cron_base36(const char *text) MUST_CHECK;
/* Dokku's id of a task of an app; for free(). */
char *cron_id(const char *app, const char *command, const char *schedule) MUST_CHECK;
/* The id that the task of app FROM with this ID has in app TO; NULL when it is no such id. */
char *cron_id_for(const char *id, const char *from, const char *to) MUST_CHECK;

/* --- the crontab (core/crontab.c) --- */

/* Does this scheduler leave the firing to the machine's cron? */
bool cron_uses_host(struct ctx *ctx, const char *scheduler);
/* Appends the crontab of TASKS, without those in maintenance, as Dokku writes it. */
MUST_CHECK int crontab_text(struct ctx *ctx, const struct cron_tasks *tasks, struct strbuf *out,
	struct err *err);
/*
 * Writes the crontab anew for all apps of the instance, or removes it when there is nothing to
 * fire. ERR_NOT_FOUND when there are tasks but no crontab program.
 */
MUST_CHECK int crontab_write(struct ctx *ctx, struct err *err);
/* Writes it if SCHEDULER ("": whatever it is) uses it, and tells third-party schedulers. APP may be
 * NULL. */
MUST_CHECK int cron_write(struct ctx *ctx, const char *scheduler, const char *app, struct err *err);
/*
 * The same as steps, for after the point of no return. While no app has tasks they do not look
 * whether somebody else has made a crontab.
 */
MUST_CHECK int cron_plan_write(struct operation *op, const char *app, struct err *err);
extern const struct step_kind cron_steps[];
