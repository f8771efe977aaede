/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Proxies that read their routes from the labels of containers, and run in a container themselves:
 * caddy, haproxy, traefik, openresty. Each is a row: what its labels are and what its compose file
 * says. Commands, trigger handlers and the proxy functions are here, once. An app's routes change
 * with its next deploy only, as labels belong to a container from its making on.
 */

#include "core/domains.h"
#include "core/ports.h"
#include "core/proxy.h"
#include "core/trigger.h"
#include "lib/gotemplate/gotemplate.h"

/* The container ports for plain requests and for TLS; 0: none. A proxy of this kind has one each. */
struct label_ports {
	unsigned http;
	unsigned https;
	/* The first mappings of these schemes, where no host port 80 or 443 leads there. */
	unsigned http_other_host;
	unsigned http_other;
	unsigned https_other_host;
	unsigned https_other;
};

/* What a container's labels are made of. */
struct label_call {
	struct ctx *ctx;
	const struct label_proxy *proxy;
	const char *app;
	const char *process;
	struct port_maps maps;
	struct strvec hosts;
	struct label_ports ports;
	bool acme; /* the proxy gets certificates by itself */
};

struct label_proxy {
	const char *name;     /* verb, compose project and service */
	const char *template; /* the compose file */
	const char *data;     /* folder below LIB_ROOT/data that the container has; NULL: none */
	/* Its plugin comes before docker-options: options of the user win over its labels. */
	bool early;
	/* Serves apps of the proxy type nginx too while it is started. */
	bool serves_nginx;
	/* Appends the labels, "key=value" each. */
	int (*labels)(const struct label_call *call, struct strvec *ret, struct err *err);
	/* Optional: more variables of the compose file. */
	int (*vars)(struct ctx *ctx, struct gotmpl_vars *vars, struct err *err);
	/* Optional: what has to be there before the container starts. */
	int (*prepare)(struct ctx *ctx, struct err *err);
	/* Optional: what a deploy says besides. */
	void (*deployed)(struct ctx *ctx, const char *app);
};

/* The computed value of a property: APP's (may be NULL), else the global one, else the default of
 * its row; for free(). */
char *label_proxy_value(struct ctx *ctx, const struct label_proxy *p, const char *app,
	const char *name) MUST_CHECK;
/* True while it has been started and not stopped. */
bool label_proxy_is_started(struct ctx *ctx, const struct label_proxy *p);

/* --- for the rows --- */

/* Says that another mapping stands in for USUAL ("https:443") where PORT, its own, is 0. */
void label_ports_warn(const char *usual, const char *scheme, unsigned port, unsigned other_host,
	unsigned other);
/* Appends the computed log level of the proxy NAME in capitals. */
MUST_CHECK int label_level_upper(struct ctx *ctx, const char *name, struct strbuf *out);
/* TEXT in capitals, for free(). */
char *label_upper(const char *text) MUST_CHECK;
/* A check for properties that stand in a compose file. */
MUST_CHECK int label_check_text(struct ctx *ctx, const char *scope, const char *value,
	struct err *err);

/* --- for core/proxy.c --- */

/* Appends the "--label=..." words of a container of APP's PROCESS; nothing for other proxies' apps.
 */
MUST_CHECK int label_proxy_flags(struct ctx *ctx, const struct label_proxy *p, const char *app,
	const char *process, struct strvec *flags, struct err *err);
/* It ends TLS itself: apps have an https port without a certificate of theirs. */
bool label_proxy_brings_tls(struct ctx *ctx, const struct label_proxy *p);
/* What a deploy says at its end. */
void label_proxy_deployed(struct ctx *ctx, const struct label_proxy *p, const char *app);
/* Starts it if it was started when the machine went down. A failure is said and passed over. */
void label_proxy_restore(struct ctx *ctx, const struct label_proxy *p);

/* The functions of struct proxy, the same for all of them: there is no file to write. */
extern int label_proxy_nothing(struct ctx *ctx, const char *app, struct err *err);
extern int label_proxy_no_change(struct ctx *ctx, const struct strvec *apply,
	const struct strvec *clear, struct err *err);
extern char *label_proxy_generation(struct ctx *ctx) MUST_CHECK;
extern bool label_proxy_is_gone(struct ctx *ctx, const char *generation);
extern int label_proxy_keep(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err);
extern int label_proxy_put_back(struct ctx *ctx, const char *app, const struct strbuf *kept,
	struct err *err);

#define LABEL_PROXY(proxy_name, row)                                                               \
	{                                                                                          \
		.name = (proxy_name), .labels = &(row), .validate = label_proxy_nothing,           \
		.apply = label_proxy_nothing, .clear = label_proxy_nothing,                        \
		.change = label_proxy_no_change, .generation = label_proxy_generation,             \
		.is_gone = label_proxy_is_gone, .keep = label_proxy_keep,                          \
		.put_back = label_proxy_put_back,                                                  \
	}

/* --- for the plugins' tables (label_verbs.c); which proxy it is follows from the verb --- */

MUST_CHECK int label_run_start(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int label_run_stop(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int label_run_config(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int label_run_logs(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int label_run_add(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int label_run_remove(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int label_run_show(struct ctx *ctx, const struct args *args, struct err *err);
extern const struct flag label_log_flags[];
extern const struct trigger_handler label_triggers[];

/* The rows of VERB's commands. */
#define LABEL_COMMANDS(verb)                                                                       \
	{ verb ":labels:add", "<app> <label> <value>", "Give an app's containers one more label",  \
		CMD_APP | CMD_LOCK, 1, 3, NULL, label_run_add, NULL },                             \
		{ verb ":labels:remove", "<app> <label>", "Take such a label away again",          \
			CMD_APP | CMD_LOCK, 1, 2, NULL, label_run_remove, NULL },                  \
		{ verb ":labels:show", "<app> [<label>]", "Show the labels that were added",       \
			CMD_APP | CMD_READ, 1, 2, NULL, label_run_show, NULL },                    \
		{ verb ":logs", "[-n|--num <count>] [-t|--tail]", "Show what the proxy printed",   \
			CMD_READ, 0, 0, label_log_flags, label_run_logs, NULL },                   \
		{ verb ":show-config", "", "Print the compose file of the proxy's container",      \
			CMD_READ, 0, 1, NULL, label_run_config, NULL },                            \
		{ verb ":start", "", "Start the proxy", 0, 0, 0, NULL, label_run_start, NULL },    \
		{ verb ":stop", "", "Stop the proxy", 0, 0, 0, NULL, label_run_stop, NULL },       \
	{                                                                                          \
	}

/* Properties that all of them have. UPPER computes the log level. */
#define LABEL_PROPERTIES(image, level)                                                             \
	{ "image", PROP_GLOBAL_ONLY, image, "Image of the proxy's container", label_check_text,    \
		NULL },                                                                            \
		{ "letsencrypt-email", PROP_GLOBAL_ONLY, NULL,                                     \
			"Mail address for certificates; the proxy gets them when it is set",       \
			label_check_text, NULL },                                                  \
		{ "letsencrypt-server", PROP_GLOBAL_ONLY,                                          \
			"https://acme-v02.api.letsencrypt.org/directory",                          \
			"Where certificates come from", label_check_text, NULL },                  \
		{ "log-level", PROP_GLOBAL_ONLY, "ERROR", "How much the proxy prints",             \
			label_check_text, level },                                                 \
		{ "labels", PROP_INTERNAL, NULL, NULL, NULL, NULL },                               \
	{                                                                                          \
		"proxy-status", PROP_INTERNAL, NULL, NULL, NULL, NULL                              \
	}
