/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The parser's state, shared by its two halves: pipeline.c reads what stands between the delimiters
 * as expressions, parse.c builds the tree of actions from it.
 */

#include "lib/gotemplate/lex.h"
#include "lib/gotemplate/tree.h"

/* Variables known at one place of one template. */
struct scope {
	const struct name **names;
	size_t count;
	size_t alloc;
	unsigned int ranges; /* open around here */
	bool main;           /* where every $word is declared */
};

void scope_done(struct scope *s);
void scope_add(struct scope *s, const struct name *n);

struct parser {
	struct gotmpl *t;
	struct lex lex;
	struct token tokens[3]; /* look-ahead; [0] is the newest one read */
	unsigned int peeked;
	struct scope *scope;
	unsigned int depth;
	size_t node_count;
	size_t action_pos; /* of the action being read ... */
	bool in_action;    /* ... if any */
	struct err *err;
};

/* All functions below that can fail give NULL or false after p->err was set. */
void *parse_fail(struct parser *p, const char *fmt, ...) PRINTF(2, 3);
void *parse_unexpected(struct parser *p, struct token t, const char *context);

/* Tokens: with and without white space, taken or only looked at, and put back. */
struct token token_next(struct parser *p);
struct token token_next_solid(struct parser *p);
struct token token_peek(struct parser *p);
struct token token_peek_solid(struct parser *p);
void token_back(struct parser *p);

struct node *node_new(struct parser *p, enum node_type type, size_t pos);
/* One level deeper; the caller decrements p->depth when it is done. */
bool parse_deeper(struct parser *p);
/* Reads up to and with END. CONTEXT is for messages; only "range" may declare two variables. */
struct node *parse_pipe(struct parser *p, const char *context, enum token_type end);
