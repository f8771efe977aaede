/* SPDX-License-Identifier: MIT */
#include "core/build_limit.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/output.h"
#include "core/state.h"

static const struct {
	char letter;
	uint64_t seconds;
	const char *name;
} units[] = {
	{ 'h', 60 * 60, "hour" },
	{ 'm', 60, "minute" },
	{ 's', 1, "second" },
};

static int refuse(const char *text, struct err *err)
{
	return err_set(err, ERR_INVALID,
		"Invalid timeout \"%.100s\": must be a time such as 90 (seconds), 30m or 1h30m, at "
		"most %d hours; 0 for no limit",
		text, BUILD_LIMIT_MAX / 3600);
}

int build_limit_parse(const char *text, uint64_t *ret, struct err *err)
{
	const char *at = text;
	uint64_t sum = 0;
	size_t unit = 0;

	do {
		size_t digits = strspn(at, "0123456789");
		AUTO_FREE char *number = xstrndup(at, digits);
		AUTO_ERR ignored = ERR_INIT;
		uint64_t value;

		/* Each unit once, the greatest first; a number alone is in seconds. */
		while (unit < ARRAY_SIZE(units) && at[digits] && at[digits] != units[unit].letter)
			unit++;
		if (unit == ARRAY_SIZE(units) || (!at[digits] && at != text) ||
			parse_uint(number, 0, BUILD_LIMIT_MAX, &value, &ignored) < 0)
			return refuse(text, err);
		sum += value * (at[digits] ? units[unit].seconds : 1);
		at += digits + (at[digits] != '\0');
		unit++;
	} while (*at);
	if (sum > BUILD_LIMIT_MAX)
		return refuse(text, err);
	*ret = sum;
	return 0;
}

char *build_limit_text(uint64_t seconds)
{
	AUTO_STRBUF out = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		uint64_t n = seconds / units[i].seconds;

		seconds %= units[i].seconds;
		if (n)
			strbuf_addf(&out, "%s%llu %s%s", out.len ? " " : "", (unsigned long long)n,
				units[i].name, n == 1 ? "" : "s");
	}
	return strbuf_detach(&out);
}

uint64_t build_limit(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *value = state_computed(ctx, "builds", app, "timeout", "0");
	AUTO_ERR why = ERR_INIT;
	uint64_t seconds = 0;

	if (build_limit_parse(value, &seconds, &why) < 0)
		out_warn("Ignoring the time limit of builds of %s: %s", app, err_text(&why));
	return seconds;
}

void build_limit_explain(const char *app, uint64_t seconds, struct strbuf *out)
{
	AUTO_FREE char *limit = build_limit_text(seconds);

	strbuf_addf(out,
		"The build took longer than its time limit of %s and was stopped\n"
		"Run 'dokku builds:set %s timeout <time>' to give it more, such as 1h, or 0 for no "
		"limit",
		limit, app);
}

int build_limit_memory_used(const char *app, const char *limit, struct err *err)
{
	return err_set(err, ERR_FAILED,
		"The build ran out of its memory limit of %s and was killed\n"
		"Run 'dokku resource:limit --memory <size> --process-type build %s' to give it "
		"more",
		limit, app);
}
