/* SPDX-License-Identifier: MIT */
/* One word a line: through both filters, and what parses is merged twice and dumped. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lib/dockeropts/dockeropts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *lookup(void *cookie, const char *name)
{
	return *name == 'S' ? "set" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A folder that is not there: no flag makes the target read files. */
	struct dockeropts_source src = { .lookup = lookup, .cwd = "/nonexistent", .for_run = true };
	AUTO_STRVEC argv = STRVEC_INIT;
	AUTO_STRVEC build = STRVEC_INIT;
	AUTO_DOCKEROPTS opts = DOCKEROPTS_INIT;
	AUTO_STRBUF flag = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	AUTO_FREE char *copy = NULL;
	json_t *base;
	char *dump;
	int r;

	if (!size || size > 8192)
		return 0;
	src.api_minor = data[0] % 4 ? 48 : 41;
	copy = xstrndup((const char *)data, size);
	for (char *at = copy, *end; at; at = end) {
		end = strchr(at, '\n');
		if (end)
			*end++ = '\0';
		/* Other absolute paths could name devices or endless files. */
		if (!strstr(at, "-file") && !strstr(at, "seccomp"))
			strvec_push(&argv, at);
	}
	dockeropts_filter_build(argv.items, &build);
	r = dockeropts_parse(argv.items, &src, &opts, &flag, &err);
	if ((r < 0) != (err.kind != ERR_OK) || (r == DOCKEROPTS_MAPPED) != (opts.body != NULL) ||
		(r == DOCKEROPTS_NEEDS_CLIENT) != (flag.len > 0))
		abort();
	if (r != DOCKEROPTS_MAPPED ||
		json_object_size(json_object_get(opts.body, "ExposedPorts")) > 1000)
		return 0;
	base = dockeropts_default_body();
	dockeropts_merge(base, opts.body);
	dockeropts_merge(base, opts.body);
	dump = json_dumps(base, JSON_COMPACT);
	if (!dump)
		abort();
	free(dump);
	json_decref(base);
	return 0;
}
