/* SPDX-License-Identifier: MIT */
#include "core/plugin.h"

#include "base/fs.h"
#include "core/state.h"

const char *plugin_verb(const struct plugin *p)
{
	return p->verb ? p->verb : p->name;
}

const char *plugin_ns(const struct plugin *p)
{
	return p->ns ? p->ns : plugin_verb(p);
}

const char *plugin_report_type(const struct plugin *p)
{
	return p->report_type ? p->report_type : plugin_verb(p);
}

const struct plugin *plugin_find(struct ctx *ctx, const char *name)
{
	for (const struct plugin *const *p = ctx->plugins; *p; p++) {
		if (str_eq((*p)->name, name) || str_eq(plugin_verb(*p), name) ||
			((*p)->alias && str_eq((*p)->alias, name)))
			return *p;
	}
	return NULL;
}

bool plugin_has_set(const struct plugin *p)
{
	for (const struct property *prop = p->properties; prop && prop->name; prop++) {
		if (!(prop->flags & PROP_INTERNAL))
			return true;
	}
	return false;
}

bool plugin_has_report(const struct plugin *p)
{
	if (p->report_flags & REPORT_NONE)
		return false;
	return p->rows || p->more_rows || (p->properties && p->properties->name);
}

int plugin_copy_settings(struct ctx *ctx, const struct plugin *p, const char *old, const char *new,
	struct err *err)
{
	return p->properties ? state_copy(ctx, plugin_ns(p), old, new, err) : 0;
}

int plugin_drop_settings(struct ctx *ctx, const struct plugin *p, const char *app, struct err *err)
{
	return p->properties ? state_drop(ctx, plugin_ns(p), app, err) : 0;
}
