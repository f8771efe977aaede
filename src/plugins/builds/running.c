/* SPDX-License-Identifier: MIT */
/* builds:output, builds:cancel and builds:prune. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/proctree.h"
#include "base/timing.h"
#include "core/app.h"
#include "core/build_record.h"
#include "core/deploy.h"
#include "core/output.h"
#include "plugins/builds/commands.h"

enum { POLL_MS = 200, TAIL_LINES = 1000, TAIL_BYTES = 4 << 20 };

/* The id in the deploy marker, "" when there is none to be found: then it has said so. */
static int current_id(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *marker = deploy_marker(ctx, app);
	int r = fs_read_optional(marker, 4096, out, err);

	strbuf_trim(out);
	if (r == 0)
		out_info1("App not currently deploying");
	else if (r > 0 && !out->len)
		out_info1("No matching app deploy found");
	return r;
}

/* --- output --- */

/* Where the last lines of a log begin. */
static off_t tail_start(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	off_t from = size > TAIL_BYTES ? size - TAIL_BYTES : 0;
	AUTO_FREE char *data = xmalloc((size_t)(size - from) + 1);
	ssize_t n = size > from ? pread(fd, data, (size_t)(size - from), from) : 0;
	int lines = 0;

	for (ssize_t i = n - 2; i >= 0; i--) {
		if (data[i] == '\n' && ++lines == TAIL_LINES)
			return from + i + 1;
	}
	return from;
}

/* Copies what is there from the descriptor's place on. */
static void copy_rest(int fd)
{
	char data[16 * 1024];
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) > 0)
		fwrite(data, 1, (size_t)n, stdout);
	out_flush();
}

static int follow(struct ctx *ctx, const char *app, const char *id, int fd, struct err *err)
{
	bool live = true;

	lseek(fd, tail_start(fd), SEEK_SET);
	while (live && !ferror(stdout)) {
		AUTO_BUILD_RECORD record = BUILD_RECORD_INIT;
		int r = build_record_load(ctx, app, id, &record, err);

		if (r < 0)
			return r;
		live = r > 0 && str_eq(build_record_status(&record), "running");
		copy_rest(fd);
		if (live)
			sleep_ms(POLL_MS);
	}
	return 0;
}

int builds_run_output(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	AUTO_STRBUF id = STRBUF_INIT;
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;
	int r = 1;

	if (!*args_pos(args, 1) || str_eq(args_pos(args, 1), "current"))
		r = current_id(ctx, app, &id, err);
	else
		strbuf_addstr(&id, args_pos(args, 1));
	if (r <= 0 || !id.len)
		return r;
	path = build_log_path(ctx, app, id.buf);
	fd = build_id_valid(id.buf) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return err_set(err, ERR_NOT_FOUND, "There is no log of build %.100s of %s", id.buf,
			app);
	return follow(ctx, app, id.buf, fd, err);
}

/* --- cancel --- */

/*
 * The build and what it has started, and nobody else: its process group may be that of the shell
 * it was called from.
 */
static void stop_tree(pid_t root)
{
	AUTO_PROC_TREE tree = PROC_TREE_INIT;

	struct proc_tree rest;

	proc_tree_take(&tree, root);
	if (!tree.count)
		return;
	/* It is to know why what it has started ends; that gets the signal which programs tidy up at. */
	kill(root, SIGQUIT);
	rest = (struct proc_tree){ tree.items + 1, tree.count - 1 };
	(void)proc_tree_signal(&rest, SIGTERM);
}

static int cancel_live(struct ctx *ctx, struct build_record *record, struct err *err)
{
	int r;

	out_info1("Killing app deploy");
	/* The record first: the build would otherwise end it as failed. */
	r = build_record_end(ctx, record, "canceled", -1, err);
	if (r >= 0)
		stop_tree((pid_t)record->pid);
	return r;
}

static int cancel(struct ctx *ctx, struct build_record *record, const char *marker, struct err *err)
{
	int r;

	if (!str_eq(record->status, "running")) {
		out_info1("Build %s is no longer running (status=%s); leaving record untouched",
			record->id, record->status);
		return 0;
	}
	if (build_record_alive(record))
		return cancel_live(ctx, record, err);
	out_info1("Build was already terminated, marking failed");
	r = build_record_end(ctx, record, "failed", -1, err);
	return r < 0 ? r : fs_unlink(marker, err);
}

int builds_run_cancel(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	AUTO_FREE char *marker = deploy_marker(ctx, app);
	AUTO_BUILD_RECORD record = BUILD_RECORD_INIT;
	AUTO_STRBUF id = STRBUF_INIT;
	int r = current_id(ctx, app, &id, err);

	if (r <= 0 || !id.len)
		return r;
	r = build_record_load(ctx, app, id.buf, &record, err);
	if (r < 0)
		return r;
	if (r == 0) {
		out_info1("No build record for %s, removing stale lock file", id.buf);
		return fs_unlink(marker, err);
	}
	return cancel(ctx, &record, marker, err);
}

/* --- prune --- */

int builds_run_prune(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_STRVEC apps = STRVEC_INIT;
	int r = 0;

	if (!args_has(args, "all-apps")) {
		r = args_need_app(args, err);
		return r < 0 ? r : build_records_prune(ctx, args_pos(args, 0), err);
	}
	r = app_list(ctx, &apps, err);
	if (r >= 0 && !apps.count)
		out_warn("%s", app_none_text);
	for (size_t i = 0; r >= 0 && i < apps.count; i++)
		r = build_records_prune(ctx, apps.items[i], err);
	return r;
}
