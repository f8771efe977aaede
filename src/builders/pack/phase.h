/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The lifecycle's phases: which program with which arguments, by the platform interface. Phases that
 * look at images or write them see the engine and begin as root, without any code of a buildpack;
 * those that run buildpacks are the builder's user without it.
 */

#include <stdbool.h>

#include "base/strvec.h"
#include "builders/pack/builder.h"

enum pack_phase { PACK_ANALYZE, PACK_DETECT, PACK_RESTORE, PACK_BUILD, PACK_EXPORT, PACK_PHASES };

#define PACK_LAYERS       "/layers"
#define PACK_CACHE        "/cache"
#define PACK_LAUNCH_CACHE "/launch-cache"
#define PACK_ORDER        PACK_LAYERS "/order.toml"

struct pack_plan {
	unsigned api;
	const char *image;        /* to be made */
	const char *run_image;    /* to make it from */
	const char *previous;     /* "": IMAGE */
	const char *workspace;    /* absolute */
	const char *process_type; /* "": what the buildpacks say */
	bool has_order;           /* PACK_ORDER is there */
	bool clear_cache;
	bool debug;
	long uid; /* -1: the builder's */
	long gid;
	const struct strvec *tags; /* more names of the image */
};

/* "analyze", for people. */
const char *pack_phase_name(enum pack_phase phase);
/* Appends the program and its arguments. */
void pack_phase_argv(enum pack_phase phase, const struct pack_plan *plan, struct strvec *ret);
/* Does it need the engine's socket? */
bool pack_phase_sees_engine(enum pack_phase phase, unsigned api);
bool pack_phase_is_root(enum pack_phase phase);
/* Does it run code of buildpacks? Then it gets what the app has set for builds. */
bool pack_phase_runs_buildpacks(enum pack_phase phase);

/* Where the file of run images goes, and its text (run.toml or, before 0.12, stack.toml). */
const char *pack_run_path(unsigned api);
void pack_run_print(unsigned api, json_t *run_images, struct strbuf *out);

/* What an exit code means, as a sentence with the way out. */
const char *pack_exit_text(enum pack_phase phase, int code);
