/* SPDX-License-Identifier: MIT */
#include "lib/dockeropts/private.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

json_t *dockeropts_default_body(void)
{
	json_t *body = json_object();
	json_t *host = child_object(body, "HostConfig");
	json_t *restart = child_object(host, "RestartPolicy");

	put(body, "AttachStdout", json_true());
	put(body, "AttachStderr", json_true());
	put(host, "NetworkMode", text("default"));
	put(restart, "Name", text("no"));
	put(restart, "MaximumRetryCount", json_integer(0));
	put(host, "MemorySwappiness", json_integer(-1));
	put(host, "OomKillDisable", json_false());
	put(host, "PidsLimit", json_integer(0));
	return body;
}

static json_t *copy(const json_t *value)
{
	json_t *c = json_deep_copy(value);

	if (!c)
		abort();
	return c;
}

/* Members that make sense only as a whole: the later one replaces the earlier. */
static bool is_whole(const char *key)
{
	static const char *const whole[] = { "Cmd", "ConsoleSize", "Entrypoint", "Healthcheck",
		"MaskedPaths", "OnBuild", "ReadonlyPaths", "RestartPolicy", "Shell" };

	for (size_t i = 0; i < ARRAY_SIZE(whole); i++) {
		if (strcmp(key, whole[i]) == 0)
			return true;
	}
	return false;
}

/*
 * What tells the items of a list apart: the name of a variable or ulimit. NULL for lists whose
 * items are just different or equal.
 */
static char *item_name(const char *key, const json_t *item)
{
	const char *rest;

	if (strcmp(key, "Env") == 0 && json_is_string(item))
		return cut(json_string_value(item), '=', &rest);
	if (strcmp(key, "Ulimits") == 0)
		return xstrdup_null(json_string_value(json_object_get(item, "Name")));
	return NULL;
}

static void merge_item(const char *key, json_t *base, const json_t *item)
{
	AUTO_FREE char *name = item_name(key, item);

	for (size_t i = 0; i < json_array_size(base); i++) {
		const json_t *other = json_array_get(base, i);
		AUTO_FREE char *other_name = name ? item_name(key, other) : NULL;

		if (name && other_name && strcmp(name, other_name) == 0) {
			json_array_set_new(base, i, copy(item));
			return;
		}
		if (json_equal(other, item))
			return;
	}
	push(base, copy(item));
}

static void merge_array(const char *key, json_t *base, const json_t *over)
{
	for (size_t i = 0; i < json_array_size(over); i++)
		merge_item(key, base, json_array_get(over, i));
}

static void merge_flat(json_t *base, const json_t *over)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)over, key, value)
		put(base, key, copy(value));
}

/* Options of one log driver mean nothing to another. */
static void merge_log(json_t *base, const json_t *over)
{
	const json_t *type = json_object_get(over, "Type");
	const json_t *old = json_object_get(base, "Type");
	json_t *config;

	if (type && old && *json_string_value(old) && !json_equal(type, old))
		json_object_clear(base);
	if (type)
		put(base, "Type", copy(type));
	config = child_object(base, "Config");
	merge_flat(config, json_object_get(over, "Config"));
}

/* A member of one section. Maps below it are flat, except that ports map to lists. */
static void merge_member(json_t *base, const char *key, const json_t *value)
{
	json_t *old = json_object_get(base, key);
	const char *port;
	json_t *bindings;

	if (!old || json_typeof(old) != json_typeof(value) || is_whole(key)) {
		put(base, key, copy(value));
	} else if (json_is_array(value)) {
		merge_array(key, old, value);
	} else if (strcmp(key, "LogConfig") == 0) {
		merge_log(old, value);
	} else if (strcmp(key, "PortBindings") == 0) {
		json_object_foreach ((json_t *)(uintptr_t)value, port, bindings)
			merge_array(key, child_array(old, port), bindings);
	} else if (json_is_object(value)) {
		merge_flat(old, value);
	} else {
		put(base, key, copy(value));
	}
}

static void merge_section(json_t *base, const json_t *over)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)over, key, value) {
		if (strcmp(key, "HostConfig") != 0 && strcmp(key, "NetworkingConfig") != 0)
			merge_member(base, key, value);
	}
}

/*
 * --ip and the like without --network speak of the default network; on a base that names one they
 * are about that.
 */
static void merge_networks(json_t *base, const json_t *host, const json_t *net)
{
	const json_t *mine = json_object_get(net, "EndpointsConfig");
	const char *mode;
	const char *name;
	json_t *endpoint;
	json_t *endpoints;

	if (json_object_get(host, "NetworkMode")) {
		json_object_del(base, "NetworkingConfig");
		if (net)
			put(base, "NetworkingConfig", copy(net));
		return;
	}
	if (!json_object_size(mine))
		return;
	mode = json_string_value(
		json_object_get(json_object_get(base, "HostConfig"), "NetworkMode"));
	endpoints = child_object(child_object(base, "NetworkingConfig"), "EndpointsConfig");
	json_object_foreach ((json_t *)(uintptr_t)mine, name, endpoint) {
		bool is_default = strcmp(name, "default") == 0;

		merge_flat(child_object(endpoints, is_default && mode ? mode : name), endpoint);
	}
}

void dockeropts_merge(json_t *base, const json_t *over)
{
	const json_t *host = json_object_get(over, "HostConfig");

	merge_section(base, over);
	merge_networks(base, host, json_object_get(over, "NetworkingConfig"));
	if (host)
		merge_section(child_object(base, "HostConfig"), host);
}
