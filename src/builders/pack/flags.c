/* SPDX-License-Identifier: MIT */
#include "builders/pack/flags.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"

void pack_flags_done(struct pack_flags *f)
{
	strvec_done(&f->docker);
	strvec_done(&f->volumes);
	strvec_done(&f->tags);
	strvec_done(&f->group);
	strvec_done(&f->pre);
	strvec_done(&f->post);
	strvec_done(&f->warnings);
	free(f->run_image);
	free(f->previous);
	free(f->workspace);
	free(f->creation_time);
	*f = (struct pack_flags)PACK_FLAGS_INIT;
}

static void replace(char **field, const char *value)
{
	free(*field);
	*field = xstrdup(value);
}

/* --- values --- */

static int take_number(const char *value, long *ret, struct err *err)
{
	uint64_t n;
	int r = parse_uint(value, 0, INT32_MAX, &n, err);

	if (r >= 0)
		*ret = (long)n;
	return r;
}

static int take_pull(struct pack_flags *f, const char *value, struct err *err)
{
	if (str_eq(value, "always"))
		f->pull = PACK_PULL_ALWAYS;
	else if (str_eq(value, "if-not-present"))
		f->pull = PACK_PULL_MISSING;
	else if (str_eq(value, "never"))
		f->pull = PACK_PULL_NEVER;
	else
		return err_set(err, ERR_INVALID, "it is always, if-not-present or never");
	return 0;
}

static int take_time(struct pack_flags *f, const char *value, struct err *err)
{
	uint64_t n;
	int r;

	if (str_eq(value, "now")) {
		free(f->creation_time);
		f->creation_time = xasprintf("%lld", (long long)time(NULL));
		return 0;
	}
	r = parse_uint(value, 0, INT64_MAX, &n, err);
	if (r >= 0)
		replace(&f->creation_time, value);
	return r;
}

/* Below the root, and none of the lifecycle's own folders. */
static int take_workspace(struct pack_flags *f, const char *value, struct err *err)
{
	static const char *const taken[] = { "cnb", "layers", "platform", "cache", "launch-cache" };
	const char *inside = value + strspn(value, "/");
	size_t first = strcspn(inside, "/");

	if (!path_is_inside(inside) || strpbrk(inside, ":,"))
		return err_set(err, ERR_INVALID, "it is no folder");
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
		if (strlen(taken[i]) == first && strncmp(inside, taken[i], first) == 0)
			return err_set(err, ERR_INVALID, "the lifecycle needs /%s", taken[i]);
	}
	free(f->workspace);
	f->workspace = xasprintf("/%s", inside);
	return 0;
}

/* Buildpacks may only read it unless the user says otherwise. */
static void add_volume(struct pack_flags *f, const char *value)
{
	const char *colon = strchr(value, ':');
	bool has_mode = colon && strchr(colon + 1, ':');

	strvec_pushf(&f->volumes, "--volume=%s%s", value, has_mode ? "" : ":ro");
}

/* --- the table --- */

enum flag_kind {
	FLAG_BUILDPACK,
	FLAG_PRE,
	FLAG_POST,
	FLAG_TAG,
	FLAG_VOLUME,
	FLAG_TIME,
	FLAG_GID,
	FLAG_UID,
	FLAG_NETWORK,
	FLAG_PREVIOUS,
	FLAG_PULL,
	FLAG_RUN_IMAGE,
	FLAG_WORKSPACE,
	FLAG_CLEAR, /* from here on without a value, or with one that nobody wants */
	FLAG_NOT_HERE,
	FLAG_NOT_HERE_VALUE,
};

static const struct flag {
	const char *name;
	char letter;
	enum flag_kind kind;
} flags[] = {
	{ "buildpack", 'b', FLAG_BUILDPACK },
	{ "buildpack-registry", 'r', FLAG_NOT_HERE_VALUE },
	{ "cache", 0, FLAG_NOT_HERE_VALUE },
	{ "cache-image", 0, FLAG_NOT_HERE_VALUE },
	{ "clear-cache", 0, FLAG_CLEAR },
	{ "creation-time", 0, FLAG_TIME },
	{ "disable-system-buildpacks", 0, FLAG_NOT_HERE },
	{ "extension", 0, FLAG_NOT_HERE_VALUE },
	{ "gid", 0, FLAG_GID },
	{ "insecure-registry", 0, FLAG_NOT_HERE_VALUE },
	{ "lifecycle-image", 0, FLAG_NOT_HERE_VALUE },
	{ "network", 0, FLAG_NETWORK },
	{ "platform", 0, FLAG_NOT_HERE_VALUE },
	{ "post-buildpack", 0, FLAG_POST },
	{ "pre-buildpack", 0, FLAG_PRE },
	{ "previous-image", 0, FLAG_PREVIOUS },
	{ "publish", 0, FLAG_NOT_HERE },
	{ "pull-policy", 0, FLAG_PULL },
	{ "run-image", 0, FLAG_RUN_IMAGE },
	{ "tag", 't', FLAG_TAG },
	{ "trust-builder", 0, FLAG_NOT_HERE },
	{ "trust-extra-buildpacks", 0, FLAG_NOT_HERE },
	{ "uid", 0, FLAG_UID },
	{ "userns-host", 0, FLAG_NOT_HERE },
	{ "volume", 'v', FLAG_VOLUME },
	{ "workspace", 0, FLAG_WORKSPACE },
};

/* The flag that WORD is; *RET_VALUE behind its "=", NULL where there is none. */
static const struct flag *find(const char *word, const char **ret_value)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		const char *rest = NULL;

		if (word[0] == '-' && word[1] == '-' && word[2])
			rest = str_after(word + 2, flags[i].name);
		else if (word[0] == '-' && flags[i].letter && word[1] == flags[i].letter)
			rest = word + 2;
		if (!rest || (*rest && *rest != '='))
			continue;
		*ret_value = *rest ? rest + 1 : NULL;
		return &flags[i];
	}
	return NULL;
}

static int take(struct pack_flags *f, const struct flag *flag, const char *value, struct err *err)
{
	switch (flag->kind) {
	case FLAG_BUILDPACK:
		strvec_push(&f->group, value);
		return 0;
	case FLAG_PRE:
		strvec_push(&f->pre, value);
		return 0;
	case FLAG_POST:
		strvec_push(&f->post, value);
		return 0;
	case FLAG_TAG:
		strvec_push(&f->tags, value);
		return 0;
	case FLAG_VOLUME:
		add_volume(f, value);
		return 0;
	case FLAG_TIME:
		return take_time(f, value, err);
	case FLAG_GID:
		return take_number(value, &f->gid, err);
	case FLAG_UID:
		return take_number(value, &f->uid, err);
	case FLAG_NETWORK:
		strvec_pushf(&f->docker, "--network=%s", value);
		return 0;
	case FLAG_PREVIOUS:
		replace(&f->previous, value);
		return 0;
	case FLAG_PULL:
		return take_pull(f, value, err);
	case FLAG_RUN_IMAGE:
		replace(&f->run_image, value);
		return 0;
	case FLAG_WORKSPACE:
		return take_workspace(f, value, err);
	case FLAG_CLEAR:
		f->clear_cache = !value || !str_eq(value, "false");
		return 0;
	case FLAG_NOT_HERE:
	case FLAG_NOT_HERE_VALUE:
		strvec_pushf(&f->warnings,
			"docker-options: --%s has no effect on builds with buildpacks here",
			flag->name);
		return 0;
	}
	return 0;
}

static bool wants_value(const struct flag *flag)
{
	return flag->kind != FLAG_CLEAR && flag->kind != FLAG_NOT_HERE;
}

int pack_flags_read(const struct strvec *words, struct pack_flags *ret, struct err *err)
{
	AUTO_PACK_FLAGS f = PACK_FLAGS_INIT;
	int r = 0;

	f.run_image = xstrdup("");
	f.previous = xstrdup("");
	f.creation_time = xstrdup("");
	f.workspace = xstrdup("/workspace");
	for (size_t i = 0; r >= 0 && i < words->count; i++) {
		const char *value = NULL;
		const struct flag *flag = find(words->items[i], &value);

		if (!flag)
			continue;
		if (!value && wants_value(flag)) {
			if (i + 1 >= words->count)
				break; /* nothing to take */
			value = words->items[++i];
		}
		r = take(&f, flag, value, err);
		if (r < 0)
			return err_wrap(err, "docker-options: --%s", flag->name);
	}
	*ret = f;
	f = (struct pack_flags)PACK_FLAGS_INIT;
	return 0;
}
