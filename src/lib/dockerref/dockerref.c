/* SPDX-License-Identifier: MIT */
#include "lib/dockerref/dockerref.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"

#define DEFAULT_DOMAIN "docker.io"
#define LEGACY_DOMAIN  "index.docker.io"
#define OFFICIAL       "library/"

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define HEX    DIGITS "abcdef"
#define ALNUM  LOWER UPPER DIGITS

void dockerref_done(struct dockerref *r)
{
	free(r->domain);
	free(r->path);
	free(r->tag);
	free(r->digest);
	*r = (struct dockerref)DOCKERREF_INIT;
}

bool dockerref_tag_valid(const char *s)
{
	size_t len = strspn(s, ALNUM "_.-");

	return len && len <= DOCKERREF_MAX_TAG && !s[len] && *s != '.' && *s != '-';
}

bool dockerref_digest_valid(const char *s)
{
	static const struct {
		const char *prefix;
		size_t digits;
	} known[] = { { "sha256:", 64 }, { "sha384:", 96 }, { "sha512:", 128 } };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const char *hex = str_after(s, known[i].prefix);

		if (hex)
			return strlen(hex) == known[i].digits &&
			       strspn(hex, HEX) == known[i].digits;
	}
	return false;
}

bool dockerref_is_id(const char *s)
{
	const char *hex = str_after(s, "sha256:");

	if (!hex)
		hex = s;
	return strlen(hex) == 64 && strspn(hex, HEX) == 64;
}

/* Letters, digits and inner hyphens, parts divided by dots. */
static bool host_valid(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool edge = i == 0 || i + 1 == len || s[i - 1] == '.' || s[i + 1] == '.';

		if (!strchr(ALNUM, s[i]) && (edge || (s[i] != '-' && s[i] != '.')))
			return false;
	}
	return len > 0;
}

static bool domain_valid(const char *s)
{
	const char *port;
	size_t len;

	if (*s == '[') {
		len = strspn(s + 1, HEX "ABCDEF:");
		if (!len || s[len + 1] != ']')
			return false;
		port = s + len + 2;
	} else {
		len = strcspn(s, ":");
		if (!host_valid(s, len))
			return false;
		port = s + len;
	}
	if (!*port)
		return true;
	return *port == ':' && port[1] && !port[1 + strspn(port + 1, DIGITS)];
}

/* Length of the separator at S: ".", "_", "__" or hyphens; 0 if there is none. */
static size_t separator_length(const char *s)
{
	if (*s == '.')
		return 1;
	if (*s == '_')
		return s[1] == '_' ? 2 : 1;
	return strspn(s, "-");
}

/* Components divided by slashes: words of lower-case letters and digits, separators between. */
static bool path_valid(const char *s)
{
	for (;;) {
		size_t word = strspn(s, LOWER DIGITS);

		if (!word)
			return false;
		s += word;
		if (!*s)
			return true;
		if (*s == '/')
			s++;
		else if (separator_length(s))
			s += separator_length(s);
		else
			return false;
	}
}

/* True if what stands before the first slash is a registry and not the start of the path. */
static bool is_domain(const char *first)
{
	return strcmp(first, "localhost") == 0 || strpbrk(first, ".:" UPPER);
}

static void split_domain(const char *s, char **ret_domain, char **ret_rest)
{
	const char *slash = strchr(s, '/');
	AUTO_FREE char *first = slash ? xstrndup(s, (size_t)(slash - s)) : xstrdup("");
	const char *rest = s;

	if (slash && is_domain(first))
		rest = slash + 1;
	else
		first[0] = '\0';
	if (!*first || strcmp(first, LEGACY_DOMAIN) == 0) {
		free(first);
		first = xstrdup(DEFAULT_DOMAIN);
	}
	*ret_rest = strcmp(first, DEFAULT_DOMAIN) == 0 && !strchr(rest, '/')
			    ? xasprintf(OFFICIAL "%s", rest)
			    : xstrdup(rest);
	*ret_domain = TAKE_PTR(first);
}

static int check(const struct dockerref *r, const char *s, struct err *err)
{
	if (r->path[strcspn(r->path, UPPER)])
		return err_set(err, ERR_INVALID,
			"'%.200s' is not an image name: the repository must be lower case", s);
	if (!domain_valid(r->domain) || !path_valid(r->path))
		return err_set(err, ERR_INVALID, "'%.200s' is not an image name", s);
	if (strlen(r->path) > DOCKERREF_MAX_PATH)
		return err_set(err, ERR_INVALID,
			"'%.200s' is not an image name: more than %d characters", s,
			DOCKERREF_MAX_PATH);
	if (r->tag && !dockerref_tag_valid(r->tag))
		return err_set(err, ERR_INVALID, "'%.200s' is not an image tag", r->tag);
	if (r->digest && !dockerref_digest_valid(r->digest))
		return err_set(err, ERR_INVALID, "'%.200s' is not an image digest", r->digest);
	return 0;
}

int dockerref_parse(const char *s, struct dockerref *ret, struct err *err)
{
	AUTO_DOCKERREF r = DOCKERREF_INIT;
	char *at;
	int result;

	if (!*s)
		return err_set(err, ERR_INVALID, "the image name is empty");
	if (strlen(s) > DOCKERREF_MAX_LENGTH)
		return err_set(err, ERR_INVALID, "the image name is too long");
	if (dockerref_is_id(s))
		return err_set(err, ERR_INVALID, "'%s' is the id of an image, not a name", s);
	split_domain(s, &r.domain, &r.path);
	at = strchr(r.path, '@');
	if (at) {
		*at = '\0';
		r.digest = xstrdup(at + 1);
	}
	at = strchr(r.path, ':');
	if (at) {
		*at = '\0';
		r.tag = xstrdup(at + 1);
	}
	result = check(&r, s, err);
	if (result < 0)
		return result;
	*ret = r;
	r = (struct dockerref)DOCKERREF_INIT;
	return 0;
}

void dockerref_complete(struct dockerref *r)
{
	if (!r->tag && !r->digest)
		r->tag = xstrdup("latest");
}

void dockerref_add_name(const struct dockerref *r, struct strbuf *out)
{
	strbuf_addf(out, "%s/%s", r->domain, r->path);
}

/* True if the path alone would be read as something else: its start as a registry, or as an id. */
static bool needs_domain(const char *path)
{
	const char *slash = strchr(path, '/');
	AUTO_FREE char *first = slash ? xstrndup(path, (size_t)(slash - path)) : NULL;

	return slash ? is_domain(first) : dockerref_is_id(path);
}

void dockerref_add_familiar_name(const struct dockerref *r, struct strbuf *out)
{
	const char *official = str_after(r->path, OFFICIAL);
	const char *path = official && !strchr(official, '/') ? official : r->path;

	if (strcmp(r->domain, DEFAULT_DOMAIN) != 0 || needs_domain(path))
		dockerref_add_name(r, out);
	else
		strbuf_addstr(out, path);
}

static void add_version(const struct dockerref *r, struct strbuf *out)
{
	if (r->tag)
		strbuf_addf(out, ":%s", r->tag);
	if (r->digest)
		strbuf_addf(out, "@%s", r->digest);
}

void dockerref_add_full(const struct dockerref *r, struct strbuf *out)
{
	dockerref_add_name(r, out);
	add_version(r, out);
}

void dockerref_add_familiar(const struct dockerref *r, struct strbuf *out)
{
	dockerref_add_familiar_name(r, out);
	add_version(r, out);
}
