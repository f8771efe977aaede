/* SPDX-License-Identifier: MIT */
#include "tools/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/strvec.h"
#include "tools/hoist.h"
#include "tools/member.h"

enum {
	READ_CHUNK = 65536,
	/* What headers may add to the content of an archive, per member and once. */
	HEADER_BYTES = 16384,
	OVERHEAD_BYTES = 1 << 20,
};

/* The archive's bytes; seekable where the descriptor is, as a zip's directory is at its end. */
struct source {
	int fd;
	uint64_t left; /* bytes that may still be read */
	char chunk[READ_CHUNK];
};

struct job {
	const struct unpack *u;
	struct source *source;
	struct archive *in;
	struct archive *disk;
	struct unpack_result done;
	/* The folders all members so far share. */
	struct strvec common;
	bool any;
	/* The link that bears the least stripping. */
	size_t spare;
	char *spare_name;
};

static void job_done(struct job *j)
{
	archive_read_free(j->in);
	archive_write_free(j->disk);
	strvec_done(&j->common);
	free(j->spare_name);
	if (j->source && j->source->fd >= 0)
		close(j->source->fd);
	free(j->source);
}

int unpack_type_parse(const char *s, enum unpack_type *ret, struct err *err)
{
	static const char *const names[] = {
		[UNPACK_AUTO] = "auto",
		[UNPACK_TAR] = "tar",
		[UNPACK_TAR_GZ] = "tar.gz",
		[UNPACK_ZIP] = "zip",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (str_eq(s, names[i])) {
			*ret = (enum unpack_type)i;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "unknown archive type; known are auto, tar, tar.gz and zip");
}

static la_ssize_t source_read(struct archive *a, void *data, const void **ret)
{
	struct source *s = data;
	ssize_t n;

	do
		n = read(s->fd, s->chunk, sizeof(s->chunk));
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		archive_set_error(a, errno, "cannot read it");
		return -1;
	}
	if ((uint64_t)n > s->left) {
		archive_set_error(a, EFBIG, "it is larger than allowed");
		return -1;
	}
	s->left -= (uint64_t)n;
	*ret = s->chunk;
	return n;
}

static la_int64_t source_seek(struct archive *a, void *data, la_int64_t offset, int whence)
{
	struct source *s = data;
	off_t at = lseek(s->fd, offset, whence);

	if (at < 0) {
		archive_set_error(a, errno, "cannot seek in it");
		return ARCHIVE_FATAL;
	}
	return at;
}

/* An archive error as one of ours; its text may hold names from the archive. */
static int archive_failed(struct archive *a, struct err *err, const char *what)
{
	AUTO_STRBUF shown = STRBUF_INIT;
	const char *text = archive_error_string(a);

	member_show(text ? text : "unknown reason", &shown);
	return err_set(err, ERR_INVALID, "%s: %s", what, shown.buf);
}

static int member_failed(struct err *err, const char *name, const char *problem)
{
	AUTO_STRBUF shown = STRBUF_INIT;

	member_show(name, &shown);
	return err_set(err, ERR_INVALID, "archive member '%s' %s", shown.buf, problem);
}

static uint64_t input_limit(const struct unpack *u)
{
	return u->max_bytes + u->max_files * HEADER_BYTES + OVERHEAD_BYTES;
}

/* Copies a pipe to an unnamed file in FOLDER. Returns its descriptor. */
static int spool(int in, const char *folder, uint64_t max, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/.tmp-archive.XXXXXX", folder);
	/* Not O_TMPFILE: not every file system of a container has it. */
	AUTO_CLOSE int out = mkostemp(path, O_CLOEXEC);
	char chunk[16384];
	uint64_t total = 0;

	if (out < 0)
		return err_sys(err, "create a temporary file in '%s'", folder);
	unlink(path);
	for (;;) {
		ssize_t n = read(in, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read the archive");
		if (n == 0)
			break;
		total += (uint64_t)n;
		if (total > max)
			return err_set(err, ERR_INVALID, "the archive is larger than allowed");
		if (fs_write_all(out, chunk, (size_t)n) < 0)
			return err_sys(err, "write the temporary file");
	}
	if (lseek(out, 0, SEEK_SET) < 0)
		return err_sys(err, "rewind the temporary file");
	return TAKE_FD(out);
}

static int job_source(struct job *j, int in, const char *folder, struct err *err)
{
	bool seekable = lseek(in, 0, SEEK_CUR) >= 0;
	bool zip = j->u->type == UNPACK_ZIP || j->u->type == UNPACK_AUTO;
	int fd = !seekable && zip ? spool(in, folder, input_limit(j->u), err)
				  : fcntl(in, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return err->kind ? fd : err_sys(err, "open the archive");
	j->source = xcalloc(1, sizeof(*j->source));
	j->source->fd = fd;
	/* A zip's directory is read as well as the members; both are bounded by the file. */
	j->source->left = 2 * input_limit(j->u);
	if (seekable || zip)
		archive_read_set_seek_callback(j->in, source_seek);
	return 0;
}

/* FOLDER: where a temporary file may go. */
static int job_open(struct job *j, int in, const char *folder, struct err *err)
{
	enum unpack_type type = j->u->type;
	int r;

	j->in = archive_read_new();
	if (type != UNPACK_ZIP)
		archive_read_support_format_tar(j->in);
	if (type == UNPACK_ZIP || type == UNPACK_AUTO)
		archive_read_support_format_zip(j->in);
	if (type != UNPACK_ZIP)
		archive_read_support_filter_gzip(j->in);
	if (type == UNPACK_TAR || type == UNPACK_AUTO) {
		archive_read_support_filter_bzip2(j->in);
		archive_read_support_filter_xz(j->in);
		archive_read_support_filter_zstd(j->in);
	}
	r = job_source(j, in, folder, err);
	if (r < 0)
		return r;
	archive_read_set_callback_data(j->in, j->source);
	archive_read_set_read_callback(j->in, source_read);
	if (archive_read_open1(j->in) != ARCHIVE_OK)
		return archive_failed(j->in, err, "the archive cannot be read");
	if (type == UNPACK_TAR_GZ && archive_filter_code(j->in, 0) != ARCHIVE_FILTER_GZIP)
		return err_set(err, ERR_INVALID, "the archive is not in gzip format");
	return 0;
}

static const char *entry_name(struct archive_entry *e)
{
	const char *name = archive_entry_pathname(e);

	return name ? name : archive_entry_pathname_utf8(e);
}

static const char *entry_link(struct archive_entry *e)
{
	const char *target = archive_entry_symlink(e);

	return target ? target : archive_entry_symlink_utf8(e);
}

static const char *entry_hardlink(struct archive_entry *e)
{
	const char *target = archive_entry_hardlink(e);

	return target ? target : archive_entry_hardlink_utf8(e);
}

/* Why a member may not be unpacked, as far as it can be told without looking at the others. */
static const char *entry_problem(struct archive_entry *e, size_t *ret_spare)
{
	const char *name = entry_name(e);
	const char *hard = entry_hardlink(e);
	const char *target = entry_link(e);
	const char *problem = name ? member_path_problem(name) : "has a name that does not parse";

	*ret_spare = SIZE_MAX;
	if (problem)
		return problem;
	if (archive_entry_is_encrypted(e))
		return "is encrypted";
	if (hard)
		return member_path_problem(hard) ? "is a link that leads out of the archive" : NULL;
	switch (archive_entry_filetype(e)) {
	case AE_IFREG:
		return member_depth(name) ? NULL : "has no name";
	case AE_IFDIR:
		return NULL;
	case AE_IFLNK:
		return target ? member_link_problem(name, target, ret_spare)
			      : "is a link to nothing";
	default:
		return "is a device, a pipe or a socket";
	}
}

/* The next member in *RET; 0 at the end, 1 otherwise. Counts it. */
static int next_entry(struct job *j, struct archive_entry **ret, struct err *err)
{
	int r = archive_read_next_header(j->in, ret);

	if (r == ARCHIVE_EOF)
		return 0;
	if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
		return archive_failed(j->in, err, "the archive is damaged or of another type");
	if (j->done.files++ >= j->u->max_files)
		return err_set(err, ERR_INVALID, "the archive has more than %llu members",
			(unsigned long long)j->u->max_files);
	return 1;
}

static int count_bytes(struct job *j, const char *name, uint64_t bytes, struct err *err)
{
	AUTO_STRBUF shown = STRBUF_INIT;

	if (bytes <= j->u->max_bytes - j->done.bytes)
		return 0;
	member_show(name, &shown);
	return err_set(err, ERR_INVALID,
		"the archive unpacks to more than %llu bytes (at member '%s')",
		(unsigned long long)j->u->max_bytes, shown.buf);
}

static uint64_t entry_size(struct archive_entry *e)
{
	la_int64_t size = archive_entry_size_is_set(e) ? archive_entry_size(e) : 0;

	return size > 0 ? (uint64_t)size : 0;
}

static int copy_data(struct job *j, const char *name, uint64_t size, struct err *err)
{
	uint64_t end = 0;

	for (;;) {
		const void *data;
		size_t len;
		la_int64_t offset;
		int r = archive_read_data_block(j->in, &data, &len, &offset);

		if (r == ARCHIVE_EOF)
			break;
		if (r != ARCHIVE_OK)
			return archive_failed(j->in, err, "the archive is damaged");
		if (offset < 0 || (uint64_t)offset > UNPACK_LIMIT_MAX)
			return member_failed(err, name, "is damaged");
		end = (uint64_t)offset + len;
		r = count_bytes(j, name, end, err);
		if (r < 0)
			return r;
		if (j->disk && archive_write_data_block(j->disk, data, len, offset) < ARCHIVE_OK)
			return archive_failed(j->disk, err, "cannot unpack the archive");
	}
	j->done.bytes += end > size ? end : size;
	return 0;
}

static void drop_from(struct strvec *v, size_t count)
{
	while (v->count > count)
		strvec_remove(v, v->count - 1);
}

/* Narrows what all members share; returns the member's path without "." and double slashes. */
static char *note_path(struct job *j, const char *name, bool folder)
{
	AUTO_STRVEC parts = STRVEC_INIT;
	char *path;
	size_t same = 0;

	strvec_split(&parts, name, "/");
	strvec_remove_str(&parts, ".");
	path = strvec_joined(&parts, "/");
	if (!folder && parts.count)
		drop_from(&parts, parts.count - 1);
	if (!j->any) {
		strvec_pushv(&j->common, parts.items);
		j->any = true;
	}
	while (same < parts.count && same < j->common.count &&
	       str_eq(parts.items[same], j->common.items[same]))
		same++;
	drop_from(&j->common, same);
	return path;
}

/* What depends on the members before: a link's target is a file, a path is not used twice. */
static const char *disk_problem(struct archive_entry *e, const char *path)
{
	const char *hard = entry_hardlink(e);
	struct stat st;

	/* A second name for a link could be at a depth where it leads outside. */
	if (hard && (fstatat(AT_FDCWD, hard, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode)))
		return "is a link to something that is not a file before it";
	if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return NULL;
	if (S_ISDIR(st.st_mode) && !hard && archive_entry_filetype(e) == AE_IFDIR)
		return NULL;
	if (S_ISREG(st.st_mode) && !hard && archive_entry_filetype(e) == AE_IFREG)
		return NULL;
	return "is there twice, as different things";
}

static void plain_mode(struct archive_entry *e)
{
	mode_t mode = archive_entry_perm(e) & 0755;

	archive_entry_set_perm(e, archive_entry_filetype(e) == AE_IFDIR ? mode | 0700 : mode | 0600);
}

static int extract_entry(struct job *j, struct archive_entry *e, struct err *err)
{
	size_t spare;
	const char *problem = entry_problem(e, &spare);
	const char *name = entry_name(e);
	bool folder = archive_entry_filetype(e) == AE_IFDIR && !entry_hardlink(e);
	AUTO_FREE char *path = NULL;
	int r;

	if (problem)
		return member_failed(err, name ? name : "?", problem);
	r = count_bytes(j, name, entry_size(e), err);
	if (r < 0)
		return r;
	path = note_path(j, name, folder);
	if (!*path)
		return 0; /* "./" */
	if (spare < j->spare) {
		free(j->spare_name);
		j->spare = spare;
		j->spare_name = xstrdup(path);
	}
	problem = disk_problem(e, path);
	if (problem)
		return member_failed(err, path, problem);
	archive_entry_copy_pathname(e, path);
	if (!entry_hardlink(e))
		plain_mode(e);
	if (archive_write_header(j->disk, e) < ARCHIVE_WARN)
		return archive_failed(j->disk, err, "cannot unpack the archive");
	r = copy_data(j, path, entry_size(e), err);
	if (r >= 0 && archive_write_finish_entry(j->disk) < ARCHIVE_WARN)
		r = archive_failed(j->disk, err, "cannot unpack the archive");
	return r;
}

static int strip(struct job *j, struct err *err)
{
	bool tar = (archive_format(j->in) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR &&
		archive_filter_code(j->in, 0) == ARCHIVE_FILTER_NONE;
	size_t levels;

	j->done.common = tar ? j->common.count : 0;
	levels = hoist_levels(j->done.common + 1);
	if (levels && j->spare < levels)
		return member_failed(err, j->spare_name,
			"is a link that leads out of the archive's top folder");
	j->done.stripped = levels;
	return hoist(levels, err);
}

/* In DEST, which is the working folder. */
static int extract_here(struct job *j, int in, struct err *err)
{
	struct archive_entry *e;
	int r = job_open(j, in, ".", err);

	if (r < 0)
		return r;
	j->disk = archive_write_disk_new();
	archive_write_disk_set_options(j->disk, ARCHIVE_EXTRACT_SECURE_SYMLINKS |
		ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS);
	while ((r = next_entry(j, &e, err)) > 0) {
		r = extract_entry(j, e, err);
		if (r < 0)
			return r;
	}
	if (r == 0 && archive_write_close(j->disk) < ARCHIVE_WARN)
		r = archive_failed(j->disk, err, "cannot unpack the archive");
	if (r == 0 && j->u->strip_common)
		r = strip(j, err);
	return r;
}

static void empty_here(void)
{
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT; /* the failure that led here is the one to tell */

	if (fs_list(".", &names, &ignored) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(".", names.items[i]);
		AUTO_ERR e = ERR_INIT;

		if (fs_rm_rf(path, &e) < 0)
			continue;
	}
}

static int enter_dest(const char *dest, bool *ret_created, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r;

	if (mkdir(dest, 0755) == 0)
		*ret_created = true;
	else if (errno != EEXIST)
		return err_sys(err, "create folder '%s'", dest);
	r = fs_list(dest, &names, err);
	if (r < 0)
		return r;
	if (names.count)
		return err_set(err, ERR_EXISTS, "folder '%s' is not empty", dest);
	if (chdir(dest) < 0)
		return err_sys(err, "enter folder '%s'", dest);
	return 0;
}

int unpack_extract(const struct unpack *u, int in, const char *dest, struct unpack_result *ret,
	struct err *err)
{
	AUTO_CLOSE int back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct job j = { .u = u, .common = STRVEC_INIT, .spare = SIZE_MAX };
	bool created = false;
	mode_t mask;
	int r;

	if (back < 0)
		return err_sys(err, "open the working folder");
	r = enter_dest(dest, &created, err);
	if (r < 0)
		return r;
	mask = umask(022);
	r = extract_here(&j, in, err);
	if (r >= 0)
		*ret = j.done;
	job_done(&j); /* before emptying: it may still touch folders */
	umask(mask);
	if (r < 0)
		empty_here();
	if (fchdir(back) < 0 && r >= 0)
		r = err_sys(err, "return to the working folder");
	if (r < 0 && created)
		rmdir(dest);
	return r;
}

static const char *type_name(struct archive_entry *e)
{
	if (entry_hardlink(e))
		return "hardlink";
	switch (archive_entry_filetype(e)) {
	case AE_IFREG:
		return "file";
	case AE_IFDIR:
		return "folder";
	case AE_IFLNK:
		return "link";
	default:
		return "other";
	}
}

static json_t *text_value(const char *s)
{
	AUTO_STRBUF shown = STRBUF_INIT;

	if (utf8_valid(s, strlen(s)) && !has_control(s) && strlen(s) <= MEMBER_PATH_MAX)
		return json_string(s);
	member_show(s, &shown);
	return json_string(shown.buf);
}

static json_t *entry_json(struct archive_entry *e)
{
	json_t *obj = json_object();
	size_t spare;
	const char *problem = entry_problem(e, &spare);
	const char *name = entry_name(e);
	const char *target = entry_hardlink(e);
	AUTO_FREE char *mode = xasprintf("%04o", (unsigned int)archive_entry_perm(e));

	if (!target)
		target = entry_link(e);
	json_object_set_new(obj, "name", text_value(name ? name : "?"));
	json_object_set_new(obj, "type", json_string(type_name(e)));
	json_object_set_new(obj, "size", json_integer((json_int_t)entry_size(e)));
	json_object_set_new(obj, "mode", json_string(mode));
	if (target)
		json_object_set_new(obj, "target", text_value(target));
	if (problem)
		json_object_set_new(obj, "problem", json_string(problem));
	return obj;
}

int unpack_list(const struct unpack *u, int in, json_t **ret, struct err *err)
{
	CLEANUP(job_done) struct job j = { .u = u, .common = STRVEC_INIT };
	const char *folder = getenv("TMPDIR");
	struct archive_entry *e;
	json_t *entries = json_array();
	int r = job_open(&j, in, folder ? folder : "/tmp", err);

	while (r >= 0 && (r = next_entry(&j, &e, err)) > 0) {
		AUTO_FREE char *name = xstrdup_null(entry_name(e));
		uint64_t size = entry_size(e);

		json_array_append_new(entries, entry_json(e));
		r = count_bytes(&j, name ? name : "?", size, err);
		/* Encrypted content cannot be read, only named. */
		if (r >= 0 && !archive_entry_is_encrypted(e))
			r = copy_data(&j, name ? name : "?", size, err);
	}
	if (r < 0) {
		json_decref(entries);
		return r;
	}
	*ret = json_object();
	json_object_set_new(*ret, "entries", entries);
	json_object_set_new(*ret, "files", json_integer((json_int_t)j.done.files));
	json_object_set_new(*ret, "bytes", json_integer((json_int_t)j.done.bytes));
	return 0;
}
