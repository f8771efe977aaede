/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Go templates as sigil renders them: the language of text/template with sigil's functions.
 *
 * Template text comes from the repositories of users and is not trusted: size, nesting, steps,
 * memory and output are limited, no function starts a process or opens a connection, and files are
 * reached only through callbacks that the caller supplies. Rendering is all or nothing.
 *
 * Errors are ERR_INVALID and read as Go's do: "template: NAME:LINE: what" while parsing,
 * "template: NAME:LINE:COLUMN: executing "NAME" at <expression>: what" while rendering. A file
 * that cannot be read keeps the kind its callback gave.
 *
 * As in sigil a variable X is reachable as .X, $.X and $X, every $word in the text is a variable
 * that exists (nil unless given), a missing one prints "<no value>", and "\}}", newline, "{{" joins
 * two lines. Where sigil's order is random (joinkv, uniq) this one's is fixed: sorted by key, and
 * by first appearance. Not offered: sh, httpget, yaml, toyaml, call, complex numbers. jmespath
 * knows names, indexes and projections ("a.b[0].c[*].d").
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/strvec.h"

enum {
	GOTMPL_TEXT_MAX = 1 << 20,   /* bytes of a template, of a file it reads, of one string */
	GOTMPL_OUTPUT_MAX = 4 << 20, /* bytes rendered */
	GOTMPL_NODE_MAX = 100000,    /* parts of a template */
	GOTMPL_DEPTH_MAX = 100,      /* actions and parentheses inside each other */
	GOTMPL_LIST_MAX = 65536,     /* items of one list */
	GOTMPL_STEP_MAX = 2000000,   /* work done by one rendering, about a second at most */
	GOTMPL_MEMORY_MAX = 64 << 20,
};

/* The variables. Zero-initialise with GOTMPL_VARS_INIT. */
struct gotmpl_vars {
	struct gotmpl_var *items;
	size_t count;
	size_t alloc;
};

#define GOTMPL_VARS_INIT                                                                           \
	{                                                                                          \
		.items = NULL                                                                      \
	}
#define AUTO_GOTMPL_VARS CLEANUP(gotmpl_vars_done) struct gotmpl_vars

void gotmpl_vars_done(struct gotmpl_vars *vars);
/* Sets NAME; both strings are copied, an earlier value is replaced. Any name may be given, but only
 * one that is an identifier can be written as $NAME. */
void gotmpl_vars_set(struct gotmpl_vars *vars, const char *name, const char *value);
/* Sets all members of a JSON object (a --vars-file); their values may be of any type. */
MUST_CHECK int gotmpl_vars_set_json(struct gotmpl_vars *vars, const char *text, size_t len,
	struct err *err);

enum gotmpl_list_kind {
	GOTMPL_LIST_ALL,
	GOTMPL_LIST_FILES, /* all that are no folders */
	GOTMPL_LIST_DIRS,
};

/* What a template may ask of the world. Each member is optional: NULL means "refused", for env
 * "not set". PATH is what the template wrote, possibly joined to the folder of an including file.
 */
struct gotmpl_host {
	/* Appends a file of at most MAX bytes to OUT; ERR_NOT_FOUND when there is none. */
	int (*read)(void *cookie, const char *path, size_t max, struct strbuf *out,
		struct err *err);
	/* Appends the sorted names in a folder. */
	int (*list)(void *cookie, const char *path, enum gotmpl_list_kind kind,
		struct strvec *ret_names, struct err *err);
	/* 1 or 0, or an error. */
	int (*exists)(void *cookie, const char *path, struct err *err);
	/* For the function var, which looks at the template's variables first. Borrowed until the
	 * rendering ends. */
	const char *(*env)(void *env_cookie, const char *name);
	void *cookie; /* of the functions on files */
	void *env_cookie;
	const char *input; /* what the function stdin gives */
};

/*
 * A host whose files are those below one folder. Paths are opened so that neither ".." nor a
 * symbolic link leads out of it (ERR_DENIED). Absolute paths must begin with ROOT.
 */
struct gotmpl_folder {
	const char *root;  /* absolute; borrowed */
	const char *start; /* absolute, below root: where relative paths begin; NULL: root */
};
void gotmpl_host_folder(struct gotmpl_host *host, const struct gotmpl_folder *folder);

struct gotmpl;

/* Parses TEXT, which is copied. NAME is what errors call it. */
MUST_CHECK int gotmpl_parse(const char *name, const char *text, size_t len, struct gotmpl **ret,
	struct err *err);
/* Appends the rendering to OUT; OUT is untouched on failure. HOST may be NULL: nothing offered. A
 * parsed template can be rendered any number of times. */
MUST_CHECK int gotmpl_render(const struct gotmpl *t, const struct gotmpl_vars *vars,
	const struct gotmpl_host *host, struct strbuf *out, struct err *err);
/* NULL is fine. */
void gotmpl_free(struct gotmpl *t);
void cleanup_gotmpl(struct gotmpl **t);
#define AUTO_GOTMPL CLEANUP(cleanup_gotmpl) struct gotmpl

/*
 * What sigil -p does to a text before it is parsed: $NAME, ${NAME}, ${#NAME} and ${NAME:-word} with
 * the operators - = ? +, from the variables and then host->env. Appends to OUT, which is untouched
 * on failure.
 */
MUST_CHECK int gotmpl_expand_posix(const char *text, size_t len, const struct gotmpl_vars *vars,
	const struct gotmpl_host *host, struct strbuf *out, struct err *err);
