/* SPDX-License-Identifier: MIT */
/* What parses is written in both forms, and both parse to the same again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lib/dockerref/dockerref.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const char *s, const char *full)
{
	AUTO_DOCKERREF r = DOCKERREF_INIT;
	AUTO_STRBUF again = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	if (dockerref_parse(s, &r, &err) < 0)
		abort();
	dockerref_add_full(&r, &again);
	if (strcmp(again.buf, full) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *s = xstrndup((const char *)data, size);
	AUTO_DOCKERREF r = DOCKERREF_INIT;
	AUTO_STRBUF full = STRBUF_INIT;
	AUTO_STRBUF familiar = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	if (dockerref_parse(s, &r, &err) < 0)
		return 0;
	dockerref_add_full(&r, &full);
	dockerref_add_familiar(&r, &familiar);
	check_again(full.buf, full.buf);
	check_again(familiar.buf, full.buf);
	return 0;
}
