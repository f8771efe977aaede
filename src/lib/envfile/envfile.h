/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Environment variables, and the dotenv text that Dokku keeps them in (the dialect of godotenv
 * 1.5.1). What godotenv wrote is read as it was meant, also where godotenv itself fails: a value
 * that ends in a backslash or a double quote.
 *
 * Values are bytes without NUL; UTF-8 is not required. No message ever quotes a value.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/strvec.h"

enum {
	ENV_TEXT_MAX = 8 << 20,
	ENV_VALUE_MAX = 1 << 20,
	ENV_TOTAL_MAX = 16 << 20, /* of all values, after expansion */
	ENV_VARS_MAX = 10000,
};

struct env_var {
	char *key;
	char *value;
};

/* Sorted by key, in byte order; keys are unique. */
struct env {
	struct env_var *vars;
	size_t count;
	size_t alloc;
};

#define ENV_INIT                                                                                   \
	{                                                                                          \
		0                                                                                  \
	}
#define AUTO_ENV CLEANUP(env_done) struct env

void env_done(struct env *e);

/* A letter or _, then letters, digits and _. ASCII only. */
bool env_key_valid(const char *key);

/* The value (borrowed, valid until the next change), or NULL. */
const char *env_get(const struct env *e, const char *key);
/* Copies both. */
void env_set(struct env *e, const char *key, const char *value);
/* True if the key was there. */
bool env_unset(struct env *e, const char *key);
/* Sets everything that OTHER holds. */
void env_merge(struct env *e, const struct env *other);

/*
 * Reads a dotenv text and sets its variables in E. Names that are not valid keys are left out and
 * appended to RET_DROPPED (NULL allowed). ${VAR} refers to variables further up in the text only.
 * ERR_INVALID names the line; E and RET_DROPPED are untouched then.
 */
MUST_CHECK int env_parse(const char *text, size_t len, struct env *e, struct strvec *ret_dropped,
	struct err *err);

/*
 * Appends the file's text: a line per variable, sorted by line. Values that Go's strconv.Atoi takes
 * are written bare and normalised ("007" as 7), others quoted. env_parse() reads all of it back;
 * godotenv too, but for values that its dialect has no form for (ending in a backslash or a double
 * quote while also holding a single quote and a line break, and the like).
 */
void env_write(const struct env *e, struct strbuf *out);

enum env_format {
	ENV_EXPORTS,          /* lines: export K='v' */
	ENV_ENVFILE,          /* as env_write(), without the last newline */
	ENV_DOCKER_ARGS,      /* --env=K='v' --env=... */
	ENV_DOCKER_ARGS_KEYS, /* --env=K --env=... */
	ENV_SHELL,            /* K='v' K='v' */
	ENV_PRETTY,           /* two columns */
	ENV_JSON,             /* {"K":"v"} */
	ENV_JSON_LIST,        /* [{"name":"K","value":"v"}] */
	ENV_PACK_KEYS,        /* --env K --env ... */
};

/* By the name `config:export --format` takes. ERR_USAGE "Unknown export format: x". */
MUST_CHECK int env_format_parse(const char *name, enum env_format *ret, struct err *err);
/* Appends the export without anything behind it. */
void env_export(const struct env *e, enum env_format format, struct strbuf *out);
/* What `config:export` prints behind it: a newline, or a space for the shell format. */
const char *env_export_suffix(enum env_format format);
/* The two-column format with PREFIX in front of each line. */
void env_pretty(const struct env *e, const char *prefix, struct strbuf *out);
