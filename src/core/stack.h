/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The stack: the image in which an app without a Dockerfile is built, and on which it then runs. It
 * keeps the contract of herokuish: /build, /start and /exec.
 */

#include <stdbool.h>

#include "core/ctx.h"

#define STACK_HEROKUISH   "gliderlabs/herokuish:latest-24"
#define STACK_DEBIAN_REPO "moorage/stack" /* made by stack:build; never pulled */
/* The label of a stack whose apps get their variables with the container, and "runtime" its value. */
#define STACK_ENV_LABEL "com.moorage.stack-env"

struct stack {
	char *image;
	struct strbuf reason; /* behind "because" */
	bool named;           /* somebody chose it: no other one will do */
};

#define STACK_INIT                                                                                 \
	{                                                                                          \
		.reason = STRBUF_INIT                                                              \
	}
void stack_done(struct stack *s);
#define AUTO_STACK CLEANUP(stack_done) struct stack

/* 1 when the app's settings name one: its property, the global one, its variable DOKKU_IMAGE (against
 * whose use it warns). RET must be initialised. */
MUST_CHECK int stack_named(struct ctx *ctx, const char *app, struct stack *ret, struct err *err);
/*
 * Which one builds APP: the property `stack` of the plugin buildpacks (app, then global), the app's
 * variable DOKKU_IMAGE, that of the environment, else herokuish where it is on this machine, else a
 * Debian stack where there is one, else herokuish. RET must be initialised.
 */
MUST_CHECK int stack_choose(struct ctx *ctx, const char *app, struct stack *ret, struct err *err);
/*
 * Makes sure that it is on this machine: pulls it, showing the progress. What cannot be pulled and
 * was named by nobody is replaced by a Debian stack, which is built if need be.
 */
MUST_CHECK int stack_provide(struct ctx *ctx, const char *app, struct stack *s, struct err *err);
/* The one of Debian among image names that is to be preferred, or NULL. */
const char *stack_best(const struct strvec *names);
