/* SPDX-License-Identifier: MIT */
/* From an app's routes to the text of its configuration. */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app_env.h"
#include "core/output.h"
#include "core/staged.h"
#include "core/trigger.h"
#include "proxies/nginx/nginx.h"

/* Runs of empty lines become one, as `cat -s` does. */
static void add_squeezed(const char *text, struct strbuf *out)
{
	bool empty = false;

	while (*text) {
		size_t len = strcspn(text, "\n");
		bool newline = text[len] == '\n';

		if (len || !empty)
			strbuf_add(out, text, len + newline);
		empty = !len;
		text += len + newline;
	}
}

int nginx_render_text(const char *name, const char *text, size_t len,
	const struct gotmpl_vars *vars, const struct gotmpl_host *host, struct strbuf *out,
	struct err *err)
{
	AUTO_GOTMPL *t = NULL;
	AUTO_STRBUF raw = STRBUF_INIT;
	int r = gotmpl_parse(name, text, len, &t, err);

	if (r >= 0)
		r = gotmpl_render(t, vars, host, &raw, err);
	if (r < 0)
		return r;
	if (strlen(raw.buf) != raw.len)
		return err_set(err, ERR_INVALID, "template: %s: its output holds a NUL byte", name);
	add_squeezed(raw.buf, out);
	return 0;
}

int nginx_template_source(struct ctx *ctx, const char *app, const char *type, char **ret,
	struct err *err)
{
	AUTO_STRBUF path = STRBUF_CAPPED(4096);
	int r = trigger_capture(ctx, &path, err, "nginx-app-template-source", app, type, NULL);

	if (r < 0)
		return r;
	strbuf_trim(&path);
	*ret = path.len ? strbuf_detach(&path) : NULL;
	return 0;
}

static const char *env_of(void *cookie, const char *name)
{
	return env_get(cookie, name);
}

/* A template that came from outside: it sees the files beside it, and the app's variables. */
static int render_file(struct ctx *ctx, const struct routes *r, const char *path,
	const struct gotmpl_vars *vars, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *dir = xstrndup(path, (size_t)(path_base(path) - path));
	struct gotmpl_folder folder = { .root = dir };
	struct gotmpl_host host = { 0 };
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ENV env = ENV_INIT;
	int res = fs_read(path, GOTMPL_TEXT_MAX, &text, err);

	if (res >= 0 && nginx_has_web(r))
		res = app_env_merged(ctx, r->app, &env, err);
	if (res < 0)
		return res;
	if (strlen(dir) > 1)
		dir[strlen(dir) - 1] = '\0';
	gotmpl_host_folder(&host, &folder);
	host.env = env_of;
	host.env_cookie = &env;
	return nginx_render_text("nginx.conf.sigil", text.buf, text.len, vars, &host, out, err);
}

/* --- which template --- */

enum source { BUILT_IN, FROM_PLUGIN, FROM_APP };

static const char *const source_names[] = { "built-in", "plugin-supplied", "app-supplied" };

static bool matches(const char *text, const char *pattern)
{
	regex_t re;
	bool found;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB | REG_NEWLINE) != 0)
		return false;
	found = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return found;
}

static void warn_old_words(const char *path)
{
	static const char *const words[][2] = {
		{ "DOKKU_APP_LISTENERS", "DOKKU_APP_WEB_LISTENERS" },
		{ "NGINX_SSL_PORT", "PROXY_SSL_PORT" },
		{ "NGINX_PORT", "PROXY_PORT" },
	};
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT; /* rendering it says so */

	if (fs_read(path, GOTMPL_TEXT_MAX, &text, &ignored) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strstr(text.buf, words[i][0]))
			out_warn("Deprecated: nginx.conf.sigil uses %s; its name is %s now",
				words[i][0], words[i][1]);
	}
	if (matches(text.buf, "listen[[:space:]]+.*[[:space:]]http2[;[:space:]]"))
		out_warn("Deprecated: 'listen ... http2' in nginx.conf.sigil is 'http2 on;' since "
			 "nginx 1.25.1");
}

/* Path for free() in RET, or NULL for the built-in one. */
static int choose(struct ctx *ctx, const struct routes *r, char **ret, enum source *ret_source,
	struct err *err)
{
	int res = nginx_template_source(ctx, r->app, "app-config", ret, err);

	*ret_source = res >= 0 && *ret ? FROM_PLUGIN : BUILT_IN;
	if (res < 0 || !nginx_has_web(r))
		return res;
	if (!nginx_is_true(ctx, r->app, "disable-custom-config")) {
		char *own = staged_path(ctx, r->app, STAGED_NGINX_CONF);

		if (own) {
			out_info1("Overriding default nginx.conf with detected nginx.conf.sigil");
			free(*ret);
			*ret = own;
			*ret_source = FROM_APP;
		}
	}
	if (*ret)
		warn_old_words(*ret);
	return 0;
}

static void say_configuring(const struct routes *r, enum source source)
{
	AUTO_STRVEC hosts = STRVEC_INIT;

	strvec_pushv(&hosts, r->hosts.items);
	strvec_sort_unique(&hosts);
	for (size_t i = 0; i < hosts.count; i++)
		out_info1("Configuring %s...(using %s template)", hosts.items[i],
			source_names[source]);
}

int nginx_render_app(struct ctx *ctx, const struct routes *r, struct strbuf *out, struct err *err)
{
	AUTO_GOTMPL_VARS vars = GOTMPL_VARS_INIT;
	AUTO_FREE char *path = NULL;
	enum source source = BUILT_IN;
	int res = choose(ctx, r, &path, &source, err);

	if (res < 0)
		return res;
	say_configuring(r, source);
	res = nginx_set_vars(ctx, r, NGINX_FOR_USE, &vars, err);
	if (res < 0)
		return res;
	if (path)
		return render_file(ctx, r, path, &vars, out, err);
	return nginx_render_text("nginx.conf", nginx_template_app, strlen(nginx_template_app),
		&vars, NULL, out, err);
}

int nginx_render_own(struct ctx *ctx, const struct routes *r, struct strbuf *out, struct err *err)
{
	AUTO_GOTMPL_VARS vars = GOTMPL_VARS_INIT;
	AUTO_FREE char *path = NULL;
	int res;

	if (nginx_is_true(ctx, r->app, "disable-custom-config"))
		return 0;
	path = staged_path(ctx, r->app, STAGED_NGINX_CONF);
	if (!path)
		return 0;
	out_info1("Pre-validating custom nginx.conf.sigil");
	res = nginx_set_vars(ctx, r, NGINX_FOR_TEST, &vars, err);
	if (res >= 0)
		res = render_file(ctx, r, path, &vars, out, err);
	return res < 0 ? res : 1;
}

/* --- hsts.conf --- */

static int hsts_header(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_STRBUF age = STRBUF_INIT;
	int r = nginx_value(ctx, app, "hsts-max-age", &age, err);

	if (r < 0)
		return r;
	strbuf_addf(out, "max-age=%s", age.buf);
	if (nginx_is_true(ctx, app, "hsts-include-subdomains"))
		strbuf_addstr(out, "; includeSubdomains");
	if (nginx_is_true(ctx, app, "hsts-preload"))
		strbuf_addstr(out, "; preload");
	return 0;
}

int nginx_render_hsts(struct ctx *ctx, const struct routes *r, struct strbuf *out, struct err *err)
{
	AUTO_GOTMPL_VARS vars = GOTMPL_VARS_INIT;
	AUTO_STRBUF header = STRBUF_INIT;
	AUTO_STRBUF hsts = STRBUF_INIT;
	AUTO_FREE char *path = NULL;
	int res = nginx_value(ctx, r->app, "hsts", &hsts, err);

	if (res < 0 || !r->tls || str_eq(hsts.buf, "false"))
		return res < 0 ? res : 0;
	res = nginx_template_source(ctx, r->app, "hsts-config", &path, err);
	if (res >= 0)
		res = hsts_header(ctx, r->app, &header, err);
	if (res < 0)
		return res;
	out_verbose_quiet("Enabling HSTS (using %s template)",
		path ? "plugin-supplied" : "built-in");
	gotmpl_vars_set(&vars, "HSTS_HEADERS", header.buf);
	res = path ? render_file(ctx, r, path, &vars, out, err)
		   : nginx_render_text("hsts.conf", nginx_template_hsts,
			     strlen(nginx_template_hsts), &vars, NULL, out, err);
	return res < 0 ? res : 1;
}
