/* SPDX-License-Identifier: MIT */
#pragma once

/* Settings that nginx has wherever it runs: rows and checks for the proxies that are made of it. */

#include "core/property.h"

/* Can it stand in a directive? Not what would end one, open a block, quote, or begin a comment. */
bool nginx_is_safe(const char *value);

MUST_CHECK int nginx_check_line(struct ctx *ctx, const char *scope, const char *value,
	struct err *err);
MUST_CHECK int nginx_check_one_word(struct ctx *ctx, const char *scope, const char *value,
	struct err *err);
MUST_CHECK int nginx_check_name(struct ctx *ctx, const char *scope, const char *value,
	struct err *err);
MUST_CHECK int nginx_check_time(struct ctx *ctx, const char *scope, const char *value,
	struct err *err);
MUST_CHECK int nginx_check_size(struct ctx *ctx, const char *scope, const char *value,
	struct err *err);
MUST_CHECK int nginx_check_buffers(struct ctx *ctx, const char *scope, const char *value,
	struct err *err);
MUST_CHECK int nginx_check_on_off(struct ctx *ctx, const char *scope, const char *value,
	struct err *err);
MUST_CHECK int nginx_check_number(struct ctx *ctx, const char *scope, const char *value,
	struct err *err);
MUST_CHECK int nginx_check_ipv4(struct ctx *ctx, const char *scope, const char *value,
	struct err *err);
MUST_CHECK int nginx_check_ipv6(struct ctx *ctx, const char *scope, const char *value,
	struct err *err);

char *nginx_usual_buffer_size(struct ctx *ctx, const char *app) MUST_CHECK;
char *nginx_usual_buffers(struct ctx *ctx, const char *app) MUST_CHECK;
char *nginx_usual_busy_size(struct ctx *ctx, const char *app) MUST_CHECK;

/*
 * The rows, for a table of properties: FLAGS is who may set them; ACCESS_LOG and ERROR_LOG, as
 * `fallback_of` of a property, say where an app's logs are.
 */
#define NGINX_SETTINGS(flags, access_log, error_log)                                               \
	{ "access-log-format", flags, NULL, "Name of a log_format for the access log",             \
		nginx_check_name, NULL },                                                          \
		{ "access-log-path", flags, NULL, "File of the access log, or off",                \
			nginx_check_line, NULL, access_log },                                      \
		{ "bind-address-ipv4", flags, NULL, "IPv4 address to listen on; all when not set", \
			nginx_check_ipv4, NULL },                                                  \
		{ "bind-address-ipv6", flags, "::", "IPv6 address to listen on; :: is all",        \
			nginx_check_ipv6, NULL },                                                  \
		{ "client-body-timeout", flags, "60s", "Longest pause while a body is read",       \
			nginx_check_time, NULL },                                                  \
		{ "client-header-timeout", flags, "60s",                                           \
			"Time in which a request's head must arrive; nginx takes that of the "     \
			"port's first "                                                            \
			"app",                                                                     \
			nginx_check_time, NULL },                                                  \
		{ "client-max-body-size", flags, "1m",                                             \
			"Largest body of a request, others get 413; 0: any", nginx_check_size,     \
			NULL },                                                                    \
		{ "error-log-path", flags, NULL, "File of the error log, or off",                  \
			nginx_check_line, NULL, error_log },                                       \
		{ "hsts", flags, "true",                                                           \
			"Tell browsers to use TLS only, where the app has a certificate",          \
			check_bool, NULL },                                                        \
		{ "hsts-include-subdomains", flags, "true",                                        \
			"Let hsts count for all names below the app's", check_bool, NULL },        \
		{ "hsts-max-age", flags, "15724800", "Seconds for which browsers remember hsts",   \
			nginx_check_number, NULL },                                                \
		{ "hsts-preload", flags, "false",                                                  \
			"Allow browser makers to list the app's name for hsts", check_bool,        \
			NULL },                                                                    \
		{ "keepalive-timeout", flags, "75s", "How long an idle connection stays open",     \
			nginx_check_time, NULL },                                                  \
		{ "lingering-timeout", flags, "5s",                                                \
			"Longest pause in what is left of a body that is not wanted",              \
			nginx_check_time, NULL },                                                  \
		{ "proxy-buffer-size", flags, NULL,                                                \
			"Buffer for the head of an answer; longer ones give 502",                  \
			nginx_check_size, NULL, nginx_usual_buffer_size },                         \
		{ "proxy-buffering", flags, "on", "off: answers are passed on as they come",       \
			nginx_check_on_off, NULL },                                                \
		{ "proxy-buffers", flags, NULL, "Number and size of buffers for an answer",        \
			nginx_check_buffers, NULL, nginx_usual_buffers },                          \
		{ "proxy-busy-buffers-size", flags, NULL,                                          \
			"How much of proxy-buffers may be on its way to the client",               \
			nginx_check_size, NULL, nginx_usual_busy_size },                           \
		{ "proxy-connect-timeout", flags, "60s", "Time to connect to the app, then 504",   \
			nginx_check_time, NULL },                                                  \
		{ "proxy-read-timeout", flags, "60s",                                              \
			"Longest pause while the app answers, then 504", nginx_check_time, NULL }, \
		{ "proxy-send-timeout", flags, "60s",                                              \
			"Longest pause while the app is sent a request, then 504",                 \
			nginx_check_time, NULL },                                                  \
		{ "send-timeout", flags, "60s", "Longest pause while an answer is sent",           \
			nginx_check_time, NULL },                                                  \
		{ "underscore-in-headers", flags, "off",                                           \
			"on: header names may hold underscores; nginx takes that of the port's "   \
			"first app",                                                               \
			nginx_check_on_off, NULL },                                                \
		{ "x-forwarded-for-value", flags, "$remote_addr",                                  \
			"Value of the header X-Forwarded-For", nginx_check_one_word, NULL },       \
		{ "x-forwarded-port-value", flags, "$server_port",                                 \
			"Value of the header X-Forwarded-Port", nginx_check_one_word, NULL },      \
		{ "x-forwarded-proto-value", flags, "$scheme",                                     \
			"Value of the header X-Forwarded-Proto", nginx_check_one_word, NULL },     \
	{                                                                                          \
		"x-forwarded-ssl", flags, NULL,                                                    \
			"Value of the header X-Forwarded-Ssl; none when not set",                  \
			nginx_check_one_word, NULL                                                 \
	}
