/* SPDX-License-Identifier: MIT */
#include "builders/pack/layers.h"

#include "lib/toml/toml.h"

bool pack_process_types(const char *text, size_t len, struct strvec *ret)
{
	AUTO_ERR ignored = ERR_INIT;
	json_t *root = NULL;
	json_t *item;
	size_t i;

	if (toml_parse(text, len, &root, &ignored) < 0)
		return false;
	json_array_foreach (json_object_get(root, "processes"), i, item) {
		const char *type = json_string_value(json_object_get(item, "type"));

		if (type)
			strvec_push(ret, type);
	}
	json_decref(root);
	return true;
}
