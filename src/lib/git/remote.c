/* SPDX-License-Identifier: MIT */
#include "lib/git/remote.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"

static void erase(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

void git_remote_done(struct git_remote *remote)
{
	free(remote->url);
	free(remote->root);
	erase(remote->user);
	erase(remote->password);
	*remote = (struct git_remote)GIT_REMOTE_INIT;
}

static int refuse(struct err *err, const char *why)
{
	return err_set(err, ERR_INVALID, "the address %s", why);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* LEN bytes with their percent escapes resolved; NULL when they are no plain text. */
static char *decode(const char *text, size_t len)
{
	CLEANUP(strbuf_erase) struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; i < len; i++) {
		int high = 0;
		int low = 0;

		if (text[i] != '%') {
			strbuf_addch(&out, text[i]);
			continue;
		}
		high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
		low = i + 2 < len ? hex_digit(text[i + 2]) : -1;
		if (high < 0 || low < 0 || !(high * 16 + low))
			return NULL;
		strbuf_addch(&out, (char)(high * 16 + low));
		i += 2;
	}
	return has_control(out.buf) ? NULL : xstrdup(out.buf);
}

/* The part of an address between "//" and the path. */
struct authority {
	const char *start;
	size_t len;
	size_t host; /* where the host begins: behind the last '@' */
};

static struct authority authority_of(const char *rest)
{
	struct authority a = { .start = rest, .len = strcspn(rest, "/?#") };

	for (size_t i = 0; i < a.len; i++) {
		if (rest[i] == '@')
			a.host = i + 1;
	}
	return a;
}

static int parse_http(const char *scheme, const char *rest, struct git_remote *ret, struct err *err)
{
	struct authority a = authority_of(rest);
	const char *colon = memchr(rest, ':', a.host);
	size_t name_len = colon ? (size_t)(colon - rest) : a.host ? a.host - 1 : 0;

	if (a.host == a.len)
		return refuse(err, "has no host");
	if (a.host) {
		ret->user = decode(rest, name_len);
		ret->password = colon ? decode(colon + 1, a.host - name_len - 2) : xstrdup("");
		if (!ret->user || !ret->password)
			return refuse(err, "has a bad percent escape");
	}
	ret->url = xasprintf("%s://%s", scheme, rest + a.host);
	ret->root = xasprintf("%s://%.*s/", scheme, (int)(a.len - a.host), rest + a.host);
	return 0;
}

static int parse_ssh(const char *scheme, const char *rest, struct git_remote *ret, struct err *err)
{
	struct authority a = authority_of(rest);
	const char *colon = memchr(rest, ':', a.host);
	size_t name_len = colon ? (size_t)(colon - rest) : a.host ? a.host - 1 : 0;

	if (a.host == a.len)
		return refuse(err, "has no host");
	if (rest[0] == '-' || rest[a.host] == '-')
		return refuse(err, "has a host or user that begins with a dash");
	ret->url = xasprintf("%s://%.*s%s%s", scheme, (int)name_len, rest, a.host ? "@" : "",
		rest + a.host);
	return 0;
}

static int parse_with_scheme(const char *text, size_t scheme_len, struct git_remote *ret,
	struct err *err)
{
	static const char *const others[] = { "git", "file" };
	AUTO_FREE char *scheme = xstrndup(text, scheme_len);
	const char *rest = text + scheme_len + strlen("://");

	if (!strcasecmp(scheme, "http") || !strcasecmp(scheme, "https"))
		return parse_http(scheme, rest, ret, err);
	if (str_eq(scheme, "ssh") || str_eq(scheme, "git+ssh") || str_eq(scheme, "ssh+git"))
		return parse_ssh(scheme, rest, ret, err);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if (!str_eq(scheme, others[i]))
			continue;
		if (!*rest)
			return refuse(err, "names nothing");
		ret->url = xstrdup(text);
		return 0;
	}
	return refuse(err, "is of a kind that is not fetched from");
}

static int parse(const char *text, struct git_remote *ret, struct err *err)
{
	size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "+-.");

	if (!*text)
		return refuse(err, "is empty");
	if (strlen(text) > GIT_REMOTE_MAX)
		return refuse(err, "is too long");
	if (has_control(text) || !utf8_valid(text, strlen(text)))
		return refuse(err, "is no plain text");
	if (text[0] == '-')
		return refuse(err, "begins with a dash");
	if (str_starts(text + word, "::"))
		return refuse(err, "names a helper program");
	if (str_starts(text + word, "://"))
		return parse_with_scheme(text, word, ret, err);
	ret->url = xstrdup(text);
	return 0;
}

int git_remote_parse(const char *text, struct git_remote *ret, struct err *err)
{
	AUTO_GIT_REMOTE found = GIT_REMOTE_INIT;
	int r = parse(text, &found, err);

	if (r < 0)
		return r;
	*ret = found;
	found = (struct git_remote)GIT_REMOTE_INIT;
	return 0;
}
