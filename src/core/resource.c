/* SPDX-License-Identifier: MIT */
#include "core/resource.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/state.h"

enum { CPUS_MAX = 10000 };

const char *const resource_names[] = { "cpu", "memory", "memory-swap", "network", "network-ingress",
	"network-egress", "nvidia-gpu", NULL };

/* What docker-local can hold a container to. */
static const struct docker_flag {
	const char *name;
	enum resource_kind kind;
	const char *flag;
	bool dockerfile; /* a build by Dockerfile takes it, too */
} docker_flags[] = {
	{ "cpu", RESOURCE_LIMIT, "cpus", false },
	{ "memory", RESOURCE_LIMIT, "memory", true },
	{ "memory-swap", RESOURCE_LIMIT, "memory-swap", true },
	{ "nvidia-gpu", RESOURCE_LIMIT, "gpus", false },
	{ "memory", RESOURCE_RESERVE, "memory-reservation", false },
};

const char *resource_kind_name(enum resource_kind kind)
{
	return kind == RESOURCE_LIMIT ? "limit" : "reserve";
}

char *resource_property(const char *process, enum resource_kind kind, const char *name)
{
	return xasprintf("%s.%s.%s", process, resource_kind_name(kind), name);
}

/* --- values --- */

/* Length of "12" or "1.5" at the start. */
static size_t number_len(const char *s)
{
	size_t len = strspn(s, "0123456789");
	size_t fraction;

	if (len && s[len] == '.') {
		fraction = strspn(s + len + 1, "0123456789");
		len += fraction ? fraction + 1 : 0;
	}
	return len;
}

/* "512", "512m", "1.5g", "512MB", "1GiB" */
static bool is_amount(const char *s)
{
	size_t len = number_len(s);
	const char *unit = s + len;

	if (!len)
		return false;
	if (*unit && strchr("kmgtpKMGTP", *unit)) {
		unit++;
		if ((*unit == 'i' || *unit == 'I') && (unit[1] == 'b' || unit[1] == 'B'))
			unit++;
	}
	if (*unit == 'b' || *unit == 'B')
		unit++;
	return !*unit;
}

static bool is_value(const char *name, const char *value)
{
	if (str_eq(name, "cpu"))
		return *value && !value[number_len(value)] && strspn(value, "0123456789") <= 5;
	if (str_eq(name, "memory"))
		return is_amount(value);
	if (str_eq(name, "memory-swap"))
		return str_eq(value, "-1") || is_amount(value);
	return *value && !value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					      "0123456789.,:;=/_-")];
}

int resource_check(const char *name, const char *value, struct err *err)
{
	const char *example = str_eq(name, "cpu")      ? "such as 2 or 0.5"
			      : str_eq(name, "memory") ? "such as 512m or 2g; MiB without a unit"
			      : str_eq(name, "memory-swap") ? "such as 1g, or -1 for no limit"
							    : "without blanks or quotes";

	if (is_value(name, value))
		return 0;
	return err_set(err, ERR_USAGE, "Invalid value for %s: \"%.100s\" (%s)", name, value,
		example);
}

static char *own_value(struct ctx *ctx, const char *app, const char *process,
	enum resource_kind kind, const char *name)
{
	AUTO_FREE char *property = resource_property(process, kind, name);

	return state_get_or(ctx, "resource", app, property, "");
}

char *resource_get(struct ctx *ctx, const char *app, const char *process, enum resource_kind kind,
	const char *name)
{
	AUTO_FREE char *property = resource_property(process, kind, name);

	return own_value(ctx, app,
		state_exists(ctx, "resource", app, property) ? process : RESOURCE_DEFAULT, kind,
		name);
}

/* --- flags --- */

/* Memory without a unit is in MiB. */
static const char *unit_of(const char *name, const char *value)
{
	return str_eq(name, "memory") && isdigit((unsigned char)value[strlen(value) - 1]) ? "m"
											  : "";
}

static void add_flag(const struct docker_flag *f, const char *value, struct strvec *ret)
{
	strvec_pushf(ret, "--%s=%s%s", f->flag, value, unit_of(f->name, value));
}

static bool is_off(void)
{
	const char *omit = getenv("DOKKU_OMIT_RESOURCE_ARGS");

	return omit && str_eq(omit, "1");
}

void resource_args(struct ctx *ctx, const char *app, const char *process, struct strvec *ret)
{
	for (size_t i = 0; !is_off() && i < ARRAY_SIZE(docker_flags); i++) {
		const struct docker_flag *f = &docker_flags[i];
		AUTO_FREE char *value = resource_get(ctx, app, process, f->kind, f->name);

		if (*value)
			add_flag(f, value, ret);
	}
}

void resource_build_args(struct ctx *ctx, const char *app, const char *builder, struct strvec *ret)
{
	bool all = str_eq(builder, "herokuish");

	if (is_off() || (!all && !str_eq(builder, "dockerfile")))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(docker_flags); i++) {
		const struct docker_flag *f = &docker_flags[i];
		AUTO_FREE char *value = NULL;

		if (f->kind != RESOURCE_LIMIT || (!all && !f->dockerfile))
			continue;
		value = own_value(ctx, app, RESOURCE_BUILD, f->kind, f->name);
		if (*value)
			add_flag(f, value, ret);
	}
}

long resource_build_quota(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *cpu = own_value(ctx, app, RESOURCE_BUILD, RESOURCE_LIMIT, "cpu");
	double cpus = is_off() || !is_value("cpu", cpu) ? 0 : strtod(cpu, NULL);

	if (cpus <= 0 || cpus > CPUS_MAX)
		return 0;
	return (long)(cpus * RESOURCE_PERIOD_US);
}

char *resource_build_memory(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *value = own_value(ctx, app, RESOURCE_BUILD, RESOURCE_LIMIT, "memory");

	if (is_off() || !*value)
		return xstrdup("");
	return xasprintf("%s%s", value, unit_of("memory", value));
}

bool resource_limits_build(struct ctx *ctx, const char *app)
{
	AUTO_STRVEC flags = STRVEC_INIT;

	resource_build_args(ctx, app, "dockerfile", &flags);
	return flags.count || resource_build_quota(ctx, app);
}
