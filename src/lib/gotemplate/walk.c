/* SPDX-License-Identifier: MIT */
/* The walk over actions. Recursion is bounded: every list counts as one level. */
#include <stdlib.h>

#include "lib/gotemplate/run.h"

/* How a list ended. */
enum flow {
	FLOW_NEXT,
	FLOW_BREAK,
	FLOW_CONTINUE,
};

static const struct val nil = { .type = VAL_NIL };

static int walk_list(struct run *r, const struct val *dot, const struct node *list,
	struct err *err);

/* The output is where most bytes pass, so its cap is looked at right away. */
static int output(struct run *r, struct err *err)
{
	if (r->out->truncated)
		return run_fail(r, err, "output is longer than %zu bytes", r->out->cap);
	return 0;
}

static int walk_action(struct run *r, const struct val *dot, const struct node *n, struct err *err)
{
	struct val v;
	int result = run_pipe(r, dot, n->pipe, &v, err);

	if (result < 0 || n->pipe->decl_count)
		return result;
	r->at = n;
	if (v.type == VAL_NIL)
		strbuf_addstr(r->out, "<no value>");
	else
		val_print(&v, r->out);
	return output(r, err);
}

static int walk_if_or_with(struct run *r, const struct val *dot, const struct node *n,
	struct err *err)
{
	size_t mark = r->stack_count;
	struct val v;
	int result = run_pipe(r, dot, n->pipe, &v, err);

	if (result < 0)
		return result;
	if (val_truth(&v))
		result = walk_list(r, n->type == NODE_WITH ? &v : dot, n->body, err);
	else
		result = walk_list(r, dot, n->otherwise, err);
	r->stack_count = mark;
	return result;
}

static int walk_item(struct run *r, const struct node *n, size_t mark, const struct val *key,
	const struct val *item, struct err *err)
{
	unsigned int decls = n->pipe->decl_count;
	int result;

	/* Assigned ones (range $x = ...) are set too, and stay as the last round left them. */
	if (n->pipe->assign) {
		for (unsigned int i = 0; i < decls; i++)
			*run_variable(r, n->pipe->decl[i]->var) = i + 1 < decls ? *key : *item;
	} else {
		if (decls)
			r->stack[mark - 1].value = *item;
		if (decls > 1)
			r->stack[mark - 2].value = *key;
	}
	result = run_charge(r, 1, err);
	if (result < 0)
		return run_fail_here(r, err);
	result = walk_list(r, item, n->body, err);
	r->stack_count = mark;
	return result;
}

/* How many rounds V gives, or -1 if one cannot range over it. */
static int64_t range_count(const struct val *v)
{
	switch ((int)v->type) {
	case VAL_NIL:
		return 0;
	case VAL_LIST:
		return (int64_t)v->list->count;
	case VAL_MAP:
		return (int64_t)v->map->count;
	case VAL_INT:
	case VAL_BYTE:
		return v->i > 0 ? v->i : 0;
	default:
		return -1;
	}
}

static int walk_range(struct run *r, const struct val *dot, const struct node *n, struct err *err)
{
	size_t outer = r->stack_count;
	size_t mark;
	struct val v;
	int64_t count;
	int result = run_pipe(r, dot, n->pipe, &v, err);

	if (result < 0)
		return result;
	mark = r->stack_count;
	count = range_count(&v);
	if (count < 0) {
		AUTO_STRBUF shown = STRBUF_CAPPED(200);

		val_print(&v, &shown);
		return run_fail(r, err, "range can't iterate over %s", shown.buf);
	}
	for (int64_t i = 0; i < count && result != FLOW_BREAK; i++) {
		struct val key = val_int(i);
		struct val item = key;

		if (v.type == VAL_LIST)
			item = v.list->items[i];
		if (v.type == VAL_MAP) {
			key = val_str(v.map->items[i].key.s, v.map->items[i].key.len);
			item = v.map->items[i].val;
		}
		result = walk_item(r, n, mark, &key, &item, err);
		if (result < 0)
			return result;
	}
	result = count ? FLOW_NEXT : walk_list(r, dot, n->otherwise, err);
	r->stack_count = outer;
	return result;
}

/* A template that is called sees no variables but $, its argument. */
static int walk_template(struct run *r, const struct val *dot, const struct node *n,
	struct err *err)
{
	struct run inner = *r;
	struct val arg = nil;
	int result = 0;

	r->at = n;
	inner.current = tree_find(r->t, n->text);
	if (!inner.current) {
		AUTO_STRBUF name = STRBUF_INIT;

		quote_go(n->text, '"', &name);
		return run_fail(r, err, "template %s not defined", name.buf);
	}
	if (n->pipe)
		result = run_pipe(r, dot, n->pipe, &arg, err);
	if (result < 0)
		return result;
	inner.stack = NULL;
	inner.stack_count = inner.stack_alloc = 0;
	inner.at = n;
	run_push(&inner, r->t->dollar, &arg);
	result = walk_list(&inner, &arg, inner.current->body, err);
	free(inner.stack);
	return result;
}

static int walk(struct run *r, const struct val *dot, const struct node *n, struct err *err)
{
	r->at = n;
	switch ((int)n->type) {
	case NODE_TEXT:
		strbuf_add(r->out, n->text.s, n->text.len);
		return output(r, err);
	case NODE_ACTION:
		return walk_action(r, dot, n, err);
	case NODE_IF:
	case NODE_WITH:
		return walk_if_or_with(r, dot, n, err);
	case NODE_RANGE:
		return walk_range(r, dot, n, err);
	case NODE_TEMPLATE:
		return walk_template(r, dot, n, err);
	case NODE_BREAK:
		return FLOW_BREAK;
	default:
		return FLOW_CONTINUE;
	}
}

/* Negative on failure, otherwise an enum flow. */
static int walk_list(struct run *r, const struct val *dot, const struct node *list, struct err *err)
{
	int result = 0;

	if (!list)
		return 0;
	result = run_enter(r, err);
	for (const struct node *n = list; n && result == FLOW_NEXT; n = n->next) {
		result = walk(r, dot, n, err);
		if (result >= 0 && run_charge(r, 1, err) < 0)
			result = run_fail_here(r, err);
	}
	if (result >= 0)
		r->budget->depth--;
	return result;
}

int run_template(const struct gotmpl *t, const struct map *root, const struct run *parent,
	const struct gotmpl_host *host, struct budget *budget, const char *folder,
	struct strbuf *out, struct err *err)
{
	struct node start = { .type = NODE_TEXT };
	struct run r = { .t = t,
		.current = &t->main,
		.host = host,
		.budget = budget,
		.out = out,
		.vars = root,
		.parent = parent,
		.folder = folder,
		.at = &start };
	struct val dot = { .type = VAL_MAP, .map = root };
	int result;

	run_push(&r, t->dollar, &dot);
	for (const struct name *n = t->names; n; n = n->next) {
		struct str key = { n->text.s + 1, n->text.len - 1 };
		const struct val *v = key.len ? map_get(root, key) : NULL;

		if (v)
			run_push(&r, n, v);
	}
	/* Of two bodies by the main name the one that is not empty counts, as tree_find() knows. */
	result = walk_list(&r, &dot, tree_find(t, t->main.name)->body, err);
	free(r.stack);
	return result < 0 ? result : 0;
}
