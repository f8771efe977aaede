/* SPDX-License-Identifier: MIT */
#include "core/trigger.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/applock.h"
#include "core/events.h"
#include "core/operation.h"
#include "core/output.h"

/* A link below core-plugins/ stands for a built-in plugin. */
static bool is_core(const char *path)
{
	AUTO_FREE char *real = realpath(path, NULL);

	return !real || strstr(real, "core-plugins") != NULL;
}

static void index_files(struct external_plugin *p)
{
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	if (fs_list(p->path, &names, &err) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *file = path_join(p->path, names.items[i]);

		if (fs_is_exec(file))
			strvec_push(&p->files, names.items[i]);
	}
}

static struct external_plugins *load_externals(struct ctx *ctx)
{
	struct external_plugins *all = xcalloc(1, sizeof(*all));
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "plugins/enabled");
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	if (fs_list(dir, &names, &err) < 0 || !names.count)
		return all;
	all->items = xcalloc(names.count, sizeof(*all->items));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(dir, names.items[i]);
		struct external_plugin *p = &all->items[all->count];

		if (!fs_is_dir(path) || is_core(path))
			continue;
		p->name = xstrdup(names.items[i]);
		p->path = TAKE_PTR(path);
		strvec_init(&p->files);
		index_files(p);
		all->count++;
	}
	return all;
}

void trigger_externals_free(struct external_plugins *all)
{
	if (!all)
		return;
	for (size_t i = 0; i < all->count; i++) {
		free(all->items[i].name);
		free(all->items[i].path);
		strvec_done(&all->items[i].files);
	}
	free(all->items);
	free(all);
}

const struct external_plugins *trigger_externals(struct ctx *ctx)
{
	if (!ctx->externals)
		ctx->externals = load_externals(ctx);
	return ctx->externals;
}

const struct external_plugin *trigger_external(struct ctx *ctx, const char *name)
{
	const struct external_plugins *all = trigger_externals(ctx);

	for (size_t i = 0; i < all->count; i++) {
		if (str_eq(all->items[i].name, name))
			return &all->items[i];
	}
	return NULL;
}

bool trigger_has_external(struct ctx *ctx, const char *trigger)
{
	const struct external_plugins *all = trigger_externals(ctx);

	for (size_t i = 0; i < all->count; i++) {
		if (strvec_has(&all->items[i].files, trigger))
			return true;
	}
	return false;
}

bool trigger_is_heard(struct ctx *ctx, const char *trigger)
{
	return trigger_has_external(ctx, trigger) || events_takes(trigger);
}

int trigger_exec(struct ctx *ctx, const char *path, const struct strvec *args,
	const struct strbuf *in, struct strbuf *out, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	struct child_status st;
	int r;

	ctx_publish_env(ctx);
	out_flush();
	strvec_push(&c.argv, path);
	strvec_pushv(&c.argv, args->items);
	app_lock_pass_on(ctx, &c);
	c.cancel_fd = operation_child_fd(ctx);
	if (out) {
		r = child_capture(&c, in, out, NULL, &st, err);
	} else {
		c.in = CHILD_INHERIT;
		r = child_run(&c, &st, err);
	}
	return r < 0 ? r : st.code;
}

static int run_one(struct ctx *ctx, const struct external_plugin *p, const char *trigger,
	const struct strvec *args, const struct strbuf *in, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *path = path_join(p->path, trigger);
	int code = trigger_exec(ctx, path, args, in, out, err);

	if (code <= 0)
		return code;
	err_set(err, ERR_FAILED, "trigger '%s' of plugin '%s' ended with exit code %d", trigger,
		p->name, code);
	err->exit_code = code;
	return -ERR_FAILED;
}

static int run_externals(struct ctx *ctx, const char *trigger, const struct strvec *args,
	const struct strbuf *in, struct strbuf *out, struct err *err)
{
	const struct external_plugins *all = trigger_externals(ctx);
	int r = 0;

	events_log(ctx, trigger, args);
	for (size_t i = 0; r >= 0 && i < all->count; i++) {
		if (!strvec_has(&all->items[i].files, trigger))
			continue;
		r = run_one(ctx, &all->items[i], trigger, args, in, out, err);
		in = NULL; /* shared stdin: the first handler has read it */
	}
	return r;
}

int trigger_fire_args(struct ctx *ctx, const char *trigger, const struct strvec *args,
	struct err *err)
{
	return run_externals(ctx, trigger, args, NULL, NULL, err);
}

int trigger_capture_args(struct ctx *ctx, const char *trigger, const struct strvec *args,
	const struct strbuf *in, struct strbuf *out, struct err *err)
{
	return run_externals(ctx, trigger, args, in, out, err);
}

static void collect(struct strvec *args, va_list ap)
{
	const char *s;

	while ((s = va_arg(ap, const char *)))
		strvec_push(args, s);
}

int trigger_fire(struct ctx *ctx, struct err *err, const char *trigger, ...)
{
	AUTO_STRVEC args = STRVEC_INIT;
	va_list ap;

	va_start(ap, trigger);
	collect(&args, ap);
	va_end(ap);
	return trigger_fire_args(ctx, trigger, &args, err);
}

int trigger_capture(struct ctx *ctx, struct strbuf *out, struct err *err, const char *trigger, ...)
{
	AUTO_STRVEC args = STRVEC_INIT;
	va_list ap;

	va_start(ap, trigger);
	collect(&args, ap);
	va_end(ap);
	return trigger_capture_args(ctx, trigger, &args, NULL, out, err);
}

static const struct trigger_handler *find_handler(const struct plugin *p, const char *trigger)
{
	for (const struct trigger_handler *h = p->triggers; h && h->name; h++) {
		if (str_eq(h->name, trigger))
			return h;
	}
	return NULL;
}

static int run_handler(struct ctx *ctx, const struct plugin *p, const char *trigger,
	const struct strvec *args, struct strbuf *out, struct err *err)
{
	const struct trigger_handler *h = find_handler(p, trigger);
	struct trigger_call call = {
		.ctx = ctx,
		.plugin = p,
		.name = trigger,
		.args = args,
		.out = out,
	};
	int r;

	if (!h)
		return 0;
	r = h->run(&call, err);
	return r < 0 ? r : 1;
}

int trigger_run_builtin(struct ctx *ctx, const char *trigger, const struct strvec *args,
	struct strbuf *out, struct err *err)
{
	int any = 0;

	for (const struct plugin *const *p = ctx->plugins; *p; p++) {
		int r = trigger_external(ctx, (*p)->name)
				? 0
				: run_handler(ctx, *p, trigger, args, out, err);

		if (r < 0)
			return r;
		any |= r;
	}
	return any;
}

static int run_builtin_printing(struct ctx *ctx, const struct plugin *p, const char *trigger,
	const struct strvec *args, struct err *err)
{
	AUTO_STRBUF out = STRBUF_INIT;
	int r = run_handler(ctx, p, trigger, args, &out, err);

	fwrite(out.buf, 1, out.len, stdout);
	out_flush();
	return r;
}

/* What came on standard input goes in front of what a handler of docker-args-* adds. */
static void pass_input_on(void)
{
	char text[4096];
	ssize_t n;

	while (!isatty(0) && (n = read(0, text, sizeof(text))) > 0)
		fwrite(text, 1, (size_t)n, stdout);
}

int trigger_run_all(struct ctx *ctx, const char *trigger, const struct strvec *args,
	struct err *err)
{
	const struct external_plugins *all = trigger_externals(ctx);
	const struct plugin *const *p = ctx->plugins;
	bool passes_input_on = str_starts(trigger, "docker-args-");
	size_t i = 0;
	int r = 0;

	events_log(ctx, trigger, args);
	/* Merge of two sorted lists; a third-party plugin of a built-in's name replaces it. */
	while (r >= 0 && (*p || i < all->count)) {
		int order = !*p ? 1 : i == all->count ? -1 : strcmp((*p)->name, all->items[i].name);

		if (order < 0) {
			if (passes_input_on && find_handler(*p, trigger))
				pass_input_on();
			r = run_builtin_printing(ctx, *p, trigger, args, err);
			p++;
			continue;
		}
		if (strvec_has(&all->items[i].files, trigger))
			r = run_one(ctx, &all->items[i], trigger, args, NULL, NULL, err);
		i++;
		p += order == 0;
	}
	return r < 0 ? r : 0;
}

/* --- for the built-in handlers --- */

const char *trigger_arg(const struct trigger_call *call, size_t i)
{
	return i < call->args->count ? call->args->items[i] : "";
}

int trigger_need_app(const struct trigger_call *call, struct err *err)
{
	if (app_exists(call->ctx, trigger_arg(call, 0)))
		return 0;
	return err_user(err, ERR_NOT_FOUND, 20, "App %s does not exist", trigger_arg(call, 0));
}

int trigger_run_self(const struct trigger_call *call, const char *command, struct err *err)
{
	AUTO_STRVEC argv = STRVEC_INIT;
	int code;

	strvec_push(&argv, command);
	strvec_pushv(&argv, call->args->items);
	code = trigger_exec(call->ctx, "/proc/self/exe", &argv, NULL, NULL, err);
	return code <= 0 ? code : err_exit(err, code);
}
