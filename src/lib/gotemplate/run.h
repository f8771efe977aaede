/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One rendering, and the functions a template can call. A function gets arguments that already have
 * the types its row asks for. On failure it sets ERR to what is wrong and nothing else; the caller
 * puts template, place and function name in front.
 */

#include "lib/gotemplate/tree.h"

enum {
	RUN_DEPTH_MAX = 400, /* nested evaluation, over all templates that call each other */
	RUN_INCLUDE_MAX = 16,
};

/* What a rendering shares with those it starts through include and render. */
struct budget {
	struct arena arena;
	uint64_t steps;
	unsigned int depth;
	unsigned int includes;
};

struct variable {
	const struct name *name;
	struct val value;
};

struct run {
	const struct gotmpl *t;
	const struct named *current; /* the template being executed */
	const struct gotmpl_host *host;
	struct budget *budget;
	struct strbuf *out;
	const struct map *vars;   /* the root */
	const struct run *parent; /* the rendering that included this one */
	const char *folder;       /* of an included file, "" for none */
	struct variable *stack;
	size_t stack_count;
	size_t stack_alloc;
	const struct node *at; /* for messages */
};

struct call {
	struct run *run;
	struct val *args;
	size_t count;
};

struct func {
	const char *name;
	/* One letter per parameter: a any, s string, l list. The last one may be repeated any
	 * number of times, also none, if `more` is set. */
	const char *params;
	bool more;
	int (*call)(const struct call *c, struct val *ret, struct err *err);
};

/* NULL when there is no such function. */
const struct func *func_find(struct str name);
/* and, or: evaluated by the caller, one argument after the other. */
bool func_is_and(const struct func *f);
bool func_is_or(const struct func *f);

/* Sets ERR, or extends what is set there, with template, place and expression in front. */
int run_fail(struct run *r, struct err *err, const char *fmt, ...) PRINTF(3, 4);
int run_fail_here(struct run *r, struct err *err);
/* One step, one level deeper. The caller decrements depth when this gave 0. */
MUST_CHECK int run_enter(struct run *r, struct err *err);
void run_push(struct run *r, const struct name *name, const struct val *v);
/* The innermost variable of that name, or NULL. */
struct val *run_variable(struct run *r, const struct name *name);
/* Evaluates a pipeline and declares or assigns its variables. */
MUST_CHECK int run_pipe(struct run *r, const struct val *dot, const struct node *pipe,
	struct val *ret, struct err *err);

/* Charges N steps, and looks at the memory in use. */
MUST_CHECK int run_charge(struct run *r, uint64_t n, struct err *err);
/* A string from SB, or an error if that was cut off. */
MUST_CHECK int run_take(struct run *r, const struct strbuf *sb, struct val *ret, struct err *err);
/* A new list or map, if it is not too long. */
MUST_CHECK int run_list(struct run *r, size_t count, struct list **ret, struct err *err);
/* Seals and checks the nesting. */
MUST_CHECK int run_seal(struct list *l, struct val *ret, struct err *err);

/* Executes T with ROOT as the data; PARENT is NULL for the outermost. */
MUST_CHECK int run_template(const struct gotmpl *t, const struct map *root,
	const struct run *parent, const struct gotmpl_host *host, struct budget *budget,
	const char *folder, struct strbuf *out, struct err *err);

/* The value of a variable that is a string, or NULL. */
const char *vars_text(const struct gotmpl_vars *vars, const char *name);
/* The variables as a map, with a nil entry for every $word in T's text that is not among them. */
struct map *vars_map(struct arena *a, const struct gotmpl *t, const struct pair *given,
	size_t count);

#define FUNC(name) int name(const struct call *c, struct val *ret, struct err *err)

/* compare.c */
FUNC(fn_eq);
FUNC(fn_ne);
FUNC(fn_lt);
FUNC(fn_le);
FUNC(fn_gt);
FUNC(fn_ge);
FUNC(fn_not);
FUNC(fn_index);
FUNC(fn_slice);
FUNC(fn_len);
/* format.c */
FUNC(fn_print);
FUNC(fn_println);
FUNC(fn_printf);
FUNC(fn_html);
FUNC(fn_js);
FUNC(fn_urlquery);
/* text.c */
FUNC(fn_default);
FUNC(fn_capitalize);
FUNC(fn_lower);
FUNC(fn_upper);
FUNC(fn_replace);
FUNC(fn_trim);
FUNC(fn_indent);
FUNC(fn_match);
FUNC(fn_substr);
FUNC(fn_split);
FUNC(fn_join);
/* list.c */
FUNC(fn_seq);
FUNC(fn_append);
FUNC(fn_drop);
FUNC(fn_uniq);
FUNC(fn_splitkv);
FUNC(fn_joinkv);
/* data.c */
FUNC(fn_json);
FUNC(fn_tojson);
FUNC(fn_pointer);
FUNC(fn_jmespath);
FUNC(fn_base64enc);
FUNC(fn_base64dec);
/* outside.c */
FUNC(fn_var);
FUNC(fn_file);
FUNC(fn_exists);
FUNC(fn_dir);
FUNC(fn_dirs);
FUNC(fn_files);
FUNC(fn_include);
FUNC(fn_render);
FUNC(fn_stdin);
FUNC(fn_refused_program);
FUNC(fn_refused_network);
FUNC(fn_refused_yaml);
FUNC(fn_refused_call);

/* Path patterns of Go's path.Match; ERR_INVALID for a malformed one. 1 or 0. */
MUST_CHECK int pattern_match(struct run *r, struct str pattern, struct str s, struct err *err);
/* A string or stream; otherwise "WHO must be given a string". */
MUST_CHECK int want_string(const struct val *v, const char *who, struct str *ret, struct err *err);
/* The content of a stream, or of the file a string names. */
MUST_CHECK int read_source(struct run *r, const struct val *v, struct str *ret, struct err *err);
