/* SPDX-License-Identifier: MIT */
#include "core/cnb.h"

#include <string.h>

#include "core/image_make.h"
#include "core/procs.h"
#include "lib/jsonc/jsonc.h"

bool cnb_is_image(json_t *inspected)
{
	return inspected && (*image_label(inspected, "io.buildpacks.stack.id") ||
				    *image_label(inspected, "io.buildpacks.lifecycle.metadata"));
}

void cnb_process_types(json_t *inspected, struct strvec *ret)
{
	const char *text = image_label(inspected, "io.buildpacks.build.metadata");
	AUTO_ERR ignored = ERR_INIT;
	json_t *metadata = NULL;
	json_t *item;
	size_t i;

	if (!*text || jsonc_parse(text, strlen(text), &metadata, &ignored) < 0)
		return;
	json_array_foreach (json_object_get(metadata, "processes"), i, item) {
		const char *type = json_string_value(json_object_get(item, "type"));

		if (type && proc_name_valid(type) && !strvec_has(ret, type))
			strvec_push(ret, type);
	}
	json_decref(metadata);
}
