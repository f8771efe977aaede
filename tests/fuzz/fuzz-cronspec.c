/* SPDX-License-Identifier: MIT */
/* A schedule as it is written for cron(8) must mean what the text means, and nothing but cron's
 * own signs may get into the crontab. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lib/cronspec/cronspec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_sets(const struct cronspec *s)
{
	static const uint64_t most[CRONSPEC_FIELDS] = { (UINT64_C(1) << 60) - 1, (1 << 24) - 1,
		(UINT64_C(1) << 32) - 2, (1 << 13) - 2, (1 << 7) - 1 };

	for (size_t i = 0; i < CRONSPEC_FIELDS; i++) {
		if (!s->sets[i] || (s->sets[i] & ~most[i]) || (s->any[i] && s->sets[i] != most[i]))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_STRBUF line = STRBUF_INIT;
	AUTO_STRBUF twice = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	struct cronspec first;
	struct cronspec second;

	if (cronspec_parse(text, &first, &err) < 0) {
		err_clear(&err);
		if (cronspec_crontab(text, &line, &err) >= 0 || line.len)
			abort();
		return 0;
	}
	if (cronspec_crontab(text, &line, &err) < 0) {
		if (line.len || (!first.every && !first.zone))
			abort();
		return 0;
	}
	if (line.buf[0] != '@')
		check_sets(&first);
	if (strspn(line.buf,
		    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ*,-/ @") !=
		line.len)
		abort();
	if (cronspec_parse(line.buf, &second, &err) < 0 || memcmp(&first, &second, sizeof(first)))
		abort();
	if (cronspec_crontab(line.buf, &twice, &err) < 0 || strcmp(line.buf, twice.buf))
		abort();
	return 0;
}
