/* SPDX-License-Identifier: MIT */
/* dokku report: the machine, and the reports of all plugins for one or all apps. */
#include <jansson.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/report.h"
#include "core/trigger.h"
#include "core/version.h"
#include "lib/engine/engine.h"
#include "plugins/standard/standard.h"

/* --- the machine --- */

static void print_uname(void)
{
	struct utsname u;

	if (uname(&u) == 0)
		out_info1("uname: %s %s %s %s %s", u.sysname, u.nodename, u.release, u.version,
			u.machine);
}

static void print_memory(void)
{
	static const char *const rows[] = { "MemTotal:", "MemFree:", "MemAvailable:", "SwapTotal:",
		"SwapFree:" };
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT;

	out_info1("memory: ");
	if (fs_read_optional("/proc/meminfo", 65536, &text, &ignored) <= 0)
		return;
	strvec_split_lines(&lines, text.buf);
	for (size_t i = 0; i < lines.count; i++) {
		for (size_t j = 0; j < ARRAY_SIZE(rows); j++) {
			if (str_starts(lines.items[i], rows[j]))
				out_verbose("%s", lines.items[i]);
		}
	}
}

static void print_space(const char *path)
{
	struct statvfs st;
	double total;
	double avail;

	if (statvfs(path, &st) < 0 || !st.f_blocks)
		return;
	total = (double)st.f_blocks * (double)st.f_frsize / (1 << 30);
	avail = (double)st.f_bavail * (double)st.f_frsize / (1 << 30);
	out_verbose("%s: %.1fG, %.1fG available", path, total, avail);
}

static void print_inodes(const char *path)
{
	struct statvfs st;

	if (statvfs(path, &st) == 0 && st.f_blocks)
		out_verbose("%s: %llu, %llu available", path, (unsigned long long)st.f_files,
			(unsigned long long)st.f_favail);
}

static void print_disks(struct ctx *ctx)
{
	const char *const paths[] = { "/", ctx->inst.dokku_root, ctx->inst.lib_root };

	out_info1("disk utilization: ");
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		print_space(paths[i]);
	out_info1("disk inode utilization: ");
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		print_inodes(paths[i]);
}

static void print_members(json_t *info)
{
	const char *key;
	json_t *value;

	json_object_foreach (info, key, value) {
		if (json_is_string(value) && *json_string_value(value))
			out_verbose("%s: %s", key, json_string_value(value));
		else if (json_is_integer(value))
			out_verbose("%s: %lld", key, (long long)json_integer_value(value));
		else if (json_is_boolean(value))
			out_verbose("%s: %s", key, json_is_true(value) ? "true" : "false");
	}
	json_decref(info);
}

static void print_engine(struct ctx *ctx)
{
	AUTO_ERR err = ERR_INIT;
	json_t *version = NULL;
	json_t *info = NULL;

	if (engine_version(ctx_engine(ctx), &version, &err) < 0) {
		out_warn("docker does not answer: %s", err_text(&err));
		return;
	}
	out_info1("docker version: ");
	print_members(version);
	if (engine_info(ctx_engine(ctx), &info, &err) < 0) {
		out_warn("docker does not answer: %s", err_text(&err));
		return;
	}
	out_info1("docker daemon info: ");
	print_members(info);
}

static void print_git(void)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF said = STRBUF_CAPPED(4096);
	AUTO_ERR err = ERR_INIT;
	struct child_status st;

	strvec_pushl(&c.argv, "git", "--version", NULL);
	if (child_capture(&c, NULL, &said, NULL, &st, &err) < 0) {
		out_warn("git does not answer: %s", err_text(&err));
		return;
	}
	strbuf_trim(&said);
	out_info1("git version: %s", said.buf);
}

static void print_plugins(struct ctx *ctx)
{
	const struct external_plugins *externals = trigger_externals(ctx);

	out_info1("dokku plugins: ");
	for (const struct plugin *const *p = ctx->plugins; *p; p++) {
		if (!trigger_external(ctx, (*p)->name))
			out_verbose("%s (built in)", (*p)->name);
	}
	for (size_t i = 0; i < externals->count; i++)
		out_verbose("%s %s", externals->items[i].name, externals->items[i].path);
}

static void print_machine(struct ctx *ctx)
{
	print_uname();
	print_memory();
	print_disks(ctx);
	print_engine(ctx);
	out_info1("dokku version: %s", DOKKU_COMPAT_VERSION);
	out_info1("moorage version: %s", MOORAGE_VERSION);
	print_git();
	print_plugins(ctx);
}

/* --- apps --- */

static bool reports(struct ctx *ctx, const struct plugin *p)
{
	return plugin_has_report(p) && !trigger_external(ctx, p->name);
}

/* One plugin that cannot tell must not hide what the others say. */
static void print_sections(struct ctx *ctx, const char *app)
{
	for (const struct plugin *const *p = ctx->plugins; *p; p++) {
		AUTO_REPORT report = REPORT_INIT;
		AUTO_ERR one = ERR_INIT;

		if (!reports(ctx, *p))
			continue;
		if (report_build(ctx, *p, app, &report, &one) < 0 ||
			report_print(&report, *p, app, NULL, "stdout", &one) < 0)
			out_error(&one);
	}
	out_flush();
}

int standard_on_report(struct trigger_call *call, struct err *err)
{
	int r = trigger_need_app(call, err);

	if (r >= 0)
		print_sections(call->ctx, trigger_arg(call, 0));
	return r;
}

static void print_app(struct ctx *ctx, const char *app)
{
	AUTO_ERR err = ERR_INIT;

	print_sections(ctx, app);
	if (trigger_fire(ctx, &err, "report", app, NULL) < 0)
		out_error(&err);
}

/* A new object: report type to rows. */
static json_t *app_json(struct ctx *ctx, const char *app)
{
	json_t *all = json_object();

	for (const struct plugin *const *p = ctx->plugins; *p; p++) {
		AUTO_REPORT report = REPORT_INIT;
		AUTO_ERR one = ERR_INIT;

		if (!reports(ctx, *p))
			continue;
		if (report_build(ctx, *p, app, &report, &one) < 0)
			out_error(&one);
		else
			json_object_set_new(all, plugin_report_type(*p),
				report_to_json(&report, *p));
	}
	return all;
}

static void print_json(struct ctx *ctx, const struct strvec *apps)
{
	json_t *all = json_object();
	AUTO_FREE char *text = NULL;

	for (size_t i = 0; i < apps->count; i++)
		json_object_set_new(all, apps->items[i], app_json(ctx, apps->items[i]));
	text = json_dumps(all, JSON_COMPACT);
	out_line("%s", text ? text : "{}");
	json_decref(all);
}

int standard_run_report(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *format = args_value(args, "format", "stdout");
	const char *app = args_pos(args, 0);
	AUTO_STRVEC apps = STRVEC_INIT;
	int r = 0;

	if (!str_eq(format, "stdout") && !str_eq(format, "json"))
		return err_set(err, ERR_USAGE,
			"Invalid format specified, supported formats: json, stdout");
	if (*app)
		strvec_push(&apps, app);
	else if (args_has(args, "all") || str_eq(format, "json"))
		r = app_list(ctx, &apps, err);
	if (r < 0)
		return r;
	if (str_eq(format, "json")) {
		print_json(ctx, &apps);
		return 0;
	}
	print_machine(ctx);
	for (size_t i = 0; i < apps.count; i++)
		print_app(ctx, apps.items[i]);
	return 0;
}
