/* SPDX-License-Identifier: MIT */
#include "core/checks.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/procs.h"
#include "core/state.h"

static const char all[] = "_all_";

static const char *const names[] = {
	[CHECKS_DISABLED] = "disabled",
	[CHECKS_SKIPPED] = "skipped",
};

char *checks_list(struct ctx *ctx, const char *app, enum checks_list list)
{
	return state_get_or(ctx, "checks", app, names[list], "");
}

static void load(struct ctx *ctx, const char *app, enum checks_list list, struct strvec *ret)
{
	AUTO_FREE char *text = checks_list(ctx, app, list);

	strvec_split(ret, text, ",");
}

static int save(struct ctx *ctx, const char *app, enum checks_list list, const struct strvec *types,
	struct err *err)
{
	AUTO_FREE char *text = strvec_joined(types, ",");

	if (!types->count)
		return state_unset(ctx, "checks", app, names[list], err);
	return state_set(ctx, "checks", app, names[list], text, err);
}

static int split_types(const char *types, struct strvec *ret, struct err *err)
{
	strvec_split(ret, types, ",");
	for (size_t i = 0; i < ret->count; i++) {
		if (!proc_name_valid(ret->items[i]))
			return err_set(err, ERR_USAGE, "Invalid process type specified (%s)",
				ret->items[i]);
	}
	return 0;
}

int checks_put(struct ctx *ctx, const char *app, enum checks_list list, const char *types,
	struct err *err)
{
	enum checks_list other = list == CHECKS_DISABLED ? CHECKS_SKIPPED : CHECKS_DISABLED;
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_STRVEC mine = STRVEC_INIT;
	AUTO_STRVEC others = STRVEC_INIT;
	int r = split_types(types, &words, err);

	if (r < 0)
		return r;
	load(ctx, app, list, &mine);
	load(ctx, app, other, &others);
	if (strvec_has(&words, all)) {
		strvec_clear(&mine);
		strvec_clear(&others);
		strvec_push(&mine, all);
		strvec_clear(&words);
	} else {
		strvec_remove_str(&mine, all);
	}
	for (size_t i = 0; i < words.count; i++) {
		if (!strvec_has(&mine, words.items[i]))
			strvec_push(&mine, words.items[i]);
		strvec_remove_str(&others, words.items[i]);
	}
	r = save(ctx, app, list, &mine, err);
	return r < 0 ? r : save(ctx, app, other, &others, err);
}

static int take_off(struct ctx *ctx, const char *app, enum checks_list list,
	const struct strvec *words, struct err *err)
{
	AUTO_STRVEC types = STRVEC_INIT;

	load(ctx, app, list, &types);
	if (strvec_has(words, all))
		strvec_clear(&types);
	for (size_t i = 0; i < words->count; i++)
		strvec_remove_str(&types, words->items[i]);
	return save(ctx, app, list, &types, err);
}

int checks_enable(struct ctx *ctx, const char *app, const char *types, struct err *err)
{
	AUTO_STRVEC words = STRVEC_INIT;
	int r = split_types(types, &words, err);

	if (r >= 0)
		r = take_off(ctx, app, CHECKS_DISABLED, &words, err);
	return r < 0 ? r : take_off(ctx, app, CHECKS_SKIPPED, &words, err);
}

static bool is_on(struct ctx *ctx, const char *app, enum checks_list list, const char *process)
{
	AUTO_STRVEC types = STRVEC_INIT;

	load(ctx, app, list, &types);
	return strvec_has(&types, all) || strvec_has(&types, process);
}

bool checks_are_disabled(struct ctx *ctx, const char *app, const char *process)
{
	return is_on(ctx, app, CHECKS_DISABLED, process);
}

bool checks_are_skipped(struct ctx *ctx, const char *app, const char *process)
{
	return is_on(ctx, app, CHECKS_SKIPPED, process);
}

/* What does not parse was edited by hand and counts as FALLBACK. */
static uint64_t seconds(const char *text, uint64_t fallback)
{
	AUTO_ERR ignored = ERR_INIT;
	uint64_t value;

	return parse_uint(text, 0, CHECKS_SECONDS_MAX, &value, &ignored) < 0 ? fallback : value;
}

uint64_t checks_wait_to_retire(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *text = state_computed(ctx, "checks", app, "wait-to-retire", "60");

	return seconds(text, 60);
}

uint64_t checks_default_wait(struct ctx *ctx)
{
	AUTO_FREE char *text = state_get_or(ctx, "checks", SCOPE_GLOBAL, "default-wait", "10");

	return seconds(text, 10);
}
