/* SPDX-License-Identifier: MIT */
/* The properties of nginx: what they may hold and what they default to. */
#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/property.h"
#include "core/state.h"
#include "proxies/nginx/nginx.h"

#define DIGITS "0123456789"
#define WORD   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS

enum { TEXT_MAX = 1000 };

/* What would end a directive, open a block, quote, or start a comment. */
static bool is_safe(const char *value)
{
	return strlen(value) <= TEXT_MAX && !strpbrk(value, ";{}\"'\\#`\r\n") &&
	       !has_control(value);
}

static int refuse(const char *value, const char *wanted, struct err *err)
{
	return err_set(err, ERR_INVALID, "'%.100s' is not %s", value, wanted);
}

static int check_line(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	return is_safe(value)
		       ? 0
		       : refuse(value,
				 "usable in a directive: ; { } # quotes and backslashes are not "
				 "possible",
				 err);
}

static int check_one_word(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	if (is_safe(value) && !strpbrk(value, " \t"))
		return 0;
	return refuse(value, "one word without ; { } # quotes and backslashes", err);
}

static int check_name(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	return value[strspn(value, WORD "_-")] ? refuse(value, "the name of a log format", err) : 0;
}

static int check_time(struct ctx *ctx, const char *scope, const char *value, struct err *err)
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

static int check_size(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	return is_size(value, strlen(value)) ? 0 : refuse(value, "a size such as 8k or 50m", err);
}

static int check_buffers(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	size_t digits = strspn(value, DIGITS);
	const char *size = value + digits + strspn(value + digits, " ");

	if (digits && digits < 6 && size > value + digits && is_size(size, strlen(size)))
		return 0;
	return refuse(value, "a number and a size, such as 8 4k", err);
}

static int check_on_off(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	return str_eq(value, "on") || str_eq(value, "off") ? 0 : refuse(value, "on or off", err);
}

static int check_number(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	AUTO_ERR why = ERR_INIT;
	uint64_t n;

	if (parse_uint(value, 0, UINT32_MAX, &n, &why) >= 0)
		return 0;
	return err_set(err, ERR_INVALID, "must be an integer");
}

static int check_ipv4(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	struct in_addr addr;

	return inet_pton(AF_INET, value, &addr) == 1 ? 0 : refuse(value, "an IPv4 address", err);
}

static int check_ipv6(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	struct in6_addr addr;

	return inet_pton(AF_INET6, value, &addr) == 1 ? 0 : refuse(value, "an IPv6 address", err);
}

static int check_program(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	if (*value == '/' && fs_is_exec(value))
		return 0;
	return refuse(value, "the absolute path of a program", err);
}

/* --- computed values --- */

static int own_or_global(struct ctx *ctx, const char *app, const char *name, struct strbuf *out)
{
	AUTO_FREE char *value = state_computed(ctx, "nginx", app, name, NULL);

	strbuf_addstr(out, value);
	return *value != '\0';
}

static int computed_access_log(struct ctx *ctx, const char *app, struct strbuf *out,
	struct err *err)
{
	if (!own_or_global(ctx, app, "access-log-path", out))
		strbuf_addf(out, "%s/%s-access.log", ctx->inst.nginx_log_dir, app);
	return 0;
}

static int computed_error_log(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	if (!own_or_global(ctx, app, "error-log-path", out))
		strbuf_addf(out, "%s/%s-error.log", ctx->inst.nginx_log_dir, app);
	return 0;
}

static long page_kib(void)
{
	return sysconf(_SC_PAGESIZE) / 1024;
}

static int computed_buffer_size(struct ctx *ctx, const char *app, struct strbuf *out,
	struct err *err)
{
	if (!own_or_global(ctx, app, "proxy-buffer-size", out))
		strbuf_addf(out, "%ldk", page_kib());
	return 0;
}

static int computed_buffers(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	if (!own_or_global(ctx, app, "proxy-buffers", out))
		strbuf_addf(out, "8 %ldk", page_kib());
	return 0;
}

static int computed_busy_size(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	if (!own_or_global(ctx, app, "proxy-busy-buffers-size", out))
		strbuf_addf(out, "%ldk", page_kib() * 2);
	return 0;
}

#define BOTH (PROP_APP | PROP_GLOBAL | PROP_COMPUTED)

const struct property nginx_properties[] = {
	{ "access-log-format", BOTH, NULL,
		"Name of a log_format of your nginx.conf for the access log", check_name, NULL },
	{ "access-log-path", BOTH, NULL, "File of the access log, or off", check_line,
		computed_access_log },
	{ "bind-address-ipv4", BOTH, NULL, "IPv4 address to listen on; all when not set",
		check_ipv4, NULL },
	{ "bind-address-ipv6", BOTH, "::", "IPv6 address to listen on; :: is all", check_ipv6,
		NULL },
	{ "client-body-timeout", BOTH, "60s", "Longest pause while a body is read", check_time,
		NULL },
	{ "client-header-timeout", BOTH, "60s",
		"Time in which a request's head must arrive; nginx takes that of the port's first "
		"app",
		check_time, NULL },
	{ "client-max-body-size", BOTH, "1m", "Largest body of a request, others get 413; 0: any",
		check_size, NULL },
	{ "disable-custom-config", BOTH, "false", "true: the app's own template is not used",
		check_bool, NULL },
	{ "error-log-path", BOTH, NULL, "File of the error log, or off", check_line,
		computed_error_log },
	{ "hsts", BOTH, "true", "Tell browsers to use TLS only, where the app has a certificate",
		check_bool, NULL },
	{ "hsts-include-subdomains", BOTH, "true", "Let hsts count for all names below the app's",
		check_bool, NULL },
	{ "hsts-max-age", BOTH, "15724800", "Seconds for which browsers remember hsts",
		check_number, NULL },
	{ "hsts-preload", BOTH, "false", "Allow browser makers to list the app's name for hsts",
		check_bool, NULL },
	{ "keepalive-timeout", BOTH, "75s", "How long an idle connection stays open", check_time,
		NULL },
	{ "lingering-timeout", BOTH, "5s",
		"Longest pause in what is left of a body that is not wanted", check_time, NULL },
	{ "nginx-conf-sigil-path", BOTH, "nginx.conf.sigil",
		"Path of the app's own template below the build folder", check_inside_path, NULL },
	{ "nginx-service-command", BOTH, NULL,
		"Program that controls nginx; called with start, stop, reload, enable or disable",
		check_program, NULL },
	{ "proxy-buffer-size", BOTH, NULL, "Buffer for the head of an answer; longer ones give 502",
		check_size, computed_buffer_size },
	{ "proxy-buffering", BOTH, "on", "off: answers are passed on as they come", check_on_off,
		NULL },
	{ "proxy-buffers", BOTH, NULL, "Number and size of buffers for an answer", check_buffers,
		computed_buffers },
	{ "proxy-busy-buffers-size", BOTH, NULL,
		"How much of proxy-buffers may be on its way to the client", check_size,
		computed_busy_size },
	{ "proxy-connect-timeout", BOTH, "60s", "Time to connect to the app, then 504", check_time,
		NULL },
	{ "proxy-keepalive", BOTH, NULL,
		"Idle connections to the app that each worker of nginx keeps", check_positive,
		NULL },
	{ "proxy-read-timeout", BOTH, "60s", "Longest pause while the app answers, then 504",
		check_time, NULL },
	{ "proxy-send-timeout", BOTH, "60s",
		"Longest pause while the app is sent a request, then 504", check_time, NULL },
	{ "send-timeout", BOTH, "60s", "Longest pause while an answer is sent", check_time, NULL },
	{ "underscore-in-headers", BOTH, "off",
		"on: header names may hold underscores; nginx takes that of the port's first app",
		check_on_off, NULL },
	{ "x-forwarded-for-value", BOTH, "$remote_addr", "Value of the header X-Forwarded-For",
		check_one_word, NULL },
	{ "x-forwarded-port-value", BOTH, "$server_port", "Value of the header X-Forwarded-Port",
		check_one_word, NULL },
	{ "x-forwarded-proto-value", BOTH, "$scheme", "Value of the header X-Forwarded-Proto",
		check_one_word, NULL },
	{ "x-forwarded-ssl", BOTH, NULL, "Value of the header X-Forwarded-Ssl; none when not set",
		check_one_word, NULL },
	{ "proxy-status", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{},
};

static const struct property *find(const char *name)
{
	const struct property *p = nginx_properties;

	while (p->name && !str_eq(p->name, name))
		p++;
	return p->name ? p : NULL;
}

int nginx_value(struct ctx *ctx, const char *app, const char *name, struct strbuf *out,
	struct err *err)
{
	const struct property *p = find(name);
	AUTO_STRBUF value = STRBUF_INIT;
	int r = 0;

	if (!p)
		return err_set(err, ERR_BUG, "nginx has no property '%s'", name);
	if (p->computed) {
		r = p->computed(ctx, app, &value, err);
	} else {
		AUTO_FREE char *plain = state_computed(ctx, "nginx", app, name, p->fallback);

		strbuf_addstr(&value, plain);
	}
	if (r < 0)
		return r;
	if (!is_safe(value.buf))
		return err_set(err, ERR_INVALID,
			"The nginx property %s of %s cannot stand in a configuration: '%.100s'; "
			"set it again with nginx:set",
			name, app, value.buf);
	strbuf_addstr(out, value.buf);
	return 0;
}

bool nginx_is_true(struct ctx *ctx, const char *app, const char *name)
{
	AUTO_STRBUF value = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT; /* a value that cannot be used is not "true" */

	return nginx_value(ctx, app, name, &value, &ignored) >= 0 && str_eq(value.buf, "true");
}
