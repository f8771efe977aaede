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
#include "base/strvec.h"
#include "tools/hoist.h"
#include "tools/reader.h"

struct job {
	struct reader r;
	bool strip_common;
	struct archive *disk;
	/* The folders all members so far share. */
	struct strvec common;
	bool any;
	/* The link that bears the least stripping. */
	size_t spare;
	char *spare_name;
	size_t shared; /* what strip() found, for the answer */
	size_t stripped;
};

static void job_done(struct job *j)
{
	reader_done(&j->r);
	archive_write_free(j->disk);
	strvec_done(&j->common);
	free(j->spare_name);
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
	const char *hard = reader_entry_hardlink(e);
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

	archive_entry_set_perm(e,
		archive_entry_filetype(e) == AE_IFDIR ? mode | 0700 : mode | 0600);
}

static int extract_entry(struct job *j, struct archive_entry *e, struct err *err)
{
	size_t spare;
	const char *problem = reader_entry_problem(e, &spare);
	const char *name = reader_entry_name(e);
	bool folder = archive_entry_filetype(e) == AE_IFDIR && !reader_entry_hardlink(e);
	AUTO_FREE char *path = NULL;
	int r;

	if (problem)
		return reader_member_failed(err, name ? name : "?", problem);
	r = reader_count(&j->r, name, reader_entry_size(e), err);
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
		return reader_member_failed(err, path, problem);
	archive_entry_copy_pathname(e, path);
	if (!reader_entry_hardlink(e))
		plain_mode(e);
	if (archive_write_header(j->disk, e) < ARCHIVE_WARN)
		return reader_failed(j->disk, err, "cannot unpack the archive");
	r = reader_copy(&j->r, path, reader_entry_size(e), j->disk, err);
	if (r >= 0 && archive_write_finish_entry(j->disk) < ARCHIVE_WARN)
		r = reader_failed(j->disk, err, "cannot unpack the archive");
	return r;
}

static int strip(struct job *j, struct err *err)
{
	bool tar = (archive_format(j->r.in) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR &&
		   archive_filter_code(j->r.in, 0) == ARCHIVE_FILTER_NONE;
	size_t levels;

	j->shared = tar ? j->common.count : 0;
	levels = hoist_levels(j->shared + 1);
	if (levels && j->spare < levels)
		return reader_member_failed(err, j->spare_name,
			"is a link that leads out of the archive's top folder");
	j->stripped = levels;
	return hoist(levels, err);
}

/* In DEST, which is the working folder. */
static int extract_here(struct job *j, int in, struct err *err)
{
	struct archive_entry *e;
	int r = reader_open(&j->r, in, ".", err);

	if (r < 0)
		return r;
	j->disk = archive_write_disk_new();
	archive_write_disk_set_options(j->disk, ARCHIVE_EXTRACT_SECURE_SYMLINKS |
							ARCHIVE_EXTRACT_SECURE_NODOTDOT |
							ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS);
	while ((r = reader_next(&j->r, &e, err)) > 0) {
		r = extract_entry(j, e, err);
		if (r < 0)
			return r;
	}
	if (r == 0 && archive_write_close(j->disk) < ARCHIVE_WARN)
		r = reader_failed(j->disk, err, "cannot unpack the archive");
	if (r == 0 && j->strip_common)
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
	struct job j = { .r = { .u = u },
		.strip_common = u->strip_common,
		.common = STRVEC_INIT,
		.spare = SIZE_MAX };
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
		*ret = (struct unpack_result){ .files = j.r.files,
			.bytes = j.r.bytes,
			.common = j.shared,
			.stripped = j.stripped };
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
