/* SPDX-License-Identifier: MIT */
/*
 * How a change of configuration becomes live: one at a time, written in place, tested as a whole
 * (only the main configuration can be tested by those who are not root), and put back when the test
 * or the reload fails. What was there before is on disk until the test has passed, so that the next
 * change puts back what a killed one left untested: nobody else fails because of it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/lock.h"
#include "core/cert.h"
#include "core/output.h"
#include "core/trigger.h"
#include "proxies/nginx/nginx.h"

enum { LOCK_WAIT_MS = 120000, PENDING_BYTES_MAX = 64 * 1024 * 1024 };

static const char lock_variable[] = "MOORAGE_NGINX_LOCK";

static char *work_path(struct ctx *ctx, const char *name)
{
	return inst_lib(&ctx->inst, "data/moorage/nginx/%s", name);
}

/* --- the lock: nginx-pre-reload handlers that call us run inside ours --- */

struct change_lock {
	int fd;   /* -1: a parent's */
	bool set; /* we have set the variable */
};

static void unlock(struct change_lock *lock)
{
	if (lock->set)
		unsetenv(lock_variable);
	if (lock->fd >= 0)
		close(lock->fd);
}

/* True if the process that started us holds the lock: its note is what it told us. */
static bool is_parents(const char *path)
{
	const char *told = getenv(lock_variable);
	AUTO_STRBUF note = STRBUF_INIT;

	lock_holder(path, &note);
	strbuf_trim(&note);
	return told && strlen(told) > 16 && str_eq(told, note.buf);
}

static int take_lock(struct ctx *ctx, struct change_lock *ret, struct err *err)
{
	AUTO_FREE char *path = work_path(ctx, "lock");
	AUTO_FREE char *dir = work_path(ctx, "");
	unsigned long long token[2] = { 0 };
	AUTO_FREE char *note = NULL;
	int r = fs_mkdir_p(dir, 0755, err);

	if (r < 0 || is_parents(path))
		return r;
	(void)!getrandom(token, sizeof(token), 0);
	note = xasprintf("%d %016llx%016llx", (int)getpid(), token[0], token[1]);
	r = lock_take(path, note, LOCK_WAIT_MS, err);
	if (r < 0)
		return err_wrap(err, "wait for another change of the nginx configuration");
	ret->fd = r;
	ret->set = true;
	setenv(lock_variable, note, 1);
	return 0;
}

/* --- what was there before --- */

static int put_back(struct ctx *ctx, struct err *err)
{
	AUTO_FREE char *path = work_path(ctx, "pending");
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_NGINX_FILES before = NGINX_FILES_INIT;
	int r = fs_read_optional(path, PENDING_BYTES_MAX, &text, err);

	if (r <= 0)
		return r;
	r = nginx_files_unpack(&before, &text, err);
	if (r >= 0)
		r = nginx_files_write(&before, err);
	return r < 0 ? r : fs_unlink(path, err);
}

/* Adds what is on disk now to what stands there already (of the change that we are part of). */
static int remember(struct ctx *ctx, const struct nginx_files *wanted, const struct strbuf *outer,
	struct nginx_files *before, struct err *err)
{
	AUTO_FREE char *path = work_path(ctx, "pending");
	AUTO_STRBUF text = STRBUF_INIT;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < wanted->count; i++)
		r = nginx_files_read(before, wanted->items[i].path, err);
	if (r < 0)
		return r;
	nginx_files_pack(before, &text);
	strbuf_add(&text, outer->buf, outer->len); /* unpacked last: the outer one's wins */
	return fs_write(path, text.buf, text.len, 0640, err);
}

/* The change is over: what is left is that of the outer one. */
static int forget(struct ctx *ctx, const struct strbuf *outer, struct err *err)
{
	AUTO_FREE char *path = work_path(ctx, "pending");

	return outer->len ? fs_write(path, outer->buf, outer->len, 0640, err)
			  : fs_unlink(path, err);
}

/* --- what is live: everything that nginx read for an app, by name, time and size --- */

static void add_print(struct strbuf *out, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		strbuf_addf(out, "%s %lld.%09ld %lld %llu\n", path, (long long)st.st_mtim.tv_sec,
			st.st_mtim.tv_nsec, (long long)st.st_size, (unsigned long long)st.st_ino);
}

static void print_app(struct ctx *ctx, const char *app, struct strbuf *out)
{
	AUTO_FREE char *conf = nginx_conf_path(ctx, app);
	AUTO_FREE char *dir = inst_home(&ctx->inst, "%s/nginx.conf.d", app);
	AUTO_FREE char *cert = cert_path(ctx, app, "crt");
	AUTO_FREE char *key = cert_path(ctx, app, "key");
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT; /* what cannot be listed differs */

	add_print(out, conf);
	add_print(out, cert);
	add_print(out, key);
	if (fs_list(dir, &names, &ignored) < 0)
		strbuf_addstr(out, "unknown\n");
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(dir, names.items[i]);

		if (str_ends(names.items[i], ".conf"))
			add_print(out, path);
	}
}

static bool is_live(struct ctx *ctx, const struct strvec *apps)
{
	for (size_t i = 0; i < apps->count; i++) {
		AUTO_FREE char *name = xasprintf("live-%s", apps->items[i]);
		AUTO_FREE char *path = work_path(ctx, name);
		AUTO_STRBUF known = STRBUF_INIT;
		AUTO_STRBUF now = STRBUF_INIT;
		AUTO_ERR ignored = ERR_INIT; /* unknown: not live */

		print_app(ctx, apps->items[i], &now);
		if (fs_read_optional(path, 1 << 20, &known, &ignored) < 0 ||
			!str_eq(known.buf, now.buf))
			return false;
	}
	return true;
}

static int note_live(struct ctx *ctx, const struct strvec *apps, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < apps->count; i++) {
		AUTO_FREE char *name = xasprintf("live-%s", apps->items[i]);
		AUTO_FREE char *path = work_path(ctx, name);
		AUTO_STRBUF now = STRBUF_INIT;

		print_app(ctx, apps->items[i], &now);
		r = now.len ? fs_write_str(path, now.buf, 0644, err) : fs_unlink(path, err);
	}
	return r;
}

/* --- the change --- */

static int fire_pre_reload(struct ctx *ctx, const struct strvec *apps, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < apps->count; i++)
		r = trigger_fire(ctx, err, "nginx-pre-reload", apps->items[i], "", "", NULL);
	return r;
}

/* RET_TRIED: the server may have taken over some of it. */
static int test_and_reload(struct ctx *ctx, const struct strvec *apps, bool *ret_tried,
	struct err *err)
{
	const char *app = apps->count == 1 ? apps->items[0] : NULL;
	int r = fire_pre_reload(ctx, apps, err);

	if (r < 0)
		return r;
	/* Handlers may have made a change where the text has none, or none after all. */
	if (is_live(ctx, apps))
		return 0;
	r = nginx_test_and_reload(ctx, app, ret_tried, err);
	if (r >= 0)
		out_verbose("Reloading nginx");
	return r;
}

/* After a failure: the caller's error stays the one that counts. */
static void give_up(struct ctx *ctx, const struct nginx_files *before, const struct strbuf *outer,
	bool reloaded)
{
	AUTO_ERR err = ERR_INIT;
	int r = nginx_files_write(before, &err);

	if (r >= 0)
		r = forget(ctx, outer, &err);
	if (r < 0) {
		err_wrap(&err, "put back the nginx configuration");
		out_error(&err);
		return;
	}
	/* The next change is to know its own reload from this one. */
	if (reloaded && nginx_runs(ctx) && nginx_test_and_reload(ctx, NULL, &reloaded, &err) < 0)
		out_trace("%s", err_text(&err));
}

/* OUTER: what a change that has started us keeps; empty when there is none. */
static int change_locked(struct ctx *ctx, const struct strvec *apps,
	const struct nginx_files *wanted, const struct strbuf *outer, struct err *err)
{
	AUTO_NGINX_FILES before = NGINX_FILES_INIT;
	bool reloaded = false;
	int r = remember(ctx, wanted, outer, &before, err);

	if (r < 0)
		return r;
	r = nginx_files_write(wanted, err);
	if (r >= 0)
		r = test_and_reload(ctx, apps, &reloaded, err);
	if (r < 0) {
		give_up(ctx, &before, outer, reloaded);
		return r;
	}
	r = forget(ctx, outer, err);
	return r < 0 ? r : note_live(ctx, apps, err);
}

static int begin_change(struct ctx *ctx, const struct change_lock *lock, struct strbuf *outer,
	struct err *err)
{
	AUTO_FREE char *path = work_path(ctx, "pending");

	return lock->set ? put_back(ctx, err)
			 : fs_read_optional(path, PENDING_BYTES_MAX, outer, err);
}

int nginx_change(struct ctx *ctx, const struct strvec *apps, const struct nginx_files *wanted,
	struct err *err)
{
	struct change_lock lock = { .fd = -1 };
	AUTO_STRBUF outer = STRBUF_INIT;
	int r = take_lock(ctx, &lock, err);

	if (r >= 0)
		r = begin_change(ctx, &lock, &outer, err);
	if (r >= 0)
		r = change_locked(ctx, apps, wanted, &outer, err);
	unlock(&lock);
	return r < 0 ? r : 0;
}
