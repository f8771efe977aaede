/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Docker command-line flags that users add to an app's containers: config/docker-options/<app>/
 * <process|_default_>.<phase>, one option per line, sorted. Each line is one flag with its values,
 * quoted for a shell; nothing in it is ever expanded. Legacy DOCKER_OPTIONS_<PHASE> files in the
 * app's folder are read where there is no list yet, and drained by the first change of the phase.
 */

#include <stdbool.h>

#include "core/ctx.h"

enum docker_phase { DOCKER_PHASE_BUILD, DOCKER_PHASE_DEPLOY, DOCKER_PHASE_RUN, DOCKER_PHASES };

const char *docker_phase_name(enum docker_phase phase);
/* Appends the phases of "build,run" to RET (room for DOCKER_PHASES), each once; returns how many
 * there are. ERR_USAGE for another word; the text "" gives none. */
MUST_CHECK int docker_phases_parse(const char *text, enum docker_phase *ret, struct err *err);

/* Options of one scope. PROCESS NULL: those of every container. */
MUST_CHECK int docker_options_get(struct ctx *ctx, const char *app, const char *process,
	enum docker_phase phase, struct strvec *ret, struct err *err);
/* Adds one, unless it is there already. */
MUST_CHECK int docker_options_add(struct ctx *ctx, const char *app, const char *process,
	enum docker_phase phase, const char *option, struct err *err);
/* Removes those that mean the same, word by word. */
MUST_CHECK int docker_options_remove(struct ctx *ctx, const char *app, const char *process,
	enum docker_phase phase, const char *option, struct err *err);
MUST_CHECK int docker_options_clear(struct ctx *ctx, const char *app, const char *process,
	enum docker_phase phase, struct err *err);
/* Brings what legacy files still hold into lists. */
MUST_CHECK int docker_options_drain(struct ctx *ctx, const char *app, struct err *err);
/* Process types that have options of their own, sorted. */
MUST_CHECK int docker_options_processes(struct ctx *ctx, const char *app, struct strvec *ret,
	struct err *err);
/*
 * The options a container of an image built by BUILDER gets, those of every container or, with
 * PROCESS, of that type alone: comments left out, as are flags that make no sense there (volumes and
 * links in a build by Dockerfile ...).
 */
MUST_CHECK int docker_options_for(struct ctx *ctx, const char *app, const char *process,
	enum docker_phase phase, const char *builder, struct strvec *ret, struct err *err);

/*
 * Splits what a user typed into one option per flag, quoted as they are stored; "--process P" in it
 * goes to PROCESSES. ERR_INVALID when it cannot be split.
 */
MUST_CHECK int docker_options_split(const char *text, struct strvec *options,
	struct strvec *processes, struct err *err);
