/* SPDX-License-Identifier: MIT */
/* `dokku` and `moorage`: from main() to the dispatcher. */
#include "core/program.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "core/command.h"
#include "core/output.h"
#include "core/shellrc.h"
#include "core/user.h"
#include "lib/words/words.h"

/*
 * A forced command passes what the client asked for in SSH_ORIGINAL_COMMAND. It is taken apart
 * here, by xargs rules (git's own verbs: at blanks), and the variable is gone for children.
 */
static int take_ssh_command(struct ctx *ctx, struct strvec *words, struct err *err)
{
	const char *line = getenv("SSH_ORIGINAL_COMMAND");
	AUTO_STRBUF copy = STRBUF_INIT;
	bool git;

	if (!line || !user_trusts_env())
		return 0; /* without a key, or somebody's own variable brought along by sudo */
	ctx->from_ssh = true;
	strbuf_addstr(&copy, line);
	unsetenv("SSH_ORIGINAL_COMMAND");
	strvec_clear(words);
	git = str_starts(copy.buf, "git-") || str_starts(copy.buf, "git:");
	if (git)
		return words_plain(copy.buf, copy.len, words, err);
	if (words_xargs(copy.buf, copy.len, words, err) < 0)
		return err_user(err, ERR_INVALID, 1, "The command line cannot be read: %s",
			err->msg.buf);
	return 0;
}

static bool wants_root(struct ctx *ctx, const struct strvec *words)
{
	struct command_match m;

	return words->count && command_find(ctx, words->items[0], &m) &&
	       (m.cmd->flags & CMD_ROOT) && geteuid() == 0;
}

static int prepare(struct ctx *ctx, char **argv, struct err *err)
{
	bool trust = user_trusts_env();
	int r = ctx_init(ctx, trust ? NULL : "", trust, err);

	if (r >= 0 && getenv("DOKKU_QUIET_OUTPUT") && *getenv("DOKKU_QUIET_OUTPUT")) {
		ctx->quiet = true;
		output_set_quiet(true);
	}
	if (getenv("DOKKU_APPS_FORCE_DELETE") && str_eq(getenv("DOKKU_APPS_FORCE_DELETE"), "1"))
		ctx->force = true;
	ctx->program = path_base(argv[0] ? argv[0] : "dokku");
	return r;
}

/* DOKKU_GLOBAL_FLAGS: every long flag of the line, where ever it stands. */
static void collect_flags(struct ctx *ctx, const struct strvec *words)
{
	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->items[i];

		if (str_eq(word, "--"))
			return;
		if (str_eq(word, "--app") && i + 1 < words->count)
			strvec_pushf(&ctx->global_flags, "--app=%s", words->items[++i]);
		else if (str_starts(word, "--"))
			strvec_push(&ctx->global_flags, word);
	}
}

/* Only now is it certain whose files count. */
static int load_settings(struct ctx *ctx, struct err *err)
{
	const char *trace;
	int r = shellrc_load(ctx, err);

	trace = getenv("DOKKU_TRACE");
	if (trace && *trace) {
		ctx->trace = true;
		output_set_trace(true);
	}
	return r;
}

static int run(struct ctx *ctx, char **argv, struct err *err)
{
	AUTO_STRVEC words = STRVEC_INIT;
	int r;

	strvec_pushv(&words, argv + 1);
	r = take_ssh_command(ctx, &words, err);
	collect_flags(ctx, &words);
	if (r >= 0)
		r = command_take_globals(ctx, &words, err);
	if (r < 0)
		return r;
	if (!words.count)
		strvec_push(&words, "help");
	if (str_eq(words.items[0], "-v") || str_eq(words.items[0], "--version")) {
		strvec_remove(&words, 0);
		strvec_insert(&words, 0, "version");
	}
	if (!wants_root(ctx, &words)) {
		r = user_become(ctx, argv, err);
		if (r < 0)
			return r;
	} else {
		setenv("SSH_USER", "root", 1);
	}
	r = load_settings(ctx, err);
	if (r < 0)
		return r;
	strvec_pushv(&ctx->argv, words.items);
	return command_dispatch(ctx, err);
}

int dokku_main(int argc, char **argv, const struct plugin *const *plugins)
{
	AUTO_ERR err = ERR_INIT;
	struct ctx ctx;
	int r = prepare(&ctx, argv, &err);

	ctx.plugins = plugins;
	if (r >= 0)
		r = run(&ctx, argv, &err);
	if (r < 0)
		out_error(&err);
	out_flush();
	ctx_done(&ctx);
	return r < 0 ? err_exit_code(&err) : 0;
}
