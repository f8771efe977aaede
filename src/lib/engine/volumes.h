/* SPDX-License-Identifier: MIT */
#pragma once

/* Named volumes. Errors: see engine.h; results are 0 on success. */

#include "lib/engine/engine.h"

/* *RET is a new array of volumes; FILTERS may be NULL. */
MUST_CHECK int engine_volume_list(struct engine *e, const json_t *filters, json_t **ret,
	struct err *err);
MUST_CHECK int engine_volume_inspect(struct engine *e, const char *name, json_t **ret,
	struct err *err);
/* CONFIG as of POST /volumes/create; a volume that exists with the same driver is fine. */
MUST_CHECK int engine_volume_create(struct engine *e, const json_t *config, struct err *err);
/* ERR_EXISTS while it is in use. */
MUST_CHECK int engine_volume_remove(struct engine *e, const char *name, bool force,
	struct err *err);
