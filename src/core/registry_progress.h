/* SPDX-License-Identifier: MIT */
#pragma once

/* What is shown of a push or a pull: a line when a layer is done, and on the way through large ones. */

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct registry_layer {
	char *id;
	unsigned quarter; /* the last one that was told */
};

struct registry_progress {
	struct registry_layer *layers;
	size_t count;
};
#define REGISTRY_PROGRESS_INIT                                                                     \
	{                                                                                          \
		0                                                                                  \
	}
void registry_progress_done(struct registry_progress *p);
/* Fits progress_fn. */
void registry_progress_show(void *progress, const json_t *message);
