/* SPDX-License-Identifier: MIT */
#include "lib/gotemplate/parse.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lib/gotemplate/run.h"

static size_t line_at(const struct parser *p, size_t pos)
{
	size_t line;
	size_t column;

	tree_place(p->t, pos, &line, &column);
	return line;
}

void *parse_fail(struct parser *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(p->err, ERR_INVALID, fmt, ap);
	va_end(ap);
	err_wrap(p->err, "template: %s:%zu", p->t->name, line_at(p, p->tokens[0].pos));
	return NULL;
}

/* Puts the place before a message that is already set. */
static void *fail_wrapped(struct parser *p)
{
	err_wrap(p->err, "template: %s:%zu", p->t->name, line_at(p, p->tokens[0].pos));
	return NULL;
}

struct token token_next(struct parser *p)
{
	if (p->peeked)
		p->peeked--;
	else
		lex_next(&p->lex, &p->tokens[0]);
	return p->tokens[p->peeked];
}

void token_back(struct parser *p)
{
	p->peeked++;
}

struct token token_peek(struct parser *p)
{
	struct token t = token_next(p);

	token_back(p);
	return t;
}

struct token token_next_solid(struct parser *p)
{
	struct token t;

	do
		t = token_next(p);
	while (t.type == TOKEN_SPACE);
	return t;
}

struct token token_peek_solid(struct parser *p)
{
	struct token t = token_next_solid(p);

	token_back(p);
	return t;
}

/* Shows a token as Go does: keywords in angle brackets, long ones cut. */
static void token_print(const struct token *t, struct strbuf *out)
{
	struct str cut = { t->text.s, 0 };
	uint32_t c;

	if (t->type == TOKEN_EOF) {
		strbuf_addstr(out, "EOF");
		return;
	}
	if (t->type >= TOKEN_NIL || t->type == TOKEN_DOT) {
		strbuf_addf(out, "<%.*s>", (int)t->text.len, t->text.s);
		return;
	}
	for (int i = 0; i < 10 && cut.len < t->text.len; i++)
		cut.len += utf8_get(t->text.s + cut.len, t->text.len - cut.len, &c);
	quote_go(cut, '"', out);
	if (t->text.len > 10)
		strbuf_addstr(out, "...");
}

void *parse_unexpected(struct parser *p, struct token t, const char *context)
{
	AUTO_STRBUF shown = STRBUF_INIT;

	if (t.type != TOKEN_ERROR) {
		token_print(&t, &shown);
		return parse_fail(p, "unexpected %s in %s", shown.buf, context);
	}
	if (p->in_action && line_at(p, p->action_pos) != line_at(p, t.pos)) {
		bool twice = t.text.len > 7 && !memcmp(t.text.s + t.text.len - 7, " action", 7);

		return parse_fail(p, "%.*s%s started at %s:%zu", (int)t.text.len, t.text.s,
			twice ? "" : " in action", p->t->name, line_at(p, p->action_pos));
	}
	return parse_fail(p, "%.*s", (int)t.text.len, t.text.s);
}

struct node *node_new(struct parser *p, enum node_type type, size_t pos)
{
	struct node *n;

	if (++p->node_count > GOTMPL_NODE_MAX)
		return parse_fail(p, "template has more than %d parts", GOTMPL_NODE_MAX);
	n = arena_alloc(&p->t->arena, sizeof(*n));
	memset(n, 0, sizeof(*n));
	n->type = type;
	n->pos = pos;
	return n;
}

bool parse_deeper(struct parser *p)
{
	if (++p->depth <= GOTMPL_DEPTH_MAX)
		return true;
	parse_fail(p, "nested more than %d levels deep", GOTMPL_DEPTH_MAX);
	return false;
}

void scope_done(struct scope *s)
{
	free(s->names);
}

void scope_add(struct scope *s, const struct name *n)
{
	if (s->count == s->alloc) {
		s->alloc = s->alloc * 2 + 16;
		s->names = xreallocarray(s->names, s->alloc, sizeof(s->names[0]));
	}
	s->names[s->count++] = n;
}

/* In the text itself all $words that ASCII can spell are declared; Go knows that as a preamble. */
static bool is_predeclared(struct str name)
{
	if (name.len < 2 || isdigit((unsigned char)name.s[1]))
		return false;
	for (size_t i = 1; i < name.len; i++)
		if (name.s[i] != '_' && !isalnum((unsigned char)name.s[i]))
			return false;
	return true;
}

static bool in_scope(const struct scope *s, const struct name *n)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->names[i] == n)
			return true;
	return s->main && is_predeclared(n->text);
}

static struct node *variable_new(struct parser *p, struct token t)
{
	struct node *n = node_new(p, NODE_VARIABLE, t.pos);

	if (n)
		n->var = tree_name(p->t, t.text);
	return n;
}

static struct node *parse_literal(struct parser *p, struct token t)
{
	struct node *n = node_new(p, NODE_LITERAL, t.pos);
	struct str s;

	if (!n)
		return NULL;
	n->text = t.text;
	switch ((int)t.type) {
	case TOKEN_BOOL:
		n->value = val_bool(t.text.len == 4);
		return n;
	case TOKEN_STRING:
	case TOKEN_RAW_STRING:
		if (!unquote_go(&p->t->arena, t.text, &s))
			return parse_fail(p, "invalid syntax");
		n->value = val_str(s.s, s.len);
		return n;
	default:
		return number_parse(t.text, &n->value, p->err) < 0 ? fail_wrapped(p) : n;
	}
}

static struct node *parse_ident(struct parser *p, struct token t)
{
	const struct func *f = func_find(t.text);
	struct node *n;

	if (!f)
		return parse_fail(p, "function \"%.*s\" not defined", (int)t.text.len, t.text.s);
	n = node_new(p, NODE_IDENT, t.pos);
	if (n) {
		n->text = t.text;
		n->func = f;
	}
	return n;
}

/* Appends the fields that follow a term directly: .A.B */
static bool parse_fields(struct parser *p, struct node *n)
{
	struct node **tail = &n->fields;

	while (*tail)
		tail = &(*tail)->next;
	while (token_peek(p).type == TOKEN_FIELD) {
		struct token t = token_next(p);
		struct node *field = node_new(p, NODE_NAME, t.pos);

		if (!field)
			return false;
		field->text = (struct str){ t.text.s + 1, t.text.len - 1 };
		*tail = field;
		tail = &field->next;
	}
	return true;
}

/* Whether T can begin an operand; the token itself is consumed by parse_term(). */
static bool starts_term(enum token_type t)
{
	switch ((int)t) {
	case TOKEN_BOOL:
	case TOKEN_CHAR_CONST:
	case TOKEN_DOT:
	case TOKEN_FIELD:
	case TOKEN_IDENT:
	case TOKEN_NUMBER:
	case TOKEN_NIL:
	case TOKEN_RAW_STRING:
	case TOKEN_STRING:
	case TOKEN_VARIABLE:
	case TOKEN_LPAREN:
		return true;
	default:
		return false;
	}
}

static struct node *parse_term(struct parser *p)
{
	struct token t = token_next_solid(p);
	struct node *n;

	switch ((int)t.type) {
	case TOKEN_IDENT:
		return parse_ident(p, t);
	case TOKEN_DOT:
		return node_new(p, NODE_DOT, t.pos);
	case TOKEN_NIL:
		return node_new(p, NODE_NIL, t.pos);
	case TOKEN_VARIABLE:
		n = variable_new(p, t);
		if (n && !in_scope(p->scope, n->var))
			return parse_fail(p, "undefined variable \"%.*s\"", (int)t.text.len,
				t.text.s);
		return n;
	case TOKEN_FIELD:
		token_back(p);
		n = node_new(p, NODE_FIELD, t.pos);
		if (!n || !parse_fields(p, n))
			return NULL;
		/* Go's place of a chain is its second link. */
		if (n->fields->next)
			n->pos = n->fields->next->pos;
		return n;
	case TOKEN_LPAREN:
		return parse_pipe(p, "parenthesized pipeline", TOKEN_RPAREN);
	default:
		return parse_literal(p, t);
	}
}

static struct node *parse_operand(struct parser *p)
{
	struct node *n = parse_term(p);
	struct node *chain;

	if (!n || token_peek(p).type != TOKEN_FIELD)
		return n;
	if (n->type == NODE_VARIABLE) {
		n->pos = token_peek(p).pos;
		return parse_fields(p, n) ? n : NULL;
	}
	if (n->type == NODE_LITERAL || n->type == NODE_NIL || n->type == NODE_DOT) {
		AUTO_STRBUF shown = STRBUF_INIT;
		AUTO_STRBUF quoted = STRBUF_INIT;

		node_print(n, &shown);
		quote_go((struct str){ shown.buf, shown.len }, '"', &quoted);
		return parse_fail(p, "unexpected . after term %s", quoted.buf);
	}
	chain = node_new(p, NODE_CHAIN, token_peek(p).pos);
	if (!chain)
		return NULL;
	chain->base = n;
	return parse_fields(p, chain) ? chain : NULL;
}

/* Operands up to a pipe, which is consumed, or the end of the pipeline, which is not. */
static struct node *parse_command(struct parser *p)
{
	struct node *cmd = node_new(p, NODE_COMMAND, token_peek_solid(p).pos);
	struct node **tail;

	if (!cmd)
		return NULL;
	tail = &cmd->args;
	for (;;) {
		struct token t;

		if (starts_term(token_peek_solid(p).type)) {
			*tail = parse_operand(p);
			if (!*tail)
				return NULL;
			tail = &(*tail)->next;
			cmd->arg_count++;
		}
		t = token_next(p);
		if (t.type == TOKEN_SPACE)
			continue;
		if (t.type == TOKEN_RIGHT || t.type == TOKEN_RPAREN)
			token_back(p);
		else if (t.type != TOKEN_PIPE)
			return parse_unexpected(p, t, "operand");
		return cmd;
	}
}

/* "$x :=", "$x =", "$i, $x :=" at the start of a pipeline, if there is one. */
static bool parse_declarations(struct parser *p, struct node *pipe, const char *context)
{
	while (token_peek_solid(p).type == TOKEN_VARIABLE) {
		struct token v = token_next_solid(p);
		struct token after = token_peek(p);
		struct token t = token_peek_solid(p);
		bool comma = t.type == TOKEN_CHAR && t.text.s[0] == ',';
		enum token_type then;

		if (t.type != TOKEN_ASSIGN && t.type != TOKEN_DECLARE && !comma) {
			/* An argument after all: everything read is put back. */
			if (after.type == TOKEN_SPACE) {
				p->tokens[1] = after;
				p->tokens[2] = v;
				p->peeked = 3;
			} else {
				p->tokens[1] = v;
				p->peeked = 2;
			}
			return true;
		}
		token_next_solid(p);
		pipe->assign = t.type == TOKEN_ASSIGN;
		pipe->decl[pipe->decl_count] = variable_new(p, v);
		if (!pipe->decl[pipe->decl_count])
			return false;
		scope_add(p->scope, pipe->decl[pipe->decl_count++]->var);
		if (!comma)
			return true;
		if (strcmp(context, "range") != 0 || pipe->decl_count == 2) {
			parse_fail(p, "too many declarations in %s", context);
			return false;
		}
		then = token_peek_solid(p).type;
		if (then != TOKEN_VARIABLE && then != TOKEN_RIGHT && then != TOKEN_RPAREN) {
			parse_fail(p, "range can only initialize variables");
			return false;
		}
	}
	return true;
}

static bool check_pipe(struct parser *p, const struct node *pipe, const char *context)
{
	size_t stage = 1;

	if (!pipe->commands) {
		parse_fail(p, "missing value for %s", context);
		return false;
	}
	for (const struct node *c = pipe->commands->next; c; c = c->next) {
		enum node_type first = c->args->type;

		stage++;
		if (first == NODE_LITERAL || first == NODE_DOT || first == NODE_NIL) {
			parse_fail(p, "non executable command in pipeline stage %zu", stage);
			return false;
		}
	}
	return true;
}

struct node *parse_pipe(struct parser *p, const char *context, enum token_type end)
{
	struct node *pipe = node_new(p, NODE_PIPE, token_peek_solid(p).pos);
	struct node **tail;

	if (!pipe || !parse_deeper(p) || !parse_declarations(p, pipe, context))
		return NULL;
	tail = &pipe->commands;
	for (;;) {
		struct token t = token_next_solid(p);

		if (t.type == end)
			break;
		if (!starts_term(t.type))
			return parse_unexpected(p, t, context);
		token_back(p);
		*tail = parse_command(p);
		if (!*tail)
			return NULL;
		tail = &(*tail)->next;
	}
	p->depth--;
	return check_pipe(p, pipe, context) ? pipe : NULL;
}
