/* SPDX-License-Identifier: MIT */
#pragma once

/* app.json, as the source of the running or the coming release has it. */

#include <jansson.h>
#include <stdbool.h>

#include "core/procs.h"

/*
 * *RET is the object (json_decref() is the caller's); an empty one when there is no file or it is
 * blank. ERR_INVALID with line and column when it cannot be read.
 */
MUST_CHECK int appjson_load(struct ctx *ctx, const char *app, json_t **ret, struct err *err);

/*
 * The script of a phase: "predeploy" and "postdeploy" (scripts.dokku), "heroku.postdeploy"
 * (scripts.postdeploy). Borrowed; "" when there is none.
 */
const char *appjson_script(json_t *app_json, const char *phase);

/* Quantities of formation, into RET; none is fine. */
MUST_CHECK int appjson_formation(json_t *app_json, struct scale *ret, struct err *err);

/* --- env --- */

struct appjson_var {
	char *value; /* "" when there is none */
	char *description;
	bool required;
	bool secret; /* generator: secret */
	bool sync;
};
#define APPJSON_VAR_INIT                                                                           \
	{                                                                                          \
		.required = true                                                                   \
	}
void appjson_var_done(struct appjson_var *v);
#define AUTO_APPJSON_VAR CLEANUP(appjson_var_done) struct appjson_var

/* Reads one member of `env`: a string, or an object. */
MUST_CHECK int appjson_var_read(json_t *entry, struct appjson_var *ret, struct err *err);

enum appjson_action {
	APPJSON_LEAVE,    /* keep what is set, or leave it unset */
	APPJSON_VALUE,    /* set v->value */
	APPJSON_GENERATE, /* set a new secret */
	APPJSON_ASK,      /* no value: ask a person; without one it fails if required */
};

/*
 * What a deploy does with a variable. FIRST: the app's first deploy, or its first after a failed
 * one. CURRENT is its value now, NULL when unset.
 */
enum appjson_action appjson_decide(const struct appjson_var *v, bool first, const char *current);

/* 64 hex digits. */
char *appjson_secret(void) MUST_CHECK;
