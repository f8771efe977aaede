/* SPDX-License-Identifier: MIT */
/*
 * Folders of storage entries. What is in them belongs to the apps' users, so owners are changed and
 * folders removed by the root helper, which takes a name below the storage root and nothing else.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/output.h"
#include "core/storage.h"
#include "lib/engine/engine.h"
#include "lib/ownership/ownership.h"

enum {
	UID_PLAIN_MAX = 65535,
	UID_SHIFT = 165536, /* of Docker's default mapping of users */
	HELPER_TIMEOUT_MS = 600 * 1000,
	HELPER_TEXT_MAX = 16 * 1024,
};

/* --- owners --- */

static const struct {
	const char *name;
	const char *uid;
} presets[] = {
	{ "herokuish", "32767" },
	{ "heroku", "1000" },
	{ "packeto", "2000" },
	{ "paketo", "2000" },
	{ "root", "0" },
};

static int maps_users(struct ctx *ctx, struct err *err)
{
	json_t *info = NULL;
	json_t *one;
	size_t i;
	int r = engine_info(ctx_engine(ctx), &info, err);
	bool mapped = false;

	json_array_foreach (json_object_get(info, "SecurityOptions"), i, one) {
		const char *option = json_string_value(one);

		mapped = mapped || (option && str_eq(option, "name=userns"));
	}
	json_decref(info);
	return r < 0 ? r : mapped;
}

int storage_owner(struct ctx *ctx, const char *chown, char **ret, struct err *err)
{
	const char *text = chown;
	AUTO_ERR ignored = ERR_INIT;
	uint64_t uid;
	int r;

	if (str_eq(chown, "false")) {
		*ret = xstrdup(chown);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(presets); i++) {
		if (str_eq(chown, presets[i].name))
			text = presets[i].uid;
	}
	if (str_eq(chown, "packeto"))
		out_verbose(
			"Detected deprecated chown flag 'packeto'. Using 'paketo' instead. Please "
			"update your configuration.");
	if (parse_uint(text, 0, UID_PLAIN_MAX, &uid, &ignored) < 0)
		return err_set(err, ERR_USAGE, "Unsupported chown permissions");
	r = maps_users(ctx, err);
	if (r < 0)
		return r;
	*ret = xasprintf("%llu", (unsigned long long)uid + (r ? UID_SHIFT : 0));
	return 0;
}

/* --- the root helper --- */

static bool has_helper(struct ctx *ctx)
{
	return !str_eq(ctx->inst.nginx_control, "direct");
}

/* VALUE may be NULL. */
static int call_helper(struct ctx *ctx, const char *verb, const char *name, const char *value,
	struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF said = STRBUF_CAPPED(HELPER_TEXT_MAX);
	struct child_status st;
	int r;

	strvec_pushl(&c.argv, "sudo", "-n", NULL);
	strvec_pushf(&c.argv, "%s/moorage-root", ctx->inst.libexec_dir);
	strvec_pushl(&c.argv, verb, name, NULL);
	if (value)
		strvec_push(&c.argv, value);
	c.timeout_ms = HELPER_TIMEOUT_MS;
	out_flush();
	r = child_capture(&c, NULL, &said, &said, &st, err);
	if (r < 0)
		return r;
	strbuf_trim(&said);
	if (st.code && said.len)
		return err_set(err, ERR_FAILED, "%s", said.buf);
	return st.code ? child_check(&c, &st, err) : 0;
}

static int open_dir(struct ctx *ctx, const char *name, struct err *err)
{
	AUTO_FREE char *path = storage_default_path(ctx, name);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open '%s'", path) : fd;
}

int storage_dir_chown(struct ctx *ctx, const char *name, const char *uid, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	uint64_t value;
	int r;

	if (has_helper(ctx))
		return call_helper(ctx, "chown-storage", name, uid, err);
	r = parse_uint(uid, 0, UID_SHIFT + UID_PLAIN_MAX, &value, err);
	if (r < 0)
		return r;
	fd = open_dir(ctx, name, err);
	return fd < 0 ? fd : owner_set_tree(fd, (uid_t)value, err);
}

int storage_dir_chmod(struct ctx *ctx, const char *name, const char *mode, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	mode_t value = 0;

	if (has_helper(ctx))
		return call_helper(ctx, "chmod-storage", name, mode, err);
	for (const char *c = mode; *c; c++)
		value = value * 8 + (mode_t)(*c - '0');
	fd = open_dir(ctx, name, err);
	if (fd < 0)
		return fd;
	return fchmod(fd, value & 07777) < 0 ? err_sys(err, "change the mode of '%s'", name) : 0;
}

int storage_dir_remove(struct ctx *ctx, const char *name, struct err *err)
{
	AUTO_FREE char *path = storage_default_path(ctx, name);

	if (has_helper(ctx))
		return call_helper(ctx, "remove-storage", name, NULL, err);
	return fs_rm_rf(path, err);
}

/* --- the folder of an entry --- */

int storage_dir_is_default(struct ctx *ctx, const struct storage_entry *e, const char *flag,
	struct err *err)
{
	AUTO_FREE char *standard = storage_default_path(ctx, e->name);

	if (str_eq(e->host_path, standard))
		return 0;
	return err_set(err, ERR_DENIED,
		"%s is only supported when the storage entry uses the default host path (%s); omit "
		"%s and manage %s manually",
		flag, standard, flag, e->host_path);
}

static int make_dir(const struct storage_entry *e, struct err *err)
{
	struct stat st;
	int r;

	if (stat(e->host_path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		return err_set(err, ERR_INVALID,
			"storage entry path %s exists but is not a directory", e->host_path);
	}
	if (errno != ENOENT)
		return err_sys(err, "unable to stat %s", e->host_path);
	r = fs_mkdir_p(e->host_path, 0755, err);
	if (r < 0)
		return err_wrap(err, "unable to create %s", e->host_path);
	out_verbose("Created %s", e->host_path);
	return 0;
}

static int set_mode(struct ctx *ctx, const struct storage_entry *e, struct err *err)
{
	int r;

	if (!*e->mode)
		return 0;
	out_verbose("Setting directory mode to %s", e->mode);
	r = storage_dir_chmod(ctx, e->name, e->mode, err);
	return r < 0 ? err_wrap(err, "unable to chmod %s", e->host_path) : 0;
}

int storage_dir_ensure(struct ctx *ctx, const struct storage_entry *e, struct err *err)
{
	bool owned = *e->chown && !str_eq(e->chown, "false");
	AUTO_FREE char *uid = NULL;
	int r = owned ? storage_dir_is_default(ctx, e, "--chown", err) : 0;

	if (r >= 0 && *e->mode)
		r = storage_dir_is_default(ctx, e, "--mode", err);
	/* A volume is the engine's business. */
	if (r < 0 || *e->host_path != '/')
		return r;
	/* Refused before anything is made. */
	if (owned)
		r = storage_owner(ctx, e->chown, &uid, err);
	if (r >= 0)
		r = make_dir(e, err);
	if (r >= 0)
		r = set_mode(ctx, e, err);
	if (r < 0 || !owned)
		return r;
	out_verbose("Setting directory ownership to %s:%s", uid, uid);
	r = storage_dir_chown(ctx, e->name, uid, err);
	return r < 0 ? err_wrap(err, "unable to chown %s", e->host_path) : 0;
}
