/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the tables say, as texts: manual page, shell completion, reference pages. Written at build
 * time by the docgen program and in tests; the running program does not link it.
 */

#include "core/plugin.h"

/* A command as a user sees it; the implicit ones (help, set, report) included. */
struct catalog_entry {
	char *name;
	char *args;
	char *summary;
	const struct flag *opts;
	unsigned flags;
};

struct catalog {
	struct catalog_entry *items;
	size_t count;
};
#define CATALOG_INIT                                                                               \
	{                                                                                          \
		0                                                                                  \
	}
void catalog_done(struct catalog *c);
#define AUTO_CATALOG CLEANUP(catalog_done) struct catalog

/* Visible commands of PLUGINS (NULL-terminated), sorted by name. */
void catalog_load(struct catalog *c, const struct plugin *const *plugins);

void catalog_man(const struct plugin *const *plugins, struct strbuf *out);
void catalog_bash(const struct plugin *const *plugins, struct strbuf *out);
void catalog_zsh(const struct plugin *const *plugins, struct strbuf *out);
/* The reference page of one plugin, in Markdown. */
void catalog_reference(const struct plugin *p, struct strbuf *out);
