/* SPDX-License-Identifier: MIT */
#include "core/nginx_settings.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"

#define DIGITS "0123456789"
#define WORD   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS

enum { TEXT_MAX = 1000 };

/* What would end a directive, open a block, quote, or start a comment. */
bool nginx_is_safe(const char *value)
{
	return strlen(value) <= TEXT_MAX && !strpbrk(value, ";{}\"'\\#`\r\n") &&
	       !has_control(value);
}

static int refuse(const char *value, const char *wanted, struct err *err)
{
	return err_set(err, ERR_INVALID, "'%.100s' is not %s", value, wanted);
}

int nginx_check_line(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	return nginx_is_safe(value)
		       ? 0
		       : refuse(value,
				 "usable in a directive: ; { } # quotes and backslashes are not "
				 "possible",
				 err);
}

int nginx_check_one_word(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	if (nginx_is_safe(value) && !strpbrk(value, " \t"))
		return 0;
	return refuse(value, "one word without ; { } # quotes and backslashes", err);
}

int nginx_check_name(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	return value[strspn(value, WORD "_-")] ? refuse(value, "the name of a log format", err) : 0;
}

int nginx_check_time(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	const char *p = value;

	while (*p) {
		size_t digits = strspn(p, DIGITS);

		if (!digits || digits > 9)
			return refuse(value, "a time such as 60s or 1h30m", err);
		p += digits;
		if (str_starts(p, "ms"))
			p += 2;
		else if (*p && strchr("smhdwMy", *p))
			p++;
		else if (*p)
			return refuse(value, "a time such as 60s or 1h30m", err);
	}
	return 0;
}

static bool is_size(const char *value, size_t len)
{
	size_t digits = strspn(value, DIGITS);

	if (!digits || digits > 12 || digits > len)
		return false;
	return digits == len || (digits + 1 == len && strchr("kKmMgG", value[digits]));
}

int nginx_check_size(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	return is_size(value, strlen(value)) ? 0 : refuse(value, "a size such as 8k or 50m", err);
}

int nginx_check_buffers(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	size_t digits = strspn(value, DIGITS);
	const char *size = value + digits + strspn(value + digits, " ");

	if (digits && digits < 6 && size > value + digits && is_size(size, strlen(size)))
		return 0;
	return refuse(value, "a number and a size, such as 8 4k", err);
}

int nginx_check_on_off(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	return str_eq(value, "on") || str_eq(value, "off") ? 0 : refuse(value, "on or off", err);
}

int nginx_check_number(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	AUTO_ERR why = ERR_INIT;
	uint64_t n;

	if (parse_uint(value, 0, UINT32_MAX, &n, &why) >= 0)
		return 0;
	return err_set(err, ERR_INVALID, "must be an integer");
}

int nginx_check_ipv4(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	struct in_addr addr;

	return inet_pton(AF_INET, value, &addr) == 1 ? 0 : refuse(value, "an IPv4 address", err);
}

int nginx_check_ipv6(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	struct in6_addr addr;

	return inet_pton(AF_INET6, value, &addr) == 1 ? 0 : refuse(value, "an IPv6 address", err);
}

/* --- what depends on the machine: buffers are a page, as in nginx --- */

static long page_kib(void)
{
	return sysconf(_SC_PAGESIZE) / 1024;
}

char *nginx_usual_buffer_size(struct ctx *ctx, const char *app)
{
	return xasprintf("%ldk", page_kib());
}

char *nginx_usual_buffers(struct ctx *ctx, const char *app)
{
	return xasprintf("8 %ldk", page_kib());
}

char *nginx_usual_busy_size(struct ctx *ctx, const char *app)
{
	return xasprintf("%ldk", page_kib() * 2);
}
