/* SPDX-License-Identifier: MIT */
#include "tools/backup-write.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/strvec.h"
#include "tools/backup-sum.h"
#include "tools/member.h"

enum { CHUNK = 65536, ZSTD_LEVEL = 3 };

struct writer {
	struct archive *a;
	json_t *members;  /* what checksums.json will say */
	json_t *left_out; /* by the command at hand */
	uint64_t files;
	uint64_t bytes;
};

static void writer_done(struct writer *w)
{
	archive_write_free(w->a);
	json_decref(w->members);
	json_decref(w->left_out);
}

static int write_failed(struct writer *w, struct err *err)
{
	const char *text = archive_error_string(w->a);

	return err_set(err, ERR_FAILED, "cannot write the archive: %s",
		text ? text : "unknown reason");
}

static void leave_out(struct writer *w, const char *path, const char *why)
{
	AUTO_STRBUF shown = STRBUF_INIT;

	member_show(path, &shown);
	json_array_append_new(w->left_out, json_sprintf("%s: %s", shown.buf, why));
}

static int write_header(struct writer *w, const char *name, const struct stat *st,
	const char *target, struct err *err)
{
	struct archive_entry *e = archive_entry_new();
	int r;

	archive_entry_copy_pathname(e, name);
	archive_entry_set_filetype(e, st->st_mode & S_IFMT);
	archive_entry_set_perm(e, st->st_mode & 0777);
	archive_entry_set_mtime(e, st->st_mtim.tv_sec, 0);
	archive_entry_set_size(e, S_ISREG(st->st_mode) ? st->st_size : 0);
	if (target)
		archive_entry_copy_symlink(e, target);
	r = archive_write_header(w->a, e);
	archive_entry_free(e);
	return r < ARCHIVE_WARN ? write_failed(w, err) : 0;
}

static void note_file(struct writer *w, const char *name, uint64_t size, const char *sum)
{
	w->files++;
	w->bytes += size;
	json_array_append_new(w->members, json_pack("{s:s, s:I, s:s}", "name", name, "size",
						  (json_int_t)size, "sha256", sum));
}

/* Exactly SIZE bytes: what the file grows by meanwhile is not there. */
static int write_content(struct writer *w, int fd, uint64_t size, const char *path,
	struct backup_sum *sum, struct err *err)
{
	char chunk[CHUNK / 4];

	while (size) {
		ssize_t n = read(fd, chunk, size < sizeof(chunk) ? (size_t)size : sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read '%s'", path);
		if (n == 0)
			return err_set(err, ERR_FAILED, "'%s' became shorter while it was read",
				path);
		if (archive_write_data(w->a, chunk, (size_t)n) != n)
			return write_failed(w, err);
		backup_sum_add(sum, chunk, (size_t)n);
		size -= (uint64_t)n;
	}
	return 0;
}

static int write_file(struct writer *w, const char *path, const char *name, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	AUTO_BACKUP_SUM sum = BACKUP_SUM_INIT;
	char text[BACKUP_SUM_TEXT];
	struct stat st;
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0) {
		leave_out(w, path, "cannot be read");
		return 0;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	r = write_header(w, name, &st, NULL, err);
	if (r >= 0)
		r = write_content(w, fd, (uint64_t)st.st_size, path, &sum, err);
	if (r < 0)
		return r;
	backup_sum_text(&sum, text);
	note_file(w, name, (uint64_t)st.st_size, text);
	return 0;
}

static int write_link(struct writer *w, const char *path, const char *name, const struct stat *st,
	struct err *err)
{
	char target[4096];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *problem;
	size_t spare;

	if (n < 0)
		return 0;
	target[n] = '\0';
	problem = member_link_problem(name, target, &spare);
	if (problem) {
		leave_out(w, path, problem);
		return 0;
	}
	json_array_append_new(w->members, json_pack("{s:s, s:s}", "name", name, "target", target));
	return write_header(w, name, st, target, err);
}

static bool is_skipped(const json_t *skip, const char *name)
{
	for (size_t i = 0; i < json_array_size(skip); i++) {
		const char *pattern = json_string_value(json_array_get(skip, i));

		if (pattern && fnmatch(pattern, name, FNM_PERIOD) == 0)
			return true;
	}
	return false;
}

/* SKIP is for the names in the first folder. Depth is bounded by the rule on member names. */
static int write_path(struct writer *w, const char *path, const char *name, const json_t *skip,
	struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_ERR unreadable = ERR_INIT;
	const char *problem = member_path_problem(name);
	struct stat st;
	int r;

	if (problem) {
		leave_out(w, path, problem);
		return 0;
	}
	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : err_sys(err, "look at '%s'", path);
	if (S_ISLNK(st.st_mode))
		return write_link(w, path, name, &st, err);
	if (S_ISREG(st.st_mode))
		return write_file(w, path, name, err);
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (fs_list(path, &names, &unreadable) < 0) {
		leave_out(w, path, "cannot be read");
		return 0;
	}
	r = write_header(w, name, &st, NULL, err);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *child = path_join(path, names.items[i]);
		AUTO_FREE char *child_name = path_join(name, names.items[i]);

		/* What a replacement that was cut off has left is nobody's. */
		if (!is_skipped(skip, names.items[i]) && !str_starts(names.items[i], ".tmp-"))
			r = write_path(w, child, child_name, NULL, err);
	}
	return r;
}

static int write_text(struct writer *w, const char *name, const char *text, struct err *err)
{
	AUTO_BACKUP_SUM sum = BACKUP_SUM_INIT;
	char hex[BACKUP_SUM_TEXT];
	size_t len = strlen(text);
	struct stat st = { .st_mode = S_IFREG | 0600, .st_size = (off_t)len };
	int r;

	st.st_mtim.tv_sec = time(NULL);
	r = write_header(w, name, &st, NULL, err);
	if (r < 0)
		return r;
	if (archive_write_data(w->a, text, len) != (la_ssize_t)len)
		return write_failed(w, err);
	backup_sum_add(&sum, text, len);
	backup_sum_text(&sum, hex);
	note_file(w, name, len, hex);
	return 0;
}

static int write_end(struct writer *w, int out, struct err *err)
{
	json_t *all = json_pack("{s:O}", "members", w->members);
	AUTO_FREE char *text = json_dumps(all, JSON_COMPACT);
	uint64_t files = w->files;
	uint64_t bytes = w->bytes;
	int r;

	json_decref(all);
	if (!text)
		return err_set(err, ERR_BUG, "the checksums cannot be written as JSON");
	r = write_text(w, BACKUP_SUMS_NAME, text, err);
	w->files = files;
	w->bytes = bytes;
	if (r < 0)
		return r;
	if (archive_write_close(w->a) != ARCHIVE_OK)
		return write_failed(w, err);
	/* A pipe cannot be synced, and need not be. */
	if (fsync(out) < 0 && errno != EINVAL && errno != EROFS)
		return err_sys(err, "sync the archive");
	return 0;
}

static int answer(FILE *answers, json_t *obj, struct err *err)
{
	int r = json_dumpf(obj, answers, JSON_COMPACT | JSON_ENSURE_ASCII);

	json_decref(obj);
	if (r < 0 || putc('\n', answers) == EOF || fflush(answers) == EOF)
		return err_sys(err, "write an answer");
	return 0;
}

/* 1 after the end. */
static int obey(struct writer *w, const char *line, FILE *answers, int out, struct err *err)
{
	json_t *command = json_loads(line, 0, NULL);
	const char *as = json_string_value(json_object_get(command, "as"));
	const char *tree = json_string_value(json_object_get(command, "tree"));
	const char *text = json_string_value(json_object_get(command, "text"));
	bool end = json_is_true(json_object_get(command, "end"));
	uint64_t files = end ? 0 : w->files;
	uint64_t bytes = end ? 0 : w->bytes;
	int r;

	json_array_clear(w->left_out);
	if (end)
		r = write_end(w, out, err);
	else if (as && tree)
		r = write_path(w, tree, as, json_object_get(command, "skip"), err);
	else if (as && text)
		r = write_text(w, as, text, err);
	else
		r = err_set(err, ERR_USAGE, "unknown command: %.200s", line);
	json_decref(command);
	if (r < 0)
		return r;
	r = answer(answers,
		json_pack("{s:I, s:I, s:O}", "files", (json_int_t)(w->files - files), "bytes",
			(json_int_t)(w->bytes - bytes), "left_out", w->left_out),
		err);
	return r < 0 ? r : end;
}

static int open_writer(struct writer *w, int out, enum backup_filter filter, struct err *err)
{
	w->members = json_array();
	w->left_out = json_array();
	w->a = archive_write_new();
	archive_write_set_format_pax_restricted(w->a);
	archive_write_set_bytes_in_last_block(w->a, 1);
	if (filter == BACKUP_GZIP)
		archive_write_add_filter_gzip(w->a);
	else
		archive_write_add_filter_zstd(w->a);
	return archive_write_open_fd(w->a, out) == ARCHIVE_OK ? 0 : write_failed(w, err);
}

int backup_write(FILE *commands, FILE *answers, int out, enum backup_filter filter, struct err *err)
{
	CLEANUP(writer_done) struct writer w = { 0 };
	AUTO_FREE char *line = NULL;
	size_t alloc = 0;
	int r = open_writer(&w, out, filter, err);

	while (r == 0) {
		if (getline(&line, &alloc, commands) < 0)
			r = err_set(err, ERR_FAILED, "the commands end without an end");
		else
			r = obey(&w, line, answers, out, err);
	}
	return r < 0 ? r : 0;
}
