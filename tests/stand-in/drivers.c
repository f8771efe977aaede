/* SPDX-License-Identifier: MIT */
/*
 * The list of drivers of tests that need no engine: the real proxies, and a scheduler that runs
 * nothing and says what LIB_ROOT/data/stand-in/<app> tells it, lines "process address port".
 */
#include <string.h>

#include "base/fs.h"
#include "base/parse.h"
#include "core/builder.h"
#include "core/proxy.h"
#include "core/scheduler.h"

extern const struct proxy caddy_proxy;
extern const struct proxy haproxy_proxy;
extern const struct proxy nginx_proxy;
extern const struct proxy openresty_proxy;
extern const struct proxy traefik_proxy;

static int add_line(const char *line, struct listeners *ret, struct err *err)
{
	AUTO_STRVEC words = STRVEC_INIT;
	uint64_t port;

	strvec_split(&words, line, " ");
	if (words.count != 3)
		return err_set(err, ERR_INVALID, "not a listener: '%s'", line);
	if (parse_uint(words.items[2], 0, 65535, &port, err) < 0)
		return -(int)err->kind;
	listeners_add(ret, words.items[0], words.items[1], (unsigned)port);
	return 0;
}

static int listeners(struct ctx *ctx, const char *app, const char *process, struct listeners *ret,
	struct err *err)
{
	AUTO_FREE char *path = inst_lib(&ctx->inst, "data/stand-in/%s", app);
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRVEC lines = STRVEC_INIT;
	int r = fs_read_optional(path, 65536, &text, err);

	strvec_split_lines(&lines, text.buf);
	for (size_t i = 0; r >= 0 && i < lines.count; i++) {
		size_t n = process ? strlen(process) : 0;

		if (!process || (str_starts(lines.items[i], process) && lines.items[i][n] == ' '))
			r = add_line(lines.items[i], ret, err);
	}
	return r < 0 ? r : 0;
}

static int is_deployed(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *path = inst_lib(&ctx->inst, "data/stand-in/%s", app);

	return fs_exists(path);
}

static const struct scheduler stand_in = {
	.name = "docker-local",
	.listeners = listeners,
	.is_deployed = is_deployed,
};

extern const struct builder builder_null;

const struct builder *const builders[] = { &builder_null, NULL };
const struct scheduler *const schedulers[] = { &stand_in, NULL };
const struct proxy *const proxies[] = {
	&nginx_proxy,
	&caddy_proxy,
	&haproxy_proxy,
	&openresty_proxy,
	&traefik_proxy,
	NULL,
};
