/* SPDX-License-Identifier: MIT */
/* Whatever words_shell and words_posix make of a text must survive quoting and splitting again. */
#include <stdint.h>
#include <stdlib.h>

#include "base/fs.h"
#include "lib/words/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct strvec *words)
{
	AUTO_STRBUF line = STRBUF_INIT;
	AUTO_STRVEC again = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	quote_words(&line, words);
	if (line.len > WORDS_TEXT_MAX)
		return;
	if (words_shell(line.buf, line.len, &again, NULL, &err) < 0 || again.count != words->count)
		abort();
	for (size_t i = 0; i < words->count; i++) {
		if (!str_eq(again.items[i], words->items[i]))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;
	size_t end;

	if (words_xargs(text, size, &words, &err) == 0)
		check_round_trip(&words);
	strvec_clear(&words);
	if (words_plain(text, size, &words, &err) == 0)
		check_round_trip(&words);
	strvec_clear(&words);
	if (words_posix(text, size, &words, &err) == 0)
		check_round_trip(&words);
	strvec_clear(&words);
	if (words_shell(text, size, &words, &end, &err) == 0) {
		check_round_trip(&words);
		if (end > size)
			abort();
	}
	return 0;
}
