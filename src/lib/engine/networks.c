/* SPDX-License-Identifier: MIT */
#include "lib/engine/networks.h"

#include <stdlib.h>

#include "base/alloc.h"

enum { API_NO_CHECK_DUPLICATE = 44 };

int engine_network_list(struct engine *e, const json_t *filters, json_t **ret, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	target_path(&t, "/networks");
	target_query_json(&t, "filters", filters);
	r = engine_call_target(e, "GET", &t, NULL, ret, err);
	return r < 0 ? r : 0;
}

int engine_network_inspect(struct engine *e, const char *name, json_t **ret, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	target_noun(&t, "/networks/", name, "");
	r = engine_call_target(e, "GET", &t, NULL, ret, err);
	return r < 0 ? r : 0;
}

int engine_network_create(struct engine *e, const json_t *config, char **ret_id, struct err *err)
{
	json_auto_t *body = json_deep_copy(config);
	json_auto_t *answer = NULL;
	int r = engine_api(e, err);

	if (r < 0)
		return r;
	if (r < API_NO_CHECK_DUPLICATE)
		json_object_set_new(body, "CheckDuplicate", json_true());
	r = engine_call(e, "POST", "/networks/create", body, &answer, err);
	if (r < 0 || !ret_id)
		return r < 0 ? r : 0;
	return engine_take_string(answer, "Id", ret_id, err);
}

int engine_network_remove(struct engine *e, const char *name, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	target_noun(&t, "/networks/", name, "");
	r = engine_call_target(e, "DELETE", &t, NULL, NULL, err);
	return r < 0 ? r : 0;
}

int engine_network_connect_endpoint(struct engine *e, const char *name, const char *container,
	json_t *endpoint, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	json_auto_t *body = json_pack("{s:s}", "Container", container);
	int r;

	/* A name that is not UTF-8. */
	if (!body)
		return err_set(err, ERR_INVALID, "the container's name is not text");
	if (endpoint)
		json_object_set(body, "EndpointConfig", endpoint);
	target_noun(&t, "/networks/", name, "/connect");
	r = engine_call_target(e, "POST", &t, body, NULL, err);
	return r < 0 ? r : 0;
}

int engine_network_connect(struct engine *e, const char *name, const char *container,
	char *const *aliases, struct err *err)
{
	json_auto_t *endpoint = json_object();
	json_t *list = json_array();

	json_object_set_new(endpoint, "Aliases", list);
	for (char *const *a = aliases; a && *a; a++) {
		if (json_array_append_new(list, json_string(*a)) < 0)
			return err_set(err, ERR_INVALID, "a network alias is not text");
	}
	return engine_network_connect_endpoint(e, name, container, endpoint, err);
}

int engine_network_disconnect(struct engine *e, const char *name, const char *container, bool force,
	struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	json_auto_t *body = json_pack("{s:s, s:b}", "Container", container, "Force", (int)force);
	int r;

	if (!body)
		return err_set(err, ERR_INVALID, "the container's name is not text");
	target_noun(&t, "/networks/", name, "/disconnect");
	r = engine_call_target(e, "POST", &t, body, NULL, err);
	return r < 0 ? r : 0;
}
