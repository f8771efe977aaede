/* SPDX-License-Identifier: MIT */
/* What somebody sets as a log sink, and what is written of it into a file of JSON. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lib/dsn/dsn.h"
#include "lib/jsonc/jsonc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	json_t *value = NULL;
	json_t *again;

	if (dsn_parse(text, &value, &err) < 0) {
		if (value || err.kind != ERR_INVALID)
			abort();
		return 0;
	}
	if (!json_is_string(json_object_get(value, "type")))
		abort();
	/* What was written is read as the same. */
	jsonc_add_indented(&out, value);
	again = json_loadb(out.buf, out.len, JSON_ALLOW_NUL, NULL);
	if (!again)
		abort();
	json_decref(again);
	json_decref(value);
	return 0;
}
