/* SPDX-License-Identifier: MIT */
#pragma once

/* The files of the storage plugin. Rows are in storage.c. */

#include "core/operation.h"
#include "core/plugin.h"
#include "core/report.h"
#include "core/storage.h"

/* entries.c */
int storage_run_create(struct ctx *ctx, const struct args *args, struct err *err);
int storage_run_destroy(struct ctx *ctx, const struct args *args, struct err *err);
int storage_run_exec(struct ctx *ctx, const struct args *args, struct err *err);
int storage_run_info(struct ctx *ctx, const struct args *args, struct err *err);
int storage_run_list_entries(struct ctx *ctx, const struct args *args, struct err *err);
int storage_run_wait(struct ctx *ctx, const struct args *args, struct err *err);
/*
 * Lets plugins do what is to be done about an entry of another scheduler: fires TRIGGER with the
 * entry on its standard input. What they print is appended to OUT, or printed when OUT is NULL.
 */
MUST_CHECK int storage_tell_scheduler(struct ctx *ctx, const char *trigger,
	const struct storage_entry *e, struct strbuf *out, struct err *err);

/* metadata.c: storage:set, annotations, labels */
int storage_run_set(struct ctx *ctx, const struct args *args, struct err *err);
int storage_run_annotations_set(struct ctx *ctx, const struct args *args, struct err *err);
int storage_run_annotations_report(struct ctx *ctx, const struct args *args, struct err *err);
int storage_run_labels_set(struct ctx *ctx, const struct args *args, struct err *err);
int storage_run_labels_report(struct ctx *ctx, const struct args *args, struct err *err);
/* The "key=value" values of FLAG as an object, NULL when there are none. */
MUST_CHECK int storage_take_pairs(const struct args *args, const char *flag, json_t **ret,
	struct err *err);

/* mounts.c */
int storage_run_mount(struct ctx *ctx, const struct args *args, struct err *err);
int storage_run_unmount(struct ctx *ctx, const struct args *args, struct err *err);
int storage_run_list(struct ctx *ctx, const struct args *args, struct err *err);

/* report.c */
int storage_run_report(struct ctx *ctx, const struct args *args, struct err *err);
int storage_more_rows(struct ctx *ctx, const char *app, struct report *report, struct err *err);
/* "host:container[:options]", for free(). */
char *storage_text(const struct storage_use *use) MUST_CHECK;
/* The mounts of a phase as `storage:list --format json` shows them: a new array. */
json_t *storage_uses_json(const struct storage_uses *all) MUST_CHECK;

/* legacy.c */
int storage_run_ensure_directory(struct ctx *ctx, const struct args *args, struct err *err);
int storage_run_migrate(struct ctx *ctx, const struct args *args, struct err *err);
/* Migrates apps that were not yet. */
MUST_CHECK int storage_migrate_new(struct ctx *ctx, struct err *err);

/* triggers.c */
extern const struct trigger_handler storage_triggers[];

extern const struct plugin plugin_storage;
