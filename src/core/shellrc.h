/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Shell settings: the instance's shell_settings (/etc/default/dokku), DOKKU_ROOT/dokkurc and
 * the files in DOKKU_ROOT/.dokkurc, which Dokku sources at every start. A file of plain assignments is read
 * natively; anything else is evaluated by bash once and remembered by path, time, size, owner and
 * what was set before it.
 *
 * Only files that belong to root or to the instance's user and that not everybody may write are
 * read; others are named in a warning and left out. While the process is root (and the instance's
 * user is not), files of that user are left out too: they must not become root's code or PATH.
 */

#include "core/ctx.h"

enum { SHELLRC_MAX = 256 * 1024 };

/*
 * Puts what the files set into this process's environment and into ctx->inst. Fails as Dokku does
 * when a file cannot be read ("Unable to read x for sourcing") or ends with an error.
 */
MUST_CHECK int shellrc_load(struct ctx *ctx, struct err *err);

struct shellrc_line {
	char *name;
	char *value;
	bool exported;
};

struct shellrc {
	struct shellrc_line *lines;
	size_t count;
};
#define SHELLRC_INIT                                                                               \
	{                                                                                          \
		0                                                                                  \
	}
void shellrc_done(struct shellrc *rc);
#define AUTO_SHELLRC CLEANUP(shellrc_done) struct shellrc

/*
 * True if TEXT is nothing but empty lines, comments and `[export] NAME=VALUE` whose value is a
 * plain word or one quoted string without expansions: then RET (empty before) has the assignments.
 */
bool shellrc_parse_plain(const char *text, size_t len, struct shellrc *ret);
