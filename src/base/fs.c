/* SPDX-License-Identifier: MIT */
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

enum { TREE_DEPTH_MAX = 128 };

static int read_fd(int fd, size_t max, struct strbuf *out, const char *path, struct err *err)
{
	char chunk[16384];
	size_t total = 0;

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read '%s'", path);
		if (n == 0)
			return 0;
		total += (size_t)n;
		if (total > max)
			return err_set(err, ERR_INVALID, "'%s' is larger than %zu bytes", path,
				max);
		strbuf_add(out, chunk, (size_t)n);
	}
}

int fs_read(const char *path, size_t max, struct strbuf *out, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(err, ERR_NOT_FOUND, "'%s' does not exist", path);
	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	return read_fd(fd, max, out, path, err);
}

int fs_read_optional(const char *path, size_t max, struct strbuf *out, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	r = read_fd(fd, max, out, path, err);
	return r < 0 ? r : 1;
}

int fs_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The folder part of PATH, "." when it has none; for free(). */
static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	if (slash == path)
		return xstrdup("/");
	return xstrndup(path, (size_t)(slash - path));
}

static int sync_parent(const char *path, struct err *err)
{
	AUTO_FREE char *dir = parent_of(path);
	AUTO_CLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "open folder '%s'", dir);
	if (fsync(fd) < 0)
		return err_sys(err, "sync folder '%s'", dir);
	return 0;
}

static int fill_temp(int fd, const char *path, const void *data, size_t len, mode_t mode,
	struct err *err)
{
	if (fs_write_all(fd, data, len) < 0)
		return err_sys(err, "write '%s'", path);
	if (fchmod(fd, mode) < 0)
		return err_sys(err, "set the mode of '%s'", path);
	if (fsync(fd) < 0)
		return err_sys(err, "sync '%s'", path);
	return 0;
}

int fs_write(const char *path, const void *data, size_t len, mode_t mode, struct err *err)
{
	AUTO_FREE char *dir = parent_of(path);
	AUTO_FREE char *temp = xasprintf("%s/.tmp-%s.XXXXXX", dir, path_base(path));
	AUTO_CLOSE int fd = mkostemp(temp, O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(err, "create a file in '%s'", dir);
	r = fill_temp(fd, path, data, len, mode, err);
	if (r == 0 && rename(temp, path) < 0)
		r = err_sys(err, "replace '%s'", path);
	if (r < 0) {
		unlink(temp);
		return r;
	}
	return sync_parent(path, err);
}

int fs_write_str(const char *path, const char *text, mode_t mode, struct err *err)
{
	AUTO_FREE char *dir = parent_of(path);
	int r = fs_mkdir_p(dir, 0755, err);

	if (r < 0)
		return r;
	return fs_write(path, text, strlen(text), mode, err);
}

int fs_unlink(const char *path, struct err *err)
{
	if (unlink(path) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return err_sys(err, "remove '%s'", path);
	}
	return sync_parent(path, err);
}

int fs_rename(const char *from, const char *to, struct err *err)
{
	int r;

	if (rename(from, to) < 0)
		return err_sys(err, "rename '%s' to '%s'", from, to);
	r = sync_parent(to, err);
	return r < 0 ? r : sync_parent(from, err);
}

int fs_mkdir_p(const char *path, mode_t mode, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(path);

	for (char *p = copy + 1;; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return err_sys(err, "create folder '%s'", copy);
		*p = c;
		if (!c)
			break;
	}
	if (!fs_is_dir(path))
		return err_set(err, ERR_INVALID, "'%s' is not a folder", path);
	return 0;
}

static int remove_tree_at(int parent, const char *name, int depth)
{
	AUTO_CLOSEDIR DIR *dir = NULL;
	struct dirent *entry;
	int fd;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if (depth > TREE_DEPTH_MAX) {
		errno = ELOOP;
		return -1;
	}
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -1;
	}
	while ((entry = readdir(dir))) {
		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		if (remove_tree_at(dirfd(dir), entry->d_name, depth + 1) < 0)
			return -1;
	}
	return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -1;
}

int fs_rm_rf(const char *path, struct err *err)
{
	if (remove_tree_at(AT_FDCWD, path, 0) < 0)
		return err_sys(err, "remove '%s'", path);
	return 0;
}

int fs_copy_file(const char *from, const char *to, struct err *err)
{
	AUTO_CLOSE int in = open(from, O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int out = -1;
	struct stat st;

	if (in < 0 || fstat(in, &st) < 0)
		return err_sys(err, "open '%s'", from);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, st.st_mode & 07777);
	if (out < 0)
		return err_sys(err, "create '%s'", to);
	for (;;) {
		ssize_t n = sendfile(out, in, NULL, 1 << 20);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "copy '%s' to '%s'", from, to);
		if (n == 0)
			break;
	}
	if (fchmod(out, st.st_mode & 07777) < 0 || fsync(out) < 0)
		return err_sys(err, "finish '%s'", to);
	return 0;
}

static int copy_link(const char *from, const char *to, struct err *err)
{
	char target[4096];
	ssize_t n = readlink(from, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(err, "read link '%s'", from);
	target[n] = '\0';
	if (symlink(target, to) < 0)
		return err_sys(err, "create link '%s'", to);
	return 0;
}

static int copy_tree(const char *from, const char *to, int depth, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	struct stat st;
	int r;

	if (depth > TREE_DEPTH_MAX)
		return err_set(err, ERR_INVALID, "'%s' is nested too deeply", from);
	if (lstat(from, &st) < 0)
		return err_sys(err, "look at '%s'", from);
	if (S_ISLNK(st.st_mode))
		return copy_link(from, to, err);
	if (S_ISREG(st.st_mode))
		return fs_copy_file(from, to, err);
	if (!S_ISDIR(st.st_mode))
		return 0; /* sockets, pipes and devices are nobody's state */
	if (mkdir(to, st.st_mode & 07777) < 0)
		return err_sys(err, "create folder '%s'", to);
	r = fs_list(from, &names, err);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *a = path_join(from, names.items[i]);
		AUTO_FREE char *b = path_join(to, names.items[i]);

		r = copy_tree(a, b, depth + 1, err);
	}
	return r;
}

int fs_copy_tree(const char *from, const char *to, struct err *err)
{
	int r = copy_tree(from, to, 0, err);

	return r < 0 ? r : sync_parent(to, err);
}

int fs_list(const char *path, struct strvec *ret_names, struct err *err)
{
	AUTO_CLOSEDIR DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!dir)
		return err_sys(err, "list '%s'", path);
	while ((entry = readdir(dir))) {
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			strvec_push(ret_names, entry->d_name);
	}
	strvec_sort(ret_names);
	return 0;
}

bool fs_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool fs_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool fs_is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool fs_is_exec(const char *path)
{
	return fs_is_file(path) && access(path, X_OK) == 0;
}

char *path_join(const char *dir, const char *name)
{
	size_t n = strlen(dir);
	const char *sep = n && dir[n - 1] == '/' ? "" : "/";

	return xasprintf("%s%s%s", dir, sep, name);
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool path_is_inside(const char *path)
{
	const char *p = path;

	if (!*path || *path == '/')
		return false;
	for (const char *c = path; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	}
	while (*p) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.')
			return false;
		p += n;
		p += *p == '/';
	}
	return true;
}

const char *str_after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

bool str_starts(const char *s, const char *prefix)
{
	return str_after(s, prefix) != NULL;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s);
	size_t m = strlen(suffix);

	return n >= m && strcmp(s + n - m, suffix) == 0;
}

bool str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}
