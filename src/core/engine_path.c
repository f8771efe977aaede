/* SPDX-License-Identifier: MIT */
#include "core/engine_path.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"

/* What follows ROOT in PATH ("" or "/..."), or NULL when PATH is not below it. */
static const char *below(const char *path, const char *root)
{
	const char *rest = *root ? str_after(path, root) : NULL;

	return rest && (!*rest || *rest == '/') ? rest : NULL;
}

char *engine_path(const struct instance *inst, const char *path)
{
	const struct {
		const char *here, *there;
	} roots[] = {
		{ inst->dokku_root, inst->host_root },
		{ inst->lib_root, inst->lib_host_root },
	};

	/* One may lie inside the other: what is the engine's stays. */
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		if (below(path, roots[i].there))
			return xstrdup(path);
	}
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		const char *rest = *roots[i].there ? below(path, roots[i].here) : NULL;

		if (rest)
			return xasprintf("%s%s", roots[i].there, rest);
	}
	return xstrdup(path);
}

static void replace(struct strvec *v, size_t at, char *value)
{
	free(v->items[at]);
	v->items[at] = value;
}

/* "SOURCE:TARGET[:...]"; without a source it is no mount of the engine's files. For free(). */
static char *volume_value(const struct instance *inst, const char *value)
{
	size_t len = strcspn(value, ":");
	AUTO_FREE char *source = xstrndup(value, len);
	AUTO_FREE char *there = engine_path(inst, source);

	return value[len] ? xasprintf("%s%s", there, value + len) : xstrdup(value);
}

/* "type=bind,source=SOURCE,..."; what a volume has there is a name, which no root begins. */
static char *mount_value(const struct instance *inst, const char *value)
{
	static const char *const names[] = { "source=", "src=" };
	AUTO_STRVEC fields = STRVEC_INIT;

	strvec_split(&fields, value, ",");
	for (size_t i = 0; i < fields.count; i++) {
		for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
			const char *source = str_after(fields.items[i], names[n]);
			AUTO_FREE char *there = source ? engine_path(inst, source) : NULL;

			if (!source)
				continue;
			replace(&fields, i, xasprintf("%s%s", names[n], there));
			break;
		}
	}
	return strvec_joined(&fields, ",");
}

void engine_path_flags(const struct instance *inst, struct strvec *flags)
{
	static const struct {
		const char *flag;
		char *(*value)(const struct instance *inst, const char *value);
	} rows[] = {
		{ "-v", volume_value },
		{ "--volume", volume_value },
		{ "--mount", mount_value },
	};

	if (!*inst->host_root && !*inst->lib_host_root)
		return;
	for (size_t i = 0; i < flags->count; i++) {
		for (size_t n = 0; n < ARRAY_SIZE(rows); n++) {
			const char *rest = str_after(flags->items[i], rows[n].flag);
			const char *sign = rest && *rest == '=' ? "=" : "";
			AUTO_FREE char *value = NULL;

			if (!rest)
				continue;
			if (*rest == '=' || (*rest && n == 0)) {
				value = rows[n].value(inst, rest + strlen(sign));
				replace(flags, i, xasprintf("%s%s%s", rows[n].flag, sign, value));
			} else if (!*rest && i + 1 < flags->count) {
				i++;
				replace(flags, i, rows[n].value(inst, flags->items[i]));
			}
			break;
		}
	}
}
