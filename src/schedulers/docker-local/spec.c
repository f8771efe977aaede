/* SPDX-License-Identifier: MIT */
/*
 * How a container is to be made: the flags that Dokku would give to `docker container create`, in
 * its order, later ones winning, and their translation to the engine's API.
 *
 * Values of config variables are never in the flags: those only name the variables.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app_env.h"
#include "core/docker_options.h"
#include "core/engine_path.h"
#include "core/image.h"
#include "core/ports.h"
#include "core/procs.h"
#include "core/proxy.h"
#include "core/resource.h"
#include "core/state.h"
#include "core/storage.h"
#include "core/trigger.h"
#include "lib/dockeropts/dockeropts.h"
#include "lib/words/words.h"
#include "schedulers/docker-local/driver.h"

void spec_done(struct spec *s)
{
	free(s->name);
	free(s->image);
	strvec_done(&s->flags);
	strvec_done(&s->command);
	env_done(&s->env);
	*s = (struct spec)SPEC_INIT;
}

/* --- pieces --- */

/* The names of the app's variables; the values come from s->env when the body is made. */
static int add_config(struct ctx *ctx, const char *app, struct spec *s, struct err *err)
{
	int r = app_env_merged(ctx, app, &s->env, err);

	for (size_t i = 0; r >= 0 && i < s->env.count; i++)
		strvec_pushf(&s->flags, "--env=%s", s->env.vars[i].key);
	return r;
}

static void add_herokuish_user(const struct image_facts *facts, struct spec *s)
{
	const char *user = env_get(&s->env, "DOKKU_APP_USER");

	if (facts->source == SOURCE_HEROKUISH)
		strvec_pushf(&s->flags, "--env=USER=%s", user && *user ? user : "herokuishuser");
}

/* Options that the user stored, those of every container or of PROCESS: lines of flags, as for a
 * shell without one. Whatever built the image, its containers can have volumes and links. */
static int add_options(struct ctx *ctx, const char *app, const char *process,
	enum docker_phase phase, struct spec *s, struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;
	int r = docker_options_for(ctx, app, process, phase, "", &lines, err);

	for (size_t i = 0; r >= 0 && i < lines.count; i++)
		r = words_xargs(lines.items[i], strlen(lines.items[i]), &s->flags, err);
	return r < 0 ? err_wrap(err, "read the %s options of '%s'", docker_phase_name(phase), app)
		     : 0;
}

/* What third-party plugins add to a docker-args-* trigger. */
static int add_trigger(struct ctx *ctx, const char *trigger, const struct strvec *args,
	struct spec *s, struct err *err)
{
	AUTO_STRBUF empty = STRBUF_INIT;
	AUTO_STRBUF out = STRBUF_CAPPED(WORDS_TEXT_MAX);
	int r;

	if (!trigger_is_heard(ctx, trigger))
		return 0;
	r = trigger_capture_args(ctx, trigger, args, &empty, &out, err);
	if (r >= 0)
		r = words_xargs(out.buf, out.len, &s->flags, err);
	return r < 0 ? err_wrap(err, "ask plugins for %s", trigger) : 0;
}

static bool log_options_set(struct ctx *ctx, const char *app, const struct spec *s, bool *ret_fits)
{
	for (size_t i = 0; i < s->flags.count; i++) {
		const char *driver = str_after(s->flags.items[i], "--log-driver=");

		if (!driver && str_eq(s->flags.items[i], "--log-driver") && i + 1 < s->flags.count)
			driver = s->flags.items[i + 1];
		if (!driver)
			continue;
		*ret_fits = str_eq(driver, "json-file") || str_eq(driver, "local");
		return true;
	}
	return false;
}

static void add_log_size(struct ctx *ctx, const char *app, const struct image_facts *facts,
	struct spec *s)
{
	AUTO_FREE char *size = state_computed(ctx, "logs", app, "max-size", "10m");
	bool fits = facts->log_max_size_ok;

	log_options_set(ctx, app, s, &fits);
	if (fits && !str_eq(size, "unlimited"))
		strvec_pushf(&s->flags, "--log-opt=max-size=%s", size);
}

static void add_network(struct ctx *ctx, const char *app, struct spec *s)
{
	AUTO_FREE char *network = state_computed(ctx, "network", app, "initial-network", "");

	if (*network)
		strvec_pushf(&s->flags, "--network=%s", network);
}

static void add_init(struct ctx *ctx, const char *app, const struct image_facts *facts,
	struct spec *s)
{
	AUTO_FREE char *init = state_computed(ctx, PLUGIN, app, "init-process",
		facts->own_init ? "false" : "true");

	if (str_eq(init, "true"))
		strvec_push(&s->flags, "--init");
}

static int add_ports(struct ctx *ctx, const char *app, struct spec *s, unsigned *ret_port,
	struct err *err)
{
	AUTO_FREE char *bind = state_computed(ctx, "network", app, "bind-all-interfaces", "false");
	AUTO_PORT_MAPS maps = PORT_MAPS_INIT;
	AUTO_STRVEC seen = STRVEC_INIT;
	int r = ports_web_port(ctx, app, ret_port, err);

	if (r >= 0 && str_eq(bind, "true"))
		r = ports_effective(ctx, app, &maps, err);
	for (size_t i = 0; r >= 0 && i < maps.count; i++) {
		AUTO_FREE char *port = xasprintf("%u", maps.items[i].container);

		if (strvec_has(&seen, port))
			continue;
		strvec_push(&seen, port);
		strvec_pushl(&s->flags, "-p", port, NULL);
	}
	return r;
}

/* --- the command --- */

/* 1 when a property of ps says what to start. */
static int command_property(struct ctx *ctx, const char *app, const char *name, struct strbuf *out,
	struct err *err)
{
	int r = state_get(ctx, "ps", app, name, out, err);

	return r < 0 ? r : out->len > 0;
}

static int choose_command(struct ctx *ctx, const struct spec_unit *u,
	const struct image_facts *facts, const char *port, struct strbuf *out, struct err *err)
{
	int r = 0;

	if (facts->source != SOURCE_DOCKERFILE)
		r = command_property(ctx, u->app, "start-cmd", out, err);
	if (r != 0)
		return r;
	if (facts->source == SOURCE_HEROKUISH) {
		strbuf_addf(out, "/start %s", u->process);
		return 0;
	}
	r = command_property(ctx, u->app, "dockerfile-start-cmd", out, err);
	return r != 0 ? r : procs_command(ctx, u->app, u->process, port, out, err);
}

static int add_command(struct ctx *ctx, const struct spec_unit *u, const struct image_facts *facts,
	unsigned port, struct spec *s, struct err *err)
{
	AUTO_FREE char *port_text = port ? xasprintf("%u", port) : xstrdup("");
	AUTO_STRBUF text = STRBUF_INIT;
	int r = choose_command(ctx, u, facts, port_text, &text, err);

	if (r >= 0)
		r = words_xargs(text.buf, text.len, &s->command, err);
	return r < 0 ? err_wrap(err, "find the command of %s", u->process) : 0;
}

/* A buildpack image takes a command only through its launcher. One without a command is the image's
 * own, which has an entry point for each. */
static int add_launcher(struct ctx *ctx, const struct spec_unit *u, const struct image_facts *facts,
	struct spec *s, struct err *err)
{
	AUTO_STRBUF command = STRBUF_INIT;
	int r;

	if (facts->source != SOURCE_PACK)
		return 0;
	r = procs_command(ctx, u->app, u->process, "5000", &command, err);
	if (r >= 0 && command.len)
		strvec_push(&s->flags, "--entrypoint=launcher");
	else if (r >= 0 && strvec_has(&facts->processes, u->process))
		strvec_pushf(&s->flags, "--entrypoint=/cnb/process/%s", u->process);
	return r;
}

/* --- a unit of a deploy --- */

static void trigger_args(const struct spec_unit *u, const struct image_facts *facts, bool source,
	struct strvec *ret)
{
	strvec_push(ret, u->app);
	if (source)
		strvec_push(ret, image_source_name(facts->source));
	strvec_push(ret, image_tag(facts->image));
	strvec_push(ret, u->process);
	strvec_pushf(ret, "%u", u->index);
}

/* docker-args-deploy: of the whole app. */
static int add_app_flags(struct ctx *ctx, const struct spec_unit *u,
	const struct image_facts *facts, struct spec *s, struct err *err)
{
	AUTO_STRVEC args = STRVEC_INIT;
	int r = storage_args(ctx, u->app, u->process, "deploy", &s->flags, err);

	if (r >= 0)
		r = add_config(ctx, u->app, s, err);
	if (r < 0)
		return r;
	add_herokuish_user(facts, s);
	r = add_options(ctx, u->app, NULL, DOCKER_PHASE_DEPLOY, s, err);
	trigger_args(u, facts, false, &args);
	return r < 0 ? r : add_trigger(ctx, "docker-args-deploy", &args, s, err);
}

static void add_identity(struct ctx *ctx, const struct spec_unit *u,
	const struct image_facts *facts, struct spec *s)
{
	strvec_pushf(&s->flags, "--label=" LABEL_PROCESS "=%s", u->process);
	strvec_pushf(&s->flags, "--label=com.dokku.dyno=%s.%u", u->process, u->index);
	strvec_pushf(&s->flags, "--env=DYNO=%s.%u", u->process, u->index);
	strvec_pushf(&s->flags, "--name=%s", u->name);
	add_init(ctx, u->app, facts, s);
	strvec_push(&s->flags, "--label=" LABEL_TYPE "=deploy");
	strvec_pushf(&s->flags, "--label=" LABEL_OPERATION "=%s", u->operation);
	labels_args(ctx, u->app, &s->flags);
}

/* docker-args-process-deploy: of the process type. */
static int add_process_flags(struct ctx *ctx, const struct spec_unit *u,
	const struct image_facts *facts, struct spec *s, struct err *err)
{
	AUTO_FREE char *restart =
		state_computed(ctx, "ps", u->app, "restart-policy", "on-failure:10");
	AUTO_STRVEC args = STRVEC_INIT;
	int r = add_launcher(ctx, u, facts, s, err);

	if (r >= 0)
		r = proxy_container_flags(ctx, u->app, u->process, true, &s->flags, err);
	if (r >= 0)
		r = add_options(ctx, u->app, u->process, DOCKER_PHASE_DEPLOY, s, err);
	if (r < 0)
		return r;
	add_log_size(ctx, u->app, facts, s);
	add_network(ctx, u->app, s);
	strvec_pushf(&s->flags, "--restart=%s", restart);
	resource_args(ctx, u->app, u->process, &s->flags);
	r = proxy_container_flags(ctx, u->app, u->process, false, &s->flags, err);
	if (r < 0)
		return r;
	trigger_args(u, facts, true, &args);
	return add_trigger(ctx, "docker-args-process-deploy", &args, s, err);
}

static void add_last(struct ctx *ctx, const struct image_facts *facts, struct spec *s)
{
	if (ctx->trace)
		strvec_push(&s->flags, "--env=TRACE=true");
	if (facts->is_foreign_amd64)
		strvec_push(&s->flags, "--platform=linux/amd64");
	engine_path_flags(&ctx->inst, &s->flags);
}

int spec_for_unit(struct ctx *ctx, const struct spec_unit *u, const struct image_facts *facts,
	struct spec *ret, struct err *err)
{
	AUTO_SPEC s = SPEC_INIT;
	unsigned port = 0;
	int r = add_app_flags(ctx, u, facts, &s, err);

	s.name = xstrdup(u->name);
	s.image = xstrdup(facts->image);
	if (r >= 0) {
		add_identity(ctx, u, facts, &s);
		r = add_process_flags(ctx, u, facts, &s, err);
	}
	if (r >= 0 && str_eq(u->process, "web"))
		r = add_ports(ctx, u->app, &s, &port, err);
	if (r >= 0) {
		if (port)
			strvec_pushf(&s.flags, "--env=PORT=%u", port);
		else /* Dokku blanks it: only web is meant to listen */
			strvec_push(&s.flags, "--env=PORT=");
		add_last(ctx, facts, &s);
		r = add_command(ctx, u, facts, port, &s, err);
	}
	if (r < 0)
		return err_wrap(err, "prepare container %s", u->name);
	*ret = s;
	s = (struct spec)SPEC_INIT;
	return 0;
}

/* --- a one-off container --- */

static int add_run_flags(struct ctx *ctx, const struct run_request *rq, const char *kind,
	unsigned number, const struct image_facts *facts, struct spec *s, struct err *err)
{
	AUTO_STRVEC args = STRVEC_INIT;
	AUTO_STRVEC process_args = STRVEC_INIT;
	int r = storage_args(ctx, rq->app, NULL, "run", &s->flags, err);

	if (r >= 0)
		r = add_config(ctx, rq->app, s, err);
	if (r < 0)
		return r;
	add_herokuish_user(facts, s);
	strvec_pushl(&args, rq->app, image_tag(facts->image), NULL);
	strvec_pushl(&process_args, rq->app, image_source_name(facts->source),
		image_tag(facts->image), NULL);
	r = add_options(ctx, rq->app, NULL, DOCKER_PHASE_RUN, s, err);
	if (r >= 0)
		r = add_trigger(ctx, "docker-args-run", &args, s, err);
	if (r < 0)
		return r;
	if (facts->source == SOURCE_PACK)
		strvec_push(&s->flags, "--entrypoint=launcher");
	add_network(ctx, rq->app, s);
	resource_args(ctx, rq->app, kind, &s->flags);
	r = add_trigger(ctx, "docker-args-process-run", &process_args, s, err);
	strvec_pushf(&s->flags, "--env=DYNO=%s.%u", kind, number);
	return r;
}

static void add_run_labels(struct ctx *ctx, const struct run_request *rq, const char *kind,
	struct spec *s)
{
	if (rq->cron_id && *rq->cron_id) {
		strvec_pushf(&s->flags, "--label=com.dokku.cron-id=%s", rq->cron_id);
		strvec_pushf(&s->flags, "--label=com.dokku.concurrency-policy=%s",
			rq->concurrency && *rq->concurrency ? rq->concurrency : "allow");
	}
	for (size_t i = 0; rq->labels && i < rq->labels->count; i++)
		strvec_pushf(&s->flags, "--label=%s", rq->labels->items[i]);
	if (rq->ttl_seconds)
		strvec_pushf(&s->flags, "--label=com.dokku.active-deadline-seconds=%llu",
			(unsigned long long)rq->ttl_seconds);
	strvec_pushf(&s->flags, "--label=" LABEL_TYPE "=%s", kind);
	labels_args(ctx, rq->app, &s->flags);
}

/* `-e K=V` of the user: V is not put into the flags, it may be a secret. */
static void add_run_env(const struct run_request *rq, struct spec *s)
{
	for (size_t i = 0; rq->env && i < rq->env->count; i++) {
		const char *pair = rq->env->items[i];
		const char *eq = strchr(pair, '=');
		AUTO_FREE char *key = eq ? xstrndup(pair, (size_t)(eq - pair)) : xstrdup(pair);

		if (eq)
			env_set(&s->env, key, eq + 1);
		strvec_pushf(&s->flags, "--env=%s", key);
	}
}

int spec_for_run(struct ctx *ctx, const struct run_request *rq, const char *kind, unsigned number,
	const struct image_facts *facts, bool tty, struct spec *ret, struct err *err)
{
	AUTO_SPEC s = SPEC_INIT;
	AUTO_FREE char *rest = xasprintf("%s.%u", kind, number);
	int r = add_run_flags(ctx, rq, kind, number, facts, &s, err);

	s.name = container_name(ctx, rq->app, rest);
	s.image = xstrdup(facts->image);
	if (r < 0)
		return err_wrap(err, "prepare container %s", s.name);
	strvec_pushf(&s.flags, "--name=%s", s.name);
	if (!rq->no_rm)
		strvec_push(&s.flags, "--rm");
	if (!rq->detached)
		strvec_push(&s.flags, "--interactive");
	if (tty)
		strvec_push(&s.flags, "--tty");
	add_run_env(rq, &s);
	add_run_labels(ctx, rq, kind, &s);
	add_last(ctx, facts, &s);
	if (facts->source == SOURCE_HEROKUISH)
		strvec_push(&s.command, "/exec");
	*ret = s;
	s = (struct spec)SPEC_INIT;
	return 0;
}

/* --- the API's body --- */

static const char *lookup(void *cookie, const char *name)
{
	return env_get(cookie, name);
}

static json_t *words_json(const struct strvec *words)
{
	json_t *list = json_array();

	for (size_t i = 0; i < words->count; i++)
		json_array_append_new(list, json_string(words->items[i]));
	return list;
}

int spec_body(const struct spec *s, unsigned api_minor, json_t **ret, struct strbuf *ret_flag,
	struct err *err)
{
	AUTO_DOCKEROPTS opts = DOCKEROPTS_INIT;
	struct env env = s->env; /* the callback takes no const */
	struct dockeropts_source source = {
		.lookup = lookup,
		.cookie = &env,
		.api_minor = api_minor,
	};
	json_t *body;
	int r = dockeropts_parse(s->flags.items, &source, &opts, ret_flag, err);

	if (r < 0)
		return err_wrap(err, "read the docker options of container %s", s->name);
	/* What is no part of the body is the program's own doing. */
	if (r == DOCKEROPTS_MAPPED && (opts.platform || opts.pull)) {
		if (ret_flag)
			strbuf_set(ret_flag, opts.platform ? "--platform" : "--pull");
		r = DOCKEROPTS_NEEDS_CLIENT;
	}
	if (r == DOCKEROPTS_NEEDS_CLIENT)
		return r;
	body = dockeropts_default_body();
	dockeropts_merge(body, opts.body);
	json_object_set_new(body, "Image", json_string(s->image));
	if (s->command.count)
		json_object_set_new(body, "Cmd", words_json(&s->command));
	*ret = body;
	return DOCKEROPTS_MAPPED;
}
