/* SPDX-License-Identifier: MIT */
#include "plugins/logs/sink.h"

#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/strvec.h"

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Appends S with + and %XX decoded. */
static int unescape(const char *s, struct strbuf *out, struct err *err)
{
	for (; *s; s++) {
		if (*s != '%') {
			strbuf_addch(out, *s == '+' ? ' ' : *s);
			continue;
		}
		if (hex_digit(s[1]) < 0 || hex_digit(s[2]) < 0)
			return err_set(err, ERR_INVALID,
				"Invalid sink: a %% is not followed by two hex digits");
		strbuf_addch(out, (char)(hex_digit(s[1]) * 16 + hex_digit(s[2])));
		s += 2;
	}
	return 0;
}

/* Standard alphabet, padded, as a whole. */
static bool is_base64(const char *s)
{
	size_t len = strlen(s);
	size_t body = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

	return len % 4 == 0 && len - body <= 2 && strspn(s + body, "=") == len - body;
}

static int check_option(const char *text, struct err *err)
{
	AUTO_STRBUF key = STRBUF_INIT;
	AUTO_STRBUF value = STRBUF_INIT;
	const char *eq = strchr(text, '=');
	AUTO_FREE char *raw_key = xstrndup(text, eq ? (size_t)(eq - text) : strlen(text));
	const char *encoded;
	int r = unescape(raw_key, &key, err);

	if (r >= 0 && eq)
		r = unescape(eq + 1, &value, err);
	if (r < 0)
		return r;
	if (!key.len)
		return err_set(err, ERR_INVALID, "Invalid sink: an option has no name");
	if (strlen(key.buf) != key.len || strlen(value.buf) != value.len)
		return err_set(err, ERR_INVALID, "Invalid sink: an option holds a NUL byte");
	if (str_eq(key.buf, "sinks") || str_starts(key.buf, "sinks["))
		return err_set(err, ERR_INVALID, "Invalid option sinks");
	encoded = str_after(value.buf, "base64enc:");
	if (encoded && !is_base64(encoded))
		return err_set(err, ERR_INVALID, "Error decoding base64: the value of %s is not",
			key.buf);
	return 0;
}

int sink_dsn_check(const char *text, struct err *err)
{
	AUTO_STRVEC options = STRVEC_INIT;
	size_t type =
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	AUTO_FREE char *query = NULL;
	const char *mark;
	int r = 0;

	if (strlen(text) > SINK_DSN_MAX)
		return err_set(err, ERR_INVALID, "Invalid sink: longer than %d bytes",
			SINK_DSN_MAX);
	if (!type || !isalpha((unsigned char)text[0]) || !str_starts(text + type, "://"))
		return err_set(err, ERR_INVALID,
			"Invalid sink: expected <type>://?<option>=<value>&...");
	mark = strchr(text, '?');
	if (!mark || !mark[1])
		return err_set(err, ERR_INVALID, "Invalid sink: it has no options");
	query = xstrndup(mark + 1, strcspn(mark + 1, "#"));
	strvec_split(&options, query, "&");
	for (size_t i = 0; r >= 0 && i < options.count; i++)
		r = check_option(options.items[i], err);
	return r;
}
