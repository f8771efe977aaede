/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The authorized_keys file of a user, changed under a lock and replaced atomically; owner and mode
 * stay. The file may be changed by root in a folder that belongs to the user, so no link in the
 * user's hands is followed.
 */

#include <stdbool.h>

#include "lib/sshkeys/sshkeys.h"

/* Reads HOME/.ssh/authorized_keys into RET (empty before). 1 when there is such a file. */
MUST_CHECK int keyfile_read(const char *home, struct sshkeys *ret, struct err *err);

struct keyfile_add {
	const char *home;
	const char *name;
	const char *text; /* of the public key */
	size_t len;
	bool allow_same_name;
	bool allow_same_key;
};

/*
 * Adds a key under a name; *RET_FINGERPRINT is for free(). Errors as of sshkey_parse() and
 * sshkeys_add().
 */
MUST_CHECK int keyfile_add(const struct keyfile_add *add, char **ret_fingerprint, struct err *err);

/* Removes the keys of that name or (NAME NULL) fingerprint; returns how many there were. */
MUST_CHECK int keyfile_remove(const char *home, const char *name, const char *fingerprint,
	struct err *err);

/* Makes HOME/.ssh (0700) and the file (0600) for user UID:GID where they are missing. */
MUST_CHECK int keyfile_create(const char *home, unsigned uid, unsigned gid, struct err *err);

/* What a person gives as a key: PATH or, if it is NULL or "", standard input, up to the limit. */
MUST_CHECK int keyfile_input(const char *path, struct strbuf *out, struct err *err);
