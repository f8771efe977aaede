/* SPDX-License-Identifier: MIT */
/* The proxy driver `nginx`. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/output.h"
#include "proxies/nginx/nginx.h"

static void warn_of(struct ctx *ctx, const struct routes *r)
{
	for (size_t i = 0; !r->tls && i < r->ports.count; i++) {
		const struct port_map *m = &r->ports.items[i];

		if (str_eq(m->scheme, "https") || str_eq(m->scheme, "grpcs"))
			out_warn("Ignoring detected https port mapping without an accompanying ssl "
				 "certificate (%s:%u:%u)",
				m->scheme, m->host, m->container);
	}
	if (!nginx_has_web(r) && !output_is_quiet())
		out_warn("No web listeners specified for %s", r->app);
}

/* Adds to FILES what the app's routes ask for. */
static int add_wanted(struct ctx *ctx, const char *app, struct nginx_files *files, struct err *err)
{
	AUTO_FREE char *conf = nginx_conf_path(ctx, app);
	AUTO_FREE char *hsts = nginx_hsts_path(ctx, app);
	AUTO_ROUTES routes = ROUTES_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRBUF hsts_text = STRBUF_INIT;
	int r = ports_configure(ctx, app, err);

	if (r >= 0)
		r = routes_of(ctx, app, &routes, err);
	if (r < 0)
		return r;
	warn_of(ctx, &routes);
	r = nginx_render_app(ctx, &routes, &text, err);
	if (r < 0)
		return r;
	out_info1("Creating %s nginx.conf", routes.tls ? "https" : "http");
	nginx_files_add(files, conf, &text);
	r = nginx_render_hsts(ctx, &routes, &hsts_text, err);
	if (r < 0)
		return r;
	nginx_files_add(files, hsts, r > 0 ? &hsts_text : NULL);
	return 0;
}

/* Nothing to remove: nothing is added. */
static void add_cleared(struct ctx *ctx, const char *app, struct nginx_files *files,
	struct strvec *apps)
{
	AUTO_FREE char *conf = nginx_conf_path(ctx, app);

	if (!fs_exists(conf))
		return;
	nginx_files_add(files, conf, NULL);
	strvec_push(apps, app);
}

static int change(struct ctx *ctx, const struct strvec *apply, const struct strvec *clear,
	struct err *err)
{
	AUTO_NGINX_FILES files = NGINX_FILES_INIT;
	AUTO_STRVEC apps = STRVEC_INIT;
	int r = 0;

	for (size_t i = 0; clear && i < clear->count; i++)
		add_cleared(ctx, clear->items[i], &files, &apps);
	for (size_t i = 0; r >= 0 && apply && i < apply->count; i++) {
		r = add_wanted(ctx, apply->items[i], &files, err);
		strvec_push(&apps, apply->items[i]);
	}
	if (r >= 0 && apply && apply->count)
		r = nginx_write_error_pages(ctx, err);
	if (r < 0 || !apps.count)
		return r;
	return nginx_change(ctx, &apps, &files, err);
}

static int apply(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_STRVEC one = STRVEC_INIT;

	strvec_push(&one, app);
	return change(ctx, &one, NULL, err);
}

static int clear(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_STRVEC one = STRVEC_INIT;

	strvec_push(&one, app);
	return change(ctx, NULL, &one, err);
}

static int keep(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *conf = nginx_conf_path(ctx, app);
	AUTO_FREE char *hsts = nginx_hsts_path(ctx, app);
	AUTO_NGINX_FILES files = NGINX_FILES_INIT;
	int r;

	if (!fs_exists(conf))
		return 0;
	r = nginx_files_read(&files, conf, err);
	if (r >= 0)
		r = nginx_files_read(&files, hsts, err);
	if (r >= 0)
		nginx_files_pack(&files, out);
	return r;
}

static int put_back(struct ctx *ctx, const char *app, const struct strbuf *kept, struct err *err)
{
	AUTO_NGINX_FILES files = NGINX_FILES_INIT;
	AUTO_STRVEC apps = STRVEC_INIT;
	int r;

	if (!kept->len)
		return clear(ctx, app, err);
	strvec_push(&apps, app);
	r = nginx_files_unpack(&files, kept, err);
	/* An apply() that failed has put it back itself; what it failed for may still be there. */
	if (r >= 0)
		r = nginx_files_differ(&files, err);
	return r <= 0 ? r : nginx_change(ctx, &apps, &files, err);
}

static int validate(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/moorage/nginx");
	AUTO_FREE char *path = xasprintf("%s/candidate-%s.conf", dir, app);
	AUTO_ROUTES routes = ROUTES_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR late = ERR_INIT;
	int r = ports_configure(ctx, app, err);

	if (r >= 0)
		r = routes_of(ctx, app, &routes, err);
	if (r >= 0)
		r = nginx_render_own(ctx, &routes, &text, err);
	if (r == 0)
		return 0;
	if (r < 0)
		return err_user(err, err->kind, 1,
			"Custom nginx.conf.sigil failed to render via sigil\n%s", err->msg.buf);
	r = fs_write_str(path, text.buf, 0644, err);
	if (r >= 0)
		r = nginx_test_alone(ctx, app, path, err);
	if (fs_unlink(path, &late) < 0)
		out_error(&late);
	return r < 0 ? r : 0;
}

const struct proxy nginx_proxy = {
	.name = "nginx",
	.validate = validate,
	.apply = apply,
	.clear = clear,
	.change = change,
	.generation = nginx_generation,
	.is_gone = nginx_is_gone,
	.keep = keep,
	.put_back = put_back,
};
