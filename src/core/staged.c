/* SPDX-License-Identifier: MIT */
#include "core/staged.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/state.h"

/* %s is the app. */
struct place {
	const char *plugin;
	const char *folder;
	const char *file;
};

static const struct place places[STAGED_KINDS] = {
	[STAGED_APP_JSON] = { "app-json", "", "app.json" },
	[STAGED_PROCFILE] = { "ps", "", "Procfile" },
	[STAGED_CHECKS] = { "scheduler-docker-local", "", "CHECKS" },
	[STAGED_NGINX_CONF] = { "nginx-vhosts", "app-", "nginx.conf.sigil" },
};

char *staged_pid(void)
{
	const char *pid = getenv("DOKKU_PID");

	return pid && *pid ? xstrdup(pid) : xasprintf("%d", getpid());
}

static char *live_path(struct ctx *ctx, const char *app, enum staged_kind kind)
{
	const struct place *p = &places[kind];

	return inst_lib(&ctx->inst, "data/%s/%s%s/%s", p->plugin, p->folder, app, p->file);
}

static char *with_suffix(const char *path, const char *pid, const char *end)
{
	return xasprintf("%s.%s%s", path, pid, end);
}

char *staged_path(struct ctx *ctx, const char *app, enum staged_kind kind)
{
	AUTO_FREE char *live = live_path(ctx, app, kind);
	AUTO_FREE char *pid = staged_pid();
	AUTO_FREE char *staged = with_suffix(live, pid, "");
	AUTO_FREE char *missing = with_suffix(live, pid, ".missing");

	if (fs_exists(missing))
		return NULL;
	if (fs_exists(staged))
		return TAKE_PTR(staged);
	return fs_exists(live) ? TAKE_PTR(live) : NULL;
}

int staged_read(struct ctx *ctx, const char *app, enum staged_kind kind, struct strbuf *out,
	struct err *err)
{
	AUTO_FREE char *path = staged_path(ctx, app, kind);

	return path ? fs_read_optional(path, STATE_FILE_MAX, out, err) : 0;
}

int staged_put(struct ctx *ctx, const char *app, enum staged_kind kind, const char *from,
	struct err *err)
{
	AUTO_FREE char *live = live_path(ctx, app, kind);
	AUTO_FREE char *pid = staged_pid();
	AUTO_FREE char *staged = with_suffix(live, pid, "");
	AUTO_FREE char *missing = with_suffix(live, pid, ".missing");
	AUTO_STRBUF text = STRBUF_INIT;
	int r = fs_unlink(from ? missing : staged, err);

	if (r < 0)
		return r;
	if (!from)
		return fs_write_str(missing, "", 0644, err);
	r = fs_read(from, STATE_FILE_MAX, &text, err);
	return r < 0 ? r : fs_write_str(staged, text.buf, 0644, err);
}

static int promote_one(const char *live, const char *pid, struct err *err)
{
	AUTO_FREE char *staged = with_suffix(live, pid, "");
	AUTO_FREE char *missing = with_suffix(live, pid, ".missing");
	int r = 0;

	if (fs_exists(missing)) {
		r = fs_unlink(live, err);
		return r < 0 ? r : fs_unlink(missing, err);
	}
	return fs_exists(staged) ? fs_rename(staged, live, err) : 0;
}

int staged_promote(struct ctx *ctx, const char *app, const char *pid, struct err *err)
{
	int r = 0;

	for (int kind = 0; r >= 0 && kind < STAGED_KINDS; kind++) {
		AUTO_FREE char *live = live_path(ctx, app, (enum staged_kind)kind);

		r = promote_one(live, pid, err);
	}
	return r;
}

int staged_discard(struct ctx *ctx, const char *app, const char *pid, struct err *err)
{
	int r = 0;

	for (int kind = 0; r >= 0 && kind < STAGED_KINDS; kind++) {
		AUTO_FREE char *live = live_path(ctx, app, (enum staged_kind)kind);
		AUTO_FREE char *staged = with_suffix(live, pid, "");
		AUTO_FREE char *missing = with_suffix(live, pid, ".missing");

		r = fs_unlink(staged, err);
		if (r >= 0)
			r = fs_unlink(missing, err);
	}
	return r;
}
