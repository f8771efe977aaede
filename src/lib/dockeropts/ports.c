/* SPDX-License-Identifier: MIT */
#include "lib/dockeropts/private.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct port_range {
	int64_t first;
	int64_t last;
	const char *protocol;
};

/* "80" or "80-90" */
static int parse_range(const char *s, struct port_range *ret, struct err *err)
{
	const char *rest;
	AUTO_FREE char *first = cut(s, '-', &rest);

	if (*first == '+' || (rest && *rest == '+') ||
		value_decimal(first, 0, 65535, &ret->first, err) ||
		(rest && value_decimal(rest, 0, 65535, &ret->last, err)))
		return err_set(err, ERR_INVALID, "'%.64s' is not a port or a range of ports", s);
	if (!rest)
		ret->last = ret->first;
	if (ret->last < ret->first)
		return err_set(err, ERR_INVALID, "the port range '%.64s' runs backwards", s);
	return 0;
}

static const char *protocol(const char *name)
{
	static const char *const known[] = { "tcp", "udp", "sctp" };
	AUTO_FREE char *lower = ascii_lower(name && *name ? name : "tcp");

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcmp(lower, known[i]) == 0)
			return known[i];
	}
	return NULL;
}

/* "80-90/udp" */
static int parse_container_ports(const char *s, struct port_range *ret, struct err *err)
{
	const char *name;
	AUTO_FREE char *ports = cut(s, '/', &name);

	ret->protocol = protocol(name);
	if (!ret->protocol)
		return err_set(err, ERR_INVALID, "'%.64s' is none of tcp, udp, sctp", name);
	return parse_range(ports, ret, err);
}

static int take_ports(struct parse *p, const struct port_range *range, struct err *err)
{
	p->ports += (size_t)(range->last - range->first) + 1;
	if (p->ports > DOCKEROPTS_MAX_PORTS)
		return err_set(err, ERR_INVALID, "more than %d ports", DOCKEROPTS_MAX_PORTS);
	return 0;
}

int set_expose(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	struct port_range range;
	json_t *exposed;
	int r = parse_container_ports(value, &range, err);

	if (!r)
		r = take_ports(p, &range, err);
	if (r)
		return r;
	exposed = child_object(p->out->body, "ExposedPorts");
	for (int64_t n = range.first; n <= range.last; n++) {
		AUTO_FREE char *key = xasprintf("%" PRId64 "/%s", n, range.protocol);

		child_object(exposed, key);
	}
	return 0;
}

/* Without the square brackets around an IPv6 address. Empty is fine: all addresses. */
static int parse_host_ip(char *s, const char **ret, struct err *err)
{
	size_t len = strlen(s);
	struct in6_addr v6;
	struct in_addr v4;

	*ret = s;
	if (*s == '[' && len > 2 && s[len - 1] == ']') {
		s[len - 1] = '\0';
		*ret = s + 1;
	}
	if (**ret && inet_pton(AF_INET, *ret, &v4) != 1 && inet_pton(AF_INET6, *ret, &v6) != 1)
		return err_set(err, ERR_INVALID, "'%.64s' is not an IP address", *ret);
	return 0;
}

/*
 * One container port with a range of host ports leaves the choice to the engine; otherwise both
 * ranges have the same length.
 */
static int publish(struct parse *p, const char *ip, const char *host_ports,
	const char *container_ports, struct err *err)
{
	struct port_range inside;
	struct port_range outside = { 0 };
	json_t *bindings;
	json_t *exposed;
	int64_t count;
	int r = parse_container_ports(container_ports, &inside, err);

	if (!r && *host_ports)
		r = parse_range(host_ports, &outside, err);
	if (!r)
		r = take_ports(p, &inside, err);
	if (r)
		return r;
	count = inside.last - inside.first + 1;
	if (*host_ports && count > 1 && outside.last - outside.first + 1 != count)
		return err_set(err, ERR_INVALID, "the ranges '%.64s' and '%.64s' differ in length",
			host_ports, container_ports);
	exposed = child_object(p->out->body, "ExposedPorts");
	bindings = child_object(p->host, "PortBindings");
	for (int64_t i = 0; i < count; i++) {
		AUTO_FREE char *key =
			xasprintf("%" PRId64 "/%s", inside.first + i, inside.protocol);
		AUTO_STRBUF port = STRBUF_INIT;
		json_t *binding = json_object();

		if (*host_ports)
			strbuf_addf(&port, "%" PRId64, outside.first + i);
		if (*host_ports && count == 1 && outside.last != outside.first)
			strbuf_addf(&port, "-%" PRId64, outside.last);
		put(binding, "HostIp", text(ip));
		put(binding, "HostPort", text(port.buf));
		child_object(exposed, key);
		push(child_array(bindings, key), binding);
	}
	return 0;
}

/* "published=8080,target=80,protocol=udp" */
static int publish_pairs(struct parse *p, const char *value, struct err *err)
{
	AUTO_FREE char *host = xstrdup("");
	AUTO_FREE char *inside = xstrdup("");
	AUTO_FREE char *proto = xstrdup("tcp");
	AUTO_FREE char *ports = NULL;
	const char *at = value;

	while (at) {
		AUTO_FREE char *pair = cut(at, ',', &at);
		const char *v;
		AUTO_FREE char *key = cut(pair, '=', &v);
		char **to = NULL;

		if (strcmp(key, "published") == 0)
			to = &host;
		else if (strcmp(key, "target") == 0)
			to = &inside;
		else if (strcmp(key, "protocol") == 0)
			to = &proto;
		if (!v || !*key)
			return err_set(err, ERR_INVALID, "'%.64s' is not of the form KEY=VALUE",
				pair);
		if (!to)
			continue; /* the docker program ignores other keys */
		free(*to);
		*to = xstrdup(v);
	}
	/* An address in "published" would be read from the joined text. */
	if (strchr(host, ':') || strchr(inside, ':') || strchr(inside, '/'))
		return DOCKEROPTS_NEEDS_CLIENT;
	ports = xasprintf("%s/%s", inside, proto);
	return publish(p, "", host, ports, err);
}

/* "[[IP:]HOST:]CONTAINER[/PROTOCOL]"; the address may hold colons itself. */
int set_publish(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	AUTO_FREE char *copy = NULL;
	const char *ip = "";
	const char *host = "";
	char *last;
	char *before;

	if (strchr(value, '='))
		return publish_pairs(p, value, err);
	copy = xstrdup(value);
	last = strrchr(copy, ':');
	if (!last)
		return publish(p, "", "", copy, err);
	*last = '\0';
	before = strrchr(copy, ':');
	if (!before)
		return publish(p, "", copy, last + 1, err);
	*before = '\0';
	host = before + 1;
	if (parse_host_ip(copy, &ip, err) < 0)
		return -ERR_INVALID;
	return publish(p, ip, host, last + 1, err);
}
