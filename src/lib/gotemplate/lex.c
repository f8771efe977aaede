/* SPDX-License-Identifier: MIT */
#include "lib/gotemplate/lex.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LEFT  "{{"
#define RIGHT "}}"
enum { DELIM_LEN = 2, MARKER_LEN = 2 };

static const struct {
	const char *word;
	enum token_type type;
} keywords[] = {
	{ "block", TOKEN_BLOCK },
	{ "break", TOKEN_BREAK },
	{ "continue", TOKEN_CONTINUE },
	{ "define", TOKEN_DEFINE },
	{ "else", TOKEN_ELSE },
	{ "end", TOKEN_END },
	{ "if", TOKEN_IF },
	{ "range", TOKEN_RANGE },
	{ "nil", TOKEN_NIL },
	{ "template", TOKEN_TEMPLATE },
	{ "with", TOKEN_WITH },
	{ "true", TOKEN_BOOL },
	{ "false", TOKEN_BOOL },
};

void lex_init(struct lex *l, struct str input)
{
	memset(l, 0, sizeof(*l));
	l->input = input;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool looking_at(const struct lex *l, size_t pos, const char *text)
{
	size_t n = strlen(text);

	return pos <= l->input.len && l->input.len - pos >= n && !memcmp(l->input.s + pos, text, n);
}

/* The byte at POS, or NUL at the end; a real NUL is no part of any token either. */
static char byte_at(const struct lex *l, size_t pos)
{
	return pos < l->input.len ? l->input.s[pos] : '\0';
}

/*
 * Letters, digits, underscore. Beyond ASCII the blocks that hold punctuation and symbols are left
 * out, so that typographic quotes are told apart from names; all else there counts as a letter.
 */
static bool is_word(uint32_t c)
{
	if (c < 0x80)
		return c == '_' || isalnum((int)c);
	return c >= 0xc0 && !(c >= 0x2000 && c < 0x2c00) && !(c >= 0x3000 && c < 0x3040) &&
	       c < 0xe000;
}

static size_t word_char_len(const struct lex *l, size_t pos)
{
	uint32_t c;
	size_t n;

	if (pos >= l->input.len)
		return 0;
	n = utf8_get(l->input.s + pos, l->input.len - pos, &c);
	return is_word(c) ? n : 0;
}

static size_t word_end(const struct lex *l, size_t pos)
{
	size_t n;

	while ((n = word_char_len(l, pos)) > 0)
		pos += n;
	return pos;
}

static void give(struct lex *l, enum token_type type, size_t end, struct token *ret)
{
	ret->type = type;
	ret->pos = l->pos;
	ret->text = (struct str){ l->input.s + l->pos, end - l->pos };
	l->pos = end;
}

static void fail(struct lex *l, struct token *ret, const char *fmt, ...) PRINTF(3, 4);
static void fail(struct lex *l, struct token *ret, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->message, sizeof(l->message), fmt, ap);
	va_end(ap);
	l->finished = true;
	ret->type = TOKEN_ERROR;
	ret->pos = l->pos;
	ret->text = (struct str){ l->message, strlen(l->message) };
}

/* WHAT and the character at POS, as Go shows characters: "U+0040 '@'". */
static void fail_char(struct lex *l, size_t pos, const char *what, struct token *ret)
{
	uint32_t c = 0xfffd;
	size_t n = pos < l->input.len ? utf8_get(l->input.s + pos, l->input.len - pos, &c) : 0;

	if (c < 0x20 || c == 0x7f || (n == 1 && c == 0xfffd))
		fail(l, ret, "%s U+%04X", what, (unsigned int)c);
	else
		fail(l, ret, "%s U+%04X '%.*s'", what, (unsigned int)c, (int)n, l->input.s + pos);
}

static bool at_right(const struct lex *l, size_t pos, bool *ret_trim)
{
	*ret_trim = is_space(byte_at(l, pos)) && byte_at(l, pos + 1) == '-' &&
		    looking_at(l, pos + MARKER_LEN, RIGHT);
	return *ret_trim || looking_at(l, pos, RIGHT);
}

static void skip_right(struct lex *l, bool trim)
{
	l->pos += DELIM_LEN + (trim ? MARKER_LEN : 0);
	while (trim && l->pos < l->input.len && is_space(l->input.s[l->pos]))
		l->pos++;
	l->inside = false;
}

/* Just past "{{" or "{{- ": skips a comment and its closing delimiter. False: an error was given.
 */
static bool skip_comment(struct lex *l, struct token *ret)
{
	const char *end;
	bool trim;

	l->pos += 2;
	end = memmem(l->input.s + l->pos, l->input.len - l->pos, "*/", 2);
	if (!end) {
		fail(l, ret, "unclosed comment");
		return false;
	}
	l->pos = (size_t)(end - l->input.s) + 2;
	if (!at_right(l, l->pos, &trim)) {
		fail(l, ret, "comment ends before closing delimiter");
		return false;
	}
	skip_right(l, trim);
	return true;
}

static bool has_left_marker(const struct lex *l, size_t pos)
{
	return byte_at(l, pos) == '-' && is_space(byte_at(l, pos + 1));
}

/* Outside actions: text up to the next delimiter, or the delimiter itself. */
static void lex_text(struct lex *l, struct token *ret)
{
	for (;;) {
		const char *from = l->input.s + l->pos;
		size_t rest = l->input.len - l->pos;
		const char *hit = rest ? memmem(from, rest, LEFT, DELIM_LEN) : NULL;
		size_t delim = hit ? (size_t)(hit - l->input.s) : l->input.len;
		bool marker = hit && has_left_marker(l, delim + DELIM_LEN);
		size_t end = delim;

		while (marker && end > l->pos && is_space(l->input.s[end - 1]))
			end--;
		if (end > l->pos) {
			give(l, TOKEN_TEXT, end, ret);
			l->pos = delim;
			return;
		}
		l->pos = delim;
		if (!hit) {
			l->finished = true;
			give(l, TOKEN_EOF, delim, ret);
			return;
		}
		if (!looking_at(l, delim + DELIM_LEN + (marker ? MARKER_LEN : 0), "/*")) {
			give(l, TOKEN_LEFT, delim + DELIM_LEN, ret);
			l->pos += marker ? MARKER_LEN : 0;
			l->inside = true;
			l->parens = 0;
			return;
		}
		l->pos += DELIM_LEN + (marker ? MARKER_LEN : 0);
		if (!skip_comment(l, ret))
			return;
	}
}

static void lex_space(struct lex *l, struct token *ret)
{
	size_t end = l->pos;
	bool trim;

	/* The last space may belong to a trim marker. */
	while (end < l->input.len && is_space(l->input.s[end]) &&
		!(at_right(l, end, &trim) && trim))
		end++;
	give(l, TOKEN_SPACE, end, ret);
}

/* What may follow a word, so that "$x+2" is refused. */
static bool at_terminator(const struct lex *l, size_t pos)
{
	char c = byte_at(l, pos);

	if (pos >= l->input.len || is_space(c) || (c && strchr(".,|:)(", c)))
		return true;
	return looking_at(l, pos, RIGHT);
}

static void lex_word(struct lex *l, enum token_type type, size_t from, struct token *ret)
{
	size_t end = word_end(l, from);

	if (!at_terminator(l, end)) {
		fail_char(l, end, "bad character", ret);
		return;
	}
	give(l, type, end, ret);
	if (type != TOKEN_IDENT)
		return;
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (str_is(ret->text, keywords[i].word))
			ret->type = keywords[i].type;
}

static void lex_quote(struct lex *l, char quote, enum token_type type, struct token *ret)
{
	size_t pos = l->pos + 1;
	bool raw = type == TOKEN_RAW_STRING;

	while (pos < l->input.len && l->input.s[pos] != quote) {
		if (!raw && l->input.s[pos] == '\\')
			pos++;
		if (!raw && byte_at(l, pos) == '\n')
			pos = l->input.len;
		pos++;
	}
	if (pos < l->input.len)
		give(l, type, pos + 1, ret);
	else
		fail(l, ret, "unterminated %s",
			raw                    ? "raw quoted string"
			: type == TOKEN_STRING ? "quoted string"
					       : "character constant");
}

static size_t skip_set(const struct lex *l, size_t pos, const char *set)
{
	while (byte_at(l, pos) && strchr(set, byte_at(l, pos)))
		pos++;
	return pos;
}

/* Takes what looks like a number; the parser finds out whether it is one. */
static void lex_number(struct lex *l, struct token *ret)
{
	size_t pos = l->pos + (byte_at(l, l->pos) == '+' || byte_at(l, l->pos) == '-');
	const char *digits = "0123456789_";
	char base = (char)(byte_at(l, pos) == '0' ? byte_at(l, pos + 1) | 0x20 : 0);

	if (base == 'x' || base == 'o' || base == 'b') {
		pos += 2;
		digits = base == 'x'   ? "0123456789abcdefABCDEF_"
			 : base == 'o' ? "01234567_"
				       : "01_";
	} else {
		base = 0;
	}
	pos = skip_set(l, pos, digits);
	if (byte_at(l, pos) == '.')
		pos = skip_set(l, pos + 1, digits);
	if ((!base && (byte_at(l, pos) | 0x20) == 'e') ||
		(base == 'x' && (byte_at(l, pos) | 0x20) == 'p')) {
		pos++;
		if (byte_at(l, pos) == '+' || byte_at(l, pos) == '-')
			pos++;
		pos = skip_set(l, pos, "0123456789_");
	}
	if (word_char_len(l, pos)) {
		pos += word_char_len(l, pos);
		fail(l, ret, "bad number syntax: \"%.*s\"",
			(int)(pos - l->pos > 60 ? 60 : pos - l->pos), l->input.s + l->pos);
		return;
	}
	give(l, TOKEN_NUMBER, pos, ret);
}

static void lex_paren(struct lex *l, char c, struct token *ret)
{
	if (c == '(') {
		l->parens++;
		give(l, TOKEN_LPAREN, l->pos + 1, ret);
	} else if (l->parens) {
		l->parens--;
		give(l, TOKEN_RPAREN, l->pos + 1, ret);
	} else {
		fail(l, ret, "unexpected right paren U+0029 ')'");
	}
}

static void lex_dollar_or_dot(struct lex *l, char c, struct token *ret)
{
	enum token_type alone = c == '.' ? TOKEN_DOT : TOKEN_VARIABLE;

	if (c == '.' && isdigit((unsigned char)byte_at(l, l->pos + 1)))
		lex_number(l, ret);
	else if (at_terminator(l, l->pos + 1))
		give(l, alone, l->pos + 1, ret);
	else
		lex_word(l, c == '.' ? TOKEN_FIELD : TOKEN_VARIABLE, l->pos + 1, ret);
}

static void lex_right(struct lex *l, bool trim, struct token *ret)
{
	if (l->parens) {
		fail(l, ret, "unclosed left paren");
		return;
	}
	ret->type = TOKEN_RIGHT;
	ret->pos = l->pos;
	ret->text = (struct str){ RIGHT, DELIM_LEN };
	skip_right(l, trim);
}

static void lex_punctuation(struct lex *l, char c, struct token *ret)
{
	if (c == ':' && byte_at(l, l->pos + 1) == '=')
		give(l, TOKEN_DECLARE, l->pos + 2, ret);
	else if (c == ':')
		fail(l, ret, "expected :=");
	else if (c == '=' || c == '|')
		give(l, c == '=' ? TOKEN_ASSIGN : TOKEN_PIPE, l->pos + 1, ret);
	else if (c > 0x20 && c < 0x7f)
		give(l, TOKEN_CHAR, l->pos + 1, ret);
	else
		fail_char(l, l->pos, "unrecognized character in action:", ret);
}

static void lex_action(struct lex *l, struct token *ret)
{
	char c = byte_at(l, l->pos);
	bool trim;

	if (at_right(l, l->pos, &trim))
		lex_right(l, trim, ret);
	else if (l->pos >= l->input.len)
		fail(l, ret, "unclosed action");
	else if (is_space(c))
		lex_space(l, ret);
	else if (c == '(' || c == ')')
		lex_paren(l, c, ret);
	else if (c == '"')
		lex_quote(l, c, TOKEN_STRING, ret);
	else if (c == '\'')
		lex_quote(l, c, TOKEN_CHAR_CONST, ret);
	else if (c == '`')
		lex_quote(l, c, TOKEN_RAW_STRING, ret);
	else if (c == '$' || c == '.')
		lex_dollar_or_dot(l, c, ret);
	else if (c == '+' || c == '-' || isdigit((unsigned char)c))
		lex_number(l, ret);
	else if (word_char_len(l, l->pos))
		lex_word(l, TOKEN_IDENT, l->pos, ret);
	else
		lex_punctuation(l, c, ret);
}

void lex_next(struct lex *l, struct token *ret)
{
	if (l->finished) {
		/* After an error the parser gives up; after EOF it may look again. */
		*ret = (struct token){ .type = TOKEN_EOF, .pos = l->pos, .text = { "", 0 } };
	} else if (l->inside) {
		lex_action(l, ret);
	} else {
		lex_text(l, ret);
	}
}
