/* SPDX-License-Identifier: MIT */
#include "lib/dockeropts/private.h"

#include <string.h>

/* What may reach `docker image build`: Dokku's own selection from a list meant for all phases. */
static const struct build_flag {
	const char *name;
	bool is_bool;
	char letter;
} build_flags[] = {
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
};

/* The row for "--name", "--name=value", "-x" or "-x=value"; *VALUE is NULL without "=". */
static const struct build_flag *find_build_flag(const char *word, const char **value)
{
	size_t len = strcspn(word, "=");

	*value = word[len] ? word + len + 1 : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(build_flags); i++) {
		const struct build_flag *f = &build_flags[i];

		if (len == 2 && word[0] == '-' && f->letter && word[1] == f->letter)
			return f;
		if (len > 2 && word[0] == '-' && word[1] == '-' && strlen(f->name) == len - 2 &&
			memcmp(word + 2, f->name, len - 2) == 0)
			return f;
	}
	return NULL;
}

void dockeropts_filter_build(char *const *argv, struct strvec *ret)
{
	for (size_t i = 0; argv[i]; i++) {
		const char *value;
		const struct build_flag *f = find_build_flag(argv[i], &value);

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
