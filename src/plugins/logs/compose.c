/* SPDX-License-Identifier: MIT */
/*
 * A third-party plugin may replace the log shipper's container by a compose project of its own: it
 * answers vector-template-source with the path of a template. Only then the compose program is needed.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "core/docker_client.h"
#include "core/output.h"
#include "core/trigger.h"
#include "lib/gotemplate/gotemplate.h"
#include "plugins/logs/vector.h"

enum { TEMPLATE_MAX = 1024 * 1024, PATH_TEXT_MAX = 4096 };

/* 1 when a plugin names a template. What it prints counts, not how it ends. */
static int find_template(struct ctx *ctx, struct strbuf *path)
{
	AUTO_ERR ignored = ERR_INIT;

	if (!trigger_has_external(ctx, "vector-template-source"))
		return 0;
	if (trigger_capture(ctx, path, &ignored, "vector-template-source", NULL) < 0)
		return 0;
	strbuf_trim(path);
	return path->len > 0;
}

static int set_variables(struct ctx *ctx, const char *image, struct gotmpl_vars *vars,
	struct err *err)
{
	AUTO_FREE char *data = vector_data_dir(ctx);
	AUTO_FREE char *logs = vector_logs_dir(ctx);
	AUTO_FREE char *lib = xstrdup(data);
	AUTO_STRVEC networks = STRVEC_INIT;
	AUTO_FREE char *text = NULL;
	json_t *list = json_array();
	json_t *all;

	/* Templates put the rest of the paths behind the roots themselves. */
	lib[strlen(lib) - strlen("/data/logs")] = '\0';
	logs[strlen(logs) - strlen("/apps")] = '\0';
	vector_networks(ctx, &networks);
	for (size_t i = 0; i < networks.count; i++)
		json_array_append_new(list, json_string(networks.items[i]));
	all = json_pack("{s:s, s:s, s:s, s:o}", "DokkuLibRoot", lib, "DokkuLogsDir", logs,
		"VectorImage", image, "VectorNetworks", list);
	text = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	return gotmpl_vars_set_json(vars, text, strlen(text), err);
}

static int render(struct ctx *ctx, const char *path, const char *image, struct strbuf *out,
	struct err *err)
{
	AUTO_GOTMPL_VARS vars = GOTMPL_VARS_INIT;
	AUTO_GOTMPL *t = NULL;
	AUTO_STRBUF text = STRBUF_INIT;
	int r = fs_read(path, TEMPLATE_MAX, &text, err);

	if (r >= 0)
		r = gotmpl_parse("compose.yml", text.buf, text.len, &t, err);
	if (r >= 0)
		r = set_variables(ctx, image, &vars, err);
	if (r >= 0)
		r = gotmpl_render(t, &vars, NULL, out, err);
	return r < 0 ? err_wrap(err, "Unable to read compose template") : 0;
}

static int has_compose(struct ctx *ctx, const struct docker_client *client)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF said = STRBUF_CAPPED(4096);
	AUTO_ERR ignored = ERR_INIT;
	struct child_status st;

	docker_client_child(ctx, client, &c);
	strvec_pushl(&c.argv, "compose", "version", NULL);
	return child_capture(&c, NULL, &said, &said, &st, &ignored) >= 0 && !st.code;
}

static int run_compose(struct ctx *ctx, const char *file, bool up, struct err *err)
{
	AUTO_DOCKER_CLIENT client = DOCKER_CLIENT_INIT;
	AUTO_CHILD c = CHILD_INIT;
	struct child_status st;
	int r = docker_client_find(ctx, &client, err);

	if (r >= 0 && !has_compose(ctx, &client))
		r = err_set(err, ERR_NOT_FOUND, "Required docker compose plugin is not installed");
	if (r < 0)
		return r;
	docker_client_child(ctx, &client, &c);
	strvec_pushl(&c.argv, "compose", "--file", file, "--project-name", NULL);
	strvec_pushf(&c.argv, "%s%svector", ctx->inst.label, *ctx->inst.label ? "-" : "");
	if (up)
		strvec_pushl(&c.argv, "up", "--detach", "--quiet-pull", NULL);
	else
		strvec_pushl(&c.argv, "down", "--remove-orphans", NULL);
	c.cwd = "/tmp";
	out_flush();
	r = child_run(&c, &st, err);
	if (r >= 0)
		r = child_check(&c, &st, err);
	return r < 0 ? err_wrap(err, "Unable to %s compose project", up ? "start" : "stop") : 0;
}

int vector_compose(struct ctx *ctx, const char *image, bool up, struct err *err)
{
	AUTO_STRBUF source = STRBUF_CAPPED(PATH_TEXT_MAX);
	AUTO_FREE char *file = inst_lib(&ctx->inst, "data/moorage/vector-compose.yml");
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT;
	int r = find_template(ctx, &source);

	if (r <= 0)
		return r;
	r = render(ctx, source.buf, image, &text, err);
	if (r >= 0)
		r = fs_write_str(file, text.buf, 0600, err);
	if (r < 0)
		return r;
	r = run_compose(ctx, file, up, err);
	(void)!fs_unlink(file, &ignored); /* the next run writes it anew */
	return r < 0 ? r : 1;
}
