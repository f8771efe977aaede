/* SPDX-License-Identifier: MIT */
/* storage:report, and the texts it has in common with others. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/output.h"
#include "plugins/storage/storage.h"

/* An entry of a cluster may have no place on a host. */
static const char *host_of(const struct storage_entry *e)
{
	return *e->host_path ? e->host_path : e->name;
}

char *storage_text(const struct storage_use *use)
{
	AUTO_FREE char *options = storage_mount_options(&use->mount);

	return xasprintf("%s:%s%s%s", host_of(&use->entry), use->mount.path, *options ? ":" : "",
		options);
}

json_t *storage_uses_json(const struct storage_uses *all)
{
	json_t *list = json_array();

	for (size_t i = 0; i < all->count; i++) {
		const struct storage_use *use = &all->items[i];
		json_t *one = json_pack("{s:s, s:s, s:s}", "entry_name", use->entry.name,
			"host_path", host_of(&use->entry), "container_path", use->mount.path);

		if (use->mount.readonly)
			json_object_set_new(one, "readonly", json_true());
		if (*use->mount.options)
			json_object_set_new(one, "volume_options", json_string(use->mount.options));
		json_array_append_new(list, one);
	}
	return list;
}

/* --- of an app --- */

/* A report is not the place to fail because an entry is gone. */
static void add_phase(struct ctx *ctx, const char *app, const char *phase, struct report *report)
{
	AUTO_FREE char *flag = xasprintf("--storage-%s-mounts", phase);
	AUTO_STORAGE_USES all = STORAGE_USES_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT;

	if (storage_uses_load(ctx, app, phase, &all, &ignored) < 0)
		out_trace("%s", ignored.msg.buf);
	for (size_t i = 0; i < all.count; i++) {
		AUTO_FREE char *one = storage_text(&all.items[i]);

		strbuf_addf(&text, "%s-v %s", i ? " " : "", one);
	}
	report_add(report, flag, text.buf);
}

static void add_mount(const struct storage_mount *m, const struct storage_entry *e, size_t number,
	struct report *report)
{
	AUTO_FREE char *phases = strvec_joined(&m->phases, ",");
	const struct {
		const char *name;
		const char *value;
	} rows[] = {
		{ "entry-name", m->entry },
		{ "host-path", host_of(e) },
		{ "container-path", m->path },
		{ "phases", phases },
		{ "process-type", m->process },
		{ "subpath", m->subpath },
		{ "readonly", m->readonly ? "true" : "false" },
		{ "volume-options", m->options },
		{ "volume-chown", m->chown },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_FREE char *flag =
			xasprintf("--storage-attachment.%zu.%s", number, rows[i].name);

		report_add(report, flag, rows[i].value);
	}
}

int storage_more_rows(struct ctx *ctx, const char *app, struct report *report, struct err *err)
{
	AUTO_STORAGE_MOUNTS mounts = STORAGE_MOUNTS_INIT;
	size_t number = 0;
	int r = storage_mounts_load(ctx, app, &mounts, err);

	if (r < 0)
		return r;
	add_phase(ctx, app, "build", report);
	add_phase(ctx, app, "deploy", report);
	add_phase(ctx, app, "run", report);
	for (size_t i = 0; i < mounts.count; i++) {
		AUTO_STORAGE_ENTRY e = STORAGE_ENTRY_INIT;
		AUTO_ERR why = ERR_INIT;

		if (storage_entry_load(ctx, mounts.items[i].entry, &e, &why) >= 0)
			add_mount(&mounts.items[i], &e, ++number, report);
		else
			out_warn("Skipping attachment on \"%s\": missing entry \"%s\" (%s)", app,
				mounts.items[i].entry, err_text(&why));
	}
	return 0;
}

/* --- of all entries --- */

struct row {
	const struct storage_entry *entry;
	struct strvec apps;
};

static void print_text(const struct row *rows, size_t count)
{
	out_info1_quiet(count ? "Storage report (global):" : "No storage entries registered");
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *apps = strvec_joined(&rows[i].apps, ", ");

		out_verbose("%s\t%s\tmounted by: %s", rows[i].entry->name, rows[i].entry->scheduler,
			*apps ? apps : "\u2014");
	}
}

static void print_json(const struct row *rows, size_t count)
{
	json_t *list = json_array();
	AUTO_FREE char *text = NULL;

	for (size_t i = 0; i < count; i++) {
		json_t *apps = json_array();

		for (size_t j = 0; j < rows[i].apps.count; j++)
			json_array_append_new(apps, json_string(rows[i].apps.items[j]));
		json_array_append_new(list,
			json_pack("{s:o, s:o}", "entry", storage_entry_json(rows[i].entry),
				"mounted_by", apps));
	}
	text = json_dumps(list, JSON_INDENT(2));
	out_line("%s", text ? text : "[]");
	json_decref(list);
}

static int report_entries(struct ctx *ctx, const char *format, struct err *err)
{
	AUTO_STORAGE_ENTRIES all = { 0 };
	struct row *rows;
	int r = storage_entry_list(ctx, &all, err);

	if (r < 0)
		return r;
	rows = xcalloc(all.count + 1, sizeof(*rows));
	for (size_t i = 0; i < all.count; i++) {
		rows[i].entry = &all.items[i];
		strvec_init(&rows[i].apps);
		if (r >= 0)
			r = storage_users(ctx, all.items[i].name, &rows[i].apps, err);
	}
	if (r >= 0 && str_eq(format, "json"))
		print_json(rows, all.count);
	else if (r >= 0)
		print_text(rows, all.count);
	for (size_t i = 0; i < all.count; i++)
		strvec_done(&rows[i].apps);
	free(rows);
	return r;
}

int storage_run_report(struct ctx *ctx, const struct args *args, struct err *err)
{
	if (!str_eq(args_pos(args, 0), "--global"))
		return report_command(ctx, &plugin_storage, args, err);
	if (args->unknown.count)
		return err_set(err, ERR_USAGE, "Invalid flag passed, valid flags: ");
	return report_entries(ctx, args_value(args, "format", "stdout"), err);
}
