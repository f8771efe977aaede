/* SPDX-License-Identifier: MIT */
#include <archive_entry.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "tools/member.h"
#include "tools/reader.h"
#include "tools/unpack.h"

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

static const char *type_name(struct archive_entry *e)
{
	if (reader_entry_hardlink(e))
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
	const char *problem = reader_entry_problem(e, &spare);
	const char *name = reader_entry_name(e);
	const char *target = reader_entry_hardlink(e);
	AUTO_FREE char *mode = xasprintf("%04o", (unsigned int)archive_entry_perm(e));

	if (!target)
		target = reader_entry_link(e);
	json_object_set_new(obj, "name", text_value(name ? name : "?"));
	json_object_set_new(obj, "type", json_string(type_name(e)));
	json_object_set_new(obj, "size", json_integer((json_int_t)reader_entry_size(e)));
	json_object_set_new(obj, "mode", json_string(mode));
	if (target)
		json_object_set_new(obj, "target", text_value(target));
	if (problem)
		json_object_set_new(obj, "problem", json_string(problem));
	return obj;
}

int unpack_list(const struct unpack *u, int in, json_t **ret, struct err *err)
{
	CLEANUP(reader_done) struct reader reader = { .u = u };
	const char *folder = getenv("TMPDIR");
	struct archive_entry *e;
	json_t *entries = json_array();
	int r = reader_open(&reader, in, folder ? folder : "/tmp", err);

	while (r >= 0 && (r = reader_next(&reader, &e, err)) > 0) {
		AUTO_FREE char *name = xstrdup_null(reader_entry_name(e));
		uint64_t size = reader_entry_size(e);

		json_array_append_new(entries, entry_json(e));
		r = reader_count(&reader, name ? name : "?", size, err);
		/* Encrypted content cannot be read, only named. */
		if (r >= 0 && !archive_entry_is_encrypted(e))
			r = reader_copy(&reader, name ? name : "?", size, NULL, err);
	}
	if (r < 0) {
		json_decref(entries);
		return r;
	}
	*ret = json_object();
	json_object_set_new(*ret, "entries", entries);
	json_object_set_new(*ret, "files", json_integer((json_int_t)reader.files));
	json_object_set_new(*ret, "bytes", json_integer((json_int_t)reader.bytes));
	return 0;
}
