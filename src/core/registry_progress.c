/* SPDX-License-Identifier: MIT */
#include "core/registry_progress.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/output.h"

enum {
	LAYERS_MAX = 1024,
	LARGE_BYTES = 10 * 1000 * 1000,
	TEXT_MAX = 200,
};

void registry_progress_done(struct registry_progress *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->layers[i].id);
	free(p->layers);
	*p = (struct registry_progress)REGISTRY_PROGRESS_INIT;
}

static struct registry_layer *layer_of(struct registry_progress *p, const char *id)
{
	for (size_t i = 0; i < p->count; i++) {
		if (str_eq(p->layers[i].id, id))
			return &p->layers[i];
	}
	if (p->count == LAYERS_MAX)
		return NULL;
	p->layers = xreallocarray(p->layers, p->count + 1, sizeof(*p->layers));
	p->layers[p->count] = (struct registry_layer){ .id = xstrdup(id) };
	return &p->layers[p->count++];
}

static const char *text_of(const json_t *message, const char *key)
{
	const char *text = json_string_value(json_object_get(message, key));

	return text && strlen(text) <= TEXT_MAX && !has_control(text) ? text : "";
}

/* A quarter of a large layer, once. */
static void show_part(struct registry_progress *p, const char *id, const char *status,
	json_int_t current, json_int_t total)
{
	struct registry_layer *layer = layer_of(p, id);
	unsigned quarter = (unsigned)(current / (total / 4));

	if (!layer || quarter <= layer->quarter || quarter >= 4)
		return;
	layer->quarter = quarter;
	out_verbose_quiet("%s: %s, %u%% of %lld MB", id, status, quarter * 25,
		(long long)(total / 1000000));
	out_flush();
}

static bool is_end(const char *status)
{
	static const char *const ends[] = { "Pushed", "Layer already exists", "Mounted from",
		"Pull complete", "Already exists" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		if (str_starts(status, ends[i]))
			return true;
	}
	return false;
}

void registry_progress_show(void *progress, const json_t *message)
{
	const json_t *detail = json_object_get(message, "progressDetail");
	json_int_t current = json_integer_value(json_object_get(detail, "current"));
	json_int_t total = json_integer_value(json_object_get(detail, "total"));
	const char *status = text_of(message, "status");
	const char *id = text_of(message, "id");

	if (!*status)
		return;
	if (*id && total >= LARGE_BYTES && current > 0) {
		show_part(progress, id, status, current, total);
	} else if (!*id) {
		out_verbose_quiet("%s", status);
		out_flush();
	} else if (is_end(status)) {
		out_verbose_quiet("%s: %s", id, status);
		out_flush();
	}
}
