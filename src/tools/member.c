/* SPDX-License-Identifier: MIT */
#include "tools/member.h"

#include <string.h>

#include "base/parse.h"

enum { SHOWN_MAX = 200 };

/* The next component at *P, skipping empty ones and "."; false at the end. */
static bool next_part(const char **p, const char **ret, size_t *ret_len)
{
	for (;;) {
		*p += strspn(*p, "/");
		*ret = *p;
		*ret_len = strcspn(*p, "/");
		*p += *ret_len;
		if (!*ret_len)
			return false;
		if (*ret_len != 1 || **ret != '.')
			return true;
	}
}

static bool is_parent(const char *part, size_t len)
{
	return len == 2 && part[0] == '.' && part[1] == '.';
}

size_t member_depth(const char *path)
{
	const char *part;
	size_t len;
	size_t depth = 0;

	while (next_part(&path, &part, &len))
		depth++;
	return depth;
}

const char *member_path_problem(const char *path)
{
	const char *p = path;
	const char *part;
	size_t len;
	size_t depth = 0;

	if (!*path)
		return "has no name";
	if (*path == '/')
		return "has an absolute path";
	if (strlen(path) > MEMBER_PATH_MAX)
		return "has too long a path";
	if (has_control(path))
		return "has control characters in its name";
	while (next_part(&p, &part, &len)) {
		if (is_parent(part, len))
			return "climbs out of the archive with '..'";
		if (len > MEMBER_NAME_MAX)
			return "has too long a name";
		if (++depth > MEMBER_DEPTH_MAX)
			return "is nested too deeply";
	}
	return NULL;
}

const char *member_link_problem(const char *path, const char *target, size_t *ret_spare)
{
	size_t depth = member_depth(path);
	const char *p = target;
	const char *part;
	size_t len;
	size_t up = 0;
	bool down = false;

	if (!*target)
		return "is a link to nothing";
	if (*target == '/')
		return "is a link to an absolute path";
	if (strlen(target) > MEMBER_PATH_MAX)
		return "is a link with too long a target";
	if (has_control(target))
		return "is a link with control characters in its target";
	while (next_part(&p, &part, &len)) {
		if (!is_parent(part, len)) {
			down = true;
			continue;
		}
		if (down)
			return "is a link with '..' in the middle of its target";
		if (++up >= depth)
			return "is a link that leads out of the archive";
	}
	*ret_spare = depth - 1 - up;
	return NULL;
}

void member_show(const char *name, struct strbuf *out)
{
	size_t len = strnlen(name, SHOWN_MAX + 1);

	for (size_t i = 0; i < len && i < SHOWN_MAX; i++) {
		unsigned char c = (unsigned char)name[i];

		strbuf_addch(out, c < 0x20 || c > 0x7e ? '?' : (char)c);
	}
	if (len > SHOWN_MAX)
		strbuf_addstr(out, "...");
}
