/* SPDX-License-Identifier: MIT */
/* Creation of containers, with what engine versions disagree on. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lib/engine/containers.h"
#include "lib/engine/networks.h"

enum {
	API_MANY_NETWORKS = 44, /* several endpoints at creation, MacAddress per endpoint */
};

/* The network that the container is created in; NULL: the engine's default. */
static const char *network_mode(const json_t *body)
{
	const char *mode = json_string_value(
		json_object_get(json_object_get(body, "HostConfig"), "NetworkMode"));

	return mode && *mode && strcmp(mode, "default") != 0 ? mode : NULL;
}

/* Cuts all endpoints but one out of BODY; *RET_LATER (new, or NULL) gets them. */
static void split_networks(json_t *body, json_t **ret_later)
{
	json_t *endpoints =
		json_object_get(json_object_get(body, "NetworkingConfig"), "EndpointsConfig");
	const char *stays = network_mode(body);
	json_t *later;
	const char *name;
	json_t *endpoint;

	if (json_object_size(endpoints) < 2)
		return;
	if (!stays || !json_object_get(endpoints, stays))
		stays = json_object_iter_key(json_object_iter(endpoints));
	later = json_object();
	json_object_foreach (endpoints, name, endpoint) {
		if (strcmp(name, stays) != 0)
			json_object_set(later, name, endpoint);
	}
	json_object_foreach (later, name, endpoint)
		json_object_del(endpoints, name);
	*ret_later = later;
}

/* KEY of PARENT, put there as {} when it is missing or null; borrowed. */
static json_t *child_object(json_t *parent, const char *key)
{
	json_t *child = json_object_get(parent, key);

	if (!json_is_object(child)) {
		json_object_set_new(parent, key, json_object());
		child = json_object_get(parent, key);
	}
	return child;
}

static void move_mac_address(json_t *body)
{
	const char *mac = json_string_value(json_object_get(body, "MacAddress"));
	const char *mode = network_mode(body);
	json_t *endpoint;

	if (!mac || !*mac)
		return;
	endpoint = child_object(child_object(child_object(body, "NetworkingConfig"),
					"EndpointsConfig"),
		mode ? mode : "default");
	if (!json_object_get(endpoint, "MacAddress"))
		json_object_set(endpoint, "MacAddress", json_object_get(body, "MacAddress"));
	json_object_del(body, "MacAddress");
}

static int connect_later(struct engine *e, const char *id, json_t *later, struct err *err)
{
	const char *name;
	json_t *endpoint;

	json_object_foreach (later, name, endpoint) {
		AUTO_ERR ignored = ERR_INIT;
		int r = engine_network_connect_endpoint(e, name, id, endpoint, err);

		if (r < 0) {
			/* Nothing half-made stays behind; what failed first is what counts. */
			(void)!engine_container_remove(e, id, true, true, &ignored);
			return r;
		}
	}
	return 0;
}

int engine_container_create(struct engine *e, const char *name, const json_t *config, char **ret_id,
	struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	json_auto_t *body = json_deep_copy(config);
	json_auto_t *later = NULL;
	json_auto_t *answer = NULL;
	AUTO_FREE char *id = NULL;
	int api = engine_api(e, err);
	int r;

	if (api < 0)
		return api;
	if (api < API_MANY_NETWORKS)
		split_networks(body, &later);
	else
		move_mac_address(body);
	target_path(&t, "/containers/create");
	target_query(&t, "name", name);
	r = engine_call_target(e, "POST", &t, body, &answer, err);
	if (r >= 0)
		r = engine_take_string(answer, "Id", &id, err);
	if (r == 0)
		r = connect_later(e, id, later, err);
	if (r < 0)
		return r;
	*ret_id = TAKE_PTR(id);
	return 0;
}
