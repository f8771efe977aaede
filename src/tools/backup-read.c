/* SPDX-License-Identifier: MIT */
#include "tools/backup-read.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "tools/backup-sum.h"
#include "tools/member.h"
#include "tools/reader.h"

enum { JSON_BYTES_MAX = 256 << 20, FORMAT_MAX = 1, DEPTH_MAX = MEMBER_DEPTH_MAX };

static int damaged(struct err *err, const char *what)
{
	return err_set(err, ERR_INVALID, "this is no complete backup: %s", what);
}

static int parse(const char *text, size_t len, const char *name, json_t **ret, struct err *err)
{
	json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(value)) {
		json_decref(value);
		return err_set(err, ERR_INVALID, "this is no complete backup: %s does not parse",
			name);
	}
	*ret = value;
	return 0;
}

static int check_manifest(const json_t *manifest, struct err *err)
{
	json_int_t format = json_integer_value(json_object_get(manifest, "format"));
	const char *kind = json_string_value(json_object_get(manifest, "kind"));

	if (!kind || strcmp(kind, "moorage-backup") != 0 || format < 1)
		return damaged(err, "its manifest is not one of a backup");
	if (format > FORMAT_MAX)
		return err_set(err, ERR_INVALID,
			"this backup has format %lld; this version knows formats up to %d",
			(long long)format, FORMAT_MAX);
	return 0;
}

/* --- as a stream --- */

/* What was found: {"name": {"size", "sha256"} or {"target"}}. */
struct listing {
	json_t *found;
	json_t *members;
	struct strbuf manifest;
	struct strbuf sums;
};

static void listing_done(struct listing *l)
{
	json_decref(l->found);
	json_decref(l->members);
	strbuf_done(&l->manifest);
	strbuf_done(&l->sums);
}

static int read_member(struct reader *r, const char *name, struct strbuf *keep, json_t **ret,
	struct err *err)
{
	AUTO_BACKUP_SUM sum = BACKUP_SUM_INIT;
	char text[BACKUP_SUM_TEXT];
	char chunk[16384];
	uint64_t size = 0;

	for (;;) {
		la_ssize_t n = archive_read_data(r->in, chunk, sizeof(chunk));
		int c;

		if (n < 0)
			return reader_failed(r->in, err, "the archive is damaged");
		if (n == 0)
			break;
		size += (uint64_t)n;
		c = reader_count(r, name, size, err);
		if (c < 0)
			return c;
		backup_sum_add(&sum, chunk, (size_t)n);
		if (keep)
			strbuf_add(keep, chunk, (size_t)n);
	}
	r->bytes += size;
	backup_sum_text(&sum, text);
	*ret = json_pack("{s:I, s:s}", "size", (json_int_t)size, "sha256", text);
	return 0;
}

static struct strbuf *kept(struct listing *l, const char *name)
{
	if (str_eq(name, BACKUP_MANIFEST_NAME))
		return &l->manifest;
	return str_eq(name, BACKUP_SUMS_NAME) ? &l->sums : NULL;
}

static int list_entry(struct reader *r, struct archive_entry *e, struct listing *l, struct err *err)
{
	size_t spare;
	const char *problem = reader_entry_problem(e, &spare);
	AUTO_FREE char *name = xstrdup_null(reader_entry_name(e));
	json_t *fact = NULL;
	int n = 0;

	if (!problem && reader_entry_hardlink(e))
		problem = "is a second name of another";
	if (problem)
		return reader_member_failed(err, name ? name : "?", problem);
	if (archive_entry_filetype(e) == AE_IFDIR)
		return 0;
	if (json_object_get(l->found, name))
		return reader_member_failed(err, name, "is there twice");
	if (archive_entry_filetype(e) == AE_IFLNK)
		fact = json_pack("{s:s}", "target", reader_entry_link(e));
	else
		n = read_member(r, name, kept(l, name), &fact, err);
	if (n < 0)
		return n;
	json_object_set_new(l->found, name, fact ? fact : json_null());
	return 0;
}

/* A member that the checksums name, as it was found. */
static int compare(const json_t *wanted, const json_t *found, const char *name, struct err *err)
{
	static const char *const keys[] = { "size", "sha256", "target" };

	if (!found)
		return reader_member_failed(err, name, "is missing");
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!json_equal(json_object_get(wanted, keys[i]),
			    json_object_get(found, keys[i])) &&
			(json_object_get(wanted, keys[i]) || json_object_get(found, keys[i])))
			return reader_member_failed(err, name, "does not have its checksum");
	}
	return 0;
}

static int check_listing(struct listing *l, const json_t *sums, struct err *err)
{
	const json_t *wanted = json_object_get(sums, "members");

	for (size_t i = 0; i < json_array_size(wanted); i++) {
		const json_t *one = json_array_get(wanted, i);
		const char *name = json_string_value(json_object_get(one, "name"));
		int r = name ? compare(one, json_object_get(l->found, name), name, err)
			     : damaged(err, "its checksums do not parse");

		if (r < 0)
			return r;
		json_array_append_new(l->members,
			json_pack("{s:s, s:I}", "name", name, "size",
				json_integer_value(json_object_get(one, "size"))));
	}
	/* All but the checksums themselves. */
	if (json_object_size(l->found) != json_array_size(wanted) + 1)
		return damaged(err, "it has members that its checksums do not name");
	return 0;
}

int backup_list(const struct unpack *u, int in, json_t **ret, struct err *err)
{
	CLEANUP(reader_done) struct reader reader = { .u = u };
	CLEANUP(listing_done)
	struct listing l = { .found = json_object(),
		.members = json_array(),
		.manifest = STRBUF_CAPPED(JSON_BYTES_MAX),
		.sums = STRBUF_CAPPED(JSON_BYTES_MAX) };
	json_auto_t *manifest = NULL;
	json_auto_t *sums = NULL;
	struct archive_entry *e;
	int r = reader_open(&reader, in, "/tmp", err);

	while (r >= 0 && (r = reader_next(&reader, &e, err)) > 0)
		r = list_entry(&reader, e, &l, err);
	if (r < 0)
		return r;
	if (!l.sums.len || !l.manifest.len)
		return damaged(err, "its end is missing");
	if ((r = parse(l.sums.buf, l.sums.len, BACKUP_SUMS_NAME, &sums, err)) < 0 ||
		(r = parse(l.manifest.buf, l.manifest.len, BACKUP_MANIFEST_NAME, &manifest, err)) <
			0 ||
		(r = check_manifest(manifest, err)) < 0 || (r = check_listing(&l, sums, err)) < 0)
		return r;
	*ret = json_pack("{s:O, s:O, s:I, s:I}", "manifest", manifest, "members", l.members,
		"files", (json_int_t)json_array_size(l.members), "bytes", (json_int_t)reader.bytes);
	return 0;
}

/* --- as files --- */

static int read_json(const char *dest, const char *name, json_t **ret, struct err *err)
{
	AUTO_FREE char *path = path_join(dest, name);
	AUTO_STRBUF text = STRBUF_INIT;
	struct stat st;
	int r;

	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return damaged(err, "its end is missing");
	r = fs_read(path, JSON_BYTES_MAX, &text, err);
	return r < 0 ? r : parse(text.buf, text.len, name, ret, err);
}

static int check_file(const char *dest, const json_t *wanted, struct err *err)
{
	const char *name = json_string_value(json_object_get(wanted, "name"));
	json_auto_t *found = NULL;
	AUTO_FREE char *path = NULL;
	char target[4096];
	ssize_t n;
	int r;

	if (!name || member_path_problem(name))
		return damaged(err, "its checksums do not parse");
	path = path_join(dest, name);
	if (json_object_get(wanted, "target")) {
		n = readlink(path, target, sizeof(target));
		if (n >= 0)
			found = json_pack("{s:s%}", "target", target, (size_t)n);
	} else if (fs_exists(path)) {
		char sum[BACKUP_SUM_TEXT];
		long long size;

		r = backup_sum_file(path, sum, &size, err);
		if (r < 0)
			return r;
		found = json_pack("{s:I, s:s}", "size", (json_int_t)size, "sha256", sum);
	}
	return compare(wanted, found, name, err);
}

/* How many there are that are no folders. */
static int count_files(const char *dir, int depth, size_t *ret, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = depth > DEPTH_MAX ? damaged(err, "it is nested too deeply")
				  : fs_list(dir, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *path = path_join(dir, names.items[i]);
		struct stat st;

		if (lstat(path, &st) < 0)
			return err_sys(err, "look at '%s'", path);
		if (S_ISDIR(st.st_mode))
			r = count_files(path, depth + 1, ret, err);
		else
			++*ret;
	}
	return r;
}

static int check_tree(const char *dest, json_t **ret_manifest, size_t *ret_files, struct err *err)
{
	json_auto_t *sums = NULL;
	const json_t *wanted;
	size_t files = 0;
	int r = read_json(dest, BACKUP_SUMS_NAME, &sums, err);

	if (r < 0)
		return r;
	wanted = json_object_get(sums, "members");
	for (size_t i = 0; r >= 0 && i < json_array_size(wanted); i++)
		r = check_file(dest, json_array_get(wanted, i), err);
	if (r >= 0)
		r = count_files(dest, 0, &files, err);
	if (r < 0)
		return r;
	if (files != json_array_size(wanted) + 1)
		return damaged(err, "it has members that its checksums do not name");
	*ret_files = json_array_size(wanted);
	r = read_json(dest, BACKUP_MANIFEST_NAME, ret_manifest, err);
	return r < 0 ? r : check_manifest(*ret_manifest, err);
}

int backup_extract(const struct unpack *u, int in, const char *dest, json_t **ret, struct err *err)
{
	AUTO_FREE char *whole = NULL;
	AUTO_ERR ignored = ERR_INIT; /* the failure that led there is the one to tell */
	json_auto_t *manifest = NULL;
	struct unpack_result done;
	size_t files = 0;
	int r = unpack_extract(u, in, dest, &done, err);

	if (r < 0)
		return r;
	whole = realpath(dest, NULL);
	if (!whole)
		return err_sys(err, "find folder '%s'", dest);
	r = check_tree(whole, &manifest, &files, err);
	if (r < 0) {
		(void)!fs_rm_rf(whole, &ignored);
		return r;
	}
	*ret = json_pack("{s:O, s:I, s:I}", "manifest", manifest, "files", (json_int_t)files,
		"bytes", (json_int_t)done.bytes);
	return 0;
}
