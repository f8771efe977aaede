/* SPDX-License-Identifier: MIT */
#pragma once

/* What the splitters share: the word being built and the words so far. Private to this folder. */

#include <stdbool.h>

#include "lib/words/words.h"

struct collect {
	struct strvec words;
	struct strbuf word;
	bool open; /* a word has begun; it may still be empty, as in '' */
};

#define COLLECT_INIT                                                                               \
	{                                                                                          \
		.words = STRVEC_INIT, .word = STRBUF_INIT                                          \
	}
#define AUTO_COLLECT CLEANUP(collect_done) struct collect

void collect_done(struct collect *c);
void collect_add(struct collect *c, const char *data, size_t len);
/* Ends the open word, if there is one. */
MUST_CHECK int collect_end(struct collect *c, struct err *err);
/* Ends the open word and appends all to RET. */
MUST_CHECK int collect_into(struct collect *c, struct strvec *ret, struct err *err);

/* Refuses what no splitter takes: NUL bytes and texts over the limit. */
MUST_CHECK int words_check_text(const char *text, size_t len, struct err *err);
