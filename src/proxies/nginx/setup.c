/* SPDX-License-Identifier: MIT */
/*
 * What the main configuration includes for an instance (nginx:setup, nginx:unsetup, run as root by
 * the installer), and the pages for errors.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/output.h"
#include "core/trigger.h"
#include "proxies/nginx/nginx.h"

/* --- error pages --- */

static const struct {
	const char *name;
	const char *text;
} pages[] = {
	{ "400-error.html", nginx_error_400 },
	{ "404-error.html", nginx_error_404 },
	{ "500-error.html", nginx_error_500 },
	{ "502-error.html", nginx_error_502 },
};

/* Pages that are there may be somebody's own. */
int nginx_write_error_pages(struct ctx *ctx, struct err *err)
{
	AUTO_FREE char *dir = nginx_data_path(ctx, "dokku-errors");
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(pages); i++) {
		AUTO_FREE char *path = path_join(dir, pages[i].name);

		if (!fs_exists(path))
			r = fs_write_str(path, pages[i].text, 0644, err);
	}
	return r;
}

/* --- conf.d --- */

static char *conf_path(struct ctx *ctx, const char *name)
{
	return path_join(ctx->inst.nginx_conf_dir, name);
}

static bool has_text(const char *path, const struct strbuf *text)
{
	AUTO_STRBUF now = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT; /* not there, or not readable: written again */

	return fs_read(path, GOTMPL_TEXT_MAX, &now, &ignored) >= 0 && str_eq(now.buf, text->buf);
}

/* A file that is right already is not touched: the installer may be run again at any time. */
static int render_to(struct ctx *ctx, const char *name, const char *text,
	const struct gotmpl_vars *vars, struct err *err)
{
	AUTO_FREE char *path = conf_path(ctx, name);
	AUTO_STRBUF out = STRBUF_INIT;
	int r = nginx_render_text(name, text, strlen(text), vars, NULL, &out, err);

	return r < 0 || has_text(path, &out) ? r : fs_write_str(path, out.buf, 0644, err);
}

static void set_vars(struct ctx *ctx, struct gotmpl_vars *vars)
{
	AUTO_FREE char *root = xstrndup(ctx->inst.nginx_conf,
		(size_t)(path_base(ctx->inst.nginx_conf) - ctx->inst.nginx_conf));

	if (strlen(root) > 1)
		root[strlen(root) - 1] = '\0';
	gotmpl_vars_set(vars, "DOKKU_ROOT", ctx->inst.dokku_root);
	gotmpl_vars_set(vars, "NGINX_ROOT", root);
	gotmpl_vars_set(vars, "HTTP_PORT", ctx->inst.http_port);
	gotmpl_vars_set(vars, "HTTPS_PORT", ctx->inst.https_port);
}

static int write_main(struct ctx *ctx, const struct gotmpl_vars *vars, struct err *err)
{
	AUTO_STRBUF custom = STRBUF_CAPPED(4096);
	AUTO_STRBUF text = STRBUF_INIT;
	int r = trigger_capture(ctx, &custom, err, "nginx-dokku-template-source", NULL);

	strbuf_trim(&custom);
	if (r >= 0 && custom.len && fs_is_file(custom.buf))
		r = fs_read(custom.buf, GOTMPL_TEXT_MAX, &text, err);
	else
		strbuf_addstr(&text, nginx_template_main);
	return r < 0 ? r : render_to(ctx, "dokku.conf", text.buf, vars, err);
}

static int write_hash_size(struct ctx *ctx, struct err *err)
{
	AUTO_FREE char *path = conf_path(ctx, "server_names_hash_bucket_size.conf");

	if (fs_exists(path))
		return 0;
	return fs_write_str(path, "server_names_hash_bucket_size 512;\n", 0644, err);
}

static int write_default_vhost(struct ctx *ctx, const struct gotmpl_vars *vars, struct err *err)
{
	AUTO_FREE char *path = conf_path(ctx, "00-default-vhost.conf");
	struct nginx_version v;
	bool rejects;
	int r;

	if (fs_exists(path))
		return 0;
	r = nginx_version(ctx, &v, err);
	rejects = v.major > 1 || v.minor > 19 || (v.minor == 19 && v.patch >= 4);
	return r < 0 ? r
		     : render_to(ctx, "00-default-vhost.conf",
			       rejects ? nginx_template_default : nginx_template_default_plain,
			       vars, err);
}

int nginx_run_setup(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_GOTMPL_VARS vars = GOTMPL_VARS_INIT;
	int r;

	set_vars(ctx, &vars);
	r = write_main(ctx, &vars, err);
	if (r >= 0)
		r = write_hash_size(ctx, err);
	if (r >= 0 && args_has(args, "default-vhost"))
		r = write_default_vhost(ctx, &vars, err);
	return r;
}

/* What people may have changed stays. */
int nginx_run_unsetup(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *path = conf_path(ctx, "dokku.conf");

	return fs_unlink(path, err);
}
