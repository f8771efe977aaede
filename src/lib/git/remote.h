/* SPDX-License-Identifier: MIT */
#pragma once

/* Addresses of repositories that somebody else hosts, as git takes them. */

#include <stdbool.h>

#include "base/err.h"

enum { GIT_REMOTE_MAX = 4096 };

struct git_remote {
	/* As given, but an http address without name and password, and an ssh one without password:
	 * fit for messages, records and command lines. */
	char *url;
	char *root; /* "https://host:port/" of an http address; NULL for others */
	char *user; /* of an http address, decoded; NULL: none given */
	char *password;
};
#define GIT_REMOTE_INIT                                                                            \
	{                                                                                          \
		0                                                                                  \
	}
/* Overwrites the secrets before freeing them. */
void git_remote_done(struct git_remote *remote);
#define AUTO_GIT_REMOTE CLEANUP(git_remote_done) struct git_remote

/*
 * Takes http, https, ssh, git and file addresses, "user@host:path" and paths. ERR_INVALID, with RET
 * untouched, for anything else: helper programs ("ext::..."), what a command could take for an
 * option, control characters, text that is not UTF-8, a bad percent escape, no host. The message
 * does not quote what was given, since it may hold a password.
 */
MUST_CHECK int git_remote_parse(const char *text, struct git_remote *ret, struct err *err);
