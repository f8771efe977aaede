/* SPDX-License-Identifier: MIT */
/* What other modules decide for the scheduler, read from where they keep it. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/staged.h"
#include "core/state.h"
#include "lib/jsonc/jsonc.h"
#include "schedulers/docker-local/driver.h"

/* A stored number; what does not parse was edited by hand and counts as FALLBACK. */
static uint64_t number(const char *text, uint64_t min, uint64_t max, uint64_t fallback)
{
	AUTO_ERR ignored = ERR_INIT;
	uint64_t value;

	return parse_uint(text, min, max, &value, &ignored) < 0 ? fallback : value;
}

int setting_stop_timeout(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *text = state_computed(ctx, "ps", app, "stop-timeout-seconds", "30");

	return (int)number(text, 0, STOP_TIMEOUT_MAX, 30);
}

unsigned setting_parallel_types(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *text = state_computed(ctx, PLUGIN, app, "parallel-schedule-count", "1");

	return (unsigned)number(text, 1, UNITS_MAX, 1);
}

char *setting_shell(struct ctx *ctx, const char *app)
{
	return state_computed(ctx, "scheduler", app, "shell", "/bin/bash");
}

int load_app_json(struct ctx *ctx, const char *app, json_t **ret, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int r = staged_read(ctx, app, STAGED_APP_JSON, &text, err);

	*ret = NULL;
	if (r <= 0 || jsonc_blank(text.buf, text.len))
		return r < 0 ? r : 0;
	r = jsonc_parse(text.buf, text.len, ret, err);
	return r < 0 ? err_wrap(err, "read app.json of '%s'", app) : 0;
}

unsigned max_parallel(json_t *app_json, const char *process)
{
	json_t *formation = jsonc_get(app_json, "formation");
	json_t *one = formation ? json_object_get(formation, process) : NULL;
	json_int_t n = json_integer_value(jsonc_get(one, "max_parallel"));

	return n > 1 ? (unsigned)(n < UNITS_MAX ? n : UNITS_MAX) : 1;
}
