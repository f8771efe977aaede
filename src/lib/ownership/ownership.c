/* SPDX-License-Identifier: MIT */
#include "lib/ownership/ownership.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

enum { TREE_DEPTH_MAX = 200 };

struct chowning {
	uid_t uid;
	dev_t device;
	bool links_protected;
};

static int open_folder_at(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int chown_tree(const struct chowning *c, int fd, int depth, struct err *err);

static int chown_entry(const struct chowning *c, int at, const char *name, int depth,
	struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(err, "look at a file in the storage folder");
	if (S_ISDIR(st.st_mode)) {
		fd = open_folder_at(at, name);
		if (fd < 0)
			return errno == ENOENT ? 0 : err_sys(err, "open a folder of the storage");
		return chown_tree(c, fd, depth + 1, err);
	}
	/* Opened as a handle first: what is looked at is what is changed. */
	fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, "open a file of the storage");
	if (fstat(fd, &st) < 0)
		return err_sys(err, "look at a file of the storage");
	if (st.st_dev != c->device)
		return 0;
	if (st.st_nlink > 1 && !c->links_protected)
		return err_set(err, ERR_DENIED,
			"a file in the storage folder has a second name, "
			"and fs.protected_hardlinks is off");
	if (fchownat(fd, "", c->uid, c->uid, AT_EMPTY_PATH) < 0)
		return err_sys(err, "change the owner of a file");
	return 0;
}

/* FD stays the caller's. */
static int chown_tree(const struct chowning *c, int fd, int depth, struct err *err)
{
	AUTO_CLOSEDIR DIR *dir = NULL;
	struct dirent *entry;
	struct stat st;
	int copy;
	int r = 0;

	if (depth > TREE_DEPTH_MAX)
		return err_set(err, ERR_INVALID, "the storage folder is nested too deeply");
	if (fstat(fd, &st) < 0)
		return err_sys(err, "look at a folder of the storage");
	if (st.st_dev != c->device)
		return 0;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir)
		return err_sys(err, "list a folder of the storage");
	while (r >= 0 && (entry = readdir(dir))) {
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			r = chown_entry(c, fd, entry->d_name, depth, err);
	}
	if (r >= 0 && fchown(fd, c->uid, c->uid) < 0)
		r = err_sys(err, "change the owner of a folder");
	return r;
}

static bool links_protected(void)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT; /* unreadable counts as off */

	return fs_read("/proc/sys/fs/protected_hardlinks", 16, &text, &ignored) >= 0 &&
	       text.buf[0] == '1';
}

int owner_set_tree(int fd, uid_t uid, struct err *err)
{
	struct chowning job = { .uid = uid, .links_protected = links_protected() };
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, "look at the storage folder");
	job.device = st.st_dev;
	return chown_tree(&job, fd, 0, err);
}
