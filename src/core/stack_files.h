/* SPDX-License-Identifier: MIT */
#pragma once

/* What a stack is made of: the files of the folder stack/, as archives, and their checksums. */

#include "core/ctx.h"
#include "core/stack_build.h"

struct stack_suite {
	const char *debian; /* "bookworm" */
	const char *name;   /* "debian-12" */
	const char *twin; /* what buildpacks from elsewhere take it for: its libraries are as old */
};

/* By either name; the first of all for NULL. ERR_INVALID for another, with what there is. */
MUST_CHECK int stack_suite_find(const char *word, const struct stack_suite **ret, struct err *err);

/* One of the three images. */
struct stack_part {
	const char *kind; /* "base" */
	const char *repo;
	struct strbuf tar;      /* for "/" of the container */
	struct strbuf key;      /* checksum, of what it lies on as well */
	struct strvec command;  /* run in the container */
	struct strvec settings; /* lines of a Dockerfile */
};

struct stack_plan {
	const struct stack_suite *suite;
	char *name;
	const char *mirror; /* borrowed; NULL: this machine's */
	char *bootstrap;    /* path of the script that fetches the smallest Debian */
	struct strvec languages;
	struct stack_part base;
	struct stack_part packages;
	struct stack_part whole;
};

/* Reads all; PLAN is fresh. ERR_NOT_FOUND: the folder, or a language; ERR_INVALID: a name. */
MUST_CHECK int stack_plan_make(struct ctx *ctx, const struct stack_options *opts,
	struct stack_plan *plan, struct err *err);
void stack_plan_done(struct stack_plan *plan);
#define AUTO_STACK_PLAN CLEANUP(stack_plan_done) struct stack_plan
