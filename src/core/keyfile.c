/* SPDX-License-Identifier: MIT */
#include "core/keyfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"

static const char file_name[] = "authorized_keys";
static const char new_name[] = ".tmp-authorized_keys";

/* --- reading --- */

static int read_all(int fd, size_t max, struct strbuf *out, struct err *err)
{
	char chunk[8192];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read");
		if (out->len + (size_t)n > max)
			return err_set(err, ERR_INVALID, "it is longer than %zu bytes", max);
		strbuf_add(out, chunk, (size_t)n);
	}
	return 0;
}

static int open_folder(const char *home, struct err *err)
{
	AUTO_FREE char *path = path_join(home, ".ssh");
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "there is no folder '%s'", path);
	return err_sys(err, "open folder '%s'", path);
}

/* 1 when there is a file; RET_ST (may be NULL) is its status. */
static int read_keys(int folder, struct sshkeys *ret, struct stat *ret_st, struct err *err)
{
	AUTO_CLOSE int fd =
		openat(folder, file_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	AUTO_STRBUF text = STRBUF_INIT;
	struct stat st;
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "open '%s'", file_name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "'%s' is not a plain file", file_name);
	r = read_all(fd, SSHKEYS_TEXT_MAX, &text, err);
	if (r >= 0)
		r = sshkeys_parse(text.buf, text.len, ret, err);
	if (r < 0)
		return err_wrap(err, "read '%s'", file_name);
	if (ret_st)
		*ret_st = st;
	return 1;
}

int keyfile_read(const char *home, struct sshkeys *ret, struct err *err)
{
	AUTO_ERR missing = ERR_INIT;
	AUTO_CLOSE int folder = open_folder(home, &missing);

	if (folder >= 0)
		return read_keys(folder, ret, NULL, err);
	return missing.kind == ERR_NOT_FOUND ? 0
					     : err_set(err, missing.kind, "%s", missing.msg.buf);
}

/* --- writing --- */

/* Two writers at once would lose a key; the lock is on the folder, since the file is replaced. */
static int lock_folder(const char *home, struct err *err)
{
	AUTO_CLOSE int folder = open_folder(home, err);
	int r;

	if (folder < 0)
		return folder;
	do {
		r = flock(folder, LOCK_EX);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(err, "lock the folder of '%s'", file_name);
	return TAKE_FD(folder);
}

static int fill_new(int fd, const struct strbuf *text, const struct stat *like, struct err *err)
{
	if (geteuid() == 0 && fchown(fd, like->st_uid, like->st_gid) < 0)
		return err_sys(err, "give '%s' its owner", file_name);
	if (fchmod(fd, like->st_mode & 0777) < 0)
		return err_sys(err, "give '%s' its mode", file_name);
	if (fs_write_all(fd, text->buf, text->len) < 0 || fsync(fd) < 0)
		return err_sys(err, "write '%s'", file_name);
	return 0;
}

static int write_keys(int folder, const struct sshkeys *keys, const struct stat *like,
	struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_CLOSE int fd = -1;
	int r;

	sshkeys_write(keys, &text);
	/* Left by a kill: nobody else is at work under the lock. */
	unlinkat(folder, new_name, 0);
	fd = openat(folder, new_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "create '%s'", new_name);
	r = fill_new(fd, &text, like, err);
	if (r >= 0 && renameat(folder, new_name, folder, file_name) < 0)
		r = err_sys(err, "replace '%s'", file_name);
	if (r < 0) {
		unlinkat(folder, new_name, 0);
		return r;
	}
	return fsync(folder) < 0 ? err_sys(err, "sync the folder of '%s'", file_name) : 0;
}

/* A file that is not there yet belongs to the folder's owner. */
static int load(int folder, struct sshkeys *keys, struct stat *st, struct err *err)
{
	int r = read_keys(folder, keys, st, err);

	if (r != 0)
		return r;
	if (fstat(folder, st) < 0)
		return err_sys(err, "look at the folder of '%s'", file_name);
	st->st_mode = 0600;
	return 0;
}

int keyfile_add(const struct keyfile_add *add, char **ret_fingerprint, struct err *err)
{
	AUTO_SSHKEYS keys = SSHKEYS_INIT;
	AUTO_SSHKEY key = SSHKEY_INIT;
	AUTO_FREE char *fingerprint = NULL;
	AUTO_CLOSE int folder = -1;
	struct stat st;
	int r = sshkey_parse(add->text, add->len, &key, err);

	if (r >= 0)
		r = sshkey_fingerprint(&key, &fingerprint, err);
	if (r < 0)
		return r;
	folder = lock_folder(add->home, err);
	if (folder < 0)
		return folder;
	r = load(folder, &keys, &st, err);
	if (r >= 0)
		r = sshkeys_add(&keys,
			&(struct sshkeys_new){
				.name = add->name,
				.key = &key,
				.fingerprint = fingerprint,
				.options = getenv("SSHCOMMAND_ALLOWED_KEYS"),
				.home = add->home,
				.allow_same_name = add->allow_same_name,
				.allow_same_key = add->allow_same_key,
			},
			err);
	if (r >= 0)
		r = write_keys(folder, &keys, &st, err);
	if (r < 0)
		return r;
	*ret_fingerprint = TAKE_PTR(fingerprint);
	return 0;
}

int keyfile_remove(const char *home, const char *name, const char *fingerprint, struct err *err)
{
	AUTO_SSHKEYS keys = SSHKEYS_INIT;
	AUTO_CLOSE int folder = lock_folder(home, err);
	struct stat st;
	size_t n;
	int r;

	if (folder < 0)
		return folder;
	r = load(folder, &keys, &st, err);
	if (r <= 0)
		return r;
	n = name ? sshkeys_remove_name(&keys, name)
		 : sshkeys_remove_fingerprint(&keys, fingerprint);
	if (n)
		r = write_keys(folder, &keys, &st, err);
	return r < 0 ? r : (int)n;
}

int keyfile_create(const char *home, unsigned uid, unsigned gid, struct err *err)
{
	AUTO_FREE char *path = path_join(home, ".ssh");
	AUTO_SSHKEYS none = SSHKEYS_INIT;
	AUTO_CLOSE int folder = -1;
	struct stat st = { .st_uid = uid, .st_gid = gid, .st_mode = 0600 };

	if (mkdir(path, 0700) == 0) {
		if (lchown(path, uid, gid) < 0)
			return err_sys(err, "give '%s' its owner", path);
	} else if (errno != EEXIST) {
		return err_sys(err, "create '%s'", path);
	}
	folder = lock_folder(home, err);
	if (folder < 0)
		return folder;
	if (faccessat(folder, file_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return write_keys(folder, &none, &st, err);
}

/* --- what a person gives --- */

static int input_from(int fd, struct strbuf *out, struct err *err)
{
	int r = read_all(fd, SSHKEY_TEXT_MAX, out, err);

	return r < 0 ? err_wrap(err, "the key") : r;
}

static int input_file(const char *path, struct strbuf *out, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "open key file '%s'", path);
	return input_from(fd, out, err);
}

int keyfile_input(const char *path, struct strbuf *out, struct err *err)
{
	struct stat st;

	if (path && *path)
		return input_file(path, out, err);
	/* A terminal or /dev/null: nobody is sending a key. */
	if (fstat(STDIN_FILENO, &st) < 0 || S_ISCHR(st.st_mode))
		return err_set(err, ERR_USAGE, "No key specified via file or pipe");
	return input_from(STDIN_FILENO, out, err);
}
