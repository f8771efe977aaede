/* SPDX-License-Identifier: MIT */
#include "core/docker_client.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/output.h"
#include "core/registry_auth.h"

enum { PROBE_TIMEOUT_MS = 60 * 1000 };

void docker_client_done(struct docker_client *c)
{
	free(c->path);
	*c = (struct docker_client)DOCKER_CLIENT_INIT;
}

/* The configured program; if that is a bare name, every one of that name on $PATH. */
static void candidates(struct ctx *ctx, struct strvec *ret)
{
	const char *name = ctx->inst.docker_bin;
	const char *path = getenv("PATH");
	AUTO_STRVEC dirs = STRVEC_INIT;

	if (strchr(name, '/')) {
		strvec_push(ret, name);
		return;
	}
	strvec_split(&dirs, path ? path : "/usr/local/bin:/usr/bin:/bin", ":");
	for (size_t i = 0; i < dirs.count; i++) {
		AUTO_FREE char *file = path_join(dirs.items[i], name);

		if (fs_is_exec(file) && !strvec_has(ret, file))
			strvec_push(ret, file);
	}
}

/* --- what is remembered --- */

static void note_file(json_t *list, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		json_array_append_new(list,
			json_pack("[s, I, I]", path, (json_int_t)st.st_mtim.tv_sec,
				(json_int_t)st.st_size));
}

/* Everything the answer depends on. */
static json_t *circumstances(struct ctx *ctx, const struct strvec *found)
{
	static const char *const plugins[] = {
		"/usr/libexec/docker/cli-plugins/docker-buildx",
		"/usr/lib/docker/cli-plugins/docker-buildx",
		"/usr/local/lib/docker/cli-plugins/docker-buildx",
		"/usr/local/libexec/docker/cli-plugins/docker-buildx",
	};
	AUTO_FREE char *own =
		xasprintf("%s/.docker/cli-plugins/docker-buildx", ctx->inst.dokku_root);
	json_t *files = json_array();

	for (size_t i = 0; i < found->count; i++)
		note_file(files, found->items[i]);
	for (size_t i = 0; i < ARRAY_SIZE(plugins); i++)
		note_file(files, plugins[i]);
	note_file(files, own);
	return json_pack("{s:s, s:o}", "socket", ctx->inst.engine_socket, "files", files);
}

static char *memory_path(struct ctx *ctx)
{
	return inst_lib(&ctx->inst, "data/moorage/docker-client.json");
}

static bool recall(struct ctx *ctx, json_t *now, struct docker_client *ret)
{
	AUTO_FREE char *path = memory_path(ctx);
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT;
	json_t *all;
	const char *program;
	bool same;

	if (fs_read_optional(path, 64 * 1024, &text, &ignored) <= 0)
		return false;
	all = json_loadb(text.buf, text.len, 0, NULL);
	program = json_string_value(json_object_get(all, "program"));
	same = program && json_equal(json_object_get(all, "for"), now);
	if (same) {
		ret->path = xstrdup(program);
		ret->buildkit = json_is_true(json_object_get(all, "buildkit"));
	}
	json_decref(all);
	return same;
}

static void remember(struct ctx *ctx, json_t *now, const struct docker_client *client)
{
	AUTO_FREE char *path = memory_path(ctx);
	AUTO_FREE char *text = NULL;
	AUTO_ERR ignored = ERR_INIT;
	json_t *all = json_pack("{s:s, s:b, s:O}", "program", client->path, "buildkit",
		(int)client->buildkit, "for", now);

	text = json_dumps(all, JSON_INDENT(1));
	json_decref(all);
	if (fs_write_str(path, text ? text : "", 0644, &ignored) < 0)
		out_trace("%s", ignored.msg.buf);
}

/* --- trying --- */

void docker_client_child(struct ctx *ctx, const struct docker_client *client, struct child *c)
{
	strvec_push(&c->argv, client->path);
	strvec_pushf(&c->env, "DOCKER_HOST=unix://%s", ctx->inst.engine_socket);
	strvec_pushf(&c->env, "DOCKER_BUILDKIT=%d", client->buildkit ? 1 : 0);
	strvec_push(&c->env, "DOCKER_CONTEXT");
	strvec_push(&c->env, "DOCKER_CLI_HINTS=false");
}

void docker_client_app_child(struct ctx *ctx, const struct docker_client *client, const char *app,
	struct child *c)
{
	AUTO_FREE char *dir = registry_config_dir(ctx, app);

	docker_client_child(ctx, client, c);
	if (dir)
		strvec_pushf(&c->env, "DOCKER_CONFIG=%s", dir);
}

static bool succeeds(struct child *c)
{
	AUTO_STRBUF said = STRBUF_CAPPED(4096);
	AUTO_ERR ignored = ERR_INIT;
	struct child_status st;

	c->timeout_ms = PROBE_TIMEOUT_MS;
	return child_capture(c, NULL, &said, &said, &st, &ignored) >= 0 && st.code == 0;
}

static bool has_buildx(struct ctx *ctx, const char *path)
{
	struct docker_client client = { (char *)(uintptr_t)path, true };
	AUTO_CHILD c = CHILD_INIT;

	docker_client_child(ctx, &client, &c);
	strvec_pushl(&c.argv, "buildx", "version", NULL);
	return succeeds(&c);
}

/* A build whose result is thrown away: that it can is told by doing it and nothing else. */
static bool can_buildkit(struct ctx *ctx, const char *path)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/moorage/probe");
	AUTO_FREE char *file = path_join(dir, "Dockerfile");
	struct docker_client client = { (char *)(uintptr_t)path, true };
	AUTO_CHILD c = CHILD_INIT;
	AUTO_ERR ignored = ERR_INIT;

	if (fs_write_str(file, "FROM scratch\nCOPY Dockerfile /\n", 0644, &ignored) < 0)
		return false;
	docker_client_child(ctx, &client, &c);
	strvec_pushl(&c.argv, "image", "build", "--quiet", "--output", "type=tar,dest=/dev/null",
		dir, NULL);
	return succeeds(&c);
}

static void choose(struct ctx *ctx, const struct strvec *found, struct docker_client *ret)
{
	for (int own = 0; own < 2; own++) {
		for (size_t i = 0; i < found->count; i++) {
			const char *path = found->items[i];

			if (has_buildx(ctx, path) == !own && can_buildkit(ctx, path)) {
				ret->path = xstrdup(path);
				ret->buildkit = true;
				return;
			}
		}
	}
	ret->path = xstrdup(found->items[0]);
	ret->buildkit = false;
}

int docker_client_find(struct ctx *ctx, struct docker_client *ret, struct err *err)
{
	AUTO_STRVEC found = STRVEC_INIT;
	json_t *now;

	candidates(ctx, &found);
	if (!found.count)
		return err_set(err, ERR_NOT_FOUND,
			"there is no program '%s'; install Docker's command line",
			ctx->inst.docker_bin);
	now = circumstances(ctx, &found);
	if (!recall(ctx, now, ret)) {
		choose(ctx, &found, ret);
		remember(ctx, now, ret);
	}
	json_decref(now);
	return 0;
}
