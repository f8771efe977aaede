/* SPDX-License-Identifier: MIT */
#include "builders/herokuish/user.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/strvec.h"

enum { ID_MAX = 2097151 }; /* what a tar archive has room for */

static bool read_id(const char *text, unsigned *ret)
{
	AUTO_ERR ignored = ERR_INIT;
	uint64_t value;

	if (parse_uint(text, 0, ID_MAX, &value, &ignored) < 0)
		return false;
	*ret = (unsigned)value;
	return true;
}

/* "name:x:uid:gid:..." */
static bool read_line(const char *line, const char *name, struct tar_owner *ret)
{
	const char *rest = str_after(line, name);
	AUTO_STRVEC fields = STRVEC_INIT;
	unsigned uid;
	unsigned gid;

	if (!rest || *rest != ':')
		return false;
	/* Behind the name and a password, which may be empty. */
	rest += 1 + strcspn(rest + 1, ":");
	strvec_split(&fields, rest, ":");
	if (fields.count < 2 || !read_id(fields.items[0], &uid) || !read_id(fields.items[1], &gid))
		return false;
	*ret = (struct tar_owner){ uid, gid };
	return true;
}

static bool read_number(const char *name, struct tar_owner *ret)
{
	const char *colon = strchr(name, ':');
	AUTO_FREE char *first = colon ? xstrndup(name, (size_t)(colon - name)) : xstrdup(name);
	unsigned uid;
	unsigned gid;

	if (!read_id(first, &uid) || !read_id(colon ? colon + 1 : first, &gid))
		return false;
	*ret = (struct tar_owner){ uid, gid };
	return true;
}

bool user_find(const char *passwd, const char *name, struct tar_owner *ret)
{
	AUTO_STRVEC lines = STRVEC_INIT;

	strvec_split_lines(&lines, passwd);
	for (size_t i = 0; i < lines.count; i++) {
		if (read_line(lines.items[i], name, ret))
			return true;
	}
	return read_number(name, ret);
}
