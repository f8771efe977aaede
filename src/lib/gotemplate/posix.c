/* SPDX-License-Identifier: MIT */
/* The expansion of shell-like variables that sigil -p does on the whole text. */
#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "lib/gotemplate/run.h"

enum { BRACE_DEPTH_MAX = 32 };

struct expansion {
	struct str text;
	size_t at;
	const struct gotmpl_vars *vars;
	const struct gotmpl_host *host;
	struct gotmpl_vars assigned; /* by ${x:=word} */
	unsigned int depth;          /* of braces */
	bool quoted;                 /* inside "..." inside braces */
	struct err *err;
};

static int expand(struct expansion *x, struct strbuf *out);

static char byte_at(const struct expansion *x)
{
	return x->at < x->text.len ? x->text.s[x->at] : '\0';
}

static bool is_name(char c)
{
	return c == '_' || isalnum((unsigned char)c);
}

/* NULL when it is not set. */
static const char *look_up(const struct expansion *x, const char *name)
{
	const char *v = vars_text(&x->assigned, name);

	if (!v && x->vars)
		v = vars_text(x->vars, name);
	if (!v && x->host && x->host->env)
		v = x->host->env(x->host->env_cookie, name);
	return v;
}

static int unclosed(struct expansion *x, char what)
{
	return err_set(x->err, ERR_INVALID, "unexpected EOF while looking for matching `%c'", what);
}

/* The word of an operator, up to its brace, which is consumed. */
static int expand_word(struct expansion *x, struct strbuf *out)
{
	bool outer = x->quoted;
	int r;

	if (++x->depth > BRACE_DEPTH_MAX)
		return err_set(x->err, ERR_INVALID, "braces are nested more than %d levels deep",
			BRACE_DEPTH_MAX);
	x->quoted = false;
	r = expand(x, out);
	if (r < 0)
		return r;
	if (byte_at(x) != '}')
		return unclosed(x, '}');
	x->at++;
	x->depth--;
	x->quoted = outer;
	return 0;
}

/* ${NAME:-word} and its kin, with the place past the operator. */
static int expand_operator(struct expansion *x, const char *name, char op, bool null_is_unset,
	struct strbuf *out)
{
	AUTO_STRBUF word = STRBUF_CAPPED(GOTMPL_TEXT_MAX);
	const char *value = look_up(x, name);
	bool set = value && (!null_is_unset || *value);
	int r = expand_word(x, &word);

	if (r < 0)
		return r;
	if (op == '+') {
		strbuf_addstr(out, set ? word.buf : "");
	} else if (set) {
		strbuf_addstr(out, value);
	} else if (op == '?') {
		return err_set(x->err, ERR_INVALID, "%s%s", word.len ? "" : name,
			word.len ? word.buf : ": parameter null or not set");
	} else {
		if (op == '=')
			gotmpl_vars_set(&x->assigned, name, word.buf);
		strbuf_addstr(out, word.buf);
	}
	return 0;
}

/* After "${". */
static int expand_braces(struct expansion *x, struct strbuf *out)
{
	AUTO_FREE char *name = NULL;
	bool length = byte_at(x) == '#';
	const char *value;
	size_t start;
	bool colon;
	char op;

	x->at += length;
	start = x->at;
	while (x->at < x->text.len && !strchr(length ? "}" : "}:-?+=", byte_at(x)))
		x->at++;
	if (x->at >= x->text.len || !byte_at(x))
		return unclosed(x, '}');
	name = xstrndup(x->text.s + start, x->at - start);
	op = byte_at(x);
	x->at++;
	value = op == '}' ? look_up(x, name) : NULL;
	if (length)
		strbuf_addf(out, "%zu", value ? strlen(value) : 0);
	else if (value)
		strbuf_addstr(out, value);
	if (op == '}')
		return 0;
	colon = op == ':';
	if (colon)
		op = byte_at(x);
	if (!op || !strchr("-?+=", op))
		return err_set(x->err, ERR_INVALID, "unexpected operator in ${%s:", name);
	x->at += colon;
	return expand_operator(x, name, op, colon, out);
}

/* After "$". One that begins no variable stays. */
static int expand_dollar(struct expansion *x, struct strbuf *out)
{
	AUTO_FREE char *name = NULL;
	const char *value;
	size_t start = x->at;

	if (byte_at(x) == '{') {
		x->at++;
		return expand_braces(x, out);
	}
	while (is_name(byte_at(x)) && !(x->at == start && isdigit((unsigned char)byte_at(x))))
		x->at++;
	if (x->at == start) {
		strbuf_addch(out, '$');
		return 0;
	}
	name = xstrndup(x->text.s + start, x->at - start);
	value = look_up(x, name);
	strbuf_addstr(out, value ? value : "");
	return 0;
}

/* After a backslash. Which ones disappear depends on the place. */
static void expand_backslash(struct expansion *x, struct strbuf *out)
{
	char c = byte_at(x);

	if (x->depth ? x->quoted && !(c && strchr("$`\"\\", c)) : c != '$')
		strbuf_addch(out, '\\');
	if (x->at < x->text.len)
		strbuf_add(out, x->text.s + x->at++, 1);
}

static int expand_single_quotes(struct expansion *x, struct strbuf *out)
{
	const char *from = x->text.s + x->at;
	const char *end = memchr(from, '\'', x->text.len - x->at);

	if (!end)
		return unclosed(x, '\'');
	strbuf_add(out, from, (size_t)(end - from));
	x->at += (size_t)(end - from) + 1;
	return 0;
}

/* Up to the end, or inside braces up to the one that closes. */
static int expand(struct expansion *x, struct strbuf *out)
{
	int r = 0;

	while (r >= 0 && x->at < x->text.len && !out->truncated) {
		char c = x->text.s[x->at];

		if (c == '}' && x->depth)
			return 0;
		x->at++;
		if (c == '$')
			r = expand_dollar(x, out);
		else if (c == '\\')
			expand_backslash(x, out);
		else if (c == '\'' && x->depth)
			r = expand_single_quotes(x, out);
		else if (c == '"' && x->depth)
			x->quoted = !x->quoted;
		else
			strbuf_addch(out, c);
	}
	if (r >= 0 && out->truncated)
		return err_set(x->err, ERR_INVALID, "text is longer than %zu bytes", out->cap);
	return r;
}

int gotmpl_expand_posix(const char *text, size_t len, const struct gotmpl_vars *vars,
	const struct gotmpl_host *host, struct strbuf *out, struct err *err)
{
	AUTO_STRBUF done = STRBUF_CAPPED(GOTMPL_TEXT_MAX);
	struct expansion x = { .text = { text, len }, .vars = vars, .host = host, .err = err };
	int r;

	if (len > GOTMPL_TEXT_MAX)
		return err_set(err, ERR_INVALID, "text is longer than %d bytes", GOTMPL_TEXT_MAX);
	r = expand(&x, &done);
	gotmpl_vars_done(&x.assigned);
	if (r < 0)
		return r;
	strbuf_add(out, done.buf, done.len);
	return 0;
}
