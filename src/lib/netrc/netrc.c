/* SPDX-License-Identifier: MIT */
#include "lib/netrc/netrc.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/parse.h"

struct entry {
	char *host; /* NULL: "default" */
	char *name;
	char *password;
	size_t start; /* of the keyword */
	size_t end;   /* behind its last word and the line's end */
};

struct file {
	const char *text;
	size_t len;
	size_t pos;
	struct entry *items;
	size_t count;
	bool open_macro; /* the file's end would take what follows for a part of it */
};

static void erase(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

static void file_done(struct file *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free(f->items[i].host);
		free(f->items[i].name);
		erase(f->items[i].password);
	}
	free(f->items);
}
#define AUTO_FILE CLEANUP(file_done) struct file

void netrc_login_done(struct netrc_login *login)
{
	free(login->name);
	erase(login->password);
	*login = (struct netrc_login)NETRC_LOGIN_INIT;
}

bool netrc_word_valid(const char *word)
{
	return *word && strlen(word) <= NETRC_WORD_MAX && !has_control(word);
}

/* --- words --- */

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static int failed(const struct file *f, size_t at, const char *what, struct err *err)
{
	size_t line = 1;

	for (size_t i = 0; i < at; i++)
		line += f->text[i] == '\n';
	return err_set(err, ERR_INVALID, "line %zu of .netrc: %s", line, what);
}

static void skip_line(struct file *f)
{
	while (f->pos < f->len && f->text[f->pos] != '\n')
		f->pos++;
}

/* Moves to the next word; false at the end. */
static bool seek_word(struct file *f)
{
	while (f->pos < f->len) {
		if (f->text[f->pos] == '#')
			skip_line(f);
		else if (!is_blank(f->text[f->pos]))
			return true;
		else
			f->pos++;
	}
	return false;
}

static char unescaped(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return c;
	}
}

static int read_quoted(struct file *f, struct strbuf *out, struct err *err)
{
	size_t start = f->pos++;

	while (f->pos < f->len && f->text[f->pos] != '"') {
		char c = f->text[f->pos++];

		if (c == '\n')
			return failed(f, start, "a quote has no end", err);
		if (c == '\\' && f->pos < f->len)
			c = unescaped(f->text[f->pos++]);
		strbuf_addch(out, c);
	}
	if (f->pos >= f->len)
		return failed(f, start, "a quote has no end", err);
	f->pos++;
	return 1;
}

/* The next word; 1 when there is one. */
static int read_word(struct file *f, struct strbuf *out, struct err *err)
{
	strbuf_clear(out);
	if (!seek_word(f))
		return 0;
	if (f->text[f->pos] == '"')
		return read_quoted(f, out, err);
	while (f->pos < f->len && !is_blank(f->text[f->pos]))
		strbuf_addch(out, f->text[f->pos++]);
	return 1;
}

/* The word that a keyword wants. */
static int read_value(struct file *f, struct strbuf *out, struct err *err)
{
	size_t at = f->pos;
	int r = read_word(f, out, err);

	if (r == 0)
		return failed(f, at, "a word is missing at the end", err);
	if (r > 0 && memchr(out->buf, '\0', out->len))
		return failed(f, at, "there is a NUL byte", err);
	return r;
}

/* --- entries --- */

static int add_entry(struct file *f, size_t start, char *host, struct err *err)
{
	if (f->count == NETRC_ENTRIES_MAX) {
		free(host);
		return failed(f, start, "there are too many entries", err);
	}
	f->items = xreallocarray(f->items, f->count + 1, sizeof(*f->items));
	f->items[f->count++] = (struct entry){ .host = host, .start = start };
	return 0;
}

/* A macro goes to the next empty line. */
static void skip_macro(struct file *f)
{
	skip_line(f);
	while (f->pos < f->len) {
		size_t start = ++f->pos;

		skip_line(f);
		if (f->pos == start && f->pos < f->len)
			return;
	}
	f->open_macro = true;
}

/* What is before the first machine belongs to no entry. */
static void put(struct file *f, bool is_name, const struct strbuf *value)
{
	struct entry *e = f->count ? &f->items[f->count - 1] : NULL;
	char **to = e ? is_name ? &e->name : &e->password : NULL;

	if (to && !*to)
		*to = xstrdup(value->buf);
}

static void end_entry(struct file *f)
{
	size_t end = f->pos;

	if (!f->count)
		return;
	while (end < f->len && is_blank(f->text[end]) && f->text[end] != '\n')
		end++;
	if (end < f->len && f->text[end] == '\n')
		end++;
	else
		end = f->pos;
	f->items[f->count - 1].end = end;
}

static int read_keyword(struct file *f, const char *word, size_t start, struct strbuf *value,
	struct err *err)
{
	int r = 0;

	if (!strcasecmp(word, "default"))
		return add_entry(f, start, NULL, err);
	if (!strcasecmp(word, "machine")) {
		r = read_value(f, value, err);
		return r < 0 ? r : add_entry(f, start, xstrdup(value->buf), err);
	}
	if (!strcasecmp(word, "macdef")) {
		skip_macro(f);
	} else if (!strcasecmp(word, "login") || !strcasecmp(word, "password")) {
		r = read_value(f, value, err);
		if (r >= 0)
			put(f, !strcasecmp(word, "login"), value);
	} else if (!strcasecmp(word, "account")) {
		r = read_value(f, value, err);
	}
	return r;
}

static int read_file(struct file *f, struct err *err)
{
	CLEANUP(strbuf_erase) struct strbuf word = STRBUF_INIT;
	CLEANUP(strbuf_erase) struct strbuf value = STRBUF_INIT;
	int r;

	if (f->len > NETRC_MAX)
		return err_set(err, ERR_INVALID, ".netrc is longer than %d bytes", NETRC_MAX);
	for (;;) {
		size_t start;

		if (!seek_word(f))
			return 0;
		start = f->pos;
		r = read_word(f, &word, err);
		if (r >= 0)
			r = read_keyword(f, word.buf, start, &value, err);
		if (r < 0)
			return r;
		end_entry(f);
	}
}

static bool is_of(const struct entry *e, const char *host)
{
	return e->host && !strcasecmp(e->host, host);
}

int netrc_find(const char *text, size_t len, const char *host, struct netrc_login *ret,
	struct err *err)
{
	AUTO_FILE f = { .text = text, .len = len };
	int r = read_file(&f, err);

	for (size_t i = 0; r >= 0 && i < f.count; i++) {
		if (!is_of(&f.items[i], host))
			continue;
		ret->name = f.items[i].name ? TAKE_PTR(f.items[i].name) : xstrdup("");
		ret->password = f.items[i].password ? TAKE_PTR(f.items[i].password) : xstrdup("");
		return 1;
	}
	return r;
}

/* --- writing --- */

static void add_word(const char *word, struct strbuf *out)
{
	if (word[strcspn(word, " \"\\#")] == '\0') {
		strbuf_addstr(out, word);
		return;
	}
	strbuf_addch(out, '"');
	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			strbuf_addch(out, '\\');
		strbuf_addch(out, *word);
	}
	strbuf_addch(out, '"');
}

static void add_text(const char *text, size_t len, struct strbuf *out)
{
	strbuf_add(out, text, len);
}

static void end_line(struct strbuf *out)
{
	if (out->len && out->buf[out->len - 1] != '\n')
		strbuf_addch(out, '\n');
}

static void add_login(const char *host, const char *name, const char *password, struct strbuf *out)
{
	end_line(out);
	strbuf_addstr(out, "machine ");
	add_word(host, out);
	strbuf_addstr(out, "\n  login ");
	add_word(name, out);
	strbuf_addstr(out, "\n  password ");
	add_word(password, out);
	strbuf_addch(out, '\n');
}

int netrc_set(const char *text, size_t len, const char *host, const char *name,
	const char *password, struct strbuf *out, struct err *err)
{
	AUTO_FILE f = { .text = text, .len = len };
	size_t from = 0;
	bool done = false;
	int r = read_file(&f, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < f.count; i++) {
		const struct entry *e = &f.items[i];

		/* Nobody reads on behind "default". */
		if (!is_of(e, host) && (e->host || done))
			continue;
		add_text(text + from, e->start - from, out);
		from = e->host ? e->end : e->start;
		if (!done)
			add_login(host, name, password, out);
		done = true;
	}
	add_text(text + from, len - from, out);
	if (!done && f.open_macro) {
		end_line(out);
		strbuf_addch(out, '\n');
	}
	if (!done)
		add_login(host, name, password, out);
	return 0;
}

int netrc_unset(const char *text, size_t len, const char *host, struct strbuf *out, struct err *err)
{
	AUTO_FILE f = { .text = text, .len = len };
	size_t from = 0;
	bool found = false;
	int r = read_file(&f, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < f.count; i++) {
		if (!is_of(&f.items[i], host))
			continue;
		add_text(text + from, f.items[i].start - from, out);
		from = f.items[i].end;
		found = true;
	}
	add_text(text + from, len - from, out);
	return found;
}
