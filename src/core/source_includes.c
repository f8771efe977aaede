/* SPDX-License-Identifier: MIT */
/* Folders of snippets in a source: what is put into a proxy's configuration for the app. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/source.h"
#include "core/source_file.h"
#include "core/staged.h"

enum { INCLUDES_MAX = 64, INCLUDE_BYTES_MAX = 64 * 1024 };

static const struct {
	enum staged_kind kind;
	const char *path;
} folders[] = {
	{ STAGED_HTTP_INCLUDES, "openresty/http-includes" },
	{ STAGED_LOCATION_INCLUDES, "openresty/http-location-includes" },
};

static bool is_safe_name(const char *name)
{
	return !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "_.-")];
}

/* Links and what is no plain file are left behind. */
static int copy_one(int dir, const char *name, const char *to, struct err *err)
{
	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	AUTO_FREE char *by_fd = xasprintf("/proc/self/fd/%d", fd);
	AUTO_FREE char *target = path_join(to, name);
	AUTO_STRBUF text = STRBUF_INIT;
	struct stat st;
	int r;

	if (fd < 0)
		return errno == ELOOP || errno == ENXIO ? 0 : err_sys(err, "open '%s'", name);
	if (fstat(fd, &st) < 0)
		return err_sys(err, "stat '%s'", name);
	if (!S_ISREG(st.st_mode))
		return 0;
	r = fs_read(by_fd, INCLUDE_BYTES_MAX, &text, err);
	if (r < 0)
		return err_wrap(err, "include file %s", name);
	return fs_write(target, text.buf, text.len, 0644, err);
}

static int copy_all(struct ctx *ctx, const char *app, enum staged_kind kind, int dir,
	struct err *err)
{
	AUTO_FREE char *by_fd = xasprintf("/proc/self/fd/%d", dir);
	AUTO_FREE char *to = NULL;
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_list(by_fd, &names, err);

	if (r >= 0)
		r = staged_put_dir(ctx, app, kind, &to, err);
	if (r >= 0 && names.count > INCLUDES_MAX)
		r = err_set(err, ERR_INVALID, "There are more than %d include files", INCLUDES_MAX);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		if (!is_safe_name(names.items[i]))
			return err_user(err, ERR_INVALID, 1,
				"Aborting deploy: include file has unsafe filename: %.200s",
				names.items[i]);
		r = copy_one(dir, names.items[i], to, err);
	}
	return r;
}

void source_include_paths(struct strvec *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		strvec_pushf(ret, "%s/", folders[i].path);
}

/* Most apps never had any: nothing is written for them. */
static int stage_none(struct ctx *ctx, const char *app, enum staged_kind kind, struct err *err)
{
	AUTO_FREE char *before = staged_path(ctx, app, kind);

	return before ? staged_put(ctx, app, kind, NULL, err) : 0;
}

int source_stage_includes(struct ctx *ctx, const char *app, const char *dir, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(folders); i++) {
		AUTO_CLOSE int fd = source_open_dir(dir, folders[i].path, err);

		if (fd >= 0) {
			r = copy_all(ctx, app, folders[i].kind, fd, err);
			continue;
		}
		/* One that leads out of the source, or is no folder, counts as none. */
		err_clear(err);
		r = stage_none(ctx, app, folders[i].kind, err);
	}
	return r;
}
