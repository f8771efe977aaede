/* SPDX-License-Identifier: MIT */
#include "tools/reader.h"

#include <archive_entry.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
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

void reader_done(struct reader *r)
{
	archive_read_free(r->in);
	if (r->source)
		close(r->source->fd);
	free(r->source);
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
int reader_failed(struct archive *a, struct err *err, const char *what)
{
	AUTO_STRBUF shown = STRBUF_INIT;
	const char *text = archive_error_string(a);

	member_show(text ? text : "unknown reason", &shown);
	return err_set(err, ERR_INVALID, "%s: %s", what, shown.buf);
}

int reader_member_failed(struct err *err, const char *name, const char *problem)
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

static int open_source(struct reader *r, int in, const char *folder, struct err *err)
{
	bool seekable = lseek(in, 0, SEEK_CUR) >= 0;
	bool zip = r->u->type == UNPACK_ZIP || r->u->type == UNPACK_AUTO;
	int fd = !seekable && zip ? spool(in, folder, input_limit(r->u), err)
				  : fcntl(in, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return err->kind ? fd : err_sys(err, "open the archive");
	r->source = xcalloc(1, sizeof(*r->source));
	r->source->fd = fd;
	/* A zip's directory is read as well as the members; both are bounded by the file. */
	r->source->left = 2 * input_limit(r->u);
	if (seekable || zip)
		archive_read_set_seek_callback(r->in, source_seek);
	return 0;
}

/* FOLDER: where a temporary file may go. */
int reader_open(struct reader *r, int in, const char *folder, struct err *err)
{
	enum unpack_type type = r->u->type;
	int n;

	r->in = archive_read_new();
	if (type != UNPACK_ZIP)
		archive_read_support_format_tar(r->in);
	if (type == UNPACK_ZIP || type == UNPACK_AUTO)
		archive_read_support_format_zip(r->in);
	if (type != UNPACK_ZIP)
		archive_read_support_filter_gzip(r->in);
	if (type == UNPACK_TAR || type == UNPACK_AUTO) {
		archive_read_support_filter_bzip2(r->in);
		archive_read_support_filter_xz(r->in);
		archive_read_support_filter_zstd(r->in);
	}
	n = open_source(r, in, folder, err);
	if (n < 0)
		return n;
	archive_read_set_callback_data(r->in, r->source);
	archive_read_set_read_callback(r->in, source_read);
	if (archive_read_open1(r->in) != ARCHIVE_OK)
		return reader_failed(r->in, err, "the archive cannot be read");
	if (type == UNPACK_TAR_GZ && archive_filter_code(r->in, 0) != ARCHIVE_FILTER_GZIP)
		return err_set(err, ERR_INVALID, "the archive is not in gzip format");
	return 0;
}

const char *reader_entry_name(struct archive_entry *e)
{
	const char *name = archive_entry_pathname(e);

	return name ? name : archive_entry_pathname_utf8(e);
}

const char *reader_entry_link(struct archive_entry *e)
{
	const char *target = archive_entry_symlink(e);

	return target ? target : archive_entry_symlink_utf8(e);
}

const char *reader_entry_hardlink(struct archive_entry *e)
{
	const char *target = archive_entry_hardlink(e);

	return target ? target : archive_entry_hardlink_utf8(e);
}

/* Why a member may not be unpacked, as far as it can be told without looking at the others. */
const char *reader_entry_problem(struct archive_entry *e, size_t *ret_spare)
{
	const char *name = reader_entry_name(e);
	const char *hard = reader_entry_hardlink(e);
	const char *target = reader_entry_link(e);
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
int reader_next(struct reader *r, struct archive_entry **ret, struct err *err)
{
	int n = archive_read_next_header(r->in, ret);

	if (n == ARCHIVE_EOF)
		return 0;
	if (n != ARCHIVE_OK && n != ARCHIVE_WARN)
		return reader_failed(r->in, err, "the archive is damaged or of another type");
	if (r->files++ >= r->u->max_files)
		return err_set(err, ERR_INVALID, "the archive has more than %llu members",
			(unsigned long long)r->u->max_files);
	return 1;
}

int reader_count(struct reader *r, const char *name, uint64_t bytes, struct err *err)
{
	AUTO_STRBUF shown = STRBUF_INIT;

	if (bytes <= r->u->max_bytes - r->bytes)
		return 0;
	member_show(name, &shown);
	return err_set(err, ERR_INVALID,
		"the archive unpacks to more than %llu bytes (at member '%s')",
		(unsigned long long)r->u->max_bytes, shown.buf);
}

uint64_t reader_entry_size(struct archive_entry *e)
{
	la_int64_t size = archive_entry_size_is_set(e) ? archive_entry_size(e) : 0;

	return size > 0 ? (uint64_t)size : 0;
}

int reader_copy(struct reader *r, const char *name, uint64_t size, struct archive *to,
	struct err *err)
{
	uint64_t end = 0;

	for (;;) {
		const void *data;
		size_t len;
		la_int64_t offset;
		int n = archive_read_data_block(r->in, &data, &len, &offset);

		if (n == ARCHIVE_EOF)
			break;
		if (n != ARCHIVE_OK)
			return reader_failed(r->in, err, "the archive is damaged");
		if (offset < 0 || (uint64_t)offset > UNPACK_LIMIT_MAX)
			return reader_member_failed(err, name, "is damaged");
		if ((uint64_t)offset + len > end)
			end = (uint64_t)offset + len;
		n = reader_count(r, name, end, err);
		if (n < 0)
			return n;
		if (to && archive_write_data_block(to, data, len, offset) < ARCHIVE_OK)
			return reader_failed(to, err, "cannot unpack the archive");
	}
	r->bytes += end > size ? end : size;
	return 0;
}
