/* SPDX-License-Identifier: MIT */
/* Every entry must satisfy its own rules, and a file written from the entries must parse again. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "lib/procfile/procfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A command is a piece of the text that ends where a word ends: comments cut no word in two. */
static bool stands_in(const char *command, const char *text, size_t size)
{
	size_t n = strlen(command);
	const char *at = memmem(text, size, command, n);

	while (at) {
		size_t behind = (size_t)(at - text) + n;

		if (behind == size || isspace((unsigned char)text[behind]))
			return true;
		at = memmem(at + 1, size - (size_t)(at - text) - 1, command, n);
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_PROCFILE p = PROCFILE_INIT;
	AUTO_PROCFILE again = PROCFILE_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ENV env = ENV_INIT;
	AUTO_ERR err = ERR_INIT;

	if (procfile_parse((const char *)data, size, &p, &err) < 0)
		return 0;
	env_set(&env, "A", "$A");
	for (size_t i = 0; i < p.count; i++) {
		const struct procfile_entry *e = &p.entries[i];
		AUTO_STRBUF out = STRBUF_INIT;

		if (!procfile_name_valid(e->name) || !*e->command ||
			procfile_find(&p, e->name) != e)
			abort();
		if (!stands_in(e->command, (const char *)data, size))
			abort();
		if (procfile_expand(e, &env, 5000, &out, &err) < 0)
			err_clear(&err);
		/* a second comment of a line would be cut now: end each with one that will be */
		strbuf_addf(&text, "%s: %s # x\n", e->name, e->command);
	}
	if (text.len > PROCFILE_TEXT_MAX)
		return 0;
	if (procfile_parse(text.buf, text.len, &again, &err) < 0 || again.count != p.count)
		abort();
	for (size_t i = 0; i < p.count; i++) {
		if (!str_eq(p.entries[i].command, again.entries[i].command))
			abort();
	}
	return 0;
}
