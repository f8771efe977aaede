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
#include "base/timing.h"
#include "core/app.h"
#include "core/build_record.h"
#include "core/deploy.h"
#include "core/output.h"
#include "plugins/builds/commands.h"

enum { POLL_MS = 200, PROCESSES_MAX = 4096, TAIL_LINES = 1000, TAIL_BYTES = 4 << 20 };

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

struct process {
	pid_t pid;
	pid_t parent;
};

/* All processes there are now. */
static size_t snapshot(struct process *ret)
{
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT;
	size_t n = 0;

	if (fs_list("/proc", &names, &ignored) < 0)
		return 0;
	for (size_t i = 0; i < names.count && n < PROCESSES_MAX; i++) {
		AUTO_FREE char *path = xasprintf("/proc/%s/stat", names.items[i]);
		AUTO_STRBUF text = STRBUF_INIT;
		AUTO_ERR gone = ERR_INIT;
		const char *rest;
		uint64_t pid;
		int parent;
		char state;

		if (parse_uint(names.items[i], 1, INT32_MAX, &pid, &gone) < 0 ||
			fs_read_optional(path, 8192, &text, &gone) <= 0)
			continue;
		rest = strrchr(text.buf, ')');
		if (rest && sscanf(rest + 1, " %c %d", &state, &parent) == 2)
			ret[n++] = (struct process){ (pid_t)pid, parent };
	}
	return n;
}

/*
 * The build and what it has started, and nobody else: its process group may be that of the shell
 * it was called from.
 */
static void stop_tree(pid_t root)
{
	AUTO_FREE struct process *all = xcalloc(PROCESSES_MAX, sizeof(*all));
	AUTO_FREE bool *ours = xcalloc(PROCESSES_MAX, sizeof(*ours));
	size_t n = snapshot(all);
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < n; i++) {
			bool is = all[i].pid == root;

			for (size_t k = 0; !is && k < n; k++)
				is = ours[k] && all[k].pid == all[i].parent;
			more |= is && !ours[i];
			ours[i] |= is;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (ours[i])
			kill(all[i].pid, SIGQUIT);
	}
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
