/* SPDX-License-Identifier: MIT */
#include "core/applock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/parse.h"
#include "base/timing.h"
#include "core/operation.h"
#include "core/output.h"

static const char variable[] = "MOORAGE_LOCKS";

static char *lock_path(struct ctx *ctx, const char *app)
{
	return inst_lib(&ctx->inst, "data/moorage/locks/%s", app);
}

static struct app_lock_held *place_of(struct ctx *ctx, const char *app)
{
	for (size_t i = 0; i < ARRAY_SIZE(ctx->locks); i++) {
		if (ctx->locks[i].app && str_eq(ctx->locks[i].app, app))
			return &ctx->locks[i];
	}
	return NULL;
}

bool app_lock_held(const struct ctx *ctx, const char *app)
{
	for (size_t i = 0; i < ARRAY_SIZE(ctx->locks); i++) {
		if (ctx->locks[i].app && str_eq(ctx->locks[i].app, app))
			return true;
	}
	return false;
}

static bool same_file(int fd, const char *path)
{
	struct stat a;
	struct stat b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* The descriptor a parent passed on for APP, or -1. */
static int inherited(const char *app, const char *path)
{
	const char *value = getenv(variable);
	AUTO_STRVEC items = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	if (!value)
		return -1;
	strvec_split(&items, value, " ");
	for (size_t i = 0; i < items.count; i++) {
		AUTO_STRVEC parts = STRVEC_INIT;
		AUTO_STRBUF holder = STRBUF_INIT;
		uint64_t fd;

		strvec_split(&parts, items.items[i], ":");
		if (parts.count != 3 || !str_eq(parts.items[0], app) ||
			parse_uint(parts.items[1], 3, 65536, &fd, &err) < 0)
			continue;
		lock_holder(path, &holder);
		if (same_file((int)fd, path) && strstr(holder.buf, parts.items[2]))
			return (int)fd;
	}
	return -1;
}

static void hold(struct ctx *ctx, const char *app, int fd, bool parents)
{
	struct app_lock_held *place = ctx->locks[0].app ? &ctx->locks[1] : &ctx->locks[0];

	place->app = xstrdup(app);
	place->fd = fd;
	place->parents = parents;
}

/* A word nobody else has, written into the lock file and passed to children. */
static char *token(void)
{
	return xasprintf("%d.%llx", getpid(), (unsigned long long)now_ms());
}

static int take(struct ctx *ctx, const char *app, const char *path, enum app_lock_wait wait,
	struct err *err)
{
	AUTO_FREE char *word = token();
	AUTO_FREE char *holder = xasprintf("process %d (%.200s) [%s]", getpid(),
		ctx->argv.count ? ctx->argv.items[0] : "moorage", word);
	int fd = lock_take(path, holder, 0, err);

	if (fd >= 0 || err->kind != ERR_BUSY)
		return fd;
	if (wait == APP_LOCK_NOW) {
		return err_user(err, ERR_BUSY, 1,
			"%s is busy: %s. Wait for it to finish and try again", app,
			strstr(err->msg.buf, "process") ? strstr(err->msg.buf, "process")
							: "another command is at work");
	}
	out_flush();
	out_warn("Waiting for %s: %s", app,
		strstr(err->msg.buf, "process") ? strstr(err->msg.buf, "process")
						: "another command is at work");
	err_clear(err);
	return lock_take(path, holder, UINT64_MAX, err);
}

/* 1 when the lock was taken just now, 0 when it was held already. */
static int acquire(struct ctx *ctx, const char *app, enum app_lock_wait wait, struct err *err)
{
	AUTO_FREE char *path = lock_path(ctx, app);
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/moorage/locks");
	int fd;
	int r;

	if (place_of(ctx, app))
		return 0;
	fd = inherited(app, path);
	if (fd >= 0) {
		hold(ctx, app, fd, true);
		return 0;
	}
	r = fs_mkdir_p(dir, 0755, err);
	if (r < 0)
		return r;
	fd = take(ctx, app, path, wait, err);
	if (fd < 0)
		return fd;
	hold(ctx, app, fd, false);
	return 1;
}

int app_lock_plain(struct ctx *ctx, const char *app, struct err *err)
{
	int r = acquire(ctx, app, APP_LOCK_WAIT, err);

	return r < 0 ? r : 0;
}

int app_lock(struct ctx *ctx, const char *app, enum app_lock_wait wait, struct err *err)
{
	int r = acquire(ctx, app, wait, err);

	return r <= 0 ? r : operation_recover(ctx, app, err);
}

int app_lock_two(struct ctx *ctx, const char *a, const char *b, struct err *err)
{
	bool ordered = strcmp(a, b) < 0;
	int r = app_lock(ctx, ordered ? a : b, APP_LOCK_WAIT, err);

	return r < 0 ? r : app_lock(ctx, ordered ? b : a, APP_LOCK_WAIT, err);
}

static void release(struct app_lock_held *place)
{
	if (!place->app)
		return;
	if (!place->parents) {
		lock_note(place->fd, "");
		close(place->fd);
	}
	free(place->app);
	*place = (struct app_lock_held){ .fd = -1 };
}

void app_unlock(struct ctx *ctx, const char *app)
{
	struct app_lock_held *place = place_of(ctx, app);

	if (place)
		release(place);
}

void app_unlock_all(struct ctx *ctx)
{
	for (size_t i = 0; i < ARRAY_SIZE(ctx->locks); i++)
		release(&ctx->locks[i]);
}

/* The token between [ ] in the lock file. */
static char *token_of(int fd)
{
	char text[1024] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	char *open = n > 0 ? strrchr(text, '[') : NULL;

	return open ? xstrndup(open + 1, strcspn(open + 1, "]")) : xstrdup("none");
}

void app_lock_pass_on(const struct ctx *ctx, struct child *c)
{
	AUTO_STRBUF value = STRBUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ctx->locks); i++) {
		AUTO_FREE char *word = NULL;

		if (!ctx->locks[i].app)
			continue;
		word = token_of(ctx->locks[i].fd);
		strbuf_addf(&value, "%s%s:%d:%s", value.len ? " " : "", ctx->locks[i].app,
			ctx->locks[i].fd, word);
		c->keep_fds[n++] = ctx->locks[i].fd;
	}
	if (value.len)
		strvec_pushf(&c->env, "%s=%s", variable, value.buf);
	else
		strvec_push(&c->env, variable);
}

bool app_lock_is_taken(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *path = lock_path(ctx, app);
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}
