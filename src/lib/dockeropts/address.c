/* SPDX-License-Identifier: MIT */
#include "lib/dockeropts/private.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"

char *ascii_lower(const char *s)
{
	char *copy = xstrdup(s);

	for (char *p = copy; *p; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p |= 0x20;
	}
	return copy;
}

char *cut(const char *s, char c, const char **rest)
{
	const char *at = strchr(s, c);

	*rest = at ? at + 1 : NULL;
	return xstrndup(s, at ? (size_t)(at - s) : strlen(s));
}

int value_ip(const char *s, int family, struct strbuf *ret, struct err *err)
{
	AUTO_STRBUF word = STRBUF_INIT;
	char buf[INET6_ADDRSTRLEN];
	struct in6_addr v6;
	struct in_addr v4;

	strbuf_addstr(&word, s);
	strbuf_trim(&word);
	if (family != 6 && inet_pton(AF_INET, word.buf, &v4) == 1) {
		strbuf_addstr(ret, inet_ntop(AF_INET, &v4, buf, sizeof(buf)));
		return 0;
	}
	if (family == 4 || inet_pton(AF_INET6, word.buf, &v6) != 1)
		return err_set(err, ERR_INVALID, "'%.64s' is not an IP%s address", s,
			family == 4   ? "v4"
			: family == 6 ? "v6"
				      : "");
	/* The two libraries write addresses that hold an IPv4 one differently. */
	if (IN6_IS_ADDR_V4MAPPED(&v6) ||
		(IN6_IS_ADDR_V4COMPAT(&v6) && (v6.s6_addr[12] || v6.s6_addr[13])))
		return DOCKEROPTS_NEEDS_CLIENT;
	strbuf_addstr(ret, inet_ntop(AF_INET6, &v6, buf, sizeof(buf)));
	return 0;
}

int value_mac(const char *s, struct strbuf *ret, struct err *err)
{
	AUTO_STRBUF word = STRBUF_INIT;
	AUTO_FREE char *lower = NULL;
	bool good;

	strbuf_addstr(&word, s);
	strbuf_trim(&word);
	lower = ascii_lower(word.buf);
	good = word.len == 17 && (lower[2] == ':' || lower[2] == '-');
	for (size_t i = 0; good && i < word.len; i++) {
		if (i % 3 == 2)
			good = lower[i] == lower[2];
		else
			good = isxdigit((unsigned char)lower[i]);
	}
	if (!good) {
		/* Longer hardware addresses and the notation with dots. */
		if (word.len >= 14 && strspn(lower, "0123456789abcdef:-.") == word.len &&
			word.len != 17)
			return DOCKEROPTS_NEEDS_CLIENT;
		return err_set(err, ERR_INVALID, "'%.64s' is not a MAC address", s);
	}
	for (char *p = lower; *p; p++) {
		if (*p == '-')
			*p = ':';
	}
	strbuf_addstr(ret, lower);
	return 0;
}

/* The rest of a field that began with a quote. Returns what follows its closing quote, or NULL. */
static const char *csv_quoted(const char *s, struct strbuf *field)
{
	for (; *s; s++) {
		if (*s == '"' && s[1] == '"')
			s++;
		else if (*s == '"')
			return s + 1;
		strbuf_addch(field, *s);
	}
	return NULL;
}

int value_csv(const char *s, struct strvec *ret, struct err *err)
{
	const char *p = s;

	if (!*s)
		return err_set(err, ERR_INVALID, "the value is empty");
	if (strpbrk(s, "\r\n"))
		return DOCKEROPTS_NEEDS_CLIENT;
	for (;;) {
		AUTO_STRBUF field = STRBUF_INIT;

		if (*p == '"') {
			p = csv_quoted(p + 1, &field);
		} else {
			size_t len = strcspn(p, ",\"");

			strbuf_add(&field, p, len);
			p += len;
		}
		if (!p || (*p && *p != ','))
			return err_set(err, ERR_INVALID, "misplaced double quote in '%.200s'", s);
		strvec_push(ret, field.buf);
		if (!*p)
			return 0;
		p++;
	}
}

/* Drops the last component from what PATH grew to since START; true if there was one to drop. */
static bool drop_component(struct strbuf *path, size_t start)
{
	size_t end = path->len;

	if (end == start)
		return false;
	while (end > start && path->buf[end - 1] != '/')
		end--;
	if (strcmp(path->buf + end, "..") == 0)
		return false;
	strbuf_setlen(path, end > start ? end - 1 : start);
	return true;
}

void path_clean(const char *path, struct strbuf *ret)
{
	AUTO_STRVEC parts = STRVEC_INIT;
	bool rooted = *path == '/';
	size_t begin = ret->len;
	size_t start = begin + rooted;

	if (rooted)
		strbuf_addch(ret, '/');
	strvec_split(&parts, path, "/");
	for (size_t i = 0; i < parts.count; i++) {
		const char *part = parts.items[i];

		if (strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") == 0 && (drop_component(ret, start) || rooted))
			continue;
		if (ret->len > start)
			strbuf_addch(ret, '/');
		strbuf_addstr(ret, part);
	}
	if (ret->len == begin)
		strbuf_addch(ret, '.');
}

int host_path(struct parse *p, const char *path, struct strbuf *ret, struct err *err)
{
	AUTO_FREE char *own = NULL;
	AUTO_FREE char *whole = NULL;
	const char *cwd = p->src->cwd;

	if (*path != '.') {
		strbuf_addstr(ret, path);
		return 0;
	}
	if (!cwd) {
		own = getcwd(NULL, 0);
		if (!own)
			return err_sys(err, "cannot tell the current folder");
		cwd = own;
	}
	whole = xasprintf("%s/%s", cwd, path);
	path_clean(whole, ret);
	return 0;
}
