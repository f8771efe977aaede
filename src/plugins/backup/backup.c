/* SPDX-License-Identifier: MIT */
/* The commands; backup.h says how the rest is divided. */
#include "plugins/backup/backup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/output.h"

static int read_backup(struct ctx *ctx, const char *file, json_t **ret, struct err *err)
{
	AUTO_CLOSE int fd = str_eq(file, "-") ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					      : open(file, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open '%s'", file)
		      : archive_read_all(ctx, fd, NULL, 0, ret, err);
}

/* --- list --- */

static json_t *file_facts(const char *dir, const char *name)
{
	AUTO_FREE char *path = path_join(dir, name);
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	return json_pack("{s:s, s:s, s:I}", "name", name, "path", path, "size",
		(json_int_t)st.st_size);
}

static int list_usual(struct ctx *ctx, bool as_json, struct err *err)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/moorage/backups");
	AUTO_STRVEC names = STRVEC_INIT;
	json_t *all = json_array();
	int r = fs_list(dir, &names, err);

	if (!as_json && r >= 0)
		out_info2_quiet("Backups in %s", dir);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		json_t *facts = *names.items[i] == '.' ? NULL : file_facts(dir, names.items[i]);

		if (!facts)
			continue;
		if (!as_json)
			out_line("%s", names.items[i]);
		json_array_append_new(all, facts);
	}
	if (r >= 0 && as_json)
		out_json(json_incref(all));
	json_decref(all);
	return r < 0 ? r : 0;
}

int backup_run_list(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *file = args_pos(args, 0);
	bool as_json = str_eq(args_value(args, "format", "stdout"), "json");
	json_t *all = NULL;
	json_t *members;
	json_t *one;
	size_t i;
	int r;

	if (!*file)
		return list_usual(ctx, as_json, err);
	r = read_backup(ctx, file, &all, err);
	if (r < 0)
		return r;
	members = json_object_get(all, "members");
	if (as_json)
		out_json(json_incref(members));
	else
		json_array_foreach (members, i, one)
			out_line("%12lld %s",
				(long long)json_integer_value(json_object_get(one, "size")),
				json_text(one, "name"));
	json_decref(all);
	return 0;
}

/* --- inspect --- */

static void print_names(const char *title, const json_t *list)
{
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_FREE char *joined = NULL;

	for (size_t i = 0; i < json_array_size(list); i++)
		strvec_push(&names, json_text(json_array_get(list, i), "name"));
	joined = strvec_joined(&names, " ");
	out_row(20, title, joined);
}

static void print_summary(const json_t *all)
{
	const json_t *m = json_object_get(all, "manifest");
	AUTO_FREE char *files =
		xasprintf("%lld", (long long)json_integer_value(json_object_get(all, "files")));
	AUTO_FREE char *bytes =
		xasprintf("%lld", (long long)json_integer_value(json_object_get(all, "bytes")));

	out_info2_quiet("Backup %s", json_text(m, "id"));
	out_row(20, "Created:", json_text(m, "created"));
	out_row(20, "Made by version:", json_text(m, "version"));
	out_row(20, "Instance label:", json_text(m, "label"));
	print_names("Apps:", json_object_get(m, "apps"));
	print_names("Volumes:", json_object_get(m, "volumes"));
	print_names("Plugins:", json_object_get(m, "plugins"));
	out_row(20, "Files:", files);
	out_row(20, "Bytes:", bytes);
}

int backup_run_inspect(struct ctx *ctx, const struct args *args, struct err *err)
{
	json_t *all = NULL;
	int r = read_backup(ctx, args_pos(args, 0), &all, err);

	if (r < 0)
		return r;
	if (str_eq(args_value(args, "format", "stdout"), "json")) {
		json_object_del(all, "members");
		out_json(json_incref(all));
	} else {
		print_summary(all);
	}
	json_decref(all);
	return 0;
}

/* --- tables --- */

static const struct flag export_flags[] = {
	{ "file", 0, FLAG_VALUE, "path|-",
		"Where it goes; a name that ends in gz: gzip, else zstd" },
	{ "include-images", 0, FLAG_BOOL, NULL,
		"Also the apps' images, so that none is built again" },
	{ "include-volumes", 0, FLAG_BOOL, NULL, "Also storage folders and named volumes" },
	{ "exclude", 0, FLAG_LIST, "what",
		"Leave out app:NAME, builds, networks, plugins, repositories or settings" },
	{},
};
static const struct flag import_flags[] = {
	{ "app", 0, FLAG_LIST, "app", "Only this app; may be given several times" },
	{},
};
static const struct flag format_flags[] = {
	{ "format", 0, FLAG_VALUE, "stdout|json", "Format of the output" },
	{},
};

static const struct command commands[] = {
	{ "backup:export", "", "Write all state into one archive", 0, 0, 0, export_flags,
		backup_run_export, NULL },
	{ "backup:import", "<file|->", "Bring back what an archive holds", CMD_DRY_RUN, 1, 1,
		import_flags, backup_run_import, "Please specify a backup, or - to read one" },
	{ "backup:inspect", "<file|->", "Check an archive and summarize it", CMD_READ | CMD_JSON, 1,
		1, format_flags, backup_run_inspect, "Please specify a backup, or - to read one" },
	{ "backup:list", "[<file|->]", "List the archives, or what is in one", CMD_READ | CMD_JSON,
		0, 1, format_flags, backup_run_list, NULL },
	{},
};

extern const struct plugin plugin_backup;
const struct plugin plugin_backup = {
	.name = "backup",
	.summary = "Back up all state and bring it back",
	.report_flags = REPORT_NONE,
	.commands = commands,
	.steps = backup_steps,
};
