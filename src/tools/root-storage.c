/* SPDX-License-Identifier: MIT */
/*
 * The storage root belongs to the caller, so anything in it may turn into a link at any moment:
 * each step is taken from an open folder, by one name, without following links.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "lib/ownership/ownership.h"
#include "tools/root.h"

enum {
	NAME_LEN_MAX = 255,
	UID_PLAIN_MAX = 65535,
	UID_MAPPED_MIN = 165536, /* 0 and 65535 in a user namespace of Docker's default mapping */
	UID_MAPPED_MAX = 231071,
};

static int check_name(const char *name, struct err *err)
{
	size_t len = strlen(name);

	if (!len || len > NAME_LEN_MAX ||
		name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")])
		return err_set(err, ERR_INVALID,
			"Directory can only contain the following set of characters: "
			"[A-Za-z0-9_-]");
	return 0;
}

static int open_folder_at(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/*
 * The storage root: its parents up to the one that holds "data" are root's choice, what is below
 * is reached without following links.
 */
static int open_root(const struct root_conf *c, struct err *err)
{
	const char *end = c->storage_root + strlen(c->storage_root);
	AUTO_FREE char *base = NULL;
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int data = -1;
	int r;

	if (!str_ends(c->storage_root, "/data/storage")) {
		r = open(c->storage_root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return r < 0 ? err_sys(err, "open '%s'", c->storage_root) : r;
	}
	base = xstrndup(c->storage_root, (size_t)(end - c->storage_root) - strlen("data/storage"));
	fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	data = fd < 0 ? -1 : open_folder_at(fd, "data");
	r = data < 0 ? -1 : open_folder_at(data, "storage");
	return r < 0 ? err_sys(err, "open '%s'", c->storage_root) : r;
}

static int open_storage(const struct root_conf *c, const char *name, struct err *err)
{
	AUTO_CLOSE int root = -1;
	int r = check_name(name, err);

	if (r < 0)
		return r;
	root = open_root(c, err);
	if (root < 0)
		return root;
	r = open_folder_at(root, name);
	return r < 0 ? err_sys(err, "open storage folder '%s'", name) : r;
}

int root_storage_chown(const struct root_conf *c, const char *name, const char *uid,
	struct err *err)
{
	AUTO_CLOSE int fd = -1;
	uint64_t value;
	int r = parse_uint(uid, 0, UID_MAPPED_MAX, &value, err);

	if (r < 0 || (value > UID_PLAIN_MAX && value < UID_MAPPED_MIN)) {
		err_clear(err);
		return err_set(err, ERR_INVALID,
			"Unsupported chown permissions. Supported values: "
			"0-65535 (and user namespace offset variants, 165536-231071)");
	}
	fd = open_storage(c, name, err);
	if (fd < 0)
		return fd;
	return owner_set_tree(fd, (uid_t)value, err);
}

int root_storage_chmod(const struct root_conf *c, const char *name, const char *mode,
	struct err *err)
{
	AUTO_CLOSE int fd = -1;
	size_t len = strlen(mode);
	mode_t value = 0;

	if (len < 3 || len > 4 || mode[strspn(mode, "01234567")])
		return err_set(err, ERR_INVALID,
			"Unsupported directory mode. Value must be a 3 or "
			"4 digit octal mode, such as 0755");
	for (const char *p = mode; *p; p++)
		value = value * 8 + (mode_t)(*p - '0');
	fd = open_storage(c, name, err);
	if (fd < 0)
		return fd;
	if (fchmod(fd, value) < 0)
		return err_sys(err, "change the mode of storage folder '%s'", name);
	return 0;
}

int root_storage_remove(const struct root_conf *c, const char *name, struct err *err)
{
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int root = -1;
	struct stat st;
	int r = check_name(name, err);

	if (r < 0)
		return r;
	root = open_root(c, err);
	if (root < 0)
		return root;
	if (fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_INVALID, "storage folder '%s' is not a folder", name);
	/* By way of the open folder, so that its parents cannot be exchanged meanwhile. */
	path = xasprintf("/proc/self/fd/%d/%s", root, name);
	return fs_rm_rf(path, err);
}
