/* SPDX-License-Identifier: MIT */
#include "lib/git/refline.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"

void git_reflines_done(struct git_reflines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->items[i].ref);
	free(lines->items);
	*lines = (struct git_reflines)GIT_REFLINES_INIT;
}

bool git_oid_valid(const char *oid)
{
	size_t len = strlen(oid);

	return (len == 40 || len == 64) && strspn(oid, "0123456789abcdef") == len;
}

bool git_oid_is_zero(const char *oid)
{
	return *oid && strspn(oid, "0") == strlen(oid);
}

/* One part of a name between slashes. */
static bool part_valid(const char *part, size_t len)
{
	static const char lock[] = ".lock";
	size_t lock_len = sizeof(lock) - 1;

	if (!len || part[0] == '.')
		return false;
	if (len >= lock_len && memcmp(part + len - lock_len, lock, lock_len) == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)part[i];

		if (c <= ' ' || c == 0x7f || strchr("~^:?*[\\", c))
			return false;
		if (i && part[i - 1] == '.' && c == '.')
			return false;
		if (i && part[i - 1] == '@' && c == '{')
			return false;
	}
	return true;
}

bool git_ref_valid(const char *ref)
{
	size_t len = strlen(ref);
	const char *part = ref;

	if (len > GIT_REF_MAX || !str_starts(ref, "refs/") || ref[len - 1] == '.')
		return false;
	while (part) {
		size_t n = strcspn(part, "/");

		if (!part_valid(part, n))
			return false;
		part = part[n] ? part + n + 1 : NULL;
	}
	return true;
}

bool git_branch_name_valid(const char *name)
{
	AUTO_FREE char *ref = xasprintf("refs/heads/%s", name);

	return *name != '-' && !str_eq(name, "HEAD") && git_ref_valid(ref);
}

/* Copies the id at TEXT (up to the blank) into RET. */
static const char *take_oid(const char *text, char *ret)
{
	size_t len = strcspn(text, " ");

	if (len > GIT_OID_MAX || text[len] != ' ')
		return NULL;
	memcpy(ret, text, len);
	ret[len] = '\0';
	return git_oid_valid(ret) ? text + len + 1 : NULL;
}

static bool parse_line(const char *text, struct git_refline *ret)
{
	text = take_oid(text, ret->old);
	text = text ? take_oid(text, ret->rev) : NULL;
	if (!text || strlen(ret->old) != strlen(ret->rev) || !git_ref_valid(text))
		return false;
	ret->ref = xstrdup(text);
	return true;
}

static void append(struct git_reflines *lines, const struct git_refline *line)
{
	lines->items = xreallocarray(lines->items, lines->count + 1, sizeof(*lines->items));
	lines->items[lines->count++] = *line;
}

int git_reflines_parse(const char *text, size_t len, struct git_reflines *ret, struct err *err)
{
	AUTO_GIT_REFLINES lines = GIT_REFLINES_INIT;

	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;
		AUTO_FREE char *line = xstrndup(text + at, n);
		struct git_refline parsed = { .ref = NULL };

		if (lines.count == GIT_REFLINES_MAX)
			return err_set(err, ERR_INVALID, "more than %d refs in one push",
				GIT_REFLINES_MAX);
		if (strlen(line) != n || !parse_line(line, &parsed))
			return err_set(err, ERR_INVALID,
				"line %zu of what git says was pushed cannot be read",
				lines.count + 1);
		append(&lines, &parsed);
		at += n + 1;
	}
	*ret = lines;
	lines = (struct git_reflines)GIT_REFLINES_INIT;
	return 0;
}
