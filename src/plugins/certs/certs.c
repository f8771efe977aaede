/* SPDX-License-Identifier: MIT */
/* The certs plugin: its commands and tables. */
#include "plugins/certs/certs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/cert.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/report.h"
#include "core/trigger.h"

/* --- add, update --- */

static int check_readable(const char *path, const char *what, struct err *err)
{
	if (access(path, R_OK) == 0 && fs_is_file(path))
		return 0;
	return err_set(err, ERR_NOT_FOUND, "%s file specified not found, please check file paths",
		what);
}

static int add_files(struct ctx *ctx, const char *app, const char *crt, const char *key,
	struct err *err)
{
	AUTO_FREE char *dir = NULL;
	int r = check_readable(crt, "CRT", err);

	if (r >= 0)
		r = check_readable(key, "KEY", err);
	if (r >= 0)
		r = cert_work_dir(ctx, app, &dir, err);
	if (r < 0)
		return r;
	r = cert_install(ctx, app, dir, crt, key, NULL, err);
	cert_work_done(ctx, app, dir);
	return r;
}

static int add_archive(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *inside = NULL;
	AUTO_FREE char *crt = NULL;
	AUTO_FREE char *key = NULL;
	int r;

	if (isatty(STDIN_FILENO))
		return err_set(err, ERR_USAGE,
			"Tar archive containing server.crt and server.key expected on stdin");
	r = cert_work_dir(ctx, app, &dir, err);
	if (r < 0)
		return r;
	inside = path_join(dir, "archive");
	r = cert_unpack(ctx, inside, &crt, &key, err);
	if (r >= 0)
		r = cert_install(ctx, app, dir, crt, key, NULL, err);
	cert_work_done(ctx, app, dir);
	return r;
}

static int run_add(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);

	if (*args_pos(args, 1) && *args_pos(args, 2))
		return add_files(ctx, app, args_pos(args, 1), args_pos(args, 2), err);
	return add_archive(ctx, app, err);
}

/* --- generate --- */

static const char *text_of(json_t *obj, const char *key)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s ? s : "";
}

static int make(struct ctx *ctx, const char *app, const char *domain, const char *dir,
	struct err *err)
{
	AUTO_FREE char *inside = path_join(dir, "made");
	AUTO_STRVEC argv = STRVEC_INIT;
	json_t *made = NULL;
	int r = fs_mkdir_p(inside, 0700, err);

	strvec_pushl(&argv, "generate", "--domain", domain, "--days", "365", inside, NULL);
	if (r >= 0)
		r = cert_tool(ctx, &argv, &made, err);
	if (r < 0)
		return r;
	if (!ctx->dry_run)
		out_info1("Installing certificate and key...");
	r = cert_install(ctx, app, dir, text_of(made, "certificate"), text_of(made, "key"),
		text_of(made, "request"), err);
	json_decref(made);
	return r;
}

static int print_file(const char *path, struct strbuf *out, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int r = fs_read(path, CERT_BYTES_MAX, &text, err);

	if (r >= 0 && out)
		strbuf_add(out, text.buf, text.len);
	else if (r >= 0)
		fwrite(text.buf, 1, text.len, stdout);
	strbuf_erase(&text);
	return r;
}

/* The name joins the app's host names; one that is there already stays. */
static int add_domain(struct ctx *ctx, const char *app, const char *domain, struct err *err)
{
	AUTO_STRVEC args = STRVEC_INIT;
	AUTO_STRBUF said = STRBUF_CAPPED(65536);
	int r;

	strvec_pushl(&args, app, domain, NULL);
	r = trigger_run_builtin(ctx, "domains-add", &args, &said, err);
	return r < 0 ? r : 0;
}

static int run_generate(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	const char *domain = args_pos(args, 1);
	AUTO_FREE char *csr = cert_path(ctx, app, "csr");
	AUTO_FREE char *dir = NULL;
	int r;

	if (cert_exists(ctx, app)) {
		out_info1("%s has an SSL endpoint already defined", app);
		return 0;
	}
	r = cert_work_dir(ctx, app, &dir, err);
	if (r < 0)
		return r;
	r = make(ctx, app, domain, dir, err);
	cert_work_done(ctx, app, dir);
	if (r >= 0 && !ctx->dry_run)
		r = add_domain(ctx, app, domain, err);
	if (r < 0 || ctx->dry_run)
		return r;
	out_info1("The following is a certificate signing request that can be used");
	out_info1("to generate an 'officially' signed SSL certificate for %s at %s", app, domain);
	out_info1("by a CA of your choosing.");
	return print_file(csr, NULL, err);
}

/* --- remove, show --- */

static int run_remove(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	AUTO_FREE char *nothing = inst_lib(&ctx->inst, "data/moorage/certs/none");
	int r;

	if (!ctx->dry_run && cert_exists(ctx, app))
		out_info1("Removing SSL endpoint from %s", app);
	r = cert_remove(ctx, app, err);
	if (!ctx->dry_run)
		cert_work_done(ctx, app, nothing);
	return r;
}

static int run_show(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	const char *what = args_pos(args, 1);
	AUTO_FREE char *path = cert_path(ctx, app, what);

	if (!str_eq(what, "crt") && !str_eq(what, "key"))
		return err_set(err, ERR_USAGE, "specify either 'key' or 'crt'");
	if (!cert_exists(ctx, app))
		return err_set(err, ERR_NOT_FOUND, "%s doesn't have an SSL endpoint defined", app);
	return print_file(path, NULL, err);
}

/* --- report --- */

static const char *const described[] = { "expires-at", "hostnames", "issuer", "starts-at",
	"subject", "verified" };

/* What the certificate says; NULL when there is none, or none that can be read. */
static json_t *describe(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *crt = cert_path(ctx, app, "crt");
	AUTO_FREE char *leaf = inst_home(&ctx->inst, "%s/tls/server.letsencrypt.crt", app);
	AUTO_STRVEC argv = STRVEC_INIT;
	AUTO_ERR why = ERR_INIT;
	json_t *info = NULL;

	if (!cert_exists(ctx, app))
		return NULL;
	strvec_pushl(&argv, "info", crt, NULL);
	if (fs_exists(leaf))
		strvec_pushl(&argv, "--verify", leaf, NULL);
	if (cert_tool(ctx, &argv, &info, &why) < 0) {
		out_error(&why);
		return NULL;
	}
	return info;
}

static int more_rows(struct ctx *ctx, const char *app, struct report *report, struct err *err)
{
	AUTO_FREE char *dir = inst_home(&ctx->inst, "%s/tls", app);
	json_t *info = describe(ctx, app);

	report_add(report, "--ssl-dir", dir);
	report_add(report, "--ssl-enabled", cert_exists(ctx, app) ? "true" : "false");
	for (size_t i = 0; i < ARRAY_SIZE(described); i++) {
		AUTO_FREE char *flag = xasprintf("--ssl-%s", described[i]);

		report_add(report, flag, info ? text_of(info, described[i]) : "");
	}
	json_decref(info);
	return 0;
}

/* --- triggers that scripts call --- */

static int handle_exists(struct trigger_call *call, struct err *err)
{
	strbuf_addf(call->out, "%s\n",
		cert_exists(call->ctx, trigger_arg(call, 0)) ? "true" : "false");
	return 0;
}

static int handle_get(struct trigger_call *call, struct err *err)
{
	const char *what = trigger_arg(call, 1);
	AUTO_FREE char *path = cert_path(call->ctx, trigger_arg(call, 0), what);

	if ((!str_eq(what, "crt") && !str_eq(what, "key")) ||
		!cert_exists(call->ctx, trigger_arg(call, 0)))
		return err_exit(err, 1);
	return print_file(path, call->out, err);
}

static int handle_set(struct trigger_call *call, struct err *err)
{
	if (!*trigger_arg(call, 1) || !*trigger_arg(call, 2))
		return err_set(err, ERR_USAGE, "Both CRT and KEY file paths are required");
	return trigger_run_self(call, "certs:add", err);
}

static int handle_remove(struct trigger_call *call, struct err *err)
{
	return trigger_run_self(call, "certs:remove", err);
}

static const struct trigger_handler triggers[] = {
	{ "certs-exists", handle_exists },
	{ "certs-get", handle_get },
	{ "certs-remove", handle_remove },
	{ "certs-set", handle_set },
	{},
};

/* --- the life of an app: a clone answers to other names, so the certificate is not for it --- */

static int on_clone(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	AUTO_FREE char *tls = inst_home(&ctx->inst, "%s/tls", new);

	return fs_rm_rf(tls, err);
}

static int on_rename(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	AUTO_FREE char *from = inst_home(&ctx->inst, "%s/tls", old);
	AUTO_FREE char *to = inst_home(&ctx->inst, "%s/tls", new);
	int r = fs_rm_rf(to, err);

	return r < 0 || !fs_is_dir(from) ? r : fs_copy_tree(from, to, err);
}

static int on_destroy(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *tls = inst_home(&ctx->inst, "%s/tls", app);
	AUTO_FREE char *work = inst_lib(&ctx->inst, "data/moorage/certs/%s", app);
	int r = fs_rm_rf(tls, err);

	return r < 0 ? r : fs_rm_rf(work, err);
}

/* --- tables --- */

#define CHANGES (CMD_APP | CMD_LOCK | CMD_DRY_RUN)

static const struct command commands[] = {
	{ "certs:add", "<app> CRT KEY",
		"Give an app a certificate; a tar archive on stdin will do too", CHANGES, 1, 3,
		NULL, run_add, NULL },
	{ "certs:generate", "<app> DOMAIN", "Make a self-signed certificate and a signing request",
		CHANGES, 2, 2, NULL, run_generate, "Please specify a domain for the certificate" },
	{ "certs:remove", "<app>", "Take the certificate from an app", CHANGES, 1, 1, NULL,
		run_remove, NULL },
	{ "certs:show", "<app> <crt|key>", "Print an app's certificate or key", CMD_APP | CMD_READ,
		1, 2, NULL, run_show, NULL },
	{ "certs:update", "<app> CRT KEY", "Replace an app's certificate; the same as certs:add",
		CHANGES, 1, 3, NULL, run_add, NULL },
	{},
};

extern const struct plugin plugin_certs;
const struct plugin plugin_certs = {
	.name = "certs",
	.summary = "Manage the TLS certificates of apps",
	.report_type = "ssl",
	.report_flags = REPORT_NO_GLOBAL,
	.commands = commands,
	.more_rows = more_rows,
	.triggers = triggers,
	.steps = certs_steps,
	.on_clone = on_clone,
	.on_rename = on_rename,
	.on_destroy = on_destroy,
};
