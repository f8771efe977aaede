/* SPDX-License-Identifier: MIT */
/* One container: made, connected, looked at, stopped, removed. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/docker_create.h"
#include "core/output.h"
#include "core/state.h"
#include "lib/dockeropts/dockeropts.h"
#include "lib/engine/networks.h"
#include "schedulers/docker-local/driver.h"

/* --- making: through the API, or through the docker program --- */

int container_create(struct ctx *ctx, const struct spec *s, char **ret_id, struct err *err)
{
	struct engine *e = ctx_engine(ctx);
	AUTO_STRBUF flag = STRBUF_INIT;
	json_t *body = NULL;
	int r = engine_api(e, err);

	if (r >= 0)
		r = spec_body(s, (unsigned)r, &body, &flag, err);
	if (r == DOCKEROPTS_NEEDS_CLIENT) {
		out_trace("%s: made by the docker program because of %s", s->name, flag.buf);
		r = docker_create(ctx,
			&(struct docker_create){ s->image, &s->flags, &s->command, &s->env },
			ret_id, err);
	} else if (r >= 0) {
		r = engine_container_create(e, s->name, body, ret_id, err);
		json_decref(body);
	}
	if (r == -ERR_NOT_FOUND)
		return err_user(err, ERR_NOT_FOUND, 1,
			"Container %s cannot be created: image %s is missing; build the app again",
			s->name, s->image);
	return r < 0 ? err_wrap(err, "create container %s", s->name) : 0;
}

/* --- looking --- */

int container_look(struct ctx *ctx, const char *id, json_t **ret, struct err *err)
{
	AUTO_ERR missing = ERR_INIT;
	int r = engine_container_inspect(ctx_engine(ctx), id, ret, &missing);

	if (r == -ERR_NOT_FOUND)
		return 0;
	if (r < 0)
		return err_set(err, missing.kind, "look at container %s: %s", id, missing.msg.buf);
	return 1;
}

const char *container_id(const json_t *inspected)
{
	const char *id = json_string_value(json_object_get(inspected, "Id"));

	return id ? id : "";
}

const char *container_label(const json_t *inspected, const char *label)
{
	const json_t *labels = json_object_get(json_object_get(inspected, "Config"), "Labels");
	const char *value = json_string_value(json_object_get(labels, label));

	return value ? value : "";
}

bool container_is_running(const json_t *inspected)
{
	return json_is_true(json_object_get(json_object_get(inspected, "State"), "Running"));
}

char *container_address(struct ctx *ctx, const char *app, const json_t *inspected)
{
	const json_t *host = json_object_get(inspected, "HostConfig");
	const char *mode = json_string_value(json_object_get(host, "NetworkMode"));
	AUTO_FREE char *network = state_computed(ctx, "network", app, "initial-network", "bridge");
	const char *address;

	if (mode && str_eq(mode, "host"))
		return xstrdup("127.0.0.1");
	address = engine_container_address(inspected, network);
	if (!address || !*address)
		address = engine_container_address(inspected, NULL);
	return xstrdup(address ? address : "");
}

/* --- networks --- */

void container_networks(struct ctx *ctx, const char *app, const char *property, struct strvec *ret)
{
	AUTO_FREE char *text = state_computed(ctx, "network", app, property, "");

	strvec_split(ret, text, ", \n");
}

static void add_aliases(struct ctx *ctx, const char *app, const char *process,
	const json_t *inspected, struct strvec *ret)
{
	AUTO_FREE char *tld = state_computed(ctx, "network", app, "tld", "");
	AUTO_FREE char *alias = xasprintf("%s.%s%s%s", app, process, *tld ? "." : "", tld);
	const char *host = json_string_value(
		json_object_get(json_object_get(inspected, "Config"), "Hostname"));

	strvec_push(ret, alias);
	if (host && *host)
		strvec_pushf(ret, "%s.%s", host, alias);
}

int container_connect(struct ctx *ctx, const char *app, const char *process,
	const json_t *inspected, const char *network, struct err *err)
{
	const json_t *settings = json_object_get(inspected, "NetworkSettings");
	AUTO_STRVEC aliases = STRVEC_INIT;
	int r;

	if (json_object_get(json_object_get(settings, "Networks"), network))
		return 0;
	if (process)
		add_aliases(ctx, app, process, inspected, &aliases);
	r = engine_network_connect(ctx_engine(ctx), network, container_id(inspected), aliases.items,
		err);
	if (r == -ERR_NOT_FOUND)
		return err_user(err, ERR_NOT_FOUND, 1,
			"Network %s does not exist; create it with network:create %s, or change "
			"the network properties of %s",
			network, network, app);
	return r < 0 ? err_wrap(err, "Unable to attach container to network %s", network) : 0;
}

/* --- the end --- */

int container_stop(struct ctx *ctx, const char *id, int timeout_s, struct err *err)
{
	struct engine *e = ctx_engine(ctx);
	json_t *body = json_pack("{s:{s:s}}", "RestartPolicy", "Name", "no");
	AUTO_ERR first = ERR_INIT;
	/* A container with AutoRemove takes no policy; stopping works all the same. */
	int r = engine_container_update(e, id, body, &first);

	json_decref(body);
	if (r == -ERR_NOT_FOUND)
		return 0;
	err_clear(&first);
	r = engine_container_stop(e, id, timeout_s, &first);
	if (r >= 0 || r == -ERR_NOT_FOUND)
		return 0;
	/* Some engines give up on a stop that a kill still achieves. */
	r = engine_container_kill(e, id, NULL, err);
	if (r < 0 && (r == -ERR_NOT_FOUND || r == -ERR_EXISTS)) {
		err_clear(err);
		return 0;
	}
	return r < 0 ? err_wrap(err, "stop container %s", id) : 0;
}

int container_remove(struct ctx *ctx, const char *id, bool volumes, struct err *err)
{
	AUTO_ERR first = ERR_INIT;
	int r = engine_container_remove(ctx_engine(ctx), id, true, volumes, &first);

	/* ERR_EXISTS: somebody else is removing it already. */
	if (r >= 0 || r == -ERR_NOT_FOUND || r == -ERR_EXISTS)
		return 0;
	return err_set(err, first.kind, "remove container %s: %s", id, first.msg.buf);
}

/* --- its output --- */

enum { LOG_LINES_SHOWN = 1000 };

struct indent {
	struct strbuf line;
};

static int indent_piece(void *ctx, int stream, const void *data, size_t len, struct err *err)
{
	struct indent *in = ctx;
	const char *p = data;

	(void)stream;
	(void)err;
	while (len) {
		const char *nl = memchr(p, '\n', len);
		size_t n = nl ? (size_t)(nl - p) : len;

		strbuf_add(&in->line, p, n);
		if (nl) {
			out_verbose_quiet("%s", in->line.buf);
			strbuf_clear(&in->line);
			n++;
		}
		p += n;
		len -= n;
	}
	return 0;
}

void container_show_log(struct ctx *ctx, const char *app, const char *id, const char *unit)
{
	struct engine_log_opts opts = { .out = true, .err = true, .tail = LOG_LINES_SHOWN };
	struct indent in = { .line = STRBUF_CAPPED(64 * 1024) };
	AUTO_ERR err = ERR_INIT;

	out_info2_quiet("Start of %s container output (%.12s %s)", app, id, unit);
	if (engine_container_logs(ctx_engine(ctx), id, &opts, indent_piece, &in, &err) < 0)
		out_warn("The output of container %.12s cannot be read: %s", id, err_text(&err));
	if (in.line.len)
		out_verbose_quiet("%s", in.line.buf);
	out_info2_quiet("End of %s container output (%.12s %s)", app, id, unit);
	strbuf_done(&in.line);
}
