/* SPDX-License-Identifier: MIT */
#include "lib/gotemplate/tree.h"

#include <string.h>

const struct name *tree_name(struct gotmpl *t, struct str text)
{
	struct name *n;

	for (n = t->names; n; n = n->next)
		if (str_same(n->text, text))
			return n;
	n = arena_alloc(&t->arena, sizeof(*n));
	n->text = text;
	n->next = t->names;
	t->names = n;
	return n;
}

const struct named *tree_find(const struct gotmpl *t, struct str name)
{
	for (const struct named *n = t->named; n; n = n->next)
		if (str_same(n->name, name))
			return n;
	return NULL;
}

void tree_place(const struct gotmpl *t, size_t pos, size_t *ret_line, size_t *ret_column)
{
	size_t line = 1;
	size_t start = 0;

	for (size_t i = 0; i < pos; i++) {
		if (t->text.s[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	for (size_t i = 0; i < t->join_count && t->joins[i] <= pos; i++) {
		line++;
		if (t->joins[i] > start)
			start = t->joins[i];
	}
	*ret_line = line;
	*ret_column = pos - start;
}

static void print_fields(const struct node *fields, struct strbuf *out)
{
	for (; fields; fields = fields->next) {
		strbuf_addch(out, '.');
		strbuf_add(out, fields->text.s, fields->text.len);
	}
}

static void print_operand(const struct node *n, struct strbuf *out)
{
	bool parens = n->type == NODE_PIPE;

	if (parens)
		strbuf_addch(out, '(');
	node_print(n, out);
	if (parens)
		strbuf_addch(out, ')');
}

static void print_pipe(const struct node *n, struct strbuf *out)
{
	for (unsigned int i = 0; i < n->decl_count; i++) {
		strbuf_addstr(out, i ? ", " : "");
		node_print(n->decl[i], out);
	}
	if (n->decl_count)
		strbuf_addstr(out, n->assign ? " = " : " := ");
	for (const struct node *c = n->commands; c; c = c->next) {
		strbuf_addstr(out, c == n->commands ? "" : " | ");
		node_print(c, out);
	}
}

static void print_command(const struct node *n, struct strbuf *out)
{
	for (const struct node *arg = n->args; arg; arg = arg->next) {
		strbuf_addstr(out, arg == n->args ? "" : " ");
		print_operand(arg, out);
	}
}

static void print_template(const struct node *n, struct strbuf *out)
{
	strbuf_addstr(out, "{{template ");
	quote_go(n->text, '"', out);
	if (n->pipe) {
		strbuf_addch(out, ' ');
		node_print(n->pipe, out);
	}
	strbuf_addstr(out, "}}");
}

/* Recursion is bounded by GOTMPL_DEPTH_MAX, which the parser keeps. */
void node_print(const struct node *n, struct strbuf *out)
{
	switch (n->type) {
	case NODE_PIPE:
		print_pipe(n, out);
		break;
	case NODE_COMMAND:
		print_command(n, out);
		break;
	case NODE_FIELD:
		print_fields(n->fields, out);
		break;
	case NODE_VARIABLE:
		strbuf_add(out, n->var->text.s, n->var->text.len);
		print_fields(n->fields, out);
		break;
	case NODE_CHAIN:
		print_operand(n->base, out);
		print_fields(n->fields, out);
		break;
	case NODE_DOT:
		strbuf_addch(out, '.');
		break;
	case NODE_NIL:
		strbuf_addstr(out, "nil");
		break;
	case NODE_TEMPLATE:
		print_template(n, out);
		break;
	case NODE_IDENT:
	case NODE_LITERAL:
	case NODE_TEXT:
	case NODE_NAME:
		strbuf_add(out, n->text.s, n->text.len);
		break;
	case NODE_ACTION:
	case NODE_IF:
	case NODE_RANGE:
	case NODE_WITH:
		node_print(n->pipe, out);
		break;
	case NODE_BREAK:
	case NODE_CONTINUE:
	case NODE_END:
	case NODE_ELSE:
		break; /* in no message */
	}
}
