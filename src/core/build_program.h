/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Programs of this machine that build images: docker, nixpacks, railpack, lambda-builder. They are
 * looked up in our own $PATH and get the variables of the app, save those that would change the
 * program itself.
 */

#include "base/child.h"
#include "core/builder.h"

/* What of a program's output is shown; without one, all of it. */
struct build_filter {
	void *cookie;
	/* Takes output as it comes, appends to OUT what is to be shown. */
	void (*feed)(void *cookie, const char *data, size_t len, struct strbuf *out);
	/* There is no more. */
	void (*end)(void *cookie, struct strbuf *out);
};

/*
 * For struct builder's check(): "Building <app> from BUILDER", and ERR_NOT_FOUND, which tells HOW to
 * get it, unless there is a program NAME.
 */
MUST_CHECK int build_program_check(const struct build *b, const char *builder, const char *name,
	const char *how, struct err *err);

/* Sets C up to run the program NAME in the source tree, on this instance's engine, with the logins
 * and the variables of the app. The caller appends the arguments. */
MUST_CHECK int build_program_child(const struct build *b, const char *name, struct child *c,
	struct err *err);

/* Adds the app's variables, so that flags can ask for a value by its name alone. */
MUST_CHECK int build_program_env(const struct build *b, struct child *c, struct err *err);

/* Says that limits set for builds have no effect, for a program that cannot keep to them. */
void build_program_warn_limits(const struct build *b, const char *name);

/*
 * Runs C and shows what it prints. Interrupted, it and all that it has started get the time to tell
 * the engine that the build is off, and are then killed. ERR_FAILED unless it ends well.
 */
MUST_CHECK int build_program_run(struct child *c, const struct build_filter *filter,
	struct err *err);
