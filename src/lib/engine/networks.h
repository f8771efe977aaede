/* SPDX-License-Identifier: MIT */
#pragma once

/* Networks. NAME is a name or an id. Errors: see engine.h; results are 0 on success. */

#include "lib/engine/engine.h"

/* FILTERS may be NULL. *RET is a new array. */
MUST_CHECK int engine_network_list(struct engine *e, const json_t *filters, json_t **ret,
	struct err *err);
MUST_CHECK int engine_network_inspect(struct engine *e, const char *name, json_t **ret,
	struct err *err);
/*
 * CONFIG as of POST /networks/create, at least {"Name": ...}. *RET_ID is for free(); RET_ID may be
 * NULL. ERR_EXISTS when the name is taken. Hidden here: before 1.44 engines allow two networks of
 * one name unless CheckDuplicate is set, so it is; later ones do not know the field.
 */
MUST_CHECK int engine_network_create(struct engine *e, const json_t *config, char **ret_id,
	struct err *err);
/* ERR_REMOTE (403) while containers are connected. */
MUST_CHECK int engine_network_remove(struct engine *e, const char *name, struct err *err);
/* ALIASES: NULL-terminated, or NULL. A container that is connected already: ERR_REMOTE (403) or
 * ERR_EXISTS, depending on the version. */
MUST_CHECK int engine_network_connect(struct engine *e, const char *name, const char *container,
	char *const *aliases, struct err *err);
/* The same with a whole EndpointConfig (borrowed; may be NULL). */
MUST_CHECK int engine_network_connect_endpoint(struct engine *e, const char *name,
	const char *container, json_t *endpoint, struct err *err);
MUST_CHECK int engine_network_disconnect(struct engine *e, const char *name, const char *container,
	bool force, struct err *err);
