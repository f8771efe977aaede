/* SPDX-License-Identifier: MIT */
/*
 * A .buildpacks of anybody: what is written out of it holds comments and URLs, one a line, and is
 * what comes out when it is read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/buildpacks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want_url(const char *line)
{
	if (!str_starts(line, "http") && !str_starts(line, "git") && !str_starts(line, "file:///"))
		abort();
	for (; *line; line++) {
		if ((unsigned char)*line < ' ' || *line == 0x7f)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_STRBUF once = STRBUF_INIT;
	AUTO_STRBUF twice = STRBUF_INIT;
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	if (size > 65536 || buildpacks_spell_out(text, &once, &err) < 0)
		return 0;
	if (buildpacks_spell_out(once.buf, &twice, &err) < 0 || !str_eq(once.buf, twice.buf))
		abort();
	strvec_split_lines(&lines, once.buf);
	for (size_t i = 0; i < lines.count; i++) {
		if (lines.items[i][0] != '#')
			want_url(lines.items[i]);
	}
	return 0;
}
