/* SPDX-License-Identifier: MIT */
#include "core/build_flags.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/trigger.h"
#include "lib/dockeropts/dockeropts.h"
#include "lib/words/words.h"

static int add_flags_of(const struct build *b, const char *trigger, const char *name,
	struct strbuf *out, struct err *err)
{
	AUTO_STRVEC args = STRVEC_INIT;
	AUTO_STRBUF empty = STRBUF_INIT;
	int r;

	strvec_pushl(&args, b->app, name, NULL);
	r = trigger_run_builtin(b->ctx, trigger, &args, out, err);
	strbuf_addch(out, ' ');
	if (r >= 0)
		r = trigger_capture_args(b->ctx, trigger, &args, &empty, out, err);
	strbuf_addch(out, ' ');
	return r;
}

int build_flags(const struct build *b, const char *name, struct strvec *ret, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int r = add_flags_of(b, "docker-args-build", name, &text, err);

	if (r >= 0)
		r = add_flags_of(b, "docker-args-process-build", name, &text, err);
	if (r >= 0)
		r = words_xargs(text.buf, text.len, ret, err);
	return r < 0 ? err_wrap(err, "read the docker options of '%s'", b->app) : 0;
}

/* --- variables --- */

/* How many words the flag for variables that begins at FLAG has; 0 when it is another flag. */
static size_t env_words(const char *flag)
{
	if (str_eq(flag, "-e") || str_eq(flag, "--env") || str_eq(flag, "--env-file"))
		return 2;
	if (str_starts(flag, "--env=") || str_starts(flag, "--env-file="))
		return 1;
	return str_starts(flag, "-e") ? 1 : 0;
}

static const char *lookup(void *cookie, const char *name)
{
	const char *value = env_get(cookie, name);

	return value ? value : getenv(name);
}

static void set_pairs(const json_t *pairs, struct env *ret)
{
	const json_t *one;
	size_t i;

	json_array_foreach (pairs, i, one) {
		const char *pair = json_string_value(one);
		const char *eq = pair ? strchr(pair, '=') : NULL;
		AUTO_FREE char *key = eq ? xstrndup(pair, (size_t)(eq - pair)) : NULL;

		if (key)
			env_set(ret, key, eq + 1);
	}
}

int build_flags_take_env(struct strvec *flags, const struct env *known, struct env *ret,
	struct err *err)
{
	AUTO_STRVEC taken = STRVEC_INIT;
	AUTO_STRVEC rest = STRVEC_INIT;
	AUTO_DOCKEROPTS opts = DOCKEROPTS_INIT;
	struct env values = *known; /* the callback takes no const */
	struct dockeropts_source source = { .lookup = lookup, .cookie = &values };
	int r;

	for (size_t i = 0; i < flags->count;) {
		size_t words = env_words(flags->items[i]);
		struct strvec *to = words ? &taken : &rest;

		for (size_t end = i + (words ? words : 1); i < end && i < flags->count; i++)
			strvec_push(to, flags->items[i]);
	}
	r = dockeropts_parse(taken.items, &source, &opts, NULL, err);
	if (r < 0)
		return r;
	set_pairs(json_object_get(opts.body, "Env"), ret);
	strvec_clear(flags);
	strvec_pushv(flags, rest.items);
	return 0;
}
