/* SPDX-License-Identifier: MIT */
#include "lib/lineedit/lineedit.h"

#include <string.h>

#include "base/fs.h"

#define CTRL(c) ((c)&0x1f)
enum { ESC = 0x1b, DEL = 0x7f };

void lineedit_done(struct lineedit *e)
{
	strvec_done(&e->history);
	strbuf_done(&e->line);
	strbuf_done(&e->kept);
}

void lineedit_start(struct lineedit *e)
{
	strbuf_clear(&e->line);
	strbuf_clear(&e->kept);
	e->cursor = 0;
	e->at = e->history.count;
	e->escape_len = 0;
}

void lineedit_remember(struct lineedit *e, const char *line)
{
	if (e->history.count && str_eq(e->history.items[e->history.count - 1], line))
		return;
	strvec_push(&e->history, line);
	if (e->history.count > LINEEDIT_HISTORY)
		strvec_remove(&e->history, 0);
}

/* --- moving --- */

static bool is_inside(unsigned char byte)
{
	return (byte & 0xc0) == 0x80; /* of a character of several bytes, not its first */
}

static size_t before(const struct lineedit *e, size_t at)
{
	while (at > 0 && is_inside((unsigned char)e->line.buf[--at]))
		;
	return at;
}

static size_t behind(const struct lineedit *e, size_t at)
{
	if (at < e->line.len)
		at++;
	while (at < e->line.len && is_inside((unsigned char)e->line.buf[at]))
		at++;
	return at;
}

static size_t word_start(const struct lineedit *e)
{
	size_t at = e->cursor;

	while (at > 0 && e->line.buf[at - 1] == ' ')
		at--;
	while (at > 0 && e->line.buf[at - 1] != ' ')
		at--;
	return at;
}

/* --- changing --- */

static void cut(struct lineedit *e, size_t from, size_t to)
{
	memmove(e->line.buf + from, e->line.buf + to, e->line.len - to);
	strbuf_setlen(&e->line, e->line.len - (to - from));
	e->cursor = from;
}

static void insert(struct lineedit *e, char c)
{
	const char text[2] = { c, '\0' };

	if (e->line.len >= LINEEDIT_MAX)
		return;
	strbuf_insert(&e->line, e->cursor, text);
	e->cursor++;
}

static void show_old(struct lineedit *e, size_t at)
{
	if (at > e->history.count)
		return;
	if (e->at == e->history.count)
		strbuf_set(&e->kept, e->line.buf);
	e->at = at;
	strbuf_set(&e->line, at == e->history.count ? e->kept.buf : e->history.items[at]);
	e->cursor = e->line.len;
}

/* --- keys --- */

enum key { KEY_UP = 256, KEY_DOWN, KEY_RIGHT, KEY_LEFT, KEY_HOME, KEY_END, KEY_DELETE, KEY_NONE };

static const struct {
	const char *text; /* behind the escape */
	enum key key;
} sequences[] = {
	{ "[A", KEY_UP },
	{ "[B", KEY_DOWN },
	{ "[C", KEY_RIGHT },
	{ "[D", KEY_LEFT },
	{ "[H", KEY_HOME },
	{ "[F", KEY_END },
	{ "OA", KEY_UP },
	{ "OB", KEY_DOWN },
	{ "OC", KEY_RIGHT },
	{ "OD", KEY_LEFT },
	{ "OH", KEY_HOME },
	{ "OF", KEY_END },
	{ "[1~", KEY_HOME },
	{ "[7~", KEY_HOME },
	{ "[4~", KEY_END },
	{ "[8~", KEY_END },
	{ "[3~", KEY_DELETE },
};

/* The key that the sequence is, once it is whole. */
static enum key take_escape(struct lineedit *e, unsigned char byte)
{
	bool first = e->escape_len == 1;

	if (e->escape_len + 1 < sizeof(e->escape)) {
		e->escape[e->escape_len++] = (char)byte;
		e->escape[e->escape_len] = '\0';
	}
	if (first && (byte == '[' || byte == 'O'))
		return KEY_NONE;
	/* It ends with a letter or a tilde. */
	if (!first && byte >= 0x20 && byte < 0x40)
		return KEY_NONE;
	e->escape_len = 0;
	for (size_t i = 0; i < ARRAY_SIZE(sequences); i++) {
		if (str_eq(sequences[i].text, e->escape + 1))
			return sequences[i].key;
	}
	return KEY_NONE;
}

static bool move_key(struct lineedit *e, int key)
{
	switch (key) {
	case CTRL('a'):
	case KEY_HOME:
		e->cursor = 0;
		return true;
	case CTRL('e'):
	case KEY_END:
		e->cursor = e->line.len;
		return true;
	case CTRL('b'):
	case KEY_LEFT:
		e->cursor = before(e, e->cursor);
		return true;
	case CTRL('f'):
	case KEY_RIGHT:
		e->cursor = behind(e, e->cursor);
		return true;
	case CTRL('p'):
	case KEY_UP:
		if (e->at > 0)
			show_old(e, e->at - 1);
		return true;
	case CTRL('n'):
	case KEY_DOWN:
		show_old(e, e->at + 1);
		return true;
	default:
		return false;
	}
}

static void edit_key(struct lineedit *e, int key)
{
	switch (key) {
	case CTRL('d'):
	case KEY_DELETE:
		cut(e, e->cursor, behind(e, e->cursor));
		break;
	case CTRL('h'):
	case DEL:
		cut(e, before(e, e->cursor), e->cursor);
		break;
	case CTRL('k'):
		cut(e, e->cursor, e->line.len);
		break;
	case CTRL('u'):
		cut(e, 0, e->cursor);
		break;
	case CTRL('w'):
		cut(e, word_start(e), e->cursor);
		break;
	default:
		if (key >= 0x20 && key < 0x100)
			insert(e, (char)key);
		break;
	}
}

enum lineedit_event lineedit_byte(struct lineedit *e, unsigned char byte)
{
	int key = byte;

	if (e->escape_len) {
		key = take_escape(e, byte);
	} else if (byte == ESC) {
		e->escape[e->escape_len++] = ESC;
		return LINEEDIT_MORE;
	}
	if (key == '\r' || key == '\n')
		return LINEEDIT_LINE;
	if (key == CTRL('c'))
		return LINEEDIT_DROP;
	if (key == CTRL('l'))
		return LINEEDIT_WIPE;
	if (key == CTRL('d') && !e->line.len)
		return LINEEDIT_END;
	if (!move_key(e, key))
		edit_key(e, key);
	return LINEEDIT_MORE;
}

/* --- drawing --- */

static size_t columns_of(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += !is_inside((unsigned char)text[i]);
	return n;
}

void lineedit_draw(const struct lineedit *e, const char *prompt, size_t columns, struct strbuf *out)
{
	size_t taken = columns_of(prompt, strlen(prompt)) + 1; /* the last column wraps */
	size_t room = columns > taken ? columns - taken : 1;
	size_t from = 0;
	size_t to;
	size_t shown;

	while (columns_of(e->line.buf + from, e->cursor - from) > room)
		from = behind(e, from);
	for (to = from, shown = 0; to < e->line.len && shown < room; shown++)
		to = behind(e, to);
	strbuf_addf(out, "\r%s", prompt);
	for (size_t i = from; i < to; i++)
		strbuf_addch(out, (unsigned char)e->line.buf[i] < 0x20 ? '?' : e->line.buf[i]);
	strbuf_addstr(out, "\033[K\r");
	strbuf_addf(out, "\033[%zuC", taken - 1 + columns_of(e->line.buf + from, e->cursor - from));
}
