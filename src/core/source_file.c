/* SPDX-License-Identifier: MIT */
#include "core/source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"

/* For kernels or sandboxes without openat2. The tree is ours alone, so nobody races with us. */
static int open_checked(const char *dir, const char *path, int flags)
{
	AUTO_FREE char *joined = path_join(dir, path);
	AUTO_FREE char *root = realpath(dir, NULL);
	AUTO_FREE char *real = root ? realpath(joined, NULL) : NULL;
	const char *rest = real ? str_after(real, root) : NULL;

	if (!real)
		return -1;
	if (!rest || (*rest && *rest != '/')) {
		errno = EXDEV;
		return -1;
	}
	return open(real, flags);
}

static int open_beneath(const char *dir, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC | O_NONBLOCK),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	AUTO_CLOSE int root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = root < 0 ? -1 : (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

	if (fd < 0 && root >= 0 && (errno == ENOSYS || errno == EPERM))
		fd = open_checked(dir, path, flags | O_CLOEXEC | O_NONBLOCK);
	return fd;
}

static int open_kind(const char *dir, const char *path, int flags, mode_t kind, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (!path_is_inside(path))
		return err_set(err, ERR_INVALID, "'%s' is not a path inside the source", path);
	fd = open_beneath(dir, path, flags);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(err, ERR_NOT_FOUND, "there is no '%s' in the source", path);
	if (fd < 0 && (errno == EXDEV || errno == ELOOP))
		return err_set(err, ERR_DENIED,
			"'%s' is a symbolic link that leads out of the source", path);
	if (fd < 0)
		return err_sys(err, "open '%s' of the source", path);
	if (fstat(fd, &st) < 0)
		return err_sys(err, "look at '%s' of the source", path);
	if ((st.st_mode & S_IFMT) != kind)
		return err_set(err, ERR_INVALID, "'%s' of the source is not a %s", path,
			kind == S_IFDIR ? "folder" : "regular file");
	return TAKE_FD(fd);
}

int source_open(const char *dir, const char *path, struct err *err)
{
	return open_kind(dir, path, O_RDONLY, S_IFREG, err);
}

int source_open_dir(const char *dir, const char *path, struct err *err)
{
	return open_kind(dir, path, O_RDONLY | O_DIRECTORY, S_IFDIR, err);
}

bool source_has(const char *dir, const char *path)
{
	AUTO_ERR ignored = ERR_INIT;
	AUTO_CLOSE int fd = source_open(dir, path, &ignored);

	return fd >= 0;
}

int source_read(const char *dir, const char *path, size_t max, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *by_fd = NULL;
	AUTO_CLOSE int fd = source_open(dir, path, err);

	if (fd == -ERR_NOT_FOUND)
		err_clear(err);
	if (fd < 0)
		return fd == -ERR_NOT_FOUND ? 0 : fd;
	by_fd = xasprintf("/proc/self/fd/%d", fd);
	if (fs_read(by_fd, max, out, err) < 0)
		return err_wrap(err, "read '%s' of the source", path);
	return 1;
}
