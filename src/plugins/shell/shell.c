/* SPDX-License-Identifier: MIT */
/* The shell plugin: a prompt for commands, without a shell underneath. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "core/output.h"
#include "core/plugin.h"
#include "lib/lineedit/lineedit.h"
#include "lib/words/words.h"

enum { HISTORY_BYTES_MAX = 4 * 1024 * 1024 };

/* --- history --- */

static char *history_path(struct ctx *ctx)
{
	return inst_home(&ctx->inst, ".dokku_history");
}

static void load_history(struct ctx *ctx, struct lineedit *e)
{
	AUTO_FREE char *path = history_path(ctx);
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT;

	/* A prompt without the lines of before is better than none. */
	if (fs_read_optional(path, HISTORY_BYTES_MAX, &text, &ignored) <= 0)
		return;
	strvec_split_lines(&lines, text.buf);
	for (size_t i = 0; i < lines.count; i++)
		lineedit_remember(e, lines.items[i]);
}

static void save_history(struct ctx *ctx, const struct lineedit *e)
{
	AUTO_FREE char *path = history_path(ctx);
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	strvec_join(&e->history, "\n", &text);
	strbuf_addch(&text, '\n');
	if (fs_write_str(path, text.buf, 0600, &err) < 0)
		out_warn("The history was not saved: %s", err_text(&err));
}

/* --- commands --- */

/*
 * Whoever came in over ssh goes on as that: the line is handed over as one from there, and what
 * the key may do is asked for each.
 */
static int run_line(struct ctx *ctx, const char *line, struct err *err)
{
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_CHILD c = CHILD_INIT;
	struct child_status st;
	int r = words_xargs(line, strlen(line), &words, err);

	if (r < 0)
		return err_wrap(err, "The command line cannot be read");
	if (!words.count)
		return 0;
	strvec_push(&c.argv, "/proc/self/exe");
	if (ctx->from_ssh)
		strvec_pushf(&c.env, "SSH_ORIGINAL_COMMAND=%s", line);
	else
		strvec_pushv(&c.argv, words.items);
	c.in = CHILD_INHERIT;
	out_flush();
	return child_run(&c, &st, err);
}

/* False when it asks for the end. */
static bool take_line(struct ctx *ctx, const char *line)
{
	AUTO_ERR err = ERR_INIT;

	if (str_eq(line, "exit") || str_eq(line, "quit"))
		return false;
	if (str_eq(line, "clear")) {
		printf("\033[H\033[2J");
		out_flush();
	} else if (run_line(ctx, line, &err) < 0) {
		out_error(&err);
	}
	return true;
}

static int run_shell(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_LINEEDIT edit = LINEEDIT_INIT;
	AUTO_STRBUF line = STRBUF_INIT;
	bool typed = isatty(STDIN_FILENO);
	int r;

	/* Ctrl-C ends what was started, not us. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	if (typed)
		load_history(ctx, &edit);
	for (;;) {
		strbuf_clear(&line);
		r = lineedit_read(&edit, STDIN_FILENO, STDOUT_FILENO, "dokku> ", &line, err);
		if (r <= 0)
			break;
		strbuf_trim(&line);
		if (!line.len)
			continue;
		if (typed) {
			lineedit_remember(&edit, line.buf);
			save_history(ctx, &edit);
		}
		if (!take_line(ctx, line.buf))
			return 0;
	}
	out_line("%s", "");
	return r;
}

static const struct command commands[] = {
	{ "shell", "", "Type commands at a prompt, without dokku in front of each", 0, 0, 0, NULL,
		run_shell, NULL },
	{},
};

extern const struct plugin plugin_shell;
const struct plugin plugin_shell = {
	.name = "shell",
	.summary = "Type commands at a prompt",
	.report_flags = REPORT_NONE,
	.commands = commands,
};
