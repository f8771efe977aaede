/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const end_names[PROBE_ENDS] = {
	[PROBE_OK] = "ok",
	[PROBE_STATUS] = "bad_status",
	[PROBE_CONNECT] = "connect_errors",
	[PROBE_RESET] = "resets",
	[PROBE_REUSED] = "reused_closed",
	[PROBE_SHORT] = "short_answers",
	[PROBE_TIMEOUT] = "timeouts",
	[PROBE_LOCAL] = "local_errors",
};

static int compare_latency(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static json_t *latency_json(struct probe_stats *st)
{
	json_t *obj = json_object();
	static const struct {
		const char *name;
		size_t permille;
	} points[] = { { "p50", 500 }, { "p90", 900 }, { "p99", 990 }, { "max", 1000 } };

	if (!st->latencies)
		return obj;
	qsort(st->latency_us, st->latencies, sizeof(*st->latency_us), compare_latency);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		size_t at = (st->latencies - 1) * points[i].permille / 1000;

		json_object_set_new(obj, points[i].name,
			json_real((double)st->latency_us[at] / 1000.0));
	}
	return obj;
}

static json_t *status_json(const struct probe_stats *st)
{
	json_t *obj = json_object();

	for (size_t i = 0; i < PROBE_STATUS_MAX; i++) {
		char name[16];

		if (!st->status[i])
			continue;
		snprintf(name, sizeof(name), "%zu", i);
		json_object_set_new(obj, name, json_integer((json_int_t)st->status[i]));
	}
	return obj;
}

static json_t *bodies_json(const struct probe_stats *st)
{
	json_t *list = json_array();

	for (size_t i = 0; i < st->body_count; i++) {
		const struct probe_body *b = &st->bodies[i];
		json_t *text = json_stringn(b->text.buf, b->text.len);

		/* An answer that is not UTF-8 has no text in JSON: shown as null. */
		json_array_append_new(list,
			json_pack("{s:o, s:I, s:I, s:I}", "text", text ? text : json_null(),
				"count", (json_int_t)b->count, "first_ms", (json_int_t)b->first_ms,
				"last_ms", (json_int_t)b->last_ms));
	}
	return list;
}

static json_t *notes_json(const struct probe_stats *st)
{
	json_t *list = json_array();

	for (size_t i = 0; i < st->note_count; i++)
		json_array_append_new(list,
			json_pack("{s:I, s:s, s:i}", "at_ms", (json_int_t)st->notes[i].at_ms,
				"what", end_names[st->notes[i].end], "detail",
				st->notes[i].detail));
	return list;
}

void probe_report(const struct probe_options *options, struct probe_stats *stats,
	struct strbuf *out)
{
	json_t *root = json_object();
	uint64_t failed = 0;
	char *text;

	for (size_t i = 0; i < PROBE_ENDS; i++)
		failed += i == PROBE_OK ? 0 : stats->ends[i];
	json_object_set_new(root, "mode", json_string(options->keep_alive ? "keep-alive" : "open"));
	json_object_set_new(root, "rate", json_integer((json_int_t)options->rate));
	json_object_set_new(root, "started_epoch_ms", json_integer(stats->started_epoch_ms));
	json_object_set_new(root, "ran_ms", json_integer((json_int_t)stats->ran_ms));
	json_object_set_new(root, "sent", json_integer((json_int_t)stats->sent));
	json_object_set_new(root, "failed", json_integer((json_int_t)failed));
	for (size_t i = 0; i < PROBE_ENDS; i++)
		json_object_set_new(root, end_names[i], json_integer((json_int_t)stats->ends[i]));
	json_object_set_new(root, "status", status_json(stats));
	json_object_set_new(root, "late_max_ms", json_real((double)stats->late_max_us / 1000.0));
	json_object_set_new(root, "latency_ms", latency_json(stats));
	json_object_set_new(root, "bodies", bodies_json(stats));
	json_object_set_new(root, "other_bodies", json_integer((json_int_t)stats->other_bodies));
	json_object_set_new(root, "failures", notes_json(stats));
	text = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(6));
	strbuf_addstr(out, text ? text : "{}");
	strbuf_addch(out, '\n');
	free(text);
	json_decref(root);
}
