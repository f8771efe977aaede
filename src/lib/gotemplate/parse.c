/* SPDX-License-Identifier: MIT */
#include "lib/gotemplate/parse.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/*
 * The functions below call each other for what is nested in the text; p->depth keeps that within
 * GOTMPL_DEPTH_MAX.
 */
static struct node *parse_action(struct parser *p);
static bool parse_list(struct parser *p, struct node **ret, struct node **ret_end);

/* True for a list of nothing but white space, which a later definition may replace. */
static bool is_empty(const struct node *list)
{
	for (; list; list = list->next) {
		if (list->type != NODE_TEXT)
			return false;
		for (size_t i = 0; i < list->text.len; i++)
			if (!isspace((unsigned char)list->text.s[i]))
				return false;
	}
	return true;
}

static bool add_named(struct parser *p, struct str name, struct node *body)
{
	struct named *n;

	for (n = p->t->named; n && !str_same(n->name, name); n = n->next)
		;
	if (n && !is_empty(n->body) && !is_empty(body)) {
		AUTO_STRBUF quoted = STRBUF_INIT;

		quote_go(name, '"', &quoted);
		parse_fail(p, "multiple definition of template %s", quoted.buf);
		return false;
	}
	if (!n) {
		n = arena_alloc(&p->t->arena, sizeof(*n));
		*n = (struct named){ .name = name, .next = p->t->named };
		p->t->named = n;
	}
	if (!is_empty(body) || !n->body)
		n->body = body;
	return true;
}

static bool parse_name(struct parser *p, struct token t, const char *context, struct str *ret)
{
	if (t.type != TOKEN_STRING && t.type != TOKEN_RAW_STRING) {
		parse_unexpected(p, t, context);
		return false;
	}
	if (!unquote_go(&p->t->arena, t.text, ret)) {
		parse_fail(p, "invalid syntax");
		return false;
	}
	return true;
}

/* The body of a define or block, in a scope of its own, up to its end. */
static bool parse_definition(struct parser *p, struct str name, const char *context)
{
	CLEANUP(scope_done) struct scope scope = { .names = NULL };
	struct scope *outer = p->scope;
	struct node *body;
	struct node *end;
	bool ok;

	if (!parse_deeper(p))
		return false;
	scope_add(&scope, p->t->dollar);
	p->scope = &scope;
	ok = parse_list(p, &body, &end);
	p->scope = outer;
	if (!ok)
		return false;
	p->depth--;
	if (end->type != NODE_END) {
		parse_fail(p, "unexpected {{else}} in %s", context);
		return false;
	}
	return add_named(p, name, body);
}

static struct node *parse_template_call(struct parser *p, bool block)
{
	const char *context = block ? "block clause" : "template clause";
	struct token t = token_next_solid(p);
	struct node *n = node_new(p, NODE_TEMPLATE, t.pos);

	if (!n || !parse_name(p, t, context, &n->text))
		return NULL;
	if (!block && token_next_solid(p).type == TOKEN_RIGHT)
		return n;
	if (!block)
		token_back(p);
	n->pipe = parse_pipe(p, context, TOKEN_RIGHT);
	if (!n->pipe)
		return NULL;
	return !block || parse_definition(p, n->text, context) ? n : NULL;
}

static struct node *parse_loop_exit(struct parser *p, struct token word)
{
	bool is_break = word.type == TOKEN_BREAK;
	const char *shown = is_break ? "{{break}}" : "{{continue}}";
	struct token t = token_next_solid(p);

	if (t.type != TOKEN_RIGHT)
		return parse_unexpected(p, t, shown);
	if (!p->scope->ranges)
		return parse_fail(p, "%s outside {{range}}", shown);
	return node_new(p, is_break ? NODE_BREAK : NODE_CONTINUE, word.pos);
}

/* What follows {{else}}: an "if" (or "with") that needs no end of its own, or a list and an end. */
static bool parse_otherwise(struct parser *p, struct node *n)
{
	enum token_type same = n->type == NODE_IF ? TOKEN_IF : TOKEN_WITH;
	struct node *end;

	if (n->type != NODE_RANGE && token_peek(p).type == same) {
		n->otherwise = parse_action(p);
		return n->otherwise != NULL;
	}
	if (!parse_list(p, &n->otherwise, &end))
		return false;
	if (end->type != NODE_END) {
		parse_fail(p, "expected end; found {{else}}");
		return false;
	}
	return true;
}

static struct node *parse_control(struct parser *p, enum node_type type)
{
	const char *context = type == NODE_IF ? "if" : type == NODE_RANGE ? "range" : "with";
	struct scope *scope = p->scope;
	size_t outer = scope->count;
	struct node *n = node_new(p, type, 0);
	struct node *end;
	bool ok;

	if (!n || !parse_deeper(p))
		return NULL;
	n->pipe = parse_pipe(p, context, TOKEN_RIGHT);
	if (!n->pipe)
		return NULL;
	n->pos = n->pipe->pos;
	scope->ranges += type == NODE_RANGE;
	ok = parse_list(p, &n->body, &end);
	scope->ranges -= type == NODE_RANGE;
	if (!ok || (end->type == NODE_ELSE && !parse_otherwise(p, n)))
		return NULL;
	scope->count = outer;
	p->depth--;
	return n;
}

/* {{end}} and {{else}}; an "if" or "with" after else stays for parse_otherwise(). */
static struct node *parse_terminator(struct parser *p, struct token word)
{
	bool is_else = word.type == TOKEN_ELSE;
	struct token t = token_peek_solid(p);

	if (is_else && (t.type == TOKEN_IF || t.type == TOKEN_WITH))
		return node_new(p, NODE_ELSE, t.pos);
	t = token_next_solid(p);
	if (t.type != TOKEN_RIGHT)
		return parse_unexpected(p, t, is_else ? "else" : "end");
	return node_new(p, is_else ? NODE_ELSE : NODE_END, word.pos);
}

static struct node *parse_action(struct parser *p)
{
	struct token t = token_next_solid(p);
	struct node *n;

	switch ((int)t.type) {
	case TOKEN_BLOCK:
	case TOKEN_TEMPLATE:
		return parse_template_call(p, t.type == TOKEN_BLOCK);
	case TOKEN_BREAK:
	case TOKEN_CONTINUE:
		return parse_loop_exit(p, t);
	case TOKEN_ELSE:
	case TOKEN_END:
		return parse_terminator(p, t);
	case TOKEN_IF:
		return parse_control(p, NODE_IF);
	case TOKEN_RANGE:
		return parse_control(p, NODE_RANGE);
	case TOKEN_WITH:
		return parse_control(p, NODE_WITH);
	default:
		break;
	}
	token_back(p);
	n = node_new(p, NODE_ACTION, t.pos);
	if (!n)
		return NULL;
	n->pipe = parse_pipe(p, "command", TOKEN_RIGHT);
	return n->pipe ? n : NULL;
}

static struct node *parse_text_or_action(struct parser *p)
{
	struct token t = token_next_solid(p);
	struct node *n;

	switch ((int)t.type) {
	case TOKEN_TEXT:
		n = node_new(p, NODE_TEXT, t.pos);
		if (n)
			n->text = t.text;
		return n;
	case TOKEN_LEFT:
		p->action_pos = t.pos;
		p->in_action = true;
		n = parse_action(p);
		p->in_action = false;
		return n;
	default:
		return parse_unexpected(p, t, "input");
	}
}

/* Text and actions up to {{end}} or {{else}}, which is given separately. */
static bool parse_list(struct parser *p, struct node **ret, struct node **ret_end)
{
	struct node **tail = ret;

	*ret = NULL;
	while (token_peek_solid(p).type != TOKEN_EOF) {
		struct node *n = parse_text_or_action(p);

		if (!n)
			return false;
		if (n->type == NODE_END || n->type == NODE_ELSE) {
			*ret_end = n;
			return true;
		}
		*tail = n;
		tail = &n->next;
	}
	parse_fail(p, "unexpected EOF");
	return false;
}

static bool parse_define(struct parser *p)
{
	struct str name;
	struct token t = token_next_solid(p);

	if (!parse_name(p, t, "define clause", &name))
		return false;
	t = token_next_solid(p);
	if (t.type != TOKEN_RIGHT) {
		parse_unexpected(p, t, "define clause");
		return false;
	}
	return parse_definition(p, name, "define clause");
}

static bool parse_main(struct parser *p)
{
	struct node *body = NULL;
	struct node **tail = &body;

	while (token_peek(p).type != TOKEN_EOF) {
		struct node *n;

		if (token_peek(p).type == TOKEN_LEFT) {
			struct token left = token_next(p);

			if (token_next_solid(p).type == TOKEN_DEFINE) {
				if (!parse_define(p))
					return false;
				continue;
			}
			p->tokens[1] = left;
			p->peeked = 2;
		}
		n = parse_text_or_action(p);
		if (!n)
			return false;
		if (n->type == NODE_END || n->type == NODE_ELSE) {
			parse_fail(p, "unexpected {{%s}}", n->type == NODE_END ? "end" : "else");
			return false;
		}
		*tail = n;
		tail = &n->next;
	}
	p->t->main = (struct named){ { p->t->name, strlen(p->t->name) }, body, NULL };
	return add_named(p, p->t->main.name, body);
}

/* Copies the text; sigil's line continuation "\}}", newline, "{{" becomes "}}{{" on the way. */
static void take_text(struct gotmpl *t, const char *text, size_t len)
{
	static const char seam[] = "\\}}\n{{";
	enum { SEAM = sizeof(seam) - 1, MARKS = 2 };
	char *copy = arena_alloc(&t->arena, len + 1);
	size_t *joins = NULL;
	size_t n = 0;

	for (int pass = 0; pass < 2; pass++) {
		t->join_count = 0;
		n = 0;
		for (size_t i = 0; i < len;) {
			if (text[i] != '\\' || len - i < SEAM ||
				memcmp(text + i, seam, SEAM) != 0) {
				copy[n++] = text[i++];
				continue;
			}
			memcpy(copy + n, "}}{{", MARKS * 2);
			if (joins)
				joins[t->join_count] = n + MARKS;
			t->join_count++;
			n += MARKS * 2;
			i += SEAM;
		}
		if (!t->join_count)
			break;
		if (!joins)
			joins = arena_alloc(&t->arena, t->join_count * sizeof(joins[0]));
	}
	copy[n] = '\0';
	t->joins = joins;
	t->text = (struct str){ copy, n };
}

int gotmpl_parse(const char *name, const char *text, size_t len, struct gotmpl **ret,
	struct err *err)
{
	CLEANUP(scope_done) struct scope scope = { .main = true };
	struct parser p = { .scope = &scope, .err = err };
	AUTO_GOTMPL *t = NULL;

	if (len > GOTMPL_TEXT_MAX)
		return err_set(err, ERR_INVALID, "template: %s: text is longer than %d bytes", name,
			GOTMPL_TEXT_MAX);
	t = xcalloc(1, sizeof(*t));
	t->name = xstrdup(name);
	take_text(t, text, len);
	p.t = t;
	t->dollar = tree_name(t, (struct str){ "$", 1 });
	scope_add(&scope, t->dollar);
	lex_init(&p.lex, t->text);
	if (!parse_main(&p))
		return -(int)err->kind;
	*ret = TAKE_PTR(t);
	return 0;
}

void gotmpl_free(struct gotmpl *t)
{
	if (!t)
		return;
	arena_done(&t->arena);
	free(t->name);
	free(t);
}

void cleanup_gotmpl(struct gotmpl **t)
{
	gotmpl_free(*t);
}
