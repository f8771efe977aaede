/* SPDX-License-Identifier: MIT */
/* The commands and trigger handlers of the label proxies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/compose.h"
#include "core/label_proxy.h"
#include "core/output.h"
#include "core/state.h"
#include "lib/engine/containers.h"
#include "lib/words/words.h"

enum { LOG_LINES_MAX = 1000000, LABEL_MAX = 4096 };

static const struct label_proxy *find(const char *name)
{
	for (const struct proxy *const *p = proxies; *p; p++) {
		if ((*p)->labels && str_eq((*p)->name, name))
			return (*p)->labels;
	}
	return NULL;
}

/* The one whose command is running. */
static int of_command(struct ctx *ctx, const struct label_proxy **ret, struct err *err)
{
	const char *command = ctx->argv.items[0];
	AUTO_FREE char *verb = xstrndup(command, strcspn(command, ":"));

	*ret = find(verb);
	return *ret ? 0 : err_set(err, ERR_BUG, "'%s' is no proxy of this kind", verb);
}

/* --- the compose file --- */

/* "CADDY_IMAGE" */
static void set_var(const struct label_proxy *p, struct gotmpl_vars *vars, const char *what,
	const char *value)
{
	AUTO_FREE char *lower = xasprintf("%s_%s", p->name, what);
	AUTO_FREE char *name = label_upper(lower);

	gotmpl_vars_set(vars, name, value);
}

static int set_vars(struct ctx *ctx, const struct label_proxy *p, struct gotmpl_vars *vars,
	struct err *err)
{
	static const char *const names[][2] = {
		{ "IMAGE", "image" },
		{ "LETSENCRYPT_EMAIL", "letsencrypt-email" },
		{ "LETSENCRYPT_SERVER", "letsencrypt-server" },
		{ "LOG_LEVEL", "log-level" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO_FREE char *value = label_proxy_value(ctx, p, NULL, names[i][1]);

		set_var(p, vars, names[i][0], value);
	}
	if (p->data) {
		AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/%s", p->data);

		set_var(p, vars, "DATA_DIR", dir);
	}
	return p->vars ? p->vars(ctx, vars, err) : 0;
}

/* The text of a template that a third-party plugin names, else the one of ours. */
static int read_template(struct ctx *ctx, const struct label_proxy *p, struct strbuf *out,
	struct err *err)
{
	AUTO_FREE char *trigger = xasprintf("%s-template-source", p->name);
	AUTO_STRBUF path = STRBUF_CAPPED(4096);
	int r = 0;

	if (trigger_has_external(ctx, trigger))
		r = trigger_capture(ctx, &path, err, trigger, "", NULL);
	if (r < 0)
		return r;
	strbuf_trim(&path);
	if (path.len)
		return fs_read(path.buf, GOTMPL_TEXT_MAX, out, err);
	strbuf_addstr(out, p->template);
	return 0;
}

/* Of several empty lines one is left. */
static void add_squeezed(const char *text, struct strbuf *out)
{
	bool empty = false;

	while (*text) {
		size_t len = strcspn(text, "\n");
		bool newline = text[len] == '\n';
		bool blank = strspn(text, " ") >= len;

		if (!blank || !empty)
			strbuf_add(out, text, blank ? 0 : len);
		if (newline && (!blank || !empty))
			strbuf_addch(out, '\n');
		empty = blank;
		text += len + newline;
	}
}

static int render(struct ctx *ctx, const struct label_proxy *p, struct strbuf *out, struct err *err)
{
	AUTO_GOTMPL_VARS vars = GOTMPL_VARS_INIT;
	AUTO_GOTMPL *t = NULL;
	AUTO_STRBUF source = STRBUF_INIT;
	AUTO_STRBUF raw = STRBUF_INIT;
	int r = read_template(ctx, p, &source, err);

	if (r >= 0)
		r = gotmpl_parse("compose.yml.sigil", source.buf, source.len, &t, err);
	if (r >= 0)
		r = set_vars(ctx, p, &vars, err);
	if (r >= 0)
		r = gotmpl_render(t, &vars, NULL, &raw, err);
	if (r >= 0)
		add_squeezed(raw.buf, out);
	return r;
}

int label_run_config(struct ctx *ctx, const struct args *args, struct err *err)
{
	const struct label_proxy *p = NULL;
	AUTO_STRBUF text = STRBUF_INIT;
	int r = of_command(ctx, &p, err);

	if (r >= 0)
		r = render(ctx, p, &text, err);
	if (r >= 0)
		fwrite(text.buf, 1, text.len, stdout);
	return r;
}

/* --- start, stop --- */

static int prepare(struct ctx *ctx, const struct label_proxy *p, struct err *err)
{
	int r = 0;

	if (p->data) {
		AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/%s", p->data);

		r = fs_mkdir_p(dir, 0755, err);
	}
	return r >= 0 && p->prepare ? p->prepare(ctx, err) : r;
}

static int start(struct ctx *ctx, const struct label_proxy *p, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_COMPOSE compose = COMPOSE_INIT;
	int r = state_set(ctx, p->name, SCOPE_GLOBAL, "proxy-status", "started", err);

	if (r >= 0)
		r = prepare(ctx, p, err);
	if (r >= 0)
		r = render(ctx, p, &text, err);
	if (r >= 0)
		r = compose_parse(ctx, p->name, text.buf, text.len, &compose, err);
	if (r >= 0)
		r = compose_up(ctx, &compose, err);
	return r < 0 ? err_wrap(err, "Unable to start %s", p->name) : 0;
}

int label_run_start(struct ctx *ctx, const struct args *args, struct err *err)
{
	const struct label_proxy *p = NULL;
	int r = of_command(ctx, &p, err);

	return r < 0 ? r : start(ctx, p, err);
}

int label_run_stop(struct ctx *ctx, const struct args *args, struct err *err)
{
	const struct label_proxy *p = NULL;
	int r = of_command(ctx, &p, err);

	if (r >= 0)
		r = state_set(ctx, p->name, SCOPE_GLOBAL, "proxy-status", "stopped", err);
	if (r >= 0)
		r = compose_down(ctx, p->name, err);
	return r < 0 ? err_wrap(err, "Unable to stop %s", p ? p->name : "it") : 0;
}

void label_proxy_restore(struct ctx *ctx, const struct label_proxy *p)
{
	AUTO_ERR why = ERR_INIT;

	if (!label_proxy_is_started(ctx, p) || start(ctx, p, &why) >= 0)
		return;
	out_error(&why);
	out_warn("Failed to restore %s proxy, requests may not route as expected", p->name);
}

/* --- logs --- */

const struct flag label_log_flags[] = {
	{ "num", 'n', FLAG_VALUE, "<count>", "How many lines" },
	{ "tail", 't', FLAG_BOOL, NULL, "Go on with what is added" },
	{},
};

static int print_log(void *cookie, int stream, const void *data, size_t len, struct err *err)
{
	return fs_write_all(stream == STREAM_STDERR ? STDERR_FILENO : STDOUT_FILENO, data, len) < 0;
}

int label_run_logs(struct ctx *ctx, const struct args *args, struct err *err)
{
	struct engine_log_opts opts = {
		.follow = args_has(args, "tail"),
		.out = true,
		.err = true,
	};
	const struct label_proxy *p = NULL;
	AUTO_FREE char *name = NULL;
	uint64_t lines;
	int r = parse_uint(args_value(args, "num", "100"), 0, LOG_LINES_MAX, &lines, err);

	if (r < 0)
		return err_wrap(err, "The number of lines");
	r = of_command(ctx, &p, err);
	if (r < 0)
		return r;
	opts.tail = (int64_t)lines;
	name = compose_container(ctx, p->name, p->name);
	out_flush();
	ctx_engine(ctx)->hangup_fd = STDOUT_FILENO;
	r = engine_container_logs(ctx_engine(ctx), name, &opts, print_log, NULL, err);
	ctx_engine(ctx)->hangup_fd = -1;
	if (r == -ERR_NOT_FOUND)
		return err_user(err, ERR_NOT_FOUND, 1,
			"There is no container %s: %s has not been started (%s:start)", name,
			p->name, p->name);
	return r < 0 ? r : 0;
}

/* --- labels --- */

static int check_label(const char *label, struct err *err)
{
	if (!*label)
		return err_set(err, ERR_USAGE, "Please specify a container label for the app");
	if (strlen(label) > LABEL_MAX || strchr(label, '=') || has_control(label) ||
		!utf8_valid(label, strlen(label)))
		return err_set(err, ERR_INVALID, "'%.100s' is not the name of a label", label);
	return 0;
}

static bool is_label(const char *line, const char *label)
{
	const char *rest = str_after(line, label);

	return rest && *rest == '=';
}

static void drop_label(struct strvec *lines, const char *label)
{
	for (size_t i = lines->count; i-- > 0;) {
		if (is_label(lines->items[i], label))
			strvec_remove(lines, i);
	}
}

/* VALUE NULL: takes it away. */
static int change_label(struct ctx *ctx, const char *app, const char *label, const char *value,
	struct err *err)
{
	const struct label_proxy *p = NULL;
	AUTO_STRVEC lines = STRVEC_INIT;
	int r = check_label(label, err);

	if (r >= 0)
		r = of_command(ctx, &p, err);
	if (r >= 0)
		r = state_get_list(ctx, p->name, app, "labels", &lines, err);
	if (r < 0)
		return r;
	drop_label(&lines, label);
	if (value)
		strvec_pushf(&lines, "%s=%s", label, value);
	strvec_sort_unique(&lines);
	return state_set_list(ctx, p->name, app, "labels", &lines, err);
}

int label_run_add(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *label = args_pos(args, 1);
	const char *value = args_pos(args, 2);
	int r = check_label(label, err);

	if (r < 0)
		return r;
	if (!*value)
		return err_set(err, ERR_USAGE, "Please specify a value for the container label");
	if (strlen(value) > LABEL_MAX || has_control(value) || !utf8_valid(value, strlen(value)))
		return err_set(err, ERR_INVALID, "The value of %s cannot be that of a label",
			label);
	return change_label(ctx, args_pos(args, 0), label, value, err);
}

int label_run_remove(struct ctx *ctx, const struct args *args, struct err *err)
{
	return change_label(ctx, args_pos(args, 0), args_pos(args, 1), NULL, err);
}

static void show_one(const struct strvec *lines, const char *label)
{
	AUTO_STRVEC values = STRVEC_INIT;
	AUTO_FREE char *text = NULL;

	if (!lines->count)
		return;
	for (size_t i = 0; i < lines->count; i++) {
		if (is_label(lines->items[i], label))
			strvec_push(&values, lines->items[i] + strlen(label) + 1);
	}
	text = strvec_joined(&values, "\n");
	out_line("%s", text);
}

int label_run_show(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	const struct label_proxy *p = NULL;
	AUTO_STRVEC lines = STRVEC_INIT;
	int r = of_command(ctx, &p, err);

	if (r >= 0)
		r = state_get_list(ctx, p->name, app, "labels", &lines, err);
	if (r < 0)
		return r;
	if (*args_pos(args, 1)) {
		show_one(&lines, args_pos(args, 1));
		return 0;
	}
	if (!lines.count) {
		if (!output_is_quiet())
			out_warn("No %s labels set for %s", p->name, app);
		return 0;
	}
	out_info2_quiet("%s %s labels", app, p->name);
	for (size_t i = 0; i < lines.count; i++) {
		if (*lines.items[i] != '#')
			out_verbose("%s", lines.items[i]);
	}
	return 0;
}

/* --- what scripts ask through `plugn trigger` --- */

static const struct label_proxy *of_call(const struct trigger_call *call)
{
	const struct label_proxy *p = find(plugin_verb(call->plugin));
	AUTO_FREE char *type = proxy_type(call->ctx, trigger_arg(call, 0));

	return p && str_eq(type, p->name) ? p : NULL;
}

static int on_certs_force(struct trigger_call *call, struct err *err)
{
	const struct label_proxy *p = of_call(call);

	if (p && label_proxy_brings_tls(call->ctx, p))
		strbuf_addstr(call->out, "true\n");
	return 0;
}

static int on_core_post_deploy(struct trigger_call *call, struct err *err)
{
	const struct label_proxy *p = of_call(call);

	if (p)
		label_proxy_deployed(call->ctx, p, trigger_arg(call, 0));
	return 0;
}

/* What stands on standard input, and the labels behind it. */
static int on_docker_args(struct trigger_call *call, struct err *err)
{
	const struct label_proxy *p = find(plugin_verb(call->plugin));
	AUTO_STRVEC flags = STRVEC_INIT;
	int r;

	if (call->in)
		strbuf_add(call->out, call->in->buf, call->in->len);
	if (!p || !*trigger_arg(call, 0))
		return 0;
	r = label_proxy_flags(call->ctx, p, trigger_arg(call, 0), trigger_arg(call, 3), &flags,
		err);
	if (r < 0 || !flags.count)
		return r;
	strbuf_addch(call->out, ' ');
	quote_words(call->out, &flags);
	return 0;
}

static int on_pre_restore(struct trigger_call *call, struct err *err)
{
	const struct label_proxy *p = find(plugin_verb(call->plugin));

	if (p)
		label_proxy_restore(call->ctx, p);
	return 0;
}

const struct trigger_handler label_triggers[] = {
	{ "certs-force", on_certs_force },
	{ "core-post-deploy", on_core_post_deploy },
	{ "docker-args-process-deploy", on_docker_args },
	{ "pre-restore", on_pre_restore },
	{},
};
