/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Storage: what apps keep outside of their containers.
 *
 * An entry is a named folder of the host, or a named volume of the engine: one JSON file
 * LIB_ROOT/data/storage-registry/entries/<name>.json. A mount says where and how an app sees an
 * entry: one line of JSON in config/storage/<app>/mounts. Both are Dokku's formats.
 *
 * Changes of entries and mounts are made under storage_lock(), so that no entry goes while an app is
 * about to mount it. It is taken after an app's lock.
 */

#include <jansson.h>
#include <stdbool.h>

#include "base/strvec.h"
#include "core/ctx.h"

#define STORAGE_LOCAL    "docker-local"
#define STORAGE_K3S      "k3s"
#define STORAGE_LEGACY   "legacy-" /* names of entries that were made of a "host:container" text */
#define STORAGE_DEFAULT  "_default_" /* process type of a mount: all of them */
#define STORAGE_MIGRATED "legacy-mounts-migrated"

enum { STORAGE_NAME_MAX = 45, STORAGE_TEXT_MAX = 256 * 1024 };

/* Strings are never NULL in an entry that was loaded or initialised; "": not set. */
struct storage_entry {
	char *name;
	char *scheduler;
	char *host_path; /* absolute, or the name of a volume */
	char *size;
	char *access_mode;
	char *storage_class;
	char *namespace;
	char *chown;
	char *mode;
	char *reclaim_policy;
	json_t *annotations; /* object of strings, or NULL */
	json_t *labels;
};
#define AUTO_STORAGE_ENTRY CLEANUP(storage_entry_done) struct storage_entry
#define STORAGE_ENTRY_INIT                                                                         \
	{                                                                                          \
		0                                                                                  \
	}

struct storage_entries {
	struct storage_entry *items;
	size_t count;
};
#define AUTO_STORAGE_ENTRIES CLEANUP(storage_entries_done) struct storage_entries

struct storage_mount {
	char *entry;
	char *path; /* in the container */
	struct strvec phases;
	char *process;
	char *subpath;
	char *options;
	char *chown;
	bool readonly;
};
#define AUTO_STORAGE_MOUNT CLEANUP(storage_mount_done) struct storage_mount

struct storage_mounts {
	struct storage_mount *items;
	size_t count;
};
#define STORAGE_MOUNTS_INIT                                                                        \
	{                                                                                          \
		0                                                                                  \
	}
#define AUTO_STORAGE_MOUNTS CLEANUP(storage_mounts_done) struct storage_mounts

/* --- storage.c: entries --- */

/* All fields "". */
void storage_entry_init(struct storage_entry *e);
void storage_entry_done(struct storage_entry *e);
void storage_entries_done(struct storage_entries *all);
/* Replaces a field. */
void storage_put(char **field, const char *value);

/* ERR_INVALID when TEXT is no entry; RET is untouched then. */
MUST_CHECK int storage_entry_parse(const char *text, size_t len, struct storage_entry *ret,
	struct err *err);
/* As the file holds it: a new object in Dokku's order of keys. */
json_t *storage_entry_json(const struct storage_entry *e) MUST_CHECK;

/* The messages are Dokku's. LEGACY: names of migrated entries are allowed. */
MUST_CHECK int storage_name_check(const char *name, bool legacy, struct err *err);
/* Does what is set belong to the entry's scheduler, and to each other? */
MUST_CHECK int storage_entry_check(struct ctx *ctx, const struct storage_entry *e, struct err *err);
/* An octal mode with four digits, "" for ""; for free() in *RET. */
MUST_CHECK int storage_mode_check(const char *mode, char **ret, struct err *err);
/* Does this word name a volume of the engine? */
bool storage_is_volume(const char *host);
/* LIB_ROOT/data/storage/NAME, for free(). */
char *storage_default_path(struct ctx *ctx, const char *name) MUST_CHECK;

/* Descriptor of the registry's lock, for close(). Waits. */
MUST_CHECK int storage_lock(struct ctx *ctx, struct err *err);
bool storage_entry_exists(struct ctx *ctx, const char *name);
/* ERR_NOT_FOUND: "storage entry "x" does not exist". */
MUST_CHECK int storage_entry_load(struct ctx *ctx, const char *name, struct storage_entry *ret,
	struct err *err);
MUST_CHECK int storage_entry_save(struct ctx *ctx, const struct storage_entry *e, struct err *err);
MUST_CHECK int storage_entry_remove(struct ctx *ctx, const char *name, struct err *err);
/* All of them, by name. */
MUST_CHECK int storage_entry_list(struct ctx *ctx, struct storage_entries *ret, struct err *err);
/* Apps that mount it, sorted. */
MUST_CHECK int storage_users(struct ctx *ctx, const char *name, struct strvec *ret,
	struct err *err);

/* --- storage_mount.c: mounts --- */

void storage_mount_init(struct storage_mount *m);
void storage_mount_done(struct storage_mount *m);
void storage_mounts_done(struct storage_mounts *all);

/* One line of the file. */
MUST_CHECK int storage_mount_parse(const char *text, size_t len, struct storage_mount *ret,
	struct err *err);
json_t *storage_mount_json(const struct storage_mount *m) MUST_CHECK;
MUST_CHECK int storage_mount_check(const struct storage_mount *m, struct err *err);

/*
 * "host:container[:options]" as `storage:mount` takes it: the mount, of both phases and all process
 * types, and in *RET_HOST (for free()) the host's side. The mount's entry is the one whose name
 * Dokku derives from the host's side.
 */
MUST_CHECK int storage_legacy_parse(const char *text, struct storage_mount *ret, char **ret_host,
	struct err *err);
/* An entry for the host's side of such a text. */
void storage_legacy_entry(const char *host, struct storage_entry *ret);

MUST_CHECK int storage_mounts_load(struct ctx *ctx, const char *app, struct storage_mounts *ret,
	struct err *err);
MUST_CHECK int storage_mounts_save(struct ctx *ctx, const char *app,
	const struct storage_mounts *all, struct err *err);
/* Takes M's content over. */
void storage_mounts_add(struct storage_mounts *all, struct storage_mount *m);
/* The one of the same entry, container path and process type, or NULL. */
struct storage_mount *storage_mounts_find(const struct storage_mounts *all,
	const struct storage_mount *m);
bool storage_mount_in_phase(const struct storage_mount *m, const char *phase);
/* "ro,noexec": the third part of a -v flag, for free(); "" when there is none. */
char *storage_mount_options(const struct storage_mount *m) MUST_CHECK;

/* A mount with its entry, for those who make containers. */
struct storage_use {
	struct storage_mount mount;
	struct storage_entry entry;
};
struct storage_uses {
	struct storage_use *items;
	size_t count;
};
#define STORAGE_USES_INIT                                                                          \
	{                                                                                          \
		0                                                                                  \
	}
void storage_uses_done(struct storage_uses *all);
#define AUTO_STORAGE_USES CLEANUP(storage_uses_done) struct storage_uses

/* Those of a phase ("deploy", "run"), by entry and container path. An entry that is gone fails. */
MUST_CHECK int storage_uses_load(struct ctx *ctx, const char *app, const char *phase,
	struct storage_uses *ret, struct err *err);

/*
 * Appends the flags of `docker container create` for a container of PROCESS; NULL: one that belongs
 * to no process type and gets everything. Where two mounts have one path in the container, that of
 * the process type wins.
 */
MUST_CHECK int storage_args(struct ctx *ctx, const char *app, const char *process,
	const char *phase, struct strvec *ret, struct err *err);

/* --- storage_dir.c: folders --- */

/* "herokuish", "root" ... or a number: the number, as text for free(), shifted where the engine maps
 * users; "false" stays. */
MUST_CHECK int storage_owner(struct ctx *ctx, const char *chown, char **ret, struct err *err);
/* NAME is a folder of the storage root. Through the root helper, unless the instance has none. */
MUST_CHECK int storage_dir_chown(struct ctx *ctx, const char *name, const char *uid,
	struct err *err);
MUST_CHECK int storage_dir_chmod(struct ctx *ctx, const char *name, const char *mode,
	struct err *err);
MUST_CHECK int storage_dir_remove(struct ctx *ctx, const char *name, struct err *err);
/*
 * Makes the folder of an entry of this machine if it is missing, and gives it the entry's mode and
 * owner, which only folders below the storage root can have. Says what it does.
 */
MUST_CHECK int storage_dir_ensure(struct ctx *ctx, const struct storage_entry *e, struct err *err);
/* ERR_DENIED unless the entry's folder is the default one; FLAG is what asked for it. */
MUST_CHECK int storage_dir_is_default(struct ctx *ctx, const struct storage_entry *e,
	const char *flag, struct err *err);
