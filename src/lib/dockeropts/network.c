/* SPDX-License-Identifier: MIT */
#include "lib/dockeropts/private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/*
 * Every --network becomes {"name", "endpoint", "given": {...}} in parse.networks, where "given"
 * says which things its long form set, to find contradictions with --ip and the like, which belong
 * to the first network.
 */

int set_add_host(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	const char *address;
	AUTO_FREE char *name = cut(value, strchr(value, '=') ? '=' : ':', &address);
	AUTO_FREE char *bare = NULL;
	AUTO_STRBUF checked = STRBUF_INIT;
	AUTO_FREE char *pair = NULL;
	size_t len;
	int r;

	if (!address || !*name || strchr(name, ':'))
		return err_set(err, ERR_INVALID, "'%.100s' is not of the form HOST:ADDRESS", value);
	len = strlen(address);
	bare = len > 2 && *address == '[' && address[len - 1] == ']'
		       ? xstrndup(address + 1, len - 2)
		       : xstrdup(address);
	if (strcmp(bare, "host-gateway") != 0) {
		/* It is passed on as it was written, so its canonical form does not matter. */
		r = value_ip(bare, 0, &checked, err);
		if (r < 0)
			return r;
	}
	pair = xasprintf("%s:%s", name, bare);
	push(child_array(p->host, f->key), text(pair));
	return 0;
}

int set_dns(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	AUTO_STRBUF address = STRBUF_INIT;
	int r = value_ip(value, 0, &address, err);

	if (r)
		return r;
	push(child_array(p->host, f->key), text(address.buf));
	return 0;
}

/* Labels of letters, digits and inner hyphens, dots between; at least one letter in all. */
static bool is_search_domain(const char *s, size_t len)
{
	bool letter = false;

	if (!len || len >= 255)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool edge = i == 0 || i + 1 == len || s[i - 1] == '.' || s[i + 1] == '.';

		letter = letter || isalpha((unsigned char)s[i]);
		if (!isalnum((unsigned char)s[i]) && (edge || (s[i] != '-' && s[i] != '.')))
			return false;
	}
	return letter;
}

int set_dns_search(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	AUTO_STRBUF domain = STRBUF_INIT;

	strbuf_addstr(&domain, value);
	strbuf_trim(&domain);
	if (strcmp(domain.buf, ".") != 0) {
		if (domain.len && domain.buf[domain.len - 1] == '.')
			strbuf_setlen(&domain, domain.len - 1);
		if (!is_search_domain(domain.buf, domain.len))
			return err_set(err, ERR_INVALID, "'%.100s' is not a domain", value);
	}
	push(child_array(p->host, f->key), text(domain.buf));
	return 0;
}

int set_link(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	const char *colon = strchr(value, ':');

	if (!*value || (colon && strchr(colon + 1, ':')))
		return err_set(err, ERR_INVALID, "'%.100s' is not of the form NAME[:ALIAS]", value);
	push(child_array(p->host, f->key), text(value));
	strvec_push(&p->links, value);
	return 0;
}

int set_alias(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	strvec_push(&p->aliases, value);
	return 0;
}

int set_link_local(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	AUTO_STRBUF address = STRBUF_INIT;
	int r = value_ip(value, 0, &address, err);

	if (r)
		return r;
	strvec_push(&p->link_local, address.buf);
	return 0;
}

static void replace(char **at, struct strbuf *value)
{
	free(*at);
	*at = value->len ? strbuf_detach(value) : NULL;
}

int set_ip(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	bool six = strcmp(f->name, "ip6") == 0;
	AUTO_STRBUF address = STRBUF_INIT;
	int r = *value ? value_ip(value, six ? 6 : 4, &address, err) : 0;

	if (r)
		return r;
	replace(six ? &p->ip6 : &p->ip, &address);
	return 0;
}

int set_mac(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	AUTO_STRBUF address = STRBUF_INIT;
	int r = *value ? value_mac(value, &address, err) : 0;

	if (r)
		return r;
	replace(&p->mac, &address);
	return 0;
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The long form is told from a name by an equals sign between two word characters. */
static bool is_long_form(const char *s)
{
	for (const char *at = strchr(s, '='); at; at = strchr(at + 1, '=')) {
		if (at > s && is_word_char(at[-1]) && is_word_char(at[1]))
			return true;
	}
	return false;
}

static json_t *ipam(json_t *endpoint)
{
	return child_object(endpoint, "IPAMConfig");
}

/* The names of the API's members are not the order of the fields: addresses go under IPAMConfig. */
static int network_address(json_t *endpoint, const char *key, const char *value, struct err *err)
{
	AUTO_STRBUF address = STRBUF_INIT;
	bool local = strcmp(key, "link-local-ip") == 0;
	int r = value_ip(value, 0, &address, err);

	if (r)
		return r;
	if (local)
		push(child_array(ipam(endpoint), "LinkLocalIPs"), text(address.buf));
	else
		put(ipam(endpoint), strcmp(key, "ip") == 0 ? "IPv4Address" : "IPv6Address",
			text(address.buf));
	return 0;
}

static int network_option(json_t *endpoint, const char *value, struct err *err)
{
	const char *rest;
	AUTO_STRBUF key = STRBUF_INIT;
	AUTO_STRBUF option = STRBUF_INIT;
	AUTO_FREE char *raw = cut(value, '=', &rest);

	if (!rest || !*raw)
		return err_set(err, ERR_INVALID, "driver-opt is not of the form KEY=VALUE");
	strbuf_addstr(&key, raw);
	strbuf_trim(&key);
	strbuf_addstr(&option, rest);
	strbuf_trim(&option);
	put(child_object(endpoint, "DriverOpts"), key.buf, text(option.buf));
	return 0;
}

static int network_field(json_t *net, const char *field, struct err *err)
{
	json_t *endpoint = json_object_get(net, "endpoint");
	/* The docker program lowers the whole field, values too. */
	AUTO_FREE char *lower = ascii_lower(field);
	const char *rest;
	AUTO_FREE char *raw = cut(lower, '=', &rest);
	AUTO_STRBUF key = STRBUF_INIT;
	AUTO_STRBUF value = STRBUF_INIT;
	AUTO_STRBUF mac = STRBUF_INIT;
	int64_t n;
	int r = 0;

	if (!rest || !*raw)
		return err_set(err, ERR_INVALID, "'%.64s' is not of the form KEY=VALUE", field);
	strbuf_addstr(&key, raw);
	strbuf_trim(&key);
	strbuf_addstr(&value, rest);
	strbuf_trim(&value);
	put(json_object_get(net, "given"), key.buf, json_true());
	if (strcmp(key.buf, "name") == 0) {
		put(net, "name", text(value.buf));
	} else if (strcmp(key.buf, "alias") == 0) {
		push(child_array(endpoint, "Aliases"), text(value.buf));
	} else if (strcmp(key.buf, "ip") == 0 || strcmp(key.buf, "ip6") == 0 ||
		   strcmp(key.buf, "link-local-ip") == 0) {
		r = network_address(endpoint, key.buf, value.buf, err);
	} else if (strcmp(key.buf, "mac-address") == 0) {
		r = value_mac(value.buf, &mac, err);
		if (!r)
			put(endpoint, "MacAddress", text(mac.buf));
	} else if (strcmp(key.buf, "driver-opt") == 0) {
		r = network_option(endpoint, value.buf, err);
	} else if (strcmp(key.buf, "gw-priority") == 0) {
		r = value_decimal(value.buf, INT32_MIN, INT32_MAX, &n, err);
		if (!r)
			put(endpoint, "GwPriority", json_integer(n));
	} else {
		r = err_set(err, ERR_INVALID, "unknown key '%.64s'", key.buf);
	}
	return r;
}

int set_network(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	AUTO_STRVEC fields = STRVEC_INIT;
	json_t *net = json_object();
	const char *name;
	int r = 0;

	put(net, "endpoint", json_object());
	put(net, "given", json_object());
	if (is_long_form(value))
		r = value_csv(value, &fields, err);
	else
		put(net, "name", text(value));
	for (size_t i = 0; !r && i < fields.count; i++)
		r = network_field(net, fields.items[i], err);
	name = json_string_value(json_object_get(net, "name"));
	if (!r && (!name || !name[strspn(name, " \t")]))
		r = err_set(err, ERR_INVALID, "the name of the network is missing");
	if (r) {
		json_decref(net);
		return r;
	}
	push(p->networks, net);
	return 0;
}

static bool is_user_defined(const char *name)
{
	return strcmp(name, "default") != 0 && strcmp(name, "bridge") != 0 &&
	       strcmp(name, "host") != 0 && strcmp(name, "none") != 0 &&
	       strncmp(name, "container:", 10) != 0;
}

/* What the flags of old say about the first network. */
static int apply_old_flags(struct parse *p, json_t *net, struct err *err)
{
	json_t *endpoint = json_object_get(net, "endpoint");
	json_t *given = json_object_get(net, "given");
	const char *name = json_string_value(json_object_get(net, "name"));
	const struct {
		bool set;
		const char *key, *flag;
	} twice[] = {
		{ p->aliases.count > 0, "alias", "network-alias" },
		{ p->ip, "ip", "ip" },
		{ p->ip6, "ip6", "ip6" },
		{ p->mac, "mac-address", "mac-address" },
		{ p->link_local.count > 0, "link-local-ip", "link-local-ip" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(twice); i++) {
		if (twice[i].set && json_object_get(given, twice[i].key))
			return err_set(err, ERR_INVALID,
				"both --%s and '%s=' of --network are given", twice[i].flag,
				twice[i].key);
	}
	if (p->aliases.count)
		put(endpoint, "Aliases", text_list(&p->aliases));
	/* On the default network a link is the engine's legacy kind, in HostConfig only. */
	if (p->links.count && is_user_defined(name))
		put(endpoint, "Links", text_list(&p->links));
	if (p->ip)
		put(ipam(endpoint), "IPv4Address", text(p->ip));
	if (p->ip6)
		put(ipam(endpoint), "IPv6Address", text(p->ip6));
	if (p->link_local.count)
		put(ipam(endpoint), "LinkLocalIPs", text_list(&p->link_local));
	/* Before 1.44 the address belongs to the container, not to an endpoint. */
	if (p->mac && p->src->api_minor && p->src->api_minor < 44)
		put(p->out->body, "MacAddress", text(p->mac));
	else if (p->mac)
		put(endpoint, "MacAddress", text(p->mac));
	return 0;
}

static int check_network(struct parse *p, json_t *net, struct err *err)
{
	json_t *endpoint = json_object_get(net, "endpoint");
	const char *name = json_string_value(json_object_get(net, "name"));
	bool old = p->src->api_minor && p->src->api_minor < 44;

	if (!is_user_defined(name) && json_object_get(endpoint, "Aliases"))
		return err_set(err, ERR_INVALID,
			"network '%.64s' takes no aliases, only user-defined networks do", name);
	if (old && json_object_get(endpoint, "MacAddress"))
		return err_set(err, ERR_INVALID,
			"--network: mac-address needs version 1.44 of the Engine API");
	return 0;
}

/* Adds NET to the endpoints. A lone network without settings is left to the engine. */
static int add_endpoint(struct parse *p, json_t *net, json_t *endpoints, bool lone, struct err *err)
{
	json_t *endpoint = json_object_get(net, "endpoint");
	const char *name = json_string_value(json_object_get(net, "name"));
	int r = check_network(p, net, err);

	if (r < 0)
		return r;
	if (json_object_get(endpoints, name))
		return err_set(err, ERR_INVALID, "network '%.64s' is given twice", name);
	if (!lone || json_object_size(endpoint))
		put(endpoints, name, json_incref(endpoint));
	return 0;
}

static int add_endpoints(struct parse *p, json_t *nets, json_t *endpoints, struct err *err)
{
	bool user_defined = false;
	bool other = false;

	for (size_t i = 0; i < json_array_size(nets); i++) {
		json_t *net = json_array_get(nets, i);
		bool lone = json_array_size(nets) == 1;
		int r = i == 0 ? apply_old_flags(p, net, err) : 0;

		if (!r)
			r = add_endpoint(p, net, endpoints, lone, err);
		if (r)
			return r;
		if (is_user_defined(json_string_value(json_object_get(net, "name"))))
			user_defined = true;
		else
			other = true;
	}
	if (user_defined && other)
		return err_set(err, ERR_INVALID,
			"a user-defined network and a built-in one do not go together");
	return 0;
}

int finish_networks(struct parse *p, struct err *err)
{
	json_t *endpoints = json_object();
	bool named = json_array_size(p->networks) > 0;
	int r;

	for (size_t i = 0; i < json_array_size(p->networks); i++)
		strvec_push(&p->out->networks,
			json_string_value(json_object_get(json_array_get(p->networks, i), "name")));
	if (named) {
		put(p->host, "NetworkMode", text(p->out->networks.items[0]));
	} else {
		json_t *net = json_object();

		put(net, "name", text("default"));
		put(net, "endpoint", json_object());
		put(net, "given", json_object());
		push(p->networks, net);
	}
	r = add_endpoints(p, p->networks, endpoints, err);
	if (r == 0 && (named || json_object_size(endpoints)))
		put(child_object(p->out->body, "NetworkingConfig"), "EndpointsConfig",
			json_incref(endpoints));
	json_decref(endpoints);
	return r;
}
