/* SPDX-License-Identifier: MIT */
/* Startup checks of containers: one worker for each check of each container. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/timing.h"
#include "core/cert.h"
#include "core/checks.h"
#include "core/domains.h"
#include "core/output.h"
#include "core/ports.h"
#include "core/staged.h"
#include "core/state.h"
#include "core/trigger.h"
#include "lib/engine/exec.h"
#include "schedulers/docker-local/driver.h"

enum { PROC_NET_MAX = 16 * 1024 * 1024, HOST_COMMAND_TIMEOUT_MS = 60 * 1000, JOBS_MAX = 256 };

/* One check of one container; what a worker gets. */
struct probe {
	const char *app;
	struct checked_unit *unit;
	const struct healthcheck *check;
	const struct strvec *headers;
	unsigned port;
};

struct probing {
	struct ctx *ctx;
	const struct probe *probe;
};

/* --- healthcheck_ops over the engine --- */

/* Milliseconds since "2026-11-23T10:20:30.123456789Z"; 0 for what does not parse. */
static uint64_t age_of(const char *started)
{
	struct tm tm = { 0 };
	const char *rest = started ? strptime(started, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	struct timespec now;
	int64_t ms;
	unsigned fraction = 0;

	if (!rest)
		return 0;
	if (*rest == '.') {
		for (unsigned weight = 100; weight && *++rest >= '0' && *rest <= '9'; weight /= 10)
			fraction += (unsigned)(*rest - '0') * weight;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	ms = ((int64_t)now.tv_sec - (int64_t)timegm(&tm)) * 1000 + now.tv_nsec / 1000000 -
	     (int64_t)fraction;
	return ms > 0 ? (uint64_t)ms : 0;
}

static int get_state(void *cookie, struct healthcheck_state *ret, struct err *err)
{
	struct probing *p = cookie;
	json_t *inspected = NULL;
	const json_t *state;
	int r = container_look(p->ctx, p->probe->unit->id, &inspected, err);

	if (r < 0)
		return r;
	state = json_object_get(inspected, "State");
	*ret = (struct healthcheck_state){
		.running = json_is_true(json_object_get(state, "Running")),
		.restarting = json_is_true(json_object_get(state, "Restarting")),
		.restarts = json_integer_value(json_object_get(inspected, "RestartCount")),
		.age_ms = age_of(json_string_value(json_object_get(state, "StartedAt"))),
	};
	json_decref(inspected);
	return 0;
}

static int exec_in(void *cookie, char *const *argv, uint64_t timeout_ms, struct strbuf *out,
	int *ret_code, struct err *err)
{
	struct probing *p = cookie;
	struct engine_exec x = { .argv = argv };

	return engine_exec_capture(ctx_engine(p->ctx), p->probe->unit->id, &x, NULL, out, out,
		timeout_ms, ret_code, err);
}

static int fetch(void *cookie, const struct healthcheck_request *rq, int *ret_status,
	struct strbuf *body, struct err *err)
{
	struct probing *p = cookie;

	if (!*p->probe->unit->address)
		return err_set(err, ERR_FAILED, "the container has no address to ask");
	return healthcheck_fetch(p->probe->unit->address, rq, p->probe->headers, ret_status, body,
		err);
}

/* From outside when the process is visible here; else the container shows its own table. */
static int read_table(struct probing *p, const char *table, int64_t pid, struct strbuf *out,
	struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%lld/net/%s", (long long)pid, table);
	AUTO_FREE char *inside = xasprintf("/proc/net/%s", table);
	char program[] = "cat";
	char *const argv[] = { program, inside, NULL };
	AUTO_ERR hidden = ERR_INIT;
	int code;

	if (pid > 0 && fs_read_optional(path, PROC_NET_MAX, out, &hidden) > 0)
		return 0;
	return exec_in(p, argv, 5000, out, &code, err);
}

static int listening(void *cookie, unsigned port, struct err *err)
{
	static const char *const tables[] = { "tcp", "tcp6" };
	struct probing *p = cookie;
	int found = LISTENING_NOT;
	json_t *inspected = NULL;
	int64_t pid;
	int r = container_look(p->ctx, p->probe->unit->id, &inspected, err);

	pid = json_integer_value(json_object_get(json_object_get(inspected, "State"), "Pid"));
	json_decref(inspected);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(tables); i++) {
		AUTO_STRBUF text = STRBUF_CAPPED(PROC_NET_MAX);
		int one;

		r = read_table(p, tables[i], pid, &text, err);
		one = r < 0 ? 0 : (int)healthcheck_scan_tcp(text.buf, port);
		if (one > found)
			found = one;
	}
	return r < 0 ? r : found;
}

static bool sleep_unless_stopped(void *cookie, uint64_t ms)
{
	(void)cookie;
	for (uint64_t end = now_ms() + ms; ms_left(end) && !operation_interrupted();)
		sleep_ms(ms_left(end));
	return !operation_interrupted();
}

static const struct healthcheck_ops ops = {
	.state = get_state,
	.exec = exec_in,
	.fetch = fetch,
	.listening = listening,
	.sleep = sleep_unless_stopped,
};

static int probe_one(struct ctx *ctx, void *arg, struct strbuf *out, struct err *err)
{
	struct probing p = { ctx, arg };

	(void)out;
	return healthcheck_run(p.probe->check, p.probe->port, &ops, &p, err);
}

/* --- which checks --- */

static int load_file(struct ctx *ctx, const char *app, struct healthchecks *ret, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int r = staged_read(ctx, app, STAGED_CHECKS, &text, err);

	if (r <= 0 || !text.len)
		return r < 0 ? r : 0;
	strvec_push(&ret->notes,
		"Deprecated: Usage of the CHECKS file is deprecated in favor of healthchecks in "
		"app.json");
	strvec_push(&ret->notes, "Please move your healthchecks to app.json.");
	return healthchecks_parse_file(text.buf, text.len, ret, err);
}

int checks_load(struct ctx *ctx, const char *app, const char *process, unsigned port,
	struct healthchecks *ret, struct err *err)
{
	json_t *app_json = NULL;
	bool is_web = str_eq(process, "web");
	int listed = load_app_json(ctx, app, &app_json, err);
	int from_file = 0;

	if (listed >= 0)
		listed = healthchecks_parse(app_json, process, ret, err);
	json_decref(app_json);
	if (listed >= 0 && is_web)
		from_file = load_file(ctx, app, ret, err);
	if (listed < 0 || from_file < 0)
		return listed < 0 ? listed : from_file;
	if (!listed && !from_file)
		healthchecks_add_uptime(ret, "default", (int64_t)checks_default_wait(ctx));
	else if (!ret->count)
		healthchecks_add_uptime(ret, "default", HEALTHCHECK_DEFAULT_UPTIME_S);
	if (is_web)
		healthchecks_add_listening(ret, "port listening check", port);
	return 0;
}

static int load_headers(struct ctx *ctx, const char *app, struct strvec *ret, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_FREE char *crt = inst_home(&ctx->inst, "%s/tls/server.crt", app);
	AUTO_FREE char *key = inst_home(&ctx->inst, "%s/tls/server.key", app);
	int r = domains_of(ctx, app, &names, err);

	if (fs_exists(crt) && fs_exists(key))
		strvec_push(ret, "X-Forwarded-Proto: https");
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		if (str_eq(names.items[i], "localhost") || str_eq(names.items[i], "*"))
			continue;
		strvec_pushf(ret, "Host: %s", names.items[i]);
		break;
	}
	return r;
}

/* --- all checks of some containers --- */

/* Everything one run of checks needs; the probes point into the rest. */
struct round {
	const char *app;
	struct checked_unit *units;
	size_t count;
	struct healthchecks *checks; /* one list for each unit */
	struct strvec headers;
	struct probe *probes;
	struct job *jobs;
	size_t probe_count;
	bool plugins; /* third-party check-deploy handlers are heard too */
};

static void round_done(struct round *r)
{
	for (size_t i = 0; r->checks && i < r->count; i++)
		healthchecks_done(&r->checks[i]);
	free(r->checks);
	strvec_done(&r->headers);
	jobs_done(r->jobs, r->probe_count);
	free(r->jobs);
	free(r->probes);
}

static void add_probe(struct round *r, size_t unit, const struct healthcheck *check, unsigned port)
{
	r->probes[r->probe_count++] = (struct probe){
		.app = r->app,
		.unit = &r->units[unit],
		.check = check,
		.headers = &r->headers,
		.port = port,
	};
}

static int prepare_unit(struct ctx *ctx, struct round *r, size_t i, unsigned port, struct err *err)
{
	struct checked_unit *u = &r->units[i];
	struct healthchecks *list = &r->checks[i];
	int result;

	out_verbose("Attempting pre-flight checks (%s.%u)", u->process, u->index);
	if (checks_are_skipped(ctx, r->app, u->process)) {
		out_info2_quiet("Zero downtime checks have been skipped (%s.%u)", u->process,
			u->index);
		return 0;
	}
	result = checks_load(ctx, r->app, u->process, port, list, err);
	if (result < 0)
		return result;
	for (size_t n = 0; n < list->notes.count; n++)
		out_warn("%s", list->notes.items[n]);
	out_info1("Executing %zu healthchecks", list->count);
	for (size_t c = 0; c < list->count; c++) {
		AUTO_STRBUF text = STRBUF_INIT;

		healthcheck_describe(&list->items[c], port, &text);
		out_verbose("%s", text.buf);
	}
	return 0;
}

static int prepare(struct ctx *ctx, struct round *r, struct err *err)
{
	unsigned port = DEFAULT_WEB_PORT;
	size_t total = 0;
	int result = ports_web_port(ctx, r->app, &port, err);

	r->checks = xcalloc(r->count + 1, sizeof(*r->checks));
	for (size_t i = 0; i < r->count; i++)
		strvec_init(&r->checks[i].notes);
	if (result >= 0)
		result = load_headers(ctx, r->app, &r->headers, err);
	if (r->count && r->units[0].port)
		port = r->units[0].port;
	for (size_t i = 0; result >= 0 && i < r->count; i++) {
		result = prepare_unit(ctx, r, i, port, err);
		total += r->checks[i].count;
	}
	if (result < 0)
		return result;
	r->probes = xcalloc(total + 1, sizeof(*r->probes));
	r->jobs = xcalloc(total + 1, sizeof(*r->jobs));
	for (size_t i = 0; i < r->count; i++) {
		for (size_t c = 0; c < r->checks[i].count; c++)
			add_probe(r, i, &r->checks[i].items[c], port);
	}
	for (size_t i = 0; i < r->probe_count; i++)
		r->jobs[i] = (struct job){ .run = probe_one, .arg = &r->probes[i] };
	return 0;
}

/* onFailure: a command on this host, a URL to tell. Neither changes the outcome. */
static void tell_failure(const struct healthcheck *check, const char *app, const char *why)
{
	AUTO_ERR err = ERR_INIT;
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF out = STRBUF_CAPPED(64 * 1024);
	struct child_status st;

	if (check->failure_command.count) {
		strvec_pushv(&c.argv, check->failure_command.items);
		c.timeout_ms = HOST_COMMAND_TIMEOUT_MS;
		if (child_capture(&c, NULL, &out, &out, &st, &err) < 0 ||
			child_check(&c, &st, &err) < 0)
			out_warn("onFailure command of '%s': %s", check->name, err_text(&err));
		strbuf_trim(&out);
		if (out.len)
			out_verbose("%s", out.buf);
	}
	if (check->failure_url) {
		AUTO_FREE char *text = xasprintf("%s: %s: %s", app, check->name, why);

		err_clear(&err);
		if (healthcheck_post(check->failure_url, text, &err) < 0)
			out_warn("onFailure url of '%s': %s", check->name, err_text(&err));
	}
}

static void report_probe(const struct probe *p, const struct job *job)
{
	const char *why = err_text(&job->err);

	if (job->result >= 0) {
		out_verbose("Healthcheck succeeded name='%s'", p->check->name);
		return;
	}
	if (p->check->warn) {
		out_warn("Warning in name='%s': %s", p->check->name, why);
		return;
	}
	out_warn("Failure in name='%s': %s", p->check->name, why);
	p->unit->failures++;
	tell_failure(p->check, p->app, why);
}

/* Plugins check each unit that is well so far. */
static void ask_plugins(struct ctx *ctx, const char *app, struct checked_unit *u)
{
	AUTO_FREE char *index = xasprintf("%u", u->index);
	AUTO_STRBUF port = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	unsigned number = 0;
	int r = 0;

	if (u->failures || !trigger_is_heard(ctx, "check-deploy"))
		return;
	if (str_eq(u->process, "web"))
		r = ports_web_port(ctx, app, &number, &err);
	if (number)
		strbuf_addf(&port, "%u", number);
	if (r >= 0)
		r = trigger_fire(ctx, &err, "check-deploy", app, u->id, u->process, port.buf,
			u->address, index, NULL);
	if (r >= 0)
		return;
	out_warn("Failure in check-deploy of a plugin: %s", err_text(&err));
	u->failures++;
}

static void report_unit(struct ctx *ctx, struct round *r, struct checked_unit *u)
{
	AUTO_FREE char *name = xasprintf("%s.%u", u->process, u->index);

	for (size_t i = 0; i < r->probe_count; i++) {
		if (r->probes[i].unit == u)
			report_probe(&r->probes[i], &r->jobs[i]);
	}
	if (r->plugins)
		ask_plugins(ctx, r->app, u);
	if (u->failures) {
		container_show_log(ctx, r->app, u->id, name);
		out_warn("Could not start due to %zu failed checks (%s)", u->failures, name);
	} else if (!checks_are_skipped(ctx, r->app, u->process)) {
		out_verbose("All checks successful (%s)", name);
	}
}

/* At most JOBS_MAX at a time, in order. */
static int run_probes(struct ctx *ctx, struct round *r, struct err *err)
{
	int result = 0;

	for (size_t from = 0; result >= 0 && from < r->probe_count; from += JOBS_MAX) {
		size_t n = r->probe_count - from;

		result = jobs_run(ctx, r->jobs + from, n < JOBS_MAX ? n : JOBS_MAX, err);
	}
	return result;
}

static int run_round(struct ctx *ctx, struct round *r, struct err *err)
{
	int result = prepare(ctx, r, err);

	if (result >= 0)
		result = run_probes(ctx, r, err);
	if (result >= 0 && operation_interrupted())
		result = err_exit(err, 130);
	for (size_t i = 0; result >= 0 && i < r->count; i++)
		report_unit(ctx, r, &r->units[i]);
	round_done(r);
	return result;
}

int checks_run(struct ctx *ctx, const char *app, struct checked_unit *units, size_t count,
	struct err *err)
{
	struct round r = {
		.app = app,
		.units = units,
		.count = count,
		.headers = STRVEC_INIT,
		.plugins = true,
	};

	return run_round(ctx, &r, err);
}

int checks_run_builtin(struct ctx *ctx, const char *app, struct checked_unit *unit, struct err *err)
{
	struct round r = { .app = app, .units = unit, .count = 1, .headers = STRVEC_INIT };

	return run_round(ctx, &r, err);
}
