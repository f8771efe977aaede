/* SPDX-License-Identifier: MIT */
#include "core/property.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/output.h"
#include "core/state.h"

enum { VALUE_MAX = 64 * 1024, FAMILY_NAME_MAX = 128 };

bool property_is_member(const struct property *family, const char *name)
{
	size_t n = strcspn(family->name, "<");
	const char *rest = name + n;

	if (!(family->flags & PROP_FAMILY) || strncmp(family->name, name, n) != 0)
		return false;
	return *rest && strlen(rest) <= FAMILY_NAME_MAX &&
	       !rest[strspn(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_")];
}

const struct property *property_find(const struct plugin *p, const char *name)
{
	for (const struct property *prop = p->properties; prop && prop->name; prop++) {
		if (prop->flags & PROP_FAMILY ? property_is_member(prop, name)
					      : str_eq(prop->name, name))
			return prop;
	}
	return NULL;
}

static const char *word_of(const struct plugin *p)
{
	return p->property_word ? p->property_word : "property";
}

static int refuse_unknown(const struct plugin *p, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_FREE char *list = NULL;

	for (const struct property *prop = p->properties; prop && prop->name; prop++) {
		if (!(prop->flags & PROP_INTERNAL))
			strvec_push(&names, prop->name);
	}
	strvec_sort(&names);
	list = strvec_joined(&names, ", ");
	return err_set(err, ERR_USAGE, "Invalid %s specified, valid %s include: %s", word_of(p),
		p->property_word ? "keys" : "properties", list);
}

static int check_value(struct ctx *ctx, const struct property *prop, const char *scope,
	const char *value, struct err *err)
{
	size_t len = strlen(value);
	int r;

	if (len > VALUE_MAX)
		return err_set(err, ERR_INVALID, "The value of %s is longer than %d bytes",
			prop->name, VALUE_MAX);
	if (!utf8_valid(value, len) || has_control(value))
		return err_set(err, ERR_INVALID,
			"The value of %s holds control characters or is not UTF-8", prop->name);
	if (!*value || !prop->check)
		return 0;
	r = prop->check(ctx, scope, value, err);
	/* Dokku's own texts start so, and name the property. */
	return r < 0 && !str_starts(err->msg.buf, "Invalid ")
		       ? err_wrap(err, "Invalid value for %s", prop->name)
		       : r;
}

static int check_scope(const struct plugin *p, const struct property *prop, const char *scope,
	const char *name, struct err *err)
{
	bool global = str_eq(scope, SCOPE_GLOBAL);
	bool known = prop && !(prop->flags & PROP_INTERNAL);

	/* Plugins that speak of keys ask for a known one first. */
	if (!p->property_word && global && (!known || !(prop->flags & PROP_GLOBAL)))
		return err_set(err, ERR_USAGE, "Property cannot be specified globally");
	if (!*name)
		return err_set(err, ERR_USAGE, "No %s specified", word_of(p));
	if (!known)
		return refuse_unknown(p, err);
	if (global && !(prop->flags & PROP_GLOBAL))
		return err_set(err, ERR_USAGE, "The %s '%s' cannot be set globally", word_of(p),
			name);
	if (global || (prop->flags & PROP_APP))
		return 0;
	if (p->property_word)
		return err_set(err, ERR_USAGE, "The %s '%s' can only be set globally", word_of(p),
			name);
	return err_set(err, ERR_USAGE, "Property can only be specified globally");
}

char *property_shown(unsigned flags, const char *value)
{
	if (*value && (flags & PROP_MASKED))
		return xstrdup("*******");
	return flags & PROP_SECRET ? property_redacted(value) : xstrdup(value);
}

char *property_redacted(const char *value)
{
	const char *end = strstr(value, "://");

	if (!*value)
		return xstrdup(value);
	return xasprintf("%.*sredacted", end ? (int)(end - value) + 3 : 0, value);
}

int property_set(struct ctx *ctx, const struct plugin *p, const char *scope, const char *name,
	const char *value, struct err *err)
{
	const struct property *prop = property_find(p, name);
	int r = check_scope(p, prop, scope, name, err);

	if (r >= 0)
		r = check_value(ctx, prop, scope, value, err);
	if (r < 0)
		return r;
	if (*value) {
		AUTO_FREE char *shown = property_shown(prop->flags, value);

		out_info2_quiet("Setting %s to %s", name, shown);
	} else {
		out_info2_quiet("Unsetting %s", name);
	}
	if (*value || (prop->flags & PROP_KEEP_EMPTY))
		r = state_set(ctx, plugin_ns(p), scope, name, value, err);
	else
		r = state_unset(ctx, plugin_ns(p), scope, name, err);
	if (r >= 0 && p->after_set)
		r = p->after_set(ctx, scope, name, value, err);
	return r;
}

int property_set_command(struct ctx *ctx, const struct plugin *p, const struct args *args,
	struct err *err)
{
	if (args->pos.count > 3)
		return err_set(err, ERR_USAGE,
			"%s:set takes one value; put quotes around a value with blanks",
			plugin_verb(p));
	return property_set(ctx, p, args_pos(args, 0), args_pos(args, 1), args_pos(args, 2), err);
}

int property_computed(struct ctx *ctx, const struct plugin *p, const struct property *prop,
	const char *scope, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *value = NULL;
	AUTO_FREE char *fallback = NULL;

	if (prop->computed)
		return prop->computed(ctx, scope, out, err);
	if (prop->fallback_of)
		fallback = prop->fallback_of(ctx, scope);
	value = state_computed(ctx, plugin_ns(p), prop->flags & PROP_APP ? scope : NULL, prop->name,
		fallback ? fallback : prop->fallback);
	strbuf_addstr(out, value);
	return 0;
}

int check_bool(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	bool b;

	return parse_bool(value, &b, err);
}

int check_seconds(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	uint64_t n;

	return parse_uint(value, 0, 7 * 24 * 3600, &n, err);
}

int check_port(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	uint64_t n;

	return parse_uint(value, 1, 65535, &n, err);
}

int check_positive(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	uint64_t n;

	return parse_uint(value, 1, 1000000000, &n, err);
}

int check_inside_path(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	if (path_is_inside(value))
		return 0;
	return err_set(err, ERR_INVALID,
		"'%s' is not a path inside the source: it may not start with / or hold ..", value);
}
