/* SPDX-License-Identifier: MIT */
/* The storage plugin: folders and volumes that outlive containers. */
#include "plugins/storage/storage.h"

#include "core/storage_migrate.h"

static const struct flag create_flags[] = {
	{ "scheduler", 0, FLAG_VALUE, "docker-local|k3s", "Who it is for" },
	{ "size", 0, FLAG_VALUE, "<size>", "Size of the volume (k3s)" },
	{ "access-mode", 0, FLAG_VALUE, "<mode>", "Access mode of the volume (k3s)" },
	{ "storage-class-name", 0, FLAG_VALUE, "<class>", "Class of the volume (k3s)" },
	{ "namespace", 0, FLAG_VALUE, "<namespace>", "Namespace of the volume (k3s)" },
	{ "chown", 0, FLAG_VALUE, "<owner>",
		"Owner: herokuish, heroku, paketo, root, false or a number (docker-local)" },
	{ "mode", 0, FLAG_VALUE, "<mode>", "Octal mode of the folder (docker-local)" },
	{ "reclaim-policy", 0, FLAG_VALUE, "Retain|Delete", "What storage:destroy does with it" },
	{ "annotation", 0, FLAG_LIST, "<key>=<value>", "An annotation" },
	{ "label", 0, FLAG_LIST, "<key>=<value>", "A label" },
	{},
};

static const struct flag set_flags[] = {
	{ "size", 0, FLAG_VALUE, "<size>", "Deprecated" },
	{ "access-mode", 0, FLAG_VALUE, "<mode>", "Deprecated" },
	{ "storage-class-name", 0, FLAG_VALUE, "<class>", "Deprecated" },
	{ "namespace", 0, FLAG_VALUE, "<namespace>", "Deprecated" },
	{ "chown", 0, FLAG_VALUE, "<owner>", "Deprecated" },
	{ "mode", 0, FLAG_VALUE, "<mode>", "Deprecated" },
	{ "reclaim-policy", 0, FLAG_VALUE, "Retain|Delete", "Deprecated" },
	{ "annotation", 0, FLAG_LIST, "<key>=<value>", "Deprecated" },
	{ "label", 0, FLAG_LIST, "<key>=<value>", "Deprecated" },
	{},
};

static const struct flag destroy_flags[] = {
	{ "force", 0, FLAG_BOOL, NULL, "Do not ask" },
	{ "destroy-host-dir", 0, FLAG_BOOL, NULL, "Remove its folder, too" },
	{},
};

static const struct flag ensure_flags[] = {
	{ "chown", 0, FLAG_VALUE, "<owner>", "herokuish, heroku, paketo, root, false or a number" },
	{},
};

static const struct flag exec_flags[] = {
	{ "image", 0, FLAG_VALUE, "<image>", "Image of the container (alpine:3)" },
	{ "as-user", 0, FLAG_VALUE, "<uid>", "Number of the user in the container" },
	{},
};

static const struct flag text_flags[] = {
	{ "format", 0, FLAG_VALUE, "text|json", "Output format" },
	{},
};

static const struct flag list_flags[] = {
	{ "scheduler", 0, FLAG_VALUE, "<scheduler>", "Only entries of that scheduler" },
	{ "format", 0, FLAG_VALUE, "text|json", "Output format" },
	{},
};

static const struct flag map_flags[] = {
	{ "format", 0, FLAG_VALUE, "text|stdout|json", "Output format" },
	{},
};

static const struct flag report_flags[] = {
	{ "format", 0, FLAG_VALUE, "stdout|json", "Output format" },
	{},
};

static const struct flag migrate_flags[] = {
	{ "all", 0, FLAG_BOOL, NULL, "All apps" },
	{},
};

static const struct flag mount_flags[] = {
	{ "container-dir", 0, FLAG_VALUE, "<path>", "Where the container has it" },
	{ "phase", 0, FLAG_LIST, "deploy|run", "Only in that phase" },
	{ "process-type", 0, FLAG_VALUE, "<process-type>", "Only for that process type" },
	{ "volume-subpath", 0, FLAG_VALUE, "<path>", "A folder inside of the entry" },
	{ "volume-readonly", 0, FLAG_BOOL, NULL, "The container may not write" },
	{ "volume-chown", 0, FLAG_VALUE, "<owner>", "Give the folder that owner now" },
	{ "volume-options", 0, FLAG_VALUE, "<options>", "Further options, as Z or nocopy" },
	{},
};

static const struct flag unmount_flags[] = {
	{ "container-dir", 0, FLAG_VALUE, "<path>", "Which one, of several" },
	{},
};

static const char no_name[] = "storage entry name is required";

static const struct command commands[] = {
	{ "storage:annotations:report", "[<name>] [<flag>]",
		"Report annotations of storage entries", CMD_READ | CMD_JSON | CMD_REPORT, 0, 1,
		map_flags, storage_run_annotations_report, NULL },
	{ "storage:annotations:set", "<name> <key> [<value>]",
		"Set or clear an annotation of a storage entry", 0, 1, 3, NULL,
		storage_run_annotations_set, no_name },
	{ "storage:create", "<name> [<path>]", "Register a folder or volume as a storage entry", 0,
		1, 2, create_flags, storage_run_create, no_name },
	{ "storage:destroy", "[--force] [--destroy-host-dir] <name>",
		"Remove a storage entry that no app mounts", 0, 1, 1, destroy_flags,
		storage_run_destroy, no_name },
	{ "storage:ensure-directory", "[--chown <owner>] <directory>",
		"Make a folder below the default path (use storage:create)", 0, 1, 1, ensure_flags,
		storage_run_ensure_directory, "Please specify a directory to create" },
	{ "storage:exec", "[--image <image>] [--as-user <uid>] <name> [-- <command>...]",
		"Run a command in a container that has the storage entry at /data", 0, 1, -1,
		exec_flags, storage_run_exec, "storage:exec requires a storage entry name" },
	{ "storage:info", "<name> [--format text|json]", "Print a storage entry",
		CMD_READ | CMD_JSON, 1, 1, text_flags, storage_run_info, no_name },
	{ "storage:labels:report", "[<name>] [<flag>]", "Report labels of storage entries",
		CMD_READ | CMD_JSON | CMD_REPORT, 0, 1, map_flags, storage_run_labels_report,
		NULL },
	{ "storage:labels:set", "<name> <key> [<value>]", "Set or clear a label of a storage entry",
		0, 1, 3, NULL, storage_run_labels_set, no_name },
	{ "storage:list", "<app> [--format text|json]", "List the mounts of an app",
		CMD_APP | CMD_READ | CMD_JSON, 1, 1, text_flags, storage_run_list, NULL },
	{ "storage:list-entries", "[--scheduler <scheduler>] [--format text|json]",
		"List storage entries", CMD_READ | CMD_JSON, 0, 0, list_flags,
		storage_run_list_entries, NULL },
	{ "storage:migrate", "<app>|--all", "Make mounts of -v flags in docker-options", 0, 0, 1,
		migrate_flags, storage_run_migrate, NULL },
	{ "storage:mount", "<app> <host:container[:options]>|<entry>",
		"Show an app a storage entry, from its next deploy on", CMD_APP | CMD_LOCK, 2, 2,
		mount_flags, storage_run_mount, NULL },
	{ "storage:report", "[<app>|--global] [<flag>]",
		"Report the mounts of apps, or all storage entries",
		CMD_APP_OR_GLOBAL | CMD_APP_OPTIONAL | CMD_REPORT | CMD_READ | CMD_JSON, 0, 1,
		report_flags, storage_run_report, NULL },
	{ "storage:set", "<name> <property> [<value>]",
		"Set or clear a property of a storage entry", 0, 1, 3, set_flags, storage_run_set,
		no_name },
	{ "storage:unmount", "<app> <host:container|entry> [--container-dir <path>]",
		"Take a storage entry away from an app", CMD_APP | CMD_LOCK, 2, 2, unmount_flags,
		storage_run_unmount, NULL },
	{ "storage:wait", "<name>", "Wait for the volume of a storage entry", CMD_READ, 1, 1, NULL,
		storage_run_wait, no_name },
	{},
};

/* `storage:set` is about entries; these are of apps. */
static const struct property properties[] = {
	{ "legacy-mounts-migrated", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{ "mounts", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{},
};

const struct plugin plugin_storage = {
	.name = "storage",
	.summary = "Manage folders and volumes of apps",
	.report_flags = REPORT_LEGACY_KEYS | REPORT_NO_GLOBAL,
	.commands = commands,
	.properties = properties,
	.more_rows = storage_more_rows,
	.triggers = storage_triggers,
	.steps = storage_steps,
};
