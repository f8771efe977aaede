/* SPDX-License-Identifier: MIT */
/* A host that shows a template the files below one folder. */
#include <dirent.h>
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
#include "lib/gotemplate/gotemplate.h"

/* PATH below ROOT, or NULL if it is not there. "/" has everything below it. */
static const char *below(const char *root, const char *path)
{
	size_t n = strlen(root);

	while (n && root[n - 1] == '/')
		n--;
	if (strncmp(path, root, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return NULL;
	path += n;
	while (*path == '/')
		path++;
	return *path ? path : ".";
}

/* Opens PATH without leaving the root; the kernel sees to ".." and symbolic links. */
static int open_below(const struct gotmpl_folder *f, const char *path, int flags, struct err *err)
{
	AUTO_FREE char *joined =
		path[0] == '/' ? NULL : path_join(f->start ? f->start : f->root, path);
	const char *inside = below(f->root, joined ? joined : path);
	AUTO_CLOSE int root = -1;
	struct open_how how = { .flags = (unsigned int)flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	long fd;

	if (!inside)
		return err_set(err, ERR_DENIED, "'%s' is outside of '%s'", path, f->root);
	root = open(f->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, "open folder '%s'", f->root);
	fd = syscall(SYS_openat2, root, inside, &how, sizeof(how));
	if (fd >= 0)
		return (int)fd;
	if (errno == ENOENT || errno == ENOTDIR)
		return err_set(err, ERR_NOT_FOUND, "Not found in path: %s", path);
	if (errno == EXDEV || errno == ELOOP)
		return err_set(err, ERR_DENIED, "'%s' leads out of '%s'", path, f->root);
	return err_sys(err, "open '%s'", path);
}

static int read_below(void *cookie, const char *path, size_t max, struct strbuf *out,
	struct err *err)
{
	/* A named pipe must not hold the rendering up. */
	AUTO_CLOSE int fd = open_below(cookie, path, O_RDONLY | O_NONBLOCK, err);
	AUTO_STRBUF text = STRBUF_INIT;
	struct stat st;
	char chunk[8192];
	ssize_t n;

	if (fd < 0)
		return -(int)err->kind;
	if (fstat(fd, &st) < 0)
		return err_sys(err, "stat '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "'%s' is not a file", path);
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read '%s'", path);
		if (text.len + (size_t)n > max)
			return err_set(err, ERR_INVALID, "'%s' is larger than %zu bytes", path,
				max);
		strbuf_add(&text, chunk, (size_t)n);
	}
	strbuf_add(out, text.buf, text.len);
	return 0;
}

static int list_below(void *cookie, const char *path, enum gotmpl_list_kind kind,
	struct strvec *ret_names, struct err *err)
{
	int fd = open_below(cookie, path, O_RDONLY | O_DIRECTORY, err);
	AUTO_CLOSEDIR DIR *dir = NULL;
	AUTO_STRVEC names = STRVEC_INIT;
	const struct dirent *e;

	if (fd < 0)
		return -(int)err->kind;
	dir = fdopendir(fd);
	if (!dir) {
		err_sys(err, "open folder '%s'", path);
		close(fd);
		return -ERR_SYS;
	}
	while ((e = readdir(dir)) && names.count <= GOTMPL_LIST_MAX) {
		struct stat st;
		bool is_dir = fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			      S_ISDIR(st.st_mode);

		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		if (kind == GOTMPL_LIST_ALL || is_dir == (kind == GOTMPL_LIST_DIRS))
			strvec_push(&names, e->d_name);
	}
	strvec_sort(&names);
	strvec_pushv(ret_names, names.items);
	return 0;
}

static int exists_below(void *cookie, const char *path, struct err *err)
{
	AUTO_CLOSE int fd = open_below(cookie, path, O_PATH, err);

	if (fd >= 0)
		return 1;
	if (err->kind != ERR_NOT_FOUND)
		return -(int)err->kind;
	err_clear(err);
	return 0;
}

void gotmpl_host_folder(struct gotmpl_host *host, const struct gotmpl_folder *folder)
{
	host->read = read_below;
	host->list = list_below;
	host->exists = exists_below;
	/* The callbacks take it back as const. */
	host->cookie = (void *)(uintptr_t)folder;
}
