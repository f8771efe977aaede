/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Space on disks. A full disk hurts every app of the machine, so a build that could fill one is
 * refused before it begins. What a build needs is estimated from the size of its source and from
 * what the build before it has added; instance.conf's disk_reserve is what must stay free besides.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/ctx.h"

/* "512m", "2g", "1000" (bytes), units of 1024. ERR_INVALID for anything else. */
MUST_CHECK int disk_size_parse(const char *text, uint64_t *ret, struct err *err);
/* "512.0 MB", for free(). */
char *disk_size_text(uint64_t bytes) MUST_CHECK;

/* Bytes of all files in what `git ls-tree -r -l -z` prints; lines that are none count as nothing. */
uint64_t disk_tree_bytes(const char *text, size_t len);
/* Bytes that an image's last build added: HISTORY as the engine gives it. */
uint64_t disk_history_bytes(const json_t *history);

/* ERR_FAILED when the disks have no room for a build of REV (NULL: the deploy branch; "": a source of
 * unknown size); the message says what to do. */
MUST_CHECK int disk_check_build(struct ctx *ctx, const char *app, const char *rev, struct err *err);
/* The same for a push. *RET_MAX: how many bytes may come; 0: any number. */
MUST_CHECK int disk_check_push(struct ctx *ctx, const char *app, uint64_t *ret_max,
	struct err *err);
