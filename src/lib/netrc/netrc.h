/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The file .netrc, from which git and curl take names and passwords: "machine HOST login NAME
 * password WORD" and so on, words apart by white space, in double quotes where they hold some, '#'
 * before a comment. What is changed is one host's entry; the rest stays byte for byte.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"

enum {
	NETRC_MAX = 1024 * 1024,
	NETRC_ENTRIES_MAX = 10000,
	NETRC_WORD_MAX = 1000, /* curl reads lines of 4096 bytes, and quoting doubles some */
};

struct netrc_login {
	char *name; /* "" when the entry has none */
	char *password;
};
#define NETRC_LOGIN_INIT                                                                           \
	{                                                                                          \
		0                                                                                  \
	}
/* Overwrites the password before freeing it. */
void netrc_login_done(struct netrc_login *login);
#define AUTO_NETRC_LOGIN CLEANUP(netrc_login_done) struct netrc_login

/*
 * All functions: ERR_INVALID with the line's number for a file that does not parse (a quote without
 * its end, a keyword without its word); outputs are untouched then. Hosts are compared without
 * regard to case.
 */

/* 1 when there is an entry of HOST itself ("default" is none); the first one counts. */
MUST_CHECK int netrc_find(const char *text, size_t len, const char *host, struct netrc_login *ret,
	struct err *err);
/* Appends the file with HOST's entries replaced by this one. The words must be valid. */
MUST_CHECK int netrc_set(const char *text, size_t len, const char *host, const char *name,
	const char *password, struct strbuf *out, struct err *err);
/* Appends the file without HOST's entries; 1 when there were any. */
MUST_CHECK int netrc_unset(const char *text, size_t len, const char *host, struct strbuf *out,
	struct err *err);

/* Not empty, no control characters, not longer than NETRC_WORD_MAX. */
bool netrc_word_valid(const char *word);
