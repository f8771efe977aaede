/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Triggers: the public extension points. Inside the program modules call each other's typed
 * functions; where Dokku fires a trigger, third-party executables of that name in
 * plugins/enabled/<plugin>/ run in name order, with Dokku's environment and the caller's standard
 * streams, and the first failure stops the rest. A name nobody listens to costs a look-up in an
 * index made once per process.
 *
 * A folder in plugins/enabled that resolves to something below core-plugins/ is ours, not
 * third-party.
 */

#include <stdbool.h>

#include "core/ctx.h"
#include "core/plugin.h"

struct external_plugin {
	char *name;
	char *path;          /* enabled/<name> */
	struct strvec files; /* executables at its top level: triggers, "commands" */
};

struct external_plugins {
	struct external_plugin *items;
	size_t count;
};

/* Made on first use; valid as long as ctx. */
const struct external_plugins *trigger_externals(struct ctx *ctx);
void trigger_externals_free(struct external_plugins *all);
/* NULL when there is none of that name. */
const struct external_plugin *trigger_external(struct ctx *ctx, const char *name);

bool trigger_has_external(struct ctx *ctx, const char *trigger);
/* Does firing it do anything? Also true when only the log of events takes note (core/events.h). */
bool trigger_is_heard(struct ctx *ctx, const char *trigger);

/* Runs the third-party handlers; stdio is ours. ERR_FAILED with the handler's exit code. */
MUST_CHECK int trigger_fire(struct ctx *ctx, struct err *err, const char *trigger, ...) SENTINEL;
MUST_CHECK int trigger_fire_args(struct ctx *ctx, const char *trigger, const struct strvec *args,
	struct err *err);
/* The same, collecting what they print; IN (may be NULL) is what the first one reads. */
MUST_CHECK int trigger_capture(struct ctx *ctx, struct strbuf *out, struct err *err,
	const char *trigger, ...) SENTINEL;
MUST_CHECK int trigger_capture_args(struct ctx *ctx, const char *trigger, const struct strvec *args,
	const struct strbuf *in, struct strbuf *out, struct err *err);

/*
 * All handlers, built-in ones in their plugin's place of the name order: what
 * `plugn trigger NAME ARGS` does. Prints to stdout.
 */
MUST_CHECK int trigger_run_all(struct ctx *ctx, const char *trigger, const struct strvec *args,
	struct err *err);
/* Only the built-in ones, collecting their output. 1 when there was any handler. */
MUST_CHECK int trigger_run_builtin(struct ctx *ctx, const char *trigger, const struct strvec *args,
	struct strbuf *out, struct err *err);

/* --- for the built-in handlers (struct trigger_handler) --- */

/* Argument I of the call, "" when there are fewer. */
const char *trigger_arg(const struct trigger_call *call, size_t i);
/* The call's first argument names an app that exists; exit code 20 if not. */
MUST_CHECK int trigger_need_app(const struct trigger_call *call, struct err *err);
/* Runs our command COMMAND with the call's arguments, inside the caller's lock, as a script would. */
MUST_CHECK int trigger_run_self(const struct trigger_call *call, const char *command,
	struct err *err);

/* Runs one executable of a third-party plugin with ARGV (argv[0] is the path). Returns its exit
 * code (>= 0), or -kind when it could not be run. */
MUST_CHECK int trigger_exec(struct ctx *ctx, const char *path, const struct strvec *args,
	const struct strbuf *in, struct strbuf *out, struct err *err);
