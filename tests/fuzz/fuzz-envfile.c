/* SPDX-License-Identifier: MIT */
/* What was read must be the same after writing and reading; so must any value at all. */
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "lib/envfile/envfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Integers are the exception: they come back normalised, so they are compared as written. */
static void check_round_trip(const struct env *e)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRBUF again = STRBUF_INIT;
	AUTO_ENV back = ENV_INIT;
	AUTO_ERR err = ERR_INIT;

	env_write(e, &text);
	if (text.len > ENV_TEXT_MAX)
		return;
	if (env_parse(text.buf, text.len, &back, NULL, &err) < 0 || back.count != e->count)
		abort();
	env_write(&back, &again);
	if (!str_eq(text.buf, again.buf))
		abort();
	for (size_t i = 0; i < e->count; i++) {
		const char *value = e->vars[i].value;

		if (!str_eq(value, back.vars[i].value) && *value != '+' && *value != '-' &&
			(*value < '0' || *value > '9'))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	AUTO_FREE char *value = xstrndup(text, size);
	AUTO_ENV e = ENV_INIT;
	AUTO_ENV one = ENV_INIT;
	AUTO_STRVEC dropped = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	if (env_parse(text, size, &e, &dropped, &err) == 0)
		check_round_trip(&e);
	env_set(&one, "KEY", value);
	env_set(&one, "NEXT", "x");
	check_round_trip(&one);
	for (int f = ENV_EXPORTS; f <= ENV_PACK_KEYS; f++) {
		AUTO_STRBUF out = STRBUF_INIT;

		env_export(&one, (enum env_format)f, &out);
	}
	return 0;
}
