/* SPDX-License-Identifier: MIT */
/* Does a check hold? Everything it looks at comes through struct healthcheck_ops. */
#include "lib/healthcheck/healthcheck.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"

enum { POLL_MS = 250, OUTPUT_SHOWN = 400 };

struct attempt {
	const struct healthcheck *check;
	unsigned port;
	const struct healthcheck_ops *ops;
	void *cookie;
};

static int wait_for(const struct attempt *a, uint64_t ms, struct err *err)
{
	return ms && !a->ops->sleep(a->cookie, ms) ? err_exit(err, 1) : 0;
}

static uint64_t to_ms(int64_t seconds)
{
	return (uint64_t)seconds * 1000;
}

/* --- the four ways; each returns 0, or ERR_FAILED with the reason --- */

static int try_uptime(const struct attempt *a, struct err *err)
{
	uint64_t wanted = to_ms(a->check->uptime_s);
	struct healthcheck_state s;
	int r;

	for (;;) {
		r = a->ops->state(a->cookie, &s, err);
		if (r < 0)
			return r;
		if (s.restarts > 0 || s.restarting)
			return err_set(err, ERR_FAILED,
				"the container was restarted (%" PRId64 " times)", s.restarts);
		if (!s.running)
			return err_set(err, ERR_FAILED, "the container is not running");
		if (s.age_ms >= wanted)
			return 0;
		r = wait_for(a, wanted - s.age_ms < POLL_MS ? wanted - s.age_ms : POLL_MS, err);
		if (r < 0)
			return r;
	}
}

static int try_command(const struct attempt *a, struct err *err)
{
	AUTO_STRBUF out = STRBUF_CAPPED(64 * 1024);
	int code;
	int r = a->ops->exec(a->cookie, a->check->command.items, to_ms(a->check->timeout_s), &out,
		&code, err);

	if (r < 0)
		return r;
	if (!code)
		return 0;
	strbuf_trim(&out);
	return err_set(err, ERR_FAILED, "command '%s' ended with exit code %d%s%.*s",
		a->check->command.items[0], code, out.len ? ": " : "", OUTPUT_SHOWN, out.buf);
}

static int try_http(const struct attempt *a, struct err *err)
{
	const struct healthcheck *c = a->check;
	struct healthcheck_request rq = {
		.scheme = c->scheme,
		.path = c->path,
		.port = a->port,
		.headers = &c->headers,
		.timeout_ms = to_ms(c->timeout_s),
	};
	AUTO_STRBUF body = STRBUF_CAPPED(HEALTHCHECK_BODY_MAX);
	int status;
	int r = a->ops->fetch(a->cookie, &rq, &status, &body, err);

	if (r < 0)
		return r;
	if (status < 200 || status > 299)
		return err_set(err, ERR_FAILED, "GET %s on port %u gave status %d instead of 2xx",
			c->path, a->port, status);
	if (*c->content && !memmem(body.buf, body.len, c->content, strlen(c->content)))
		return err_set(err, ERR_FAILED, "GET %s on port %u: the answer does not hold '%s'",
			c->path, a->port, c->content);
	return 0;
}

static int try_listening(const struct attempt *a, struct err *err)
{
	int r = a->ops->listening(a->cookie, a->port, err);

	if (r == LISTENING_NOT)
		return err_set(err, ERR_FAILED, "nothing listens on port %u", a->port);
	if (r == LISTENING_LOCAL)
		return err_set(err, ERR_FAILED,
			"port %u is bound to one address only; listen on 0.0.0.0 (or ::) so that "
			"the proxy can reach it",
			a->port);
	return r < 0 ? r : 0;
}

static int try_once(const struct attempt *a, struct err *err)
{
	switch (a->check->kind) {
	case HEALTHCHECK_UPTIME:
		return try_uptime(a, err);
	case HEALTHCHECK_COMMAND:
		return try_command(a, err);
	case HEALTHCHECK_HTTP:
		return try_http(a, err);
	case HEALTHCHECK_LISTENING:
		return try_listening(a, err);
	}
	return err_set(err, ERR_BUG, "unknown kind of healthcheck");
}

/* A container that ended for good will not answer the next attempt either. */
static bool is_gone(const struct attempt *a)
{
	AUTO_ERR ignored = ERR_INIT;
	struct healthcheck_state s;

	return a->ops->state(a->cookie, &s, &ignored) >= 0 && !s.running && !s.restarting;
}

static int wait_until_age(const struct attempt *a, uint64_t age_ms, struct err *err)
{
	struct healthcheck_state s;
	int r;

	if (!age_ms)
		return 0;
	r = a->ops->state(a->cookie, &s, err);
	if (r < 0)
		return r;
	return s.age_ms < age_ms ? wait_for(a, age_ms - s.age_ms, err) : 0;
}

static int retry(const struct attempt *a, struct err *err)
{
	int r = 0;

	for (int64_t left = a->check->attempts; left > 0; left--) {
		AUTO_ERR why = ERR_INIT;

		r = try_once(a, &why);
		if (r >= 0)
			return 0;
		if (why.kind == ERR_SILENT || left == 1 || is_gone(a)) {
			struct err given = *err;

			*err = why;
			why = given;
			return r;
		}
		r = wait_for(a, to_ms(a->check->wait_s), err);
		if (r < 0)
			return r;
	}
	return r;
}

int healthcheck_run(const struct healthcheck *check, unsigned port,
	const struct healthcheck_ops *ops, void *cookie, struct err *err)
{
	struct attempt a = {
		.check = check,
		.port = check->port ? (unsigned)check->port : port,
		.ops = ops,
		.cookie = cookie,
	};
	int r = wait_until_age(&a, to_ms(check->delay_s), err);

	if (r < 0)
		return r;
	/* An uptime is waited for once: trying again would only wait longer. */
	return check->kind == HEALTHCHECK_UPTIME ? try_uptime(&a, err) : retry(&a, err);
}

void healthcheck_describe(const struct healthcheck *c, unsigned port, struct strbuf *out)
{
	static const char *const types[] = {
		[HEALTHCHECK_UPTIME] = "uptime",
		[HEALTHCHECK_COMMAND] = "command",
		[HEALTHCHECK_HTTP] = "path",
		[HEALTHCHECK_LISTENING] = "listening",
	};

	strbuf_addf(out, "Running healthcheck name='%s'", c->name);
	if (c->delay_s)
		strbuf_addf(out, " delay=%" PRId64, c->delay_s);
	if (c->kind == HEALTHCHECK_UPTIME) {
		strbuf_addf(out, " type='%s' uptime=%" PRId64, types[c->kind], c->uptime_s);
		return;
	}
	if (c->kind == HEALTHCHECK_HTTP)
		strbuf_addf(out, " path='%s'", c->path);
	if (c->kind != HEALTHCHECK_COMMAND)
		strbuf_addf(out, " port=%u", c->port ? (unsigned)c->port : port);
	strbuf_addf(out, " attempts=%" PRId64 " timeout=%" PRId64 " type='%s' wait=%" PRId64,
		c->attempts, c->timeout_s, types[c->kind], c->wait_s);
}

/* --- /proc/net/tcp --- */

enum { TCP_LISTEN = 0x0a };

static bool all_zero(const char *hex, size_t len)
{
	return len && strspn(hex, "0") >= len;
}

/* "  0: 00000000:1F90 00000000:0000 0A ...": 1 and the place of the address when PORT is open. */
static bool line_listens(const char *line, unsigned port, const char **ret_address, size_t *ret_len)
{
	const char *local = strchr(line, ':');
	char *end;
	const char *remote;

	if (!local)
		return false;
	local += 1 + strspn(local + 1, " ");
	*ret_address = local;
	*ret_len = strcspn(local, ":");
	if (!local[*ret_len] || strtoul(local + *ret_len + 1, &end, 16) != port || *end != ' ')
		return false;
	remote = end + strspn(end, " ");
	remote += strcspn(remote, " ");
	return strtoul(remote, &end, 16) == TCP_LISTEN;
}

enum healthcheck_listening healthcheck_scan_tcp(const char *text, unsigned port)
{
	AUTO_STRVEC lines = STRVEC_INIT;
	enum healthcheck_listening found = LISTENING_NOT;

	strvec_split_lines(&lines, text);
	for (size_t i = 0; i < lines.count && found != LISTENING_ALL; i++) {
		const char *address;
		size_t len;

		if (line_listens(lines.items[i], port, &address, &len))
			found = all_zero(address, len) ? LISTENING_ALL : LISTENING_LOCAL;
	}
	return found;
}
