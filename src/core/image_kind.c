/* SPDX-License-Identifier: MIT */
#include "core/image_kind.h"

#include <string.h>

#include "base/fs.h"
#include "core/app_env.h"
#include "core/image_make.h"
#include "core/procs.h"
#include "lib/jsonc/jsonc.h"

bool image_is_cnb(json_t *inspected)
{
	return *image_label(inspected, "io.buildpacks.stack.id") ||
	       *image_label(inspected, "io.buildpacks.lifecycle.metadata");
}

void image_process_types(json_t *inspected, struct strvec *ret)
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

const char *image_builder(json_t *inspected)
{
	const char *label = image_label(inspected, "com.dokku.builder-type");

	if (image_is_cnb(inspected))
		return "pack";
	return *label ? label : "dockerfile";
}

const char *image_env(json_t *inspected, const char *name)
{
	json_t *list = json_object_get(json_object_get(inspected, "Config"), "Env");
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one) {
		const char *pair = json_string_value(one);
		const char *rest = pair ? str_after(pair, name) : NULL;

		if (rest && *rest == '=')
			return rest + 1;
	}
	return "";
}

bool image_is_herokuish(struct ctx *ctx, const char *app, json_t *inspected)
{
	AUTO_STRBUF user = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT;

	if (image_is_cnb(inspected))
		return false;
	if (str_eq(image_builder(inspected), "herokuish"))
		return true;
	if (app_env_get(ctx, app, "DOKKU_APP_USER", &user, &ignored) <= 0 || !user.len)
		strbuf_set(&user, "herokuishuser");
	return str_eq(image_env(inspected, "USER"), user.buf);
}
