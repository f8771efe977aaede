/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The insides of the nginx room: the driver `nginx`, the plugin nginx-vhosts (commands nginx:...) and
 * what both share. An app's configuration is two files in its folder: nginx.conf, one or more
 * servers and upstreams, and nginx.conf.d/hsts.conf; the main configuration includes all of them.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/plugin.h"
#include "core/proxy.h"
#include "core/route.h"
#include "lib/gotemplate/gotemplate.h"

/* --- properties (properties.c) --- */

extern const struct plugin plugin_nginx_vhosts;
extern const struct property nginx_properties[];
/*
 * Appends the computed value of a property. A stored value that could end the directive it stands
 * in (put there by hand or by an older program) is ERR_INVALID and names the property.
 */
MUST_CHECK int nginx_value(struct ctx *ctx, const char *app, const char *name, struct strbuf *out,
	struct err *err);
/* True if the computed value is "true". */
bool nginx_is_true(struct ctx *ctx, const char *app, const char *name);

/* --- templates (templates/, made into C by embed.py) --- */

extern const char nginx_template_app[];
extern const char nginx_template_hsts[];
extern const char nginx_template_main[];
extern const char nginx_template_default[];
extern const char nginx_template_default_plain[];
extern const char nginx_error_400[];
extern const char nginx_error_404[];
extern const char nginx_error_500[];
extern const char nginx_error_502[];

/* --- rendering (vars.c, render.c) --- */

enum nginx_purpose {
	NGINX_FOR_USE,
	NGINX_FOR_TEST, /* of a template before there are listeners: one is made up, logs are off */
};

/* Sets all variables that templates of R's app may use. */
MUST_CHECK int nginx_set_vars(struct ctx *ctx, const struct routes *r, enum nginx_purpose purpose,
	struct gotmpl_vars *vars, struct err *err);
/* True if a process type `web` listens. */
bool nginx_has_web(const struct routes *r);

/* Renders TEXT, which errors call NAME, and squeezes runs of empty lines. HOST may be NULL. */
MUST_CHECK int nginx_render_text(const char *name, const char *text, size_t len,
	const struct gotmpl_vars *vars, const struct gotmpl_host *host, struct strbuf *out,
	struct err *err);
/* Appends the app's nginx.conf; says which template made it. */
MUST_CHECK int nginx_render_app(struct ctx *ctx, const struct routes *r, struct strbuf *out,
	struct err *err);
/* The staged or live template of the app itself, as for NGINX_FOR_TEST. 1 when there is one that
 * is used. */
MUST_CHECK int nginx_render_own(struct ctx *ctx, const struct routes *r, struct strbuf *out,
	struct err *err);
/* Appends hsts.conf; 0 and nothing when the app has none. */
MUST_CHECK int nginx_render_hsts(struct ctx *ctx, const struct routes *r, struct strbuf *out,
	struct err *err);
/* Path that third-party nginx-app-template-source handlers give for TYPE, for free(), or NULL. */
MUST_CHECK int nginx_template_source(struct ctx *ctx, const char *app, const char *type, char **ret,
	struct err *err);

/* --- the running server (control.c, workers.c, version.c) --- */

/* Tests the whole configuration. ERR_FAILED with what nginx said. */
MUST_CHECK int nginx_test(struct ctx *ctx, struct err *err);
/* Tests one file of servers on its own, beside what is no app's in the main configuration. */
MUST_CHECK int nginx_test_alone(struct ctx *ctx, const char *app, const char *path,
	struct err *err);
/* VERB: start, stop, reload, enable, disable. APP may be NULL. */
MUST_CHECK int nginx_control(struct ctx *ctx, const char *app, const char *verb, struct err *err);
/*
 * Tests the whole configuration, reloads, and waits until new workers have taken over; while nginx
 * does not run it is only tested. A running nginx keeps what it has when it is told to reload what is
 * wrong, so it is told at once. *RET_TRIED: it was; what is on disk now it may have read.
 */
MUST_CHECK int nginx_test_and_reload(struct ctx *ctx, const char *app, bool *ret_tried,
	struct err *err);
bool nginx_runs(struct ctx *ctx);

/* The driver's generation() and is_gone(). */
char *nginx_generation(struct ctx *ctx) MUST_CHECK;
bool nginx_is_gone(struct ctx *ctx, const char *generation);
/* Waits until the workers of GENERATION take no new connections and others do. False: time out. */
bool nginx_wait_taken_over(struct ctx *ctx, const char *generation, uint64_t timeout_ms);

struct nginx_version {
	unsigned major, minor, patch;
};
/* Asked once per program file, then remembered. ERR_NOT_FOUND when there is no nginx. */
MUST_CHECK int nginx_version(struct ctx *ctx, struct nginx_version *ret, struct err *err);
bool nginx_has_http2_directive(const struct nginx_version *v);
bool nginx_has_http2_push(const struct nginx_version *v);

/* --- files (files.c) --- */

/* One file's content; `there` false: it does not exist (or shall not). */
struct nginx_file {
	char *path;
	bool there;
	struct strbuf text;
};
struct nginx_files {
	struct nginx_file *items;
	size_t count;
};
#define NGINX_FILES_INIT                                                                           \
	{                                                                                          \
		.items = NULL                                                                      \
	}
void nginx_files_done(struct nginx_files *files);
#define AUTO_NGINX_FILES CLEANUP(nginx_files_done) struct nginx_files

/* Adds a file; TEXT NULL: it shall not exist. */
void nginx_files_add(struct nginx_files *files, const char *path, const struct strbuf *text);
/* Adds the file as it is on disk. */
MUST_CHECK int nginx_files_read(struct nginx_files *files, const char *path, struct err *err);
/* 1 when the disk is different. */
MUST_CHECK int nginx_files_differ(const struct nginx_files *files, struct err *err);
/* Makes the disk be like that. */
MUST_CHECK int nginx_files_write(const struct nginx_files *files, struct err *err);
/* To text and back, for copies that outlive the process. */
void nginx_files_pack(const struct nginx_files *files, struct strbuf *out);
MUST_CHECK int nginx_files_unpack(struct nginx_files *ret, const struct strbuf *text,
	struct err *err);
/* An app's files: paths for free(). */
char *nginx_conf_path(struct ctx *ctx, const char *app) MUST_CHECK;
char *nginx_hsts_path(struct ctx *ctx, const char *app) MUST_CHECK;
/* "data/nginx-vhosts/<name>", for free(). */
char *nginx_data_path(struct ctx *ctx, const char *name) MUST_CHECK;

/* --- changes (change.c) --- */

/*
 * Replaces files of APPS and makes that live, or leaves everything as it was. One such change at a
 * time per instance; what a killed one left untested is put back first.
 */
MUST_CHECK int nginx_change(struct ctx *ctx, const struct strvec *apps,
	const struct nginx_files *wanted, struct err *err);

/* --- commands (setup.c, logs.c) --- */

MUST_CHECK int nginx_run_setup(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int nginx_run_unsetup(struct ctx *ctx, const struct args *args, struct err *err);
/* Apps of this scheduler are served on other machines; it is asked for what its proxy has. */
bool nginx_is_elsewhere(const char *scheduler);
MUST_CHECK int nginx_run_logs(struct ctx *ctx, const struct args *args, struct err *err);
/* Pages that the default template serves for errors; written when one is missing. */
MUST_CHECK int nginx_write_error_pages(struct ctx *ctx, struct err *err);
extern const struct proxy nginx_proxy;
