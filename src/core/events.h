/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The log of events: which triggers are fired, with their arguments, a line each in
 * LOGS_DIR/events.log. On when DOKKU_EVENTS is set, as events:on does for every start.
 *
 * The lines are those that Dokku sends to syslog as `dokku-event` and that syslog's daemon writes
 * there. Where such a daemon still has Dokku's filter, it goes on writing them; else we do.
 */

#include <stdbool.h>

#include "core/ctx.h"

/* Names of the triggers that are logged, in order; NULL-terminated. */
extern const char *const event_names[];

bool events_are_on(void);
/* They are on, and this trigger is one of them. */
bool events_takes(const char *trigger);
/*
 * Writes the line if events_takes(). A log that cannot be written stops nothing. Values of
 * variables among the arguments of scheduler-run are left out.
 */
void events_log(struct ctx *ctx, const char *trigger, const struct strvec *args);
/* The same for what modules call without firing a trigger. Arguments end with NULL. */
void events_note(struct ctx *ctx, const char *trigger, ...) SENTINEL;
/* Path of the log, for free(). */
char *events_path(struct ctx *ctx) MUST_CHECK;
