/* SPDX-License-Identifier: MIT */
/*
 * The test of one file of servers on its own, as whoever we are: no verb of the root helper tests
 * what a user brings. The file stands in a configuration that has what is no app's in the real one:
 * modules, and the other files of conf.d, which may define maps, zones and log formats.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "core/output.h"
#include "proxies/nginx/nginx.h"

enum { CONF_MAX = 1 << 20, ANSWER_MAX = 65536, TIMEOUT_MS = 60000 };

/* The load_module lines of the main file, and the includes outside of its blocks. */
static void add_modules(struct ctx *ctx, struct strbuf *out)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT; /* without it the test is just stricter */
	int depth = 0;

	if (fs_read(ctx->inst.nginx_conf, CONF_MAX, &text, &ignored) < 0)
		return;
	strvec_split_lines(&lines, text.buf);
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = lines.items[i] + strspn(lines.items[i], " \t");

		if (!depth && (str_starts(line, "load_module") || str_starts(line, "include")))
			strbuf_addf(out, "%s\n", line);
		for (const char *c = line; *c && *c != '#'; c++)
			depth += (*c == '{') - (*c == '}');
	}
}

static int add_others(struct ctx *ctx, struct strbuf *out, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_list(ctx->inst.nginx_conf_dir, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		if (str_ends(names.items[i], ".conf") && !str_eq(names.items[i], "dokku.conf"))
			strbuf_addf(out, "include %s/%s;\n", ctx->inst.nginx_conf_dir,
				names.items[i]);
	}
	return r;
}

static int add_wrapper(struct ctx *ctx, const char *app, const char *path, const char *dir,
	struct strbuf *out, struct err *err)
{
	AUTO_GOTMPL_VARS vars = GOTMPL_VARS_INIT;
	AUTO_FREE char *custom = NULL;
	AUTO_STRBUF text = STRBUF_INIT;
	int r = nginx_template_source(ctx, app, "validate-config", &custom, err);

	if (r >= 0 && custom) {
		gotmpl_vars_set(&vars, "NGINX_CONF", path);
		r = fs_read(custom, GOTMPL_TEXT_MAX, &text, err);
		return r < 0 ? r
			     : nginx_render_text(custom, text.buf, text.len, &vars, NULL, out, err);
	}
	if (r < 0)
		return r;
	add_modules(ctx, out);
	strbuf_addf(out,
		"pid %s/nginx.pid;\nerror_log /dev/null;\nevents {\n"
		"  worker_connections 768;\n}\nhttp {\naccess_log off;\n",
		dir);
	r = add_others(ctx, out, err);
	strbuf_addf(out, "include %s;\n}\n", path);
	return r;
}

/*
 * True for what only says that we are not root: it comes after everything has been read and checked
 * (messages about a place in a file end with "in FILE:LINE").
 */
static bool is_lack_of_rights(const char *line)
{
	static const char *const calls[] = { "bind()", "mkdir()", "open()", "chown(", "unlink()" };
	const char *what = strstr(line, "[emerg] ");

	if (!what || !strstr(what, "(13: Permission denied)") || strstr(what, " in /"))
		return false;
	what = strstr(what, "] ") + 2;
	what = strstr(what, ": ") && str_starts(what, "#") ? strstr(what, ": ") + 2 : what;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (str_starts(what, calls[i]))
			return true;
	}
	return false;
}

static bool passes(const struct strbuf *said)
{
	AUTO_STRVEC lines = STRVEC_INIT;
	bool excused = false;

	strvec_split_lines(&lines, said->buf);
	for (size_t i = 0; i < lines.count; i++) {
		if (!strstr(lines.items[i], "[emerg]"))
			continue;
		if (geteuid() == 0 || !is_lack_of_rights(lines.items[i]))
			return false;
		excused = true;
	}
	return excused;
}

static int run_test(struct ctx *ctx, const char *conf, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF said = STRBUF_CAPPED(ANSWER_MAX);
	struct child_status st;
	int r;

	strvec_pushl(&c.argv, ctx->inst.nginx_bin, "-t", "-q", "-c", conf, NULL);
	c.timeout_ms = TIMEOUT_MS;
	r = child_capture(&c, NULL, &said, &said, &st, err);
	if (r < 0 || st.code == 0 || (!st.signal && passes(&said)))
		return r < 0 ? r : 0;
	strbuf_trim(&said);
	return err_user(err, ERR_FAILED, 1,
		"Custom nginx.conf.sigil failed nginx -t validation\n%s", said.buf);
}

int nginx_test_alone(struct ctx *ctx, const char *app, const char *path, struct err *err)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/moorage/nginx/test-%s", app);
	AUTO_FREE char *conf = path_join(dir, "nginx.conf");
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR late = ERR_INIT;
	int r = fs_mkdir_p(dir, 0755, err);

	if (r >= 0)
		r = add_wrapper(ctx, app, path, dir, &text, err);
	if (r >= 0)
		r = fs_write(conf, text.buf, text.len, 0644, err);
	if (r >= 0)
		r = run_test(ctx, conf, err);
	if (fs_rm_rf(dir, &late) < 0)
		out_error(&late);
	return r;
}
