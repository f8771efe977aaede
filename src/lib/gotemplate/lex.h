/* SPDX-License-Identifier: MIT */
#pragma once

/* Template text to tokens, with Go's rules for trim markers, comments and what may follow a word.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/gotemplate/value.h"

enum token_type {
	TOKEN_EOF,
	TOKEN_ERROR, /* `text` is the message */
	TOKEN_TEXT,
	TOKEN_LEFT,
	TOKEN_RIGHT,
	TOKEN_SPACE,
	TOKEN_ASSIGN,
	TOKEN_DECLARE,
	TOKEN_PIPE,
	TOKEN_LPAREN,
	TOKEN_RPAREN,
	TOKEN_STRING, /* with its quotes, and so are the next two */
	TOKEN_RAW_STRING,
	TOKEN_CHAR_CONST,
	TOKEN_NUMBER,
	TOKEN_VARIABLE, /* with its $ */
	TOKEN_FIELD,    /* with its dot */
	TOKEN_DOT,
	TOKEN_BOOL,
	TOKEN_IDENT,
	TOKEN_CHAR, /* punctuation that has no meaning of its own, such as the comma */
	TOKEN_NIL,
	TOKEN_BLOCK, /* from here on: keywords */
	TOKEN_BREAK,
	TOKEN_CONTINUE,
	TOKEN_DEFINE,
	TOKEN_ELSE,
	TOKEN_END,
	TOKEN_IF,
	TOKEN_RANGE,
	TOKEN_TEMPLATE,
	TOKEN_WITH,
};

struct token {
	enum token_type type;
	struct str text;
	size_t pos;
};

struct lex {
	struct str input;
	size_t pos;
	bool inside;   /* an action */
	bool finished; /* EOF or an error was given out */
	unsigned int parens;
	char message[160]; /* of TOKEN_ERROR */
};

void lex_init(struct lex *l, struct str input);
void lex_next(struct lex *l, struct token *ret);
