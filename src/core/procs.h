/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Process types of an app: what the Procfile says to run, and how many of each (config/ps/<app>/
 * scale, lines "proc=count").
 */

#include "core/ctx.h"

struct proc_count {
	char *name;
	unsigned count;
};

struct scale {
	struct proc_count *items; /* in file order; web first where Dokku puts it first */
	size_t count;
};
#define SCALE_INIT { 0 }
void scale_done(struct scale *s);
#define AUTO_SCALE CLEANUP(scale_done) struct scale

/* The stored scale; an app without one has web=1. */
MUST_CHECK int procs_scale(struct ctx *ctx, const char *app, struct scale *ret, struct err *err);
MUST_CHECK int procs_set_scale(struct ctx *ctx, const char *app, const struct scale *scale,
	struct err *err);
/* Sets or adds one entry. */
void scale_put(struct scale *s, const char *name, unsigned count);
/* The entry, or NULL. */
const struct proc_count *scale_find(const struct scale *s, const char *name);
/*
 * After a build: process types that are new get 0 (a new app: web=1), ones that vanished and were 0
 * are moved to scale.old, as Dokku's ps plugin does.
 */
MUST_CHECK int procs_sync_scale(struct ctx *ctx, const char *app, struct err *err);

/* 1 when the app has a Procfile (staged or live). Its process types are appended in order. */
MUST_CHECK int procs_types(struct ctx *ctx, const char *app, struct strvec *ret, struct err *err);
/*
 * Appends the command line of a process type, expanded against the merged environment with PORT;
 * 0 and nothing when the Procfile has no such entry or there is none.
 */
MUST_CHECK int procs_command(struct ctx *ctx, const char *app, const char *proc,
	const char *port, struct strbuf *out, struct err *err);
/* A valid process type name. */
bool proc_name_valid(const char *name);
