/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Makes the image moorage/stack:NAME from Debian packages and the folder stack/ of this program.
 * Three images lie on each other, so that a change of scripts installs nothing again:
 *
 *	moorage/stack-base:NAME      the smallest Debian, from apt, without an image to begin with
 *	moorage/stack-packages:NAME  with the packages of the languages
 *	moorage/stack:NAME           with the scripts and their settings
 *
 * Each is labelled with the checksum of all that it is made of (STACK_KEY_LABEL), and kept while
 * that is the same. No image has its name before it is whole. A container or folder that a killed
 * run left is removed by the next.
 */

#include <stdbool.h>

#include "core/ctx.h"

#define STACK_LABEL           "com.moorage.stack" /* its value: the name; apps inherit it */
#define STACK_KEY_LABEL       "com.moorage.stack-key"
#define STACK_LANGUAGES_LABEL "com.moorage.stack-languages"
#define STACK_PART_LABEL      "com.moorage.stack-part" /* base, packages or whole */
#define STACK_REPO            "moorage/stack"
#define STACK_BASE_REPO       "moorage/stack-base"
#define STACK_PACKAGES_REPO   "moorage/stack-packages"

struct stack_options {
	const char *suite;     /* "bookworm", "debian-12"; NULL: the default */
	const char *name;      /* behind the colon; NULL: "debian-12" */
	const char *mirror;    /* NULL: this machine's */
	const char *languages; /* "python,nodejs"; NULL: all; "none": not even the common ones */
	const char *packages;  /* more of Debian: names, or a file of names; NULL: none */
	bool force;            /* also what is there already */
};

/* Showing what happens. 1: nothing was to be done. */
MUST_CHECK int stack_make(struct ctx *ctx, const struct stack_options *opts, struct err *err);
/* The stack of SUITE ("debian-12") with all languages. */
MUST_CHECK int stack_build(struct ctx *ctx, const char *suite, struct err *err);
