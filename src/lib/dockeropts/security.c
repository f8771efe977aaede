/* SPDX-License-Identifier: MIT */
#include "lib/dockeropts/private.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"

/* "net_admin" and "CAP_NET_ADMIN" are one; kept sorted, each once. */
int set_cap(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	AUTO_FREE char *upper = xstrdup(value);
	AUTO_STRBUF name = STRBUF_INIT;
	json_t *list = child_array(p->host, f->key);
	size_t at = 0;

	for (char *c = upper; *c; c++) {
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	}
	if (strcmp(upper, "ALL") != 0 && strncmp(upper, "CAP_", 4) != 0)
		strbuf_addstr(&name, "CAP_");
	strbuf_addstr(&name, upper);
	for (; at < json_array_size(list); at++) {
		int order = strcmp(json_string_value(json_array_get(list, at)), name.buf);

		if (order == 0)
			return 0;
		if (order > 0)
			break;
	}
	if (json_array_insert_new(list, at, text(name.buf)) < 0)
		abort();
	return 0;
}

/* "", "host", and per flag "private" or "container:NAME". */
int set_namespace(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	bool good = !*value || strcmp(value, "host") == 0;

	if (strcmp(f->name, "cgroupns") == 0)
		good = good || strcmp(value, "private") == 0;
	if (strcmp(f->name, "pid") == 0)
		good = good || (strncmp(value, "container:", 10) == 0 && value[10]);
	if (!good)
		return err_set(err, ERR_INVALID, "'%.64s' is not a mode of it", value);
	put(p->host, f->key, text(value));
	return 0;
}

/* JSON without white space between its tokens; nothing else about it changes. */
static void compact_json(const char *s, struct strbuf *out)
{
	bool quoted = false;

	for (; *s; s++) {
		if (quoted && *s == '\\' && s[1])
			strbuf_addch(out, *s++);
		else if (*s == '"')
			quoted = !quoted;
		else if (!quoted && strchr(" \t\r\n", *s))
			continue;
		strbuf_addch(out, *s);
	}
}

static int seccomp_profile(struct parse *p, const char *file, struct strbuf *ret, struct err *err)
{
	AUTO_STRBUF path = STRBUF_INIT;
	AUTO_STRBUF content = STRBUF_INIT;
	json_error_t where;
	json_t *parsed;
	int r;

	if (*file != '/' && p->src->cwd)
		strbuf_addf(&path, "%s/", p->src->cwd);
	strbuf_addstr(&path, file);
	r = fs_read(path.buf, DOCKEROPTS_MAX_FILE, &content, err);
	if (r < 0)
		return err_wrap(err, "seccomp profile");
	parsed = json_loadb(content.buf, content.len, JSON_DECODE_ANY, &where);
	if (!parsed || !utf8_valid(content.buf, content.len)) {
		json_decref(parsed);
		return err_set(err, ERR_INVALID, "the seccomp profile '%s' is not valid JSON: %s",
			path.buf, where.text);
	}
	json_decref(parsed);
	compact_json(content.buf, ret);
	return 0;
}

int set_security(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	json_t *list = child_array(p->host, f->key);
	char separator = strchr(value, '=') ? '=' : ':';
	const char *rest;
	AUTO_FREE char *key = NULL;
	AUTO_STRBUF profile = STRBUF_INIT;
	int r;

	/* This one is the client's own: it empties two lists. */
	if (strcmp(value, "systempaths=unconfined") == 0) {
		child_array(p->host, "MaskedPaths");
		child_array(p->host, "ReadonlyPaths");
		return 0;
	}
	key = cut(value, separator, &rest);
	if ((!rest || !*rest) && strcmp(key, "no-new-privileges") != 0)
		return err_set(err, ERR_INVALID, "'%.100s' is not of the form KEY=VALUE", value);
	if (strcmp(key, "seccomp") != 0 || strcmp(rest, "unconfined") == 0 ||
		strcmp(rest, "builtin") == 0) {
		push(list, text(value));
		return 0;
	}
	strbuf_addstr(&profile, "seccomp=");
	r = seccomp_profile(p, rest, &profile, err);
	if (r < 0)
		return r;
	push(list, text(profile.buf));
	return 0;
}
