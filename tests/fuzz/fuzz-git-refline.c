/* SPDX-License-Identifier: MIT */
/* What is accepted, written out again as git would, is the text (but for a missing last newline). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "lib/git/refline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_GIT_REFLINES lines = GIT_REFLINES_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	if (git_reflines_parse((const char *)data, size, &lines, &err) < 0) {
		if (err.kind != ERR_INVALID || lines.count)
			abort();
		return 0;
	}
	for (size_t i = 0; i < lines.count; i++) {
		const struct git_refline *line = &lines.items[i];

		if (!git_oid_valid(line->old) || !git_oid_valid(line->rev) ||
			!git_ref_valid(line->ref))
			abort();
		strbuf_addf(&text, "%s %s %s\n", line->old, line->rev, line->ref);
	}
	if (size && data[size - 1] != '\n')
		strbuf_chomp(&text);
	if (text.len != size || (size && memcmp(text.buf, data, size) != 0))
		abort();
	return 0;
}
