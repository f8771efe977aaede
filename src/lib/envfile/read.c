/* SPDX-License-Identifier: MIT */
/*
 * The reader. Its oddities are godotenv's, since files in use depend on them: several statements
 * on one line, the last " #" of a line as its comment, upper-case names only in expansions, "$("
 * losing its dollar. They are marked "dialect" below.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "lib/envfile/envfile.h"

struct reader {
	const char *text; /* line ends are \n only, NUL-terminated */
	size_t len;
	size_t at;
	size_t total;
	struct env seen; /* all names, valid or not: expansions refer to these */
	struct err *err;
};

static int fail(const struct reader *r, size_t at, const char *what)
{
	size_t line = 1;

	for (size_t i = 0; i < at; i++)
		line += r->text[i] == '\n';
	return err_set(r->err, ERR_INVALID, "line %zu: %s", line, what);
}

/* Length of the blank at P (never a line feed): U+0085 and U+00A0 count as such. */
static size_t blank_length(const char *p)
{
	if (*p && strchr("\t\v\f\r ", *p))
		return 1;
	return str_starts(p, "\xc2\x85") || str_starts(p, "\xc2\xa0") ? 2 : 0;
}

/* The same, with the line feed and Unicode's other spaces. */
static size_t space_length(const char *p)
{
	static const char *const wide[] = {
		"\xe1\x9a\x80",
		"\xe2\x80\xa8",
		"\xe2\x80\xa9",
		"\xe2\x80\xaf",
		"\xe2\x81\x9f",
		"\xe3\x80\x80",
	};

	if (*p == '\n')
		return 1;
	if (str_starts(p, "\xe2\x80") && (unsigned char)p[2] >= 0x80 && (unsigned char)p[2] <= 0x8a)
		return 3;
	for (size_t i = 0; i < ARRAY_SIZE(wide); i++) {
		if (str_starts(p, wide[i]))
			return 3;
	}
	return blank_length(p);
}

static void skip_blanks(struct reader *r)
{
	size_t n;

	while ((n = blank_length(r->text + r->at)))
		r->at += n;
}

/* To the next statement; false at the end of the text. */
static bool next_statement(struct reader *r)
{
	for (;;) {
		size_t n;

		while ((n = space_length(r->text + r->at)))
			r->at += n;
		if (r->text[r->at] != '#')
			return r->at < r->len;
		r->at += strcspn(r->text + r->at, "\n");
	}
}

static void skip_export(struct reader *r)
{
	const char *after = str_after(r->text + r->at, "export");

	if (after && blank_length(after)) {
		r->at += strlen("export");
		skip_blanks(r);
	}
}

static bool name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_.\t\v\f\r ", c)) || (unsigned char)c >= 0x80;
}

/*
 * The name up to = or : (YAML style). Blanks and foreign letters inside pass here and make it an
 * invalid key later: one odd line shall not make the others unreadable.
 */
static int read_name(struct reader *r, char **ret)
{
	size_t start;
	size_t end;

	skip_export(r);
	start = end = r->at;
	while (name_byte(r->text[end]))
		end++;
	if (r->text[end] == '\n')
		return fail(r, start, "a name without '='");
	if (r->text[end] && r->text[end] != '=' && r->text[end] != ':')
		return fail(r, end, "unexpected character in a variable's name");
	if (!r->text[end]) {
		*ret = xstrdup(""); /* dialect: the last line without = is a value without name */
		return 0;
	}
	r->at = end + 1;
	while (end > start && strchr("\t\v\f\r ", r->text[end - 1]))
		end--;
	*ret = xstrndup(r->text + start, end - start);
	skip_blanks(r);
	return 0;
}

static bool expansion_name_byte(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/*
 * Appends what the $ at P stands for and returns the number of bytes consumed. Dialect: "$(" loses
 * its dollar, braces need not match, names are upper case, an unknown name is empty.
 */
static size_t expand_one(const struct reader *r, const char *p, bool escaped, struct strbuf *out)
{
	bool paren = p[1] == '(';
	size_t start = 1u + paren;
	size_t end;

	start += p[start] == '{';
	end = start;
	while (expansion_name_byte(p[end]))
		end++;
	if (end > start && !escaped && !paren) {
		AUTO_FREE char *name = xstrndup(p + start, end - start);
		const char *value = env_get(&r->seen, name);

		if (value)
			strbuf_addstr(out, value);
		return end + (p[end] == '}');
	}
	end += p[end] == '}';
	strbuf_add(out, p + (paren && !escaped), end - (paren && !escaped));
	return end;
}

static int expand(const struct reader *r, const char *text, size_t at, struct strbuf *out)
{
	size_t i = 0;

	while (text[i]) {
		bool escaped = text[i] == '\\' && text[i + 1] == '$';

		i += escaped;
		if (text[i] == '$') {
			i += expand_one(r, text + i, escaped, out);
		} else {
			strbuf_addch(out, text[i++]);
		}
		if (out->len > ENV_VALUE_MAX)
			return fail(r, at, "the value is too long");
	}
	return 0;
}

/* Backslashes of a double-quoted text, except in front of a dollar: that is expand()'s. */
static void unescape(const char *p, size_t len, struct strbuf *out)
{
	for (size_t i = 0; i < len; i++) {
		char next = i + 1 < len ? p[i + 1] : '\0';

		if (p[i] != '\\' || !next) {
			strbuf_addch(out, p[i]);
			continue;
		}
		i++;
		if (next == '$')
			strbuf_addstr(out, "\\$");
		else if (next == 'n')
			strbuf_addch(out, '\n');
		else if (next == 'r')
			strbuf_addch(out, '\r');
		else
			strbuf_addch(out, next);
	}
}

/* Dialect: a comment begins at the last # that has a blank in front of it. */
static size_t without_comment(const char *p, size_t len)
{
	for (size_t i = len; i-- > 1;) {
		if (p[i] != '#')
			continue;
		if (strchr("\t\v\f\r ", p[i - 1]) || (i > 1 && blank_length(p + i - 2) == 2))
			return i;
	}
	return len;
}

static int read_bare(struct reader *r, struct strbuf *out)
{
	size_t start = r->at;
	size_t len = strcspn(r->text + start, "\n\r");
	AUTO_FREE char *value = NULL;

	r->at += len;
	len = without_comment(r->text + start, len);
	for (;;) {
		if (len && strchr("\t\v\f ", r->text[start + len - 1]))
			len--;
		else if (len > 1 && blank_length(r->text + start + len - 2) == 2)
			len -= 2;
		else
			break;
	}
	value = xstrndup(r->text + start, len);
	return expand(r, value, start, out);
}

/* True if nothing but blanks and a comment follow on the line. */
static bool line_ends(const char *p)
{
	size_t n;

	while ((n = blank_length(p)))
		p += n;
	return *p == '\n' || *p == '#' || !*p;
}

/*
 * True if the quote at END closes the text from START. A quote behind a backslash does not, but an
 * even number of them in front of a double quote at the end of a line is what godotenv writes for a
 * value that ends in a backslash, and cannot read.
 */
static bool closes(const char *text, size_t start, size_t end)
{
	size_t backslashes = 0;

	while (end - backslashes > start && text[end - backslashes - 1] == '\\')
		backslashes++;
	if (!backslashes)
		return true;
	return text[end] == '"' && backslashes % 2 == 0 && line_ends(text + end + 1);
}

static int read_quoted(struct reader *r, struct strbuf *out)
{
	char quote = r->text[r->at];
	size_t start = r->at + 1;
	size_t end = start;
	AUTO_STRBUF plain = STRBUF_INIT;

	while (end < r->len && (r->text[end] != quote || !closes(r->text, start, end)))
		end++;
	if (end == r->len)
		return fail(r, r->at, "unterminated quoted value");
	r->at = end + 1;
	if (quote == '\'') {
		strbuf_add(out, r->text + start, end - start);
		return out->len > ENV_VALUE_MAX ? fail(r, start, "the value is too long") : 0;
	}
	unescape(r->text + start, end - start, &plain);
	return expand(r, plain.buf, start, out);
}

static int read_statement(struct reader *r)
{
	AUTO_FREE char *name = NULL;
	AUTO_STRBUF value = STRBUF_INIT;
	size_t start = r->at;
	int res = read_name(r, &name);

	if (res < 0)
		return res;
	if (r->text[r->at] == '"' || r->text[r->at] == '\'')
		res = read_quoted(r, &value);
	else
		res = read_bare(r, &value);
	if (res < 0)
		return res;
	r->total += value.len;
	if (r->total > ENV_TOTAL_MAX)
		return fail(r, start, "the values are too long together");
	env_set(&r->seen, name, value.buf);
	if (r->seen.count > ENV_VARS_MAX)
		return fail(r, start, "too many variables");
	return 0;
}

/* CRLF becomes LF, a byte order mark goes. */
static void normalise(const char *text, size_t len, struct strbuf *out)
{
	for (size_t i = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; i < len; i++) {
		if (text[i] != '\r' || i + 1 == len || text[i + 1] != '\n')
			strbuf_addch(out, text[i]);
	}
}

static void hand_over(const struct env *seen, struct env *e, struct strvec *ret_dropped)
{
	for (size_t i = 0; i < seen->count; i++) {
		if (env_key_valid(seen->vars[i].key))
			env_set(e, seen->vars[i].key, seen->vars[i].value);
		else if (ret_dropped)
			strvec_push(ret_dropped, seen->vars[i].key);
	}
}

int env_parse(const char *text, size_t len, struct env *e, struct strvec *ret_dropped,
	struct err *err)
{
	AUTO_STRBUF copy = STRBUF_INIT;
	struct reader r = { .seen = ENV_INIT, .err = err };
	const char *nul = len ? memchr(text, '\0', len) : NULL;
	int res = 0;

	if (len > ENV_TEXT_MAX)
		return err_set(err, ERR_INVALID, "the text is longer than %d bytes", ENV_TEXT_MAX);
	normalise(text, nul ? (size_t)(nul - text) : len, &copy);
	r.text = copy.buf;
	r.len = copy.len;
	if (nul)
		return fail(&r, r.len, "NUL byte");
	while (res >= 0 && next_statement(&r))
		res = read_statement(&r);
	if (res >= 0)
		hand_over(&r.seen, e, ret_dropped);
	env_done(&r.seen);
	strbuf_erase(&copy);
	return res;
}
