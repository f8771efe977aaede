/* SPDX-License-Identifier: MIT */
/* The editor on a terminal, and lines from anything else. */
#include <errno.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/fs.h"
#include "lib/lineedit/lineedit.h"

enum { COLUMNS = 80 };

struct terminal {
	int in;
	int out;
	const char *prompt;
};

/* 1, 0 at the end. */
static int read_byte(int fd, unsigned char *ret, struct err *err)
{
	for (;;) {
		ssize_t n = read(fd, ret, 1);

		if (n >= 0)
			return (int)n;
		if (errno == EIO)
			return 0; /* the terminal has gone */
		if (errno != EINTR)
			return err_sys(err, "read a line");
	}
}

static void draw(const struct terminal *t, const struct lineedit *e)
{
	AUTO_STRBUF text = STRBUF_INIT;
	struct winsize size;
	size_t columns =
		ioctl(t->out, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : COLUMNS;

	lineedit_draw(e, t->prompt, columns, &text);
	(void)!fs_write_all(t->out, text.buf, text.len);
}

static void say(const struct terminal *t, const char *text, size_t len)
{
	(void)!fs_write_all(t->out, text, len);
}

static int edit(const struct terminal *t, struct lineedit *e, struct err *err)
{
	lineedit_start(e);
	for (;;) {
		unsigned char byte;
		int r;

		draw(t, e);
		r = read_byte(t->in, &byte, err);
		if (r <= 0)
			return r;
		switch (lineedit_byte(e, byte)) {
		case LINEEDIT_LINE:
			say(t, "\r\n", 2);
			return 1;
		case LINEEDIT_END:
			return 0;
		case LINEEDIT_DROP:
			say(t, "^C\r\n", 4);
			lineedit_start(e);
			break;
		case LINEEDIT_WIPE:
			say(t, "\033[H\033[2J", 7);
			break;
		case LINEEDIT_MORE:
			break;
		}
	}
}

static int read_edited(struct lineedit *e, const struct terminal *t, struct err *err)
{
	struct termios before;
	struct termios raw;
	int r;

	if (tcgetattr(t->in, &before) < 0)
		return err_sys(err, "look at the terminal");
	raw = before;
	raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IXON | ISTRIP);
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	/* DRAIN and not FLUSH: what was typed ahead is kept. */
	if (tcsetattr(t->in, TCSADRAIN, &raw) < 0)
		return err_sys(err, "set the terminal");
	r = edit(t, e, err);
	(void)tcsetattr(t->in, TCSADRAIN, &before);
	return r;
}

static int read_plain(int fd, struct strbuf *line, struct err *err)
{
	for (;;) {
		unsigned char byte;
		int r = read_byte(fd, &byte, err);

		if (r < 0)
			return r;
		if (!r)
			return line->len ? 1 : 0;
		if (byte == '\n')
			return 1;
		if (line->len >= LINEEDIT_MAX)
			return err_set(err, ERR_INVALID, "a line is longer than %d bytes",
				LINEEDIT_MAX);
		strbuf_addch(line, (char)byte);
	}
}

int lineedit_read(struct lineedit *e, int in, int out, const char *prompt, struct strbuf *ret,
	struct err *err)
{
	const struct terminal t = { .in = in, .out = out, .prompt = prompt };
	int r;

	if (!isatty(in))
		return read_plain(in, ret, err);
	r = read_edited(e, &t, err);
	if (r > 0)
		strbuf_add(ret, e->line.buf, e->line.len);
	return r;
}
