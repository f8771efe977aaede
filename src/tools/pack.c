/* SPDX-License-Identifier: MIT */
#include "tools/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/fs.h"
#include "tools/member.h"

static void writer_done(struct archive **a)
{
	archive_write_free(*a);
}

static void entry_done(struct archive_entry **e)
{
	archive_entry_free(*e);
}

static void json_done(json_t **j)
{
	json_decref(*j);
}

static int write_failed(struct archive *a, struct err *err)
{
	const char *text = archive_error_string(a);

	return err_set(err, ERR_FAILED, "cannot write the archive: %s",
		text ? text : "unknown reason");
}

static int writer_open(struct archive **ret, int out, struct err *err)
{
	CLEANUP(writer_done) struct archive *a = archive_write_new();

	archive_write_set_format_pax_restricted(a);
	archive_write_set_bytes_in_last_block(a, 1);
	if (archive_write_open_fd(a, out) != ARCHIVE_OK)
		return write_failed(a, err);
	*ret = TAKE_PTR(a);
	return 0;
}

static int writer_close(struct archive *a, struct err *err)
{
	return archive_write_close(a) == ARCHIVE_OK ? 0 : write_failed(a, err);
}

static int bad_name(const char *name, const char *problem, struct err *err)
{
	AUTO_STRBUF shown = STRBUF_INIT;

	member_show(name, &shown);
	return err_set(err, ERR_INVALID, "'%s' %s", shown.buf, problem);
}

/* Writes exactly SIZE bytes: what a file grows by meanwhile is not there, a shorter one fails. */
static int write_content(struct archive *a, int fd, uint64_t size, const char *path,
	struct err *err)
{
	char chunk[16384];

	while (size) {
		ssize_t n = read(fd, chunk, size < sizeof(chunk) ? (size_t)size : sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read '%s'", path);
		if (n == 0)
			return err_set(err, ERR_FAILED, "'%s' became shorter while it was read",
				path);
		if (archive_write_data(a, chunk, (size_t)n) != n)
			return write_failed(a, err);
		size -= (uint64_t)n;
	}
	return 0;
}

static int write_header(struct archive *a, const char *path, const struct stat *st,
	const char *target, struct err *err)
{
	CLEANUP(entry_done) struct archive_entry *e = archive_entry_new();

	archive_entry_copy_pathname(e, path);
	archive_entry_set_filetype(e, st->st_mode & S_IFMT);
	archive_entry_set_perm(e, st->st_mode & 0777);
	archive_entry_set_mtime(e, st->st_mtim.tv_sec, 0);
	archive_entry_set_size(e, S_ISREG(st->st_mode) ? st->st_size : 0);
	if (target)
		archive_entry_copy_symlink(e, target);
	return archive_write_header(a, e) < ARCHIVE_WARN ? write_failed(a, err) : 0;
}

static int pack_link(struct archive *a, const char *path, const struct stat *st, struct err *err)
{
	char target[4096];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(err, "read link '%s'", path);
	target[n] = '\0';
	return write_header(a, path, st, target, err);
}

static int pack_file(struct archive *a, const char *path, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_FAILED, "'%s' changed while it was read", path);
	r = write_header(a, path, &st, NULL, err);
	return r < 0 ? r : write_content(a, fd, (uint64_t)st.st_size, path, err);
}

/* Depth is bounded by the rule on member names. */
static int pack_path(struct archive *a, const char *path, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	const char *problem = member_path_problem(path);
	bool here = str_eq(path, ".");
	struct stat st;
	int r;

	if (problem)
		return bad_name(path, problem, err);
	if (lstat(path, &st) < 0)
		return err_sys(err, "look at '%s'", path);
	if (S_ISLNK(st.st_mode))
		return pack_link(a, path, &st, err);
	if (S_ISREG(st.st_mode))
		return pack_file(a, path, err);
	if (!S_ISDIR(st.st_mode))
		return 0;
	r = here ? 0 : write_header(a, path, &st, NULL, err);
	if (r >= 0)
		r = fs_list(path, &names, err);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *child =
			here ? xstrdup(names.items[i]) : path_join(path, names.items[i]);

		r = pack_path(a, child, err);
	}
	return r;
}

int pack_tree(const struct strvec *paths, int out, struct err *err)
{
	CLEANUP(writer_done) struct archive *a = NULL;
	int r = writer_open(&a, out, err);

	for (size_t i = 0; r >= 0 && i < paths->count; i++)
		r = pack_path(a, paths->items[i], err);
	return r < 0 ? r : writer_close(a, err);
}

static int parse_mode(const json_t *mode, mode_t *ret)
{
	const char *s = mode ? json_string_value(mode) : "0644";
	mode_t value = 0;

	if (!s || !*s || strlen(s) > 4)
		return -1;
	for (; *s; s++) {
		if (*s < '0' || *s > '7')
			return -1;
		value = value * 8 + (mode_t)(*s - '0');
	}
	if (value > 0777)
		return -1;
	*ret = value;
	return 0;
}

/* JSON text is UTF-8; other bytes come as base64. */
static bool content_of(const json_t *obj, struct strbuf *out)
{
	const json_t *text = json_object_get(obj, "content");
	const json_t *base64 = json_object_get(obj, "base64");

	if (json_is_string(base64) && !text)
		return base64_decode(json_string_value(base64), json_string_length(base64), out,
			NULL);
	if (!json_is_string(text) || base64)
		return false;
	strbuf_add(out, json_string_value(text), json_string_length(text));
	return true;
}

static int pack_object(struct archive *a, const json_t *obj, struct err *err)
{
	CLEANUP(strbuf_erase) struct strbuf content = STRBUF_INIT;
	const json_t *name = json_object_get(obj, "name");
	const char *path = json_string_value(name);
	struct stat st = { 0 };
	const char *problem;
	int r;

	if (!path || !content_of(obj, &content))
		return err_set(err, ERR_INVALID, "a member needs a name and a content, both text");
	st.st_size = (off_t)content.len;
	if (strlen(path) != json_string_length(name))
		return err_set(err, ERR_INVALID, "a member's name holds a NUL character");
	problem = member_path_problem(path);
	if (!problem && !member_depth(path))
		problem = "is no name for a file";
	if (problem)
		return bad_name(path, problem, err);
	if (parse_mode(json_object_get(obj, "mode"), &st.st_mode) < 0)
		return bad_name(path, "has a mode that is not octal text up to 0777", err);
	st.st_mode |= S_IFREG;
	r = write_header(a, path, &st, NULL, err);
	if (r < 0)
		return r;
	if (archive_write_data(a, content.buf, content.len) != (la_ssize_t)content.len)
		return write_failed(a, err);
	return 0;
}

static int read_json(int in, json_t **ret, struct err *err)
{
	CLEANUP(strbuf_erase) struct strbuf text = STRBUF_INIT;
	char chunk[16384];
	json_error_t e;
	ssize_t n;

	while ((n = read(in, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read the description");
		if (text.len + (size_t)n > PACK_JSON_BYTES_MAX)
			return err_set(err, ERR_INVALID, "the description is larger than %d bytes",
				PACK_JSON_BYTES_MAX);
		strbuf_add(&text, chunk, (size_t)n);
	}
	explicit_bzero(chunk, sizeof(chunk));
	*ret = json_loadb(text.buf, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &e);
	if (!*ret) /* without jansson's text: it quotes the input, which may be secret */
		return err_set(err, ERR_INVALID, "the description is not JSON (line %d, column %d)",
			e.line, e.column);
	return 0;
}

int pack_json(int in, int out, struct err *err)
{
	CLEANUP(json_done) json_t *list = NULL;
	CLEANUP(writer_done) struct archive *a = NULL;
	int r = read_json(in, &list, err);

	if (r < 0)
		return r;
	if (!json_is_array(list))
		return err_set(err, ERR_INVALID, "the description is not a list of members");
	r = writer_open(&a, out, err);
	for (size_t i = 0; r >= 0 && i < json_array_size(list); i++)
		r = pack_object(a, json_array_get(list, i), err);
	return r < 0 ? r : writer_close(a, err);
}
