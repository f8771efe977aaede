/* SPDX-License-Identifier: MIT */
#include "lib/dockeropts/private.h"

#include <string.h>

/* What may reach `docker image build`: Dokku's own selection from a list meant for all phases. */
static const struct dockeropts_flag build_flags[] = {
	{ "add-host" },
	{ "allow" },
	{ "annotation" },
	{ "attest" },
	{ "build-arg" },
	{ "builder" },
	{ "cache-from" },
	{ "cache-to" },
	{ "call" },
	{ "cgroup-parent" },
	{ "check", .is_bool = true },
	{ "debug", .is_bool = true, .letter = 'D' },
	{ "label" },
	{ "memory", .letter = 'm' },
	{ "memory-swap" },
	{ "network" },
	{ "no-cache", .is_bool = true },
	{ "platform" },
	{ "progress" },
	{ "provenance" },
	{ "sbom" },
	{ "secret" },
	{ "shm-size" },
	{ "ssh" },
	{ "tag" },
	{ "target" },
	{ "ulimit" },
	{},
};

/* The row for "--name", "--name=value", "-x" or "-x=value"; *VALUE is NULL without "=". */
static const struct dockeropts_flag *find_flag(const struct dockeropts_flag *flags,
	const char *word, const char **value)
{
	size_t len = strcspn(word, "=");

	*value = word[len] ? word + len + 1 : NULL;
	for (const struct dockeropts_flag *f = flags; f->name; f++) {
		if (len == 2 && word[0] == '-' && f->letter && word[1] == f->letter)
			return f;
		if (len > 2 && word[0] == '-' && word[1] == '-' && strlen(f->name) == len - 2 &&
			memcmp(word + 2, f->name, len - 2) == 0)
			return f;
	}
	return NULL;
}

void dockeropts_filter(const struct dockeropts_flag *flags, char *const *argv, struct strvec *ret)
{
	for (size_t i = 0; argv[i]; i++) {
		const char *value;
		const struct dockeropts_flag *f = find_flag(flags, argv[i], &value);

		if (!f)
			continue;
		if (f->is_bool) {
			/* "--no-cache=false" is no flag that Dokku lets through. */
			if (!value)
				strvec_push(ret, argv[i]);
			continue;
		}
		if (!value && !argv[i + 1])
			return;
		strvec_pushf(ret, "--%s", f->name);
		strvec_push(ret, value ? value : argv[++i]);
	}
}

void dockeropts_filter_build(char *const *argv, struct strvec *ret)
{
	dockeropts_filter(build_flags, argv, ret);
}
