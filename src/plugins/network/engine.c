/* SPDX-License-Identifier: MIT */
/* Networks of the engine. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/confirm.h"
#include "core/image.h"
#include "core/output.h"
#include "lib/engine/networks.h"
#include "plugins/network/network.h"

static const char marker[] = "com.dokku.network-name";

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static bool is_managed(const json_t *network)
{
	return json_object_get(json_object_get(network, "Labels"), marker) != NULL;
}

/* Made by this instance, not just by some Dokku. */
static bool is_ours(struct ctx *ctx, const json_t *network)
{
	const json_t *labels = json_object_get(network, "Labels");

	return is_managed(network) && str_eq(text(labels, "com.moorage.instance"), ctx->inst.label);
}

static int by_name(const void *a, const void *b)
{
	const json_t *const *left = a;
	const json_t *const *right = b;

	return strcmp(text(*left, "Name"), text(*right, "Name"));
}

/* *RET is a new array, sorted by name. */
static int sorted_networks(struct ctx *ctx, json_t **ret, struct err *err)
{
	json_t *list = NULL;
	json_t **items;
	size_t count;
	int r = engine_network_list(ctx_engine(ctx), NULL, &list, err);

	if (r < 0)
		return err_wrap(err, "Unable to list networks");
	count = json_array_size(list);
	items = xcalloc(count + 1, sizeof(json_t *));
	for (size_t i = 0; i < count; i++)
		items[i] = json_array_get(list, i);
	qsort(items, count, sizeof(json_t *), by_name);
	*ret = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append(*ret, items[i]);
	free(items);
	json_decref(list);
	return 0;
}

/* *RET is borrowed from LIST; ERR_NOT_FOUND. */
static int find_network(const json_t *list, const char *name, json_t **ret, struct err *err)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *one = json_array_get(list, i);

		if (str_eq(text(one, "Name"), name)) {
			*ret = one;
			return 0;
		}
	}
	return err_set(err, ERR_NOT_FOUND, "Network does not exist");
}

/* The members that Dokku prints, in its order. A new object. */
static json_t *as_dokku(const json_t *network)
{
	json_t *labels = json_object_get(network, "Labels");

	return json_pack("{s:s, s:b, s:s, s:o, s:b, s:b, s:o, s:s, s:s}", "CreatedAt",
		text(network, "Created"), "DokkuManaged", is_managed(network), "Driver",
		text(network, "Driver"), "ID", json_sprintf("%.12s", text(network, "Id")),
		"Internal", json_is_true(json_object_get(network, "Internal")), "IPv6",
		json_is_true(json_object_get(network, "EnableIPv6")), "Labels",
		json_is_object(labels) ? json_incref(labels) : json_object(), "Name",
		text(network, "Name"), "Scope", text(network, "Scope"));
}

/* --- commands --- */

int network_run_create(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *name = args_pos(args, 0);
	json_t *labels = labels_for(ctx, NULL);
	json_t *config;
	int r;

	out_info1_quiet("Creating network %s", name);
	json_object_set_new(labels, marker, json_string(name));
	config = json_pack("{s:s, s:s, s:b, s:o}", "Name", name, "Driver", "bridge", "Attachable",
		1, "Labels", labels);
	r = engine_network_create(ctx_engine(ctx), config, NULL, err);
	json_decref(config);
	return r < 0 ? err_wrap(err, "Unable to create network") : r;
}

int network_run_destroy(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *name = args_pos(args, 0);
	json_t *list = NULL;
	json_t *network = NULL;
	bool foreign;
	int r = sorted_networks(ctx, &list, err);

	if (r >= 0)
		r = find_network(list, name, &network, err);
	foreign = network && !is_ours(ctx, network);
	json_decref(list);
	if (r >= 0)
		r = confirm_destroy(ctx, "network", name,
			foreign ? "It was not made by network:create." : NULL, err);
	if (r < 0)
		return r;
	out_info1_quiet("Destroying network %s", name);
	r = engine_network_remove(ctx_engine(ctx), name, err);
	return r < 0 ? err_wrap(err, "Unable to destroy network") : r;
}

int network_run_exists(struct ctx *ctx, const struct args *args, struct err *err)
{
	json_t *list = NULL;
	json_t *network;
	int r = sorted_networks(ctx, &list, err);

	if (r >= 0)
		r = find_network(list, args_pos(args, 0), &network, err);
	json_decref(list);
	if (r >= 0)
		out_info1_quiet("Network exists");
	return r;
}

static void print_info(const json_t *network)
{
	out_info2_quiet("%s network information", text(network, "Name"));
	out_verbose("%-16s%.12s", "ID:", text(network, "Id"));
	out_verbose("%-16s%s", "Name:", text(network, "Name"));
	out_verbose("%-16s%s", "Driver:", text(network, "Driver"));
	out_verbose("%-16s%s", "Scope:", text(network, "Scope"));
	out_verbose("%-16s%s", "Dokku managed:", is_managed(network) ? "true" : "false");
}

int network_run_info(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *format = args_value(args, "format", "text");
	json_t *list = NULL;
	json_t *network;
	int r;

	if (!str_eq(format, "json") && !str_eq(format, "text"))
		return err_set(err, ERR_USAGE, "Invalid format specified, use either text or json");
	r = sorted_networks(ctx, &list, err);
	if (r >= 0)
		r = find_network(list, args_pos(args, 0), &network, err);
	if (r >= 0 && str_eq(format, "json"))
		out_json(as_dokku(network));
	else if (r >= 0)
		print_info(network);
	json_decref(list);
	return r;
}

int network_run_list(struct ctx *ctx, const struct args *args, struct err *err)
{
	bool as_json = str_eq(args_value(args, "format", "text"), "json");
	json_t *list = NULL;
	json_t *out;
	int r = sorted_networks(ctx, &list, err);

	if (r < 0)
		return r;
	out = json_array();
	if (!as_json)
		out_info2_quiet("Networks");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		if (args_has(args, "dokku-managed") && !is_managed(one))
			continue;
		if (as_json)
			json_array_append_new(out, as_dokku(one));
		else
			out_line("%s", text(one, "Name"));
	}
	json_decref(list);
	if (as_json)
		out_json(out);
	else
		json_decref(out);
	return 0;
}
