/* SPDX-License-Identifier: MIT */
#include "core/staged.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/state.h"

/* %s is the app. */
struct place {
	const char *plugin;
	const char *folder;
	const char *file;
	bool is_dir;
};

static const struct place places[STAGED_KINDS] = {
	[STAGED_APP_JSON] = { "app-json", "", "app.json", false },
	[STAGED_PROCFILE] = { "ps", "", "Procfile", false },
	[STAGED_CHECKS] = { "scheduler-docker-local", "", "CHECKS", false },
	[STAGED_NGINX_CONF] = { "nginx-vhosts", "app-", "nginx.conf.sigil", false },
	[STAGED_HTTP_INCLUDES] = { "openresty-vhosts", "app-", "openresty-http-includes", true },
	[STAGED_LOCATION_INCLUDES] = { "openresty-vhosts", "app-", "openresty-location-includes",
		true },
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

/* "<live>.<number>", left by a deploy of Dokku; sorted. */
static void find_left(const char *live, struct strvec *ret)
{
	const char *base = path_base(live);
	AUTO_FREE char *dir = xstrndup(live, (size_t)(base - live));
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_ERR none = ERR_INIT; /* no folder: nothing is left */

	if (fs_list(dir, &names, &none) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		const char *rest = str_after(names.items[i], base);
		AUTO_FREE char *path = path_join(dir, names.items[i]);

		if (rest && *rest == '.' && rest[1] && !rest[1 + strspn(rest + 1, "0123456789")] &&
			fs_is_dir(path))
			strvec_push(ret, path);
	}
	strvec_sort(ret);
}

static int drop_left(const char *live, struct err *err)
{
	AUTO_STRVEC left = STRVEC_INIT;
	int r = 0;

	find_left(live, &left);
	for (size_t i = 0; r >= 0 && i < left.count; i++)
		r = fs_rm_rf(left.items[i], err);
	return r;
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
	if (fs_exists(live))
		return TAKE_PTR(live);
	if (places[kind].is_dir) {
		AUTO_STRVEC left = STRVEC_INIT;

		find_left(live, &left);
		if (left.count)
			return xstrdup(left.items[left.count - 1]);
	}
	return NULL;
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
	int r = fs_rm_rf(from ? missing : staged, err);

	if (r < 0)
		return r;
	if (!from)
		return fs_write_str(missing, "", 0644, err);
	r = fs_read(from, STATE_FILE_MAX, &text, err);
	return r < 0 ? r : fs_write_str(staged, text.buf, 0644, err);
}

int staged_put_dir(struct ctx *ctx, const char *app, enum staged_kind kind, char **ret,
	struct err *err)
{
	AUTO_FREE char *live = live_path(ctx, app, kind);
	AUTO_FREE char *pid = staged_pid();
	AUTO_FREE char *staged = with_suffix(live, pid, "");
	AUTO_FREE char *missing = with_suffix(live, pid, ".missing");
	int r = fs_rm_rf(missing, err);

	if (r >= 0)
		r = fs_rm_rf(staged, err);
	if (r >= 0)
		r = fs_mkdir_p(staged, 0755, err);
	if (r >= 0)
		*ret = TAKE_PTR(staged);
	return r;
}

static int promote_one(const char *live, const char *pid, bool is_dir, struct err *err)
{
	AUTO_FREE char *staged = with_suffix(live, pid, "");
	AUTO_FREE char *missing = with_suffix(live, pid, ".missing");
	int r = 0;

	if (fs_exists(missing)) {
		r = is_dir ? fs_rm_rf(live, err) : fs_unlink(live, err);
		if (r >= 0 && is_dir)
			r = drop_left(live, err);
		return r < 0 ? r : fs_unlink(missing, err);
	}
	if (!fs_exists(staged))
		return 0;
	/* A folder cannot take the place of one that holds something. */
	if (is_dir)
		r = fs_rm_rf(live, err);
	if (r >= 0)
		r = fs_rename(staged, live, err);
	return r < 0 || !is_dir ? r : drop_left(live, err);
}

int staged_promote(struct ctx *ctx, const char *app, const char *pid, struct err *err)
{
	int r = 0;

	for (int kind = 0; r >= 0 && kind < STAGED_KINDS; kind++) {
		AUTO_FREE char *live = live_path(ctx, app, (enum staged_kind)kind);

		r = promote_one(live, pid, places[kind].is_dir, err);
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

		r = fs_rm_rf(staged, err);
		if (r >= 0)
			r = fs_unlink(missing, err);
	}
	return r;
}
