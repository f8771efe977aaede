/* SPDX-License-Identifier: MIT */
/* Expressions. Recursion is bounded: every pipeline counts as one level. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lib/gotemplate/run.h"

static const struct val nil = { .type = VAL_NIL };

/* Puts template, place and expression before the message in ERR. */
int run_fail_here(struct run *r, struct err *err)
{
	AUTO_STRBUF shown = STRBUF_CAPPED(1024);
	AUTO_STRBUF name = STRBUF_INIT;
	size_t line;
	size_t column;

	node_print(r->at, &shown);
	quote_go(r->current->name, '"', &name);
	tree_place(r->t, r->at->pos, &line, &column);
	return err_wrap(err, "template: %s:%zu:%zu: executing %s at <%s>", r->t->name, line, column,
		name.buf, shown.buf);
}

int run_fail(struct run *r, struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(err, ERR_INVALID, fmt, ap);
	va_end(ap);
	return run_fail_here(r, err);
}

int run_charge(struct run *r, uint64_t n, struct err *err)
{
	r->budget->steps += n;
	if (r->budget->steps > GOTMPL_STEP_MAX)
		return err_set(err, ERR_INVALID, "template takes more than %d steps",
			GOTMPL_STEP_MAX);
	if (r->budget->arena.total > GOTMPL_MEMORY_MAX)
		return err_set(err, ERR_INVALID, "template needs more than %d bytes of memory",
			GOTMPL_MEMORY_MAX);
	return 0;
}

/* One step, one level deeper. The caller decrements depth when this returned 0. */
int run_enter(struct run *r, struct err *err)
{
	int result = run_charge(r, 1, err);

	if (result < 0)
		return run_fail_here(r, err);
	if (r->budget->depth >= RUN_DEPTH_MAX)
		return run_fail(r, err, "templates are nested more than %d levels deep",
			RUN_DEPTH_MAX);
	r->budget->depth++;
	return 0;
}

void run_push(struct run *r, const struct name *name, const struct val *v)
{
	if (r->stack_count == r->stack_alloc) {
		r->stack_alloc = r->stack_alloc * 2 + 64;
		r->stack = xreallocarray(r->stack, r->stack_alloc, sizeof(r->stack[0]));
	}
	r->stack[r->stack_count++] = (struct variable){ name, *v };
}

struct val *run_variable(struct run *r, const struct name *name)
{
	for (size_t i = r->stack_count; i > 0; i--)
		if (r->stack[i - 1].name == name)
			return &r->stack[i - 1].value;
	return NULL;
}

/* Walks .A.B.C from RECEIVER. What a map holds is an interface to Go, and its messages say so. */
static int eval_fields(struct run *r, const struct val *receiver, const struct node *fields,
	bool has_args, struct val *ret, struct err *err)
{
	struct val v = *receiver;
	bool first = true;

	for (const struct node *f = fields; f; f = f->next, first = false) {
		const struct val *found;

		if (v.type == VAL_NIL)
			continue;
		if (v.type != VAL_MAP)
			return run_fail(r, err, "can't evaluate field %.*s in type %s",
				(int)f->text.len, f->text.s,
				first ? val_type_name(&v) : "interface {}");
		if (has_args && !f->next)
			return run_fail(r, err, "%.*s is not a method but has arguments",
				(int)f->text.len, f->text.s);
		found = map_get(v.map, f->text);
		v = found ? *found : nil;
	}
	*ret = v;
	return 0;
}

static int eval_function(struct run *r, const struct val *dot, const struct node *ident,
	const struct node *cmd, const struct node *args, size_t arg_count, const struct val *final,
	struct val *ret, struct err *err);

/* A field, variable, chain or parenthesis: what is neither a function nor a literal. */
static int eval_place(struct run *r, const struct val *dot, const struct node *n, bool has_args,
	struct val *ret, struct err *err)
{
	struct val base = *dot;
	const struct val *v;
	int result;

	r->at = n;
	if (n->type == NODE_VARIABLE) {
		v = run_variable(r, n->var);
		if (!v)
			return run_fail(r, err, "undefined variable: %.*s", (int)n->var->text.len,
				n->var->text.s);
		base = *v;
	} else if (n->type == NODE_CHAIN && n->base->type == NODE_IDENT) {
		result = eval_function(r, dot, n->base, n->base, NULL, 0, NULL, &base, err);
		if (result < 0)
			return result;
	} else if (n->type == NODE_CHAIN) {
		result = run_pipe(r, dot, n->base, &base, err);
		if (result < 0)
			return result;
	}
	return eval_fields(r, &base, n->fields, has_args, ret, err);
}

/* An argument of any type. */
static int eval_operand(struct run *r, const struct val *dot, const struct node *n, struct val *ret,
	struct err *err)
{
	r->at = n;
	switch ((int)n->type) {
	case NODE_DOT:
		*ret = *dot;
		return 0;
	case NODE_NIL:
		*ret = nil;
		return 0;
	case NODE_LITERAL:
		*ret = n->value;
		return 0;
	case NODE_IDENT:
		return eval_function(r, dot, n, n, NULL, 0, NULL, ret, err);
	case NODE_PIPE:
		return run_pipe(r, dot, n, ret, err);
	default:
		return eval_place(r, dot, n, false, ret, err);
	}
}

static const char *param_name(char param)
{
	return param == 's' ? "string" : "[]interface {}";
}

/* Whether V can be what PARAM asks for. A missing list is an empty one. */
static int check_value(struct run *r, char param, struct val *v, struct err *err)
{
	static const struct list empty = { .depth = 1 };

	if (param == 'a' || (param == 's' && v->type == VAL_STRING) ||
		(param == 'l' && v->type == VAL_LIST))
		return 0;
	if (param == 'l' && v->type == VAL_NIL) {
		*v = (struct val){ .type = VAL_LIST, .list = &empty };
		return 0;
	}
	if (v->type == VAL_NIL)
		return run_fail(r, err, "invalid value; expected %s", param_name(param));
	return run_fail(r, err, "wrong type for value; expected %s; got %s", param_name(param),
		val_type_name(v));
}

static int eval_arg(struct run *r, const struct val *dot, char param, const struct node *n,
	struct val *ret, struct err *err)
{
	int result;

	r->at = n;
	if (n->type == NODE_LITERAL && param != 'a' &&
		(param != 's' || n->value.type != VAL_STRING)) {
		if (param == 's')
			return run_fail(r, err, "expected string; found %.*s", (int)n->text.len,
				n->text.s);
		return run_fail(r, err, "can't handle %.*s for arg of type %s", (int)n->text.len,
			n->text.s, param_name(param));
	}
	if (n->type == NODE_NIL && param == 's')
		return run_fail(r, err, "cannot assign nil to string");
	result = eval_operand(r, dot, n, ret, err);
	return result < 0 ? result : check_value(r, param, ret, err);
}

/* The value that decides; arguments after it are not evaluated. */
static int eval_and_or(struct run *r, const struct val *dot, bool is_or, const struct node *args,
	const struct val *final, struct val *ret, struct err *err)
{
	for (const struct node *arg = args; arg; arg = arg->next) {
		int result = eval_arg(r, dot, 'a', arg, ret, err);

		if (result < 0)
			return result;
		if (val_truth(ret) == is_or)
			return 0;
	}
	if (final)
		*ret = *final;
	return 0;
}

static char param_at(const struct func *f, size_t i)
{
	size_t n = strlen(f->params);

	return f->params[i < n ? i : n - 1];
}

static int check_count(struct run *r, const struct func *f, size_t count, size_t written,
	struct err *err)
{
	size_t fixed = strlen(f->params) - f->more;

	if (f->more && count < fixed)
		return run_fail(r, err, "wrong number of args for %s: want at least %zu got %zu",
			f->name, fixed, written);
	if (!f->more && count != fixed)
		return run_fail(r, err, "wrong number of args for %s: want %zu got %zu", f->name,
			fixed, count);
	return 0;
}

/* Work a function may do with its arguments, so that long strings cost more than short ones. */
static uint64_t args_cost(const struct val *args, size_t count)
{
	uint64_t cost = 1;

	for (size_t i = 0; i < count; i++) {
		if (args[i].type == VAL_STRING || args[i].type == VAL_STREAM)
			cost += args[i].s.len / 16;
		else if (args[i].type == VAL_LIST)
			cost += args[i].list->count;
		else if (args[i].type == VAL_MAP)
			cost += args[i].map->count;
	}
	return cost;
}

static int eval_function(struct run *r, const struct val *dot, const struct node *ident,
	const struct node *cmd, const struct node *args, size_t arg_count, const struct val *final,
	struct val *ret, struct err *err)
{
	const struct func *f = ident->func;
	struct call c = { .run = r, .count = arg_count + (final != NULL) };
	size_t i = 0;
	int result;

	r->at = ident;
	result = check_count(r, f, c.count, arg_count, err);
	if (result < 0)
		return result;
	if (func_is_and(f) || func_is_or(f))
		return eval_and_or(r, dot, func_is_or(f), args, final, ret, err);
	c.args = arena_alloc(&r->budget->arena, (c.count + 1) * sizeof(c.args[0]));
	for (const struct node *arg = args; arg; arg = arg->next, i++) {
		result = eval_arg(r, dot, param_at(f, i), arg, &c.args[i], err);
		if (result < 0)
			return result;
	}
	if (final) {
		c.args[i] = *final;
		result = check_value(r, param_at(f, i), &c.args[i], err);
		if (result < 0)
			return result;
	}
	r->at = cmd;
	result = run_charge(r, args_cost(c.args, c.count), err);
	if (result >= 0)
		result = f->call(&c, ret, err);
	if (result >= 0)
		return 0;
	err_wrap(err, "error calling %s", f->name);
	r->at = cmd;
	return run_fail_here(r, err);
}

/* FINAL is the value that came through the pipe, NULL for the first command. */
static int eval_command(struct run *r, const struct val *dot, const struct node *cmd,
	const struct val *final, struct val *ret, struct err *err)
{
	const struct node *first = cmd->args;
	bool has_args = cmd->arg_count > 1 || final;
	bool is_place = first->type == NODE_FIELD || first->type == NODE_CHAIN ||
			(first->type == NODE_VARIABLE && first->fields);

	if (first->type == NODE_IDENT)
		return eval_function(r, dot, first, cmd, first->next, cmd->arg_count - 1, final,
			ret, err);
	if (is_place)
		return eval_place(r, dot, first, has_args, ret, err);
	r->at = first;
	if (has_args) {
		AUTO_STRBUF shown = STRBUF_CAPPED(1024);

		node_print(first, &shown);
		return run_fail(r, err, "can't give argument to non-function %s", shown.buf);
	}
	if (first->type == NODE_NIL)
		return run_fail(r, err, "nil is not a command");
	return eval_operand(r, dot, first, ret, err);
}

static int bind(struct run *r, const struct node *pipe, const struct val *v, struct err *err)
{
	for (unsigned int i = 0; i < pipe->decl_count; i++) {
		const struct name *name = pipe->decl[i]->var;
		struct val *old = pipe->assign ? run_variable(r, name) : NULL;

		if (pipe->assign && !old)
			return run_fail(r, err, "undefined variable: %.*s", (int)name->text.len,
				name->text.s);
		if (old)
			*old = *v;
		else
			run_push(r, name, v);
	}
	return 0;
}

int run_pipe(struct run *r, const struct val *dot, const struct node *pipe, struct val *ret,
	struct err *err)
{
	struct val v = nil;
	const struct val *final = NULL;
	int result;

	r->at = pipe;
	result = run_enter(r, err);
	if (result < 0)
		return result;
	for (const struct node *cmd = pipe->commands; cmd; cmd = cmd->next) {
		struct val next = nil;

		result = eval_command(r, dot, cmd, final, &next, err);
		if (result < 0)
			return result;
		v = next;
		final = &v;
	}
	r->budget->depth--;
	result = bind(r, pipe, &v, err);
	if (result >= 0)
		*ret = v;
	return result;
}
