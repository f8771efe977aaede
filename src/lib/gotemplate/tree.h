/* SPDX-License-Identifier: MIT */
#pragma once

/* A parsed template. All of it lives in the template's arena. */

#include "base/err.h"
#include "lib/gotemplate/gotemplate.h"
#include "lib/gotemplate/value.h"

struct func;

enum node_type {
	NODE_TEXT,
	NODE_ACTION,
	NODE_IF,
	NODE_RANGE,
	NODE_WITH,
	NODE_TEMPLATE,
	NODE_BREAK,
	NODE_CONTINUE,
	NODE_END,  /* only while parsing */
	NODE_ELSE, /* only while parsing */
	NODE_PIPE,
	NODE_COMMAND,
	NODE_NAME,     /* one field of the following three */
	NODE_FIELD,    /* .A.B */
	NODE_VARIABLE, /* $x.A.B */
	NODE_CHAIN,    /* (pipeline).A.B */
	NODE_IDENT,    /* a function */
	NODE_DOT,
	NODE_LITERAL, /* string, number, true, false */
	NODE_NIL,
};

/* The name of a variable, with its $; one object per name and template. */
struct name {
	struct str text;
	struct name *next;
};

struct node {
	enum node_type type;
	size_t pos;        /* in the template's text */
	struct node *next; /* in the list it is part of */
	struct str text;   /* plain text; names; a literal as it was written */
	union {
		struct {                   /* actions */
			struct node *pipe; /* NULL for {{template "x"}} */
			struct node *body;
			struct node *otherwise;
		};
		struct { /* NODE_PIPE */
			struct node *commands;
			struct node *decl[2];
			unsigned int decl_count;
			bool assign;
		};
		struct { /* NODE_COMMAND */
			struct node *args;
			size_t arg_count;
		};
		struct { /* NODE_FIELD, NODE_VARIABLE, NODE_CHAIN */
			struct node *fields;
			struct node *base;
			const struct name *var;
		};
		const struct func *func;
		struct val value;
	};
};

/* A template by its name: the text itself, and what define and block make. */
struct named {
	struct str name;
	struct node *body;
	struct named *next;
};

struct gotmpl {
	struct arena arena;
	char *name;
	struct str text;
	const size_t *joins; /* where in text a newline was taken out */
	size_t join_count;
	struct named main;
	struct named *named; /* main among them */
	struct name *names;
	const struct name *dollar;
};

/* The same object for the same text. */
const struct name *tree_name(struct gotmpl *t, struct str text);
const struct named *tree_find(const struct gotmpl *t, struct str name);
/* Line and column, both as Go counts them: from 1, and from 0 but 1 after a newline. */
void tree_place(const struct gotmpl *t, size_t pos, size_t *ret_line, size_t *ret_column);
/* Appends the expression as text/template would write it. */
void node_print(const struct node *n, struct strbuf *out);
/* Appends S in double quotes with Go's escapes. */
void quote_go(struct str s, char quote, struct strbuf *out);
/* What a quoted string, raw string or character constant stands for. False: it is none. */
bool unquote_go(struct arena *a, struct str quoted, struct str *ret);
/* Reads a Go number (int or float). */
MUST_CHECK int number_parse(struct str text, struct val *ret, struct err *err);
