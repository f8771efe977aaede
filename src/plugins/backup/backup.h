/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Backups of an instance: one archive of all that would be missed on a new machine.
 *
 *   manifest.json            format, program, label, time, apps, volumes, plugins
 *   networks.json            definitions of the networks that this instance has made
 *   home/ config/ data/ plugins/    what belongs to no app
 *   crontab                  the user's
 *   apps/<app>/home/ environment/ config/<plugin>/ data/<plugin>/ data-app/<plugin>/
 *   apps/<app>/repository.bundle, image.tar
 *   volumes/<n>.tar          as the manifest's list of volumes has them
 *   checksums.json           of everything above
 *
 * Which files belong to an app and which to none is decided by where they are (places.c), so that
 * what a plugin keeps in the usual places comes along by itself.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/child.h"
#include "core/operation.h"
#include "core/plugin.h"

/* Name of an import's lock and journal, as messages show it; no app can have it. */
#define IMPORT_NAME "(backup)"

int backup_run_export(struct ctx *ctx, const struct args *args, struct err *err);
int backup_run_import(struct ctx *ctx, const struct args *args, struct err *err);
int backup_run_list(struct ctx *ctx, const struct args *args, struct err *err);
int backup_run_inspect(struct ctx *ctx, const struct args *args, struct err *err);
extern const struct step_kind backup_steps[];
/* One of them by name. */
const struct step_kind *backup_step(const char *name);

/* --- archive.c: the program that writes and reads the archive --- */

struct writer {
	struct child child;
	FILE *to;
	FILE *from;
	int said; /* what it says when it fails */
	uint64_t files;
	uint64_t bytes;
};

/* FD is where the archive goes; it stays the caller's. writer_done() in every case. */
MUST_CHECK int writer_open(struct ctx *ctx, int fd, bool gzip, struct writer *w, struct err *err);
/* A file or a tree; names that fit one of SKIP (NULL-terminated, may be NULL) directly in it are left
 * out. What else had to be left out is said. */
MUST_CHECK int writer_tree(struct writer *w, const char *path, const char *name,
	const char *const *skip, struct err *err);
MUST_CHECK int writer_text(struct writer *w, const char *name, const char *text, struct err *err);
/* Completes it; files and bytes are of all. */
MUST_CHECK int writer_end(struct writer *w, struct err *err);
void writer_done(struct writer *w);

/*
 * Reads and checks the archive on FD: DEST NULL lists it, else unpacks it there, using at most
 * MAX_BYTES. *RET as backup-read.h says.
 */
MUST_CHECK int archive_read_all(struct ctx *ctx, int fd, const char *dest, uint64_t max_bytes,
	json_t **ret, struct err *err);

/* --- places.c: which files --- */

struct place {
	char *path;
	char *name; /* in the archive */
	const char *const *skip;
};
struct places {
	struct place *items;
	size_t count;
};
#define PLACES_INIT                                                                                \
	{                                                                                          \
		0                                                                                  \
	}
void places_done(struct places *p);
#define AUTO_PLACES CLEANUP(places_done) struct places

MUST_CHECK int places_of_app(struct ctx *ctx, const char *app, struct places *ret, struct err *err);
/* What belongs to none of APPS. */
MUST_CHECK int places_of_none(struct ctx *ctx, const struct strvec *apps, struct places *ret,
	struct err *err);
/* Puts what is in the unpacked archive DIR in its place, instead of what is there. Repeatable. */
MUST_CHECK int places_restore_app(struct ctx *ctx, const char *dir, const char *app,
	struct err *err);
MUST_CHECK int places_restore_none(struct ctx *ctx, const char *dir, struct err *err);

/* --- goods.c: what the engine holds --- */

/* Definitions of our networks, a new array. */
MUST_CHECK int goods_networks(struct ctx *ctx, json_t **ret, struct err *err);
/* Creates those that do not exist. What the engine refuses is said. */
MUST_CHECK int goods_make_networks(struct ctx *ctx, json_t *networks, struct err *err);

/*
 * Appends {"kind": "volume" or "storage", "name"} for each named volume of our containers and each
 * storage folder. Folders of the host that apps mount from elsewhere are said to be left out.
 */
MUST_CHECK int goods_volumes(struct ctx *ctx, json_t *ret, struct err *err);
/* Does it exist, with something in it as far as can be told? */
bool goods_volume_exists(struct ctx *ctx, const json_t *volume);
/* All its files with their owners as a tar file at PATH, and back. */
MUST_CHECK int goods_save_volume(struct ctx *ctx, const json_t *volume, const char *path,
	struct err *err);
MUST_CHECK int goods_load_volume(struct ctx *ctx, const json_t *volume, const char *path,
	struct err *err);

/* The app's image as a file at PATH; 0 when it has none. */
MUST_CHECK int goods_save_image(struct ctx *ctx, const char *app, const char *path,
	struct err *err);
MUST_CHECK int goods_load_image(struct ctx *ctx, const char *app, const char *path,
	struct err *err);

/* crontab(1) with FLAG "-l" (OUT is what there is) or "-" (IN is the new one). 1 when it did so; 0 when
 * there is no crontab, or no cron. */
MUST_CHECK int backup_crontab(struct ctx *ctx, const char *flag, const struct strbuf *in,
	struct strbuf *out, struct err *err);

/* A string member, "" when absent. */
const char *json_text(const json_t *object, const char *key);
