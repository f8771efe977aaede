/* SPDX-License-Identifier: MIT */
/* What the strict parser accepts, this one must accept with the same result (duplicates aside). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/strbuf.h"
#include "lib/jsonc/jsonc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_quote(const char *text, size_t size)
{
	AUTO_FREE char *s = xstrndup(text, size);
	AUTO_STRBUF quoted = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	json_t *value = NULL;

	jsonc_quote(&quoted, s);
	if (quoted.len <= JSONC_TEXT_MAX && jsonc_parse(quoted.buf, quoted.len, &value, &err) < 0)
		abort();
	json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	AUTO_ERR err = ERR_INIT;
	json_error_t fault;
	json_t *ours = NULL;
	json_t *strict = json_loadb(text, size, JSON_DECODE_ANY, &fault);
	int r = jsonc_parse(text, size, &ours, &err);

	/* the strict one takes a NUL byte for the end */
	if (strict && r < 0 && size < JSONC_DEPTH_MAX && !memchr(text, 0, size))
		abort();
	if (strict && r >= 0 && !json_equal(strict, ours))
		abort();
	json_decref(strict);
	json_decref(ours);
	check_quote(text, size);
	return 0;
}
