/* SPDX-License-Identifier: MIT */
/* What is read must be a value within the limits. */
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "lib/toml/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t depth_of(json_t *value)
{
	size_t deepest = 0;
	size_t n;
	const char *key;
	json_t *item;

	if (json_is_object(value)) {
		json_object_foreach (value, key, item) {
			n = depth_of(item);
			deepest = n > deepest ? n : deepest;
		}
	}
	for (size_t i = 0; i < json_array_size(value); i++) {
		n = depth_of(json_array_get(value, i));
		deepest = n > deepest ? n : deepest;
	}
	return json_is_object(value) || json_is_array(value) ? deepest + 1 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ERR err = ERR_INIT;
	json_t *value = NULL;

	if (toml_parse((const char *)data, size, &value, &err) < 0) {
		if (value || err.kind != ERR_INVALID)
			abort();
		return 0;
	}
	/* A header, a dotted key below it and the brackets of its value: each is limited. */
	if (!json_is_object(value) || depth_of(value) > 4 * TOML_DEPTH_MAX)
		abort();
	json_decref(value);
	return 0;
}
