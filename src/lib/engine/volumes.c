/* SPDX-License-Identifier: MIT */
#include "lib/engine/volumes.h"

int engine_volume_list(struct engine *e, const json_t *filters, json_t **ret, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	json_auto_t *answer = NULL;
	json_t *list;
	int r;

	target_path(&t, "/volumes");
	target_query_json(&t, "filters", filters);
	r = engine_call_target(e, "GET", &t, NULL, &answer, err);
	if (r < 0)
		return r;
	/* No volume at all is null for some engines. */
	list = json_object_get(answer, "Volumes");
	*ret = json_is_array(list) ? json_incref(list) : json_array();
	return 0;
}

int engine_volume_inspect(struct engine *e, const char *name, json_t **ret, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	target_noun(&t, "/volumes/", name, "");
	r = engine_call_target(e, "GET", &t, NULL, ret, err);
	return r < 0 ? r : 0;
}

int engine_volume_create(struct engine *e, const json_t *config, struct err *err)
{
	int r = engine_call(e, "POST", "/volumes/create", config, NULL, err);

	return r < 0 ? r : 0;
}

int engine_volume_remove(struct engine *e, const char *name, bool force, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	target_noun(&t, "/volumes/", name, "");
	target_query_flag(&t, "force", force);
	r = engine_call_target(e, "DELETE", &t, NULL, NULL, err);
	return r < 0 ? r : 0;
}
