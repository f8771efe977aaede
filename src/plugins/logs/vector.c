/* SPDX-License-Identifier: MIT */
/* Vector's container: a compose project, which is started without the compose program. */
#include "plugins/logs/vector.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/timing.h"
#include "core/compose.h"
#include "core/output.h"
#include "core/state.h"
#include "core/trigger.h"
#include "lib/dockerref/dockerref.h"
#include "lib/engine/containers.h"
#include "lib/gotemplate/gotemplate.h"

enum { READY_S = 10, POLL_MS = 200, LINE_MAX_BYTES = 64 * 1024, PATH_TEXT_MAX = 4096 };

const char vector_default_image[] = "timberio/vector:0.57.0-debian";

static const char project[] = "vector";

/* What Dokku starts, as a template of the same variables. */
static const char own_template[] =
	"services:\n"
	"  vector:\n"
	"    image: \"{{ $.VectorImage }}\"\n"
	"    command: [--config, /etc/vector/vector.json, --watch-config]\n"
	"    restart: unless-stopped\n"
	"    labels:\n"
	"      dokku: \"\"\n"
	"      org.label-schema.schema-version: \"1.0\"\n"
	"      org.label-schema.vendor: dokku\n"
	"    volumes:\n"
	"      - \"{{ $.DokkuLibRoot }}/data/logs:/etc/vector\"\n"
	"      - \"{{ $.EngineSocket }}:/var/run/docker.sock:ro\"\n"
	"      - \"{{ $.DokkuLogsDir }}/apps:/var/log/dokku/apps\"\n"
	"{{ if $.VectorNetworks }}"
	"    networks:\n"
	"{{ range $name := $.VectorNetworks }}      {{ $name }}: {}\n{{ end }}"
	"networks:\n"
	"{{ range $name := $.VectorNetworks }}"
	"  {{ $name }}:\n    name: {{ $name }}\n    external: true\n{{ end }}"
	"{{ else }}"
	"    network_mode: bridge\n"
	"{{ end }}";

/* --- the compose file --- */

int vector_check_image(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	AUTO_DOCKERREF ref = DOCKERREF_INIT;
	AUTO_ERR why = ERR_INIT;

	if (dockerref_parse(value, &ref, &why) >= 0)
		return 0;
	return err_set(err, ERR_INVALID, "Invalid vector-image value, '%.200s' is no image", value);
}

/* In a container the engine's paths are others than ours. */
static const char *first_of(const char *variable, const char *set, const char *own)
{
	const char *host = getenv(variable);

	if (host && *host)
		return host;
	return *set ? set : own;
}

static json_t *networks_json(struct ctx *ctx)
{
	AUTO_FREE char *text = state_get_or(ctx, "logs", SCOPE_GLOBAL, "vector-networks", "");
	AUTO_STRVEC names = STRVEC_INIT;
	json_t *list = json_array();

	strvec_split(&names, text, ", ");
	for (size_t i = 0; i < names.count; i++)
		json_array_append_new(list, json_string(names.items[i]));
	return list;
}

static int set_variables(struct ctx *ctx, const char *image, struct gotmpl_vars *vars,
	struct err *err)
{
	const struct instance *inst = &ctx->inst;
	json_t *all = json_pack("{s:s, s:s, s:s, s:s, s:o}", "DokkuLibRoot",
		first_of("DOKKU_LIB_HOST_ROOT", inst->lib_host_root, inst->lib_root),
		"DokkuLogsDir", first_of("DOKKU_LOGS_HOST_DIR", "", inst->logs_dir), "VectorImage",
		image, "EngineSocket", inst->engine_socket, "VectorNetworks", networks_json(ctx));
	AUTO_FREE char *text = json_dumps(all, JSON_COMPACT);

	json_decref(all);
	return gotmpl_vars_set_json(vars, text, strlen(text), err);
}

/* A third-party plugin may have a template of its own. What it prints counts, not how it ends. */
static int read_template(struct ctx *ctx, struct strbuf *out, struct err *err)
{
	AUTO_STRBUF path = STRBUF_CAPPED(PATH_TEXT_MAX);
	AUTO_ERR ignored = ERR_INIT;

	if (trigger_has_external(ctx, "vector-template-source") &&
		trigger_capture(ctx, &path, &ignored, "vector-template-source", NULL) >= 0)
		strbuf_trim(&path);
	if (path.len) {
		int r = fs_read(path.buf, GOTMPL_TEXT_MAX, out, err);

		return r < 0 ? err_wrap(err, "Unable to read compose template") : r;
	}
	strbuf_addstr(out, own_template);
	return 0;
}

int vector_compose(struct ctx *ctx, const char *image, struct compose *ret, struct err *err)
{
	AUTO_GOTMPL_VARS vars = GOTMPL_VARS_INIT;
	AUTO_GOTMPL *t = NULL;
	AUTO_STRBUF source = STRBUF_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	int r = read_template(ctx, &source, err);

	if (r >= 0)
		r = gotmpl_parse("compose.yml", source.buf, source.len, &t, err);
	if (r >= 0)
		r = set_variables(ctx, image, &vars, err);
	if (r >= 0)
		r = gotmpl_render(t, &vars, NULL, &text, err);
	return r < 0 ? r : compose_parse(ctx, project, text.buf, text.len, ret, err);
}

/* --- what is there --- */

/* 1: *RET is new; 0: there is none. */
static int look(struct ctx *ctx, const char *name, json_t **ret, struct err *err)
{
	int r = engine_container_inspect(ctx_engine(ctx), name, ret, err);

	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		return 0;
	}
	return r < 0 ? r : 1;
}

static bool is_running(const json_t *inspected)
{
	const json_t *state = json_object_get(inspected, "State");

	return json_is_true(json_object_get(state, "Running")) &&
	       !json_is_true(json_object_get(state, "Restarting"));
}

/* 1 when there is the container of a Dokku that did not use compose yet; a stranger's is none. */
static int look_old(struct ctx *ctx, const char *name, struct err *err)
{
	json_t *found = NULL;
	int r = look(ctx, name, &found, err);
	json_t *config = json_object_get(found, "Config");
	bool ours = json_object_get(json_object_get(config, "Labels"), "dokku") != NULL;

	json_decref(found);
	return r > 0 && !ours ? 0 : r;
}

/* --- starting and stopping --- */

/* It has to stay up; one that ends or begins again has something to say. */
static int watch(struct ctx *ctx, struct err *err)
{
	AUTO_FREE char *name = compose_container(ctx, project, project);
	uint64_t deadline = now_ms() + READY_S * 1000;
	bool up = true;

	while (up && ms_left(deadline)) {
		json_t *found = NULL;
		int r = look(ctx, name, &found, err);

		up = r > 0 && is_running(found) &&
		     !json_integer_value(json_object_get(found, "RestartCount"));
		json_decref(found);
		if (r < 0)
			return r;
		if (up)
			sleep_ms(POLL_MS);
	}
	if (up)
		return 0;
	return err_set(err, ERR_FAILED,
		"Vector container did not start properly, run logs:vector-logs for more details");
}

static int start(struct ctx *ctx, const char *image, struct err *err)
{
	AUTO_FREE char *old = compose_project(ctx, project);
	AUTO_COMPOSE compose = COMPOSE_INIT;
	int r = vector_check_image(ctx, SCOPE_GLOBAL, image, err);

	if (r >= 0)
		r = look_old(ctx, old, err);
	if (r > 0)
		return err_set(err, ERR_EXISTS,
			"Vector container %s already exists in old format, run "
			"'dokku logs:vector-stop' once to remove it",
			old);
	if (r >= 0)
		r = vector_compose(ctx, image, &compose, err);
	return r < 0 ? r : compose_up(ctx, &compose, err);
}

int vector_run_start(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *set =
		state_get_or(ctx, "logs", SCOPE_GLOBAL, "vector-image", vector_default_image);
	AUTO_FREE char *logs = xasprintf("%s/apps", ctx->inst.logs_dir);
	const char *image = args_value(args, "vector-image", "");
	int r;

	out_info2("Starting vector container");
	out_verbose("Ensuring vector configuration exists");
	r = vector_write(ctx, err);
	if (r >= 0)
		r = fs_mkdir_p(logs, 0755, err);
	if (r < 0)
		return r;
	out_verbose("Starting vector container");
	out_flush();
	r = start(ctx, *image ? image : set, err);
	if (r < 0)
		return r;
	out_verbose("Waiting for %d seconds", READY_S);
	out_flush();
	r = watch(ctx, err);
	if (r >= 0)
		out_verbose("Vector container is running");
	return r;
}

static int remove_old(struct ctx *ctx, struct err *err)
{
	AUTO_FREE char *name = compose_project(ctx, project);
	int r = look_old(ctx, name, err);

	if (r <= 0)
		return r;
	r = engine_container_stop(ctx_engine(ctx), name, -1, err);
	if (r >= 0)
		r = engine_container_remove(ctx_engine(ctx), name, true, true, err);
	if (r == -ERR_NOT_FOUND) {
		err_clear(err); /* somebody else does the same */
		r = 0;
	}
	return r;
}

int vector_run_stop(struct ctx *ctx, const struct args *args, struct err *err)
{
	int r;

	out_info2_quiet("Stopping and removing vector container");
	out_flush();
	r = remove_old(ctx, err);
	return r < 0 ? r : compose_down(ctx, project, err);
}

/* --- its output --- */

struct shown {
	struct strbuf line[3]; /* of each stream */
};

static void show_line(int stream, struct strbuf *line)
{
	strbuf_chomp(line);
	if (line->len && stream == STREAM_STDERR) {
		out_flush();
		if (!output_is_quiet())
			out_stderr("       %s", line->buf);
	} else if (line->len) {
		out_verbose_quiet("%s", line->buf);
		out_flush();
	}
	strbuf_clear(line);
	line->truncated = false;
}

static int show(void *cookie, int stream, const void *data, size_t len, struct err *err)
{
	struct shown *s = cookie;
	const char *text = data;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			show_line(stream, &s->line[stream]);
		else if (text[i])
			strbuf_addch(&s->line[stream], text[i]);
	}
	return 0;
}

static int print_logs(struct ctx *ctx, const char *name, const struct engine_log_opts *opts,
	struct err *err)
{
	struct shown s;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(s.line); i++)
		strbuf_init(&s.line[i], LINE_MAX_BYTES);
	ctx_engine(ctx)->hangup_fd = 1; /* a reader who has left is not waited for */
	r = engine_container_logs(ctx_engine(ctx), name, opts, show, &s, err);
	ctx_engine(ctx)->hangup_fd = -1;
	for (size_t i = 0; i < ARRAY_SIZE(s.line); i++) {
		show_line((int)i, &s.line[i]);
		strbuf_done(&s.line[i]);
	}
	return r < 0 ? r : 0;
}

int vector_run_logs(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *name = compose_container(ctx, project, project);
	struct engine_log_opts opts = { .out = true, .err = true };
	AUTO_ERR bad = ERR_INIT;
	json_t *found = NULL;
	bool running;
	int r;

	if (parse_int(args_value(args, "num", "100"), INT32_MIN, INT32_MAX, &opts.tail, &bad) < 0)
		return err_user(err, ERR_USAGE, 2,
			"invalid argument \"%s\" for \"--num\" flag: not a number",
			args_value(args, "num", ""));
	/* None or fewer means all. */
	opts.tail = opts.tail > 0 ? opts.tail : -1;
	opts.follow = args_has(args, "tail");
	r = look(ctx, name, &found, err);
	running = r > 0 && is_running(found);
	json_decref(found);
	if (r == 0)
		r = err_set(err, ERR_NOT_FOUND, "Vector container does not exist");
	if (r < 0)
		return r;
	if (!running)
		out_warn("Vector container is not running");
	out_info1_quiet("Vector container logs");
	out_flush();
	return print_logs(ctx, name, &opts, err);
}
