/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * An authorized_keys file whose lines force a command and carry a name:
 *
 *   command="FINGERPRINT=<fp> NAME=\"<name>\" `cat <home>/.sshcommand` $SSH_ORIGINAL_COMMAND",\
 *   <options> <type> <base64> [comment]
 *
 * Lines of any other shape are foreign: they stay byte for byte and are never listed.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"

enum {
	SSHKEYS_TEXT_MAX = 8 << 20,
	SSHKEYS_LINES_MAX = 10000,
	SSHKEY_TEXT_MAX = 16 << 10, /* as sshd */
	SSHKEY_NAME_MAX = 128,
};

#define SSHKEYS_DEFAULT_OPTIONS                                                                    \
	"no-agent-forwarding,no-user-rc,no-X11-forwarding,no-port-forwarding"

/* A public key as in an id_*.pub file. */
struct sshkey {
	char *type;
	char *base64;
	char *comment; /* may be "" */
};

#define SSHKEY_INIT                                                                                \
	{                                                                                          \
		0                                                                                  \
	}
#define AUTO_SSHKEY CLEANUP(sshkey_done) struct sshkey

void sshkey_done(struct sshkey *k);

/*
 * Parses the text of a public key: one line (ends of line and blanks around it are allowed), a type
 * that sshd knows, base64 whose content names the same type, no options in front. ERR_INVALID says
 * which; RET, which must be empty, is untouched then.
 */
MUST_CHECK int sshkey_parse(const char *text, size_t len, struct sshkey *ret, struct err *err);

/*
 * Asks ssh-keygen for the fingerprint, "SHA256:...", for free(). ERR_INVALID with the user line
 * "Invalid ssh public key" if it does not take the key, ERR_NOT_FOUND if there is no ssh-keygen.
 */
MUST_CHECK int sshkey_fingerprint(const struct sshkey *key, char **ret, struct err *err);

/*
 * A name is shown, passed to scripts, and written inside quotes that a shell reads. Allowed: 1 to
 * SSHKEY_NAME_MAX bytes of valid UTF-8, spaces inside included; refused: control characters (also
 * U+0080 to U+009F), " ' ` \ $, a space at either end, a dash at the start. ERR_INVALID says why.
 */
MUST_CHECK int sshkey_name_check(const char *name, struct err *err);

struct sshkeys_line {
	char *text; /* as it is, without the newline */
	/* NULL in a foreign line; a name may be empty or break the rule above in an existing file */
	char *fingerprint;
	char *name;
	char *options;    /* behind the command, as written; may be "" */
	char *public_key; /* type, base64 and comment, as written */
	/* of any line that holds a key sshkey_parse() takes; else all NULL */
	struct sshkey key;
};

struct sshkeys {
	struct sshkeys_line *lines;
	size_t count;
	size_t alloc;
	bool open_end; /* the last line had no newline */
};

#define SSHKEYS_INIT                                                                               \
	{                                                                                          \
		0                                                                                  \
	}
#define AUTO_SSHKEYS CLEANUP(sshkeys_done) struct sshkeys

void sshkeys_done(struct sshkeys *k);

/* Parses a file into RET, which must be empty. ERR_INVALID for NUL bytes and broken limits only. */
MUST_CHECK int sshkeys_parse(const char *text, size_t len, struct sshkeys *ret, struct err *err);
/* Appends the file's text; without a change in between, the bytes that were parsed. */
void sshkeys_write(const struct sshkeys *k, struct strbuf *out);

/*
 * Number (from 1) of the first line that is neither empty nor a comment and holds no usable key;
 * 0 if there is none.
 */
size_t sshkeys_first_bad_line(const struct sshkeys *k);

/* Borrowed; NULL if there is none. */
const struct sshkeys_line *sshkeys_find_name(const struct sshkeys *k, const char *name);

struct sshkeys_new {
	const char *name;
	const struct sshkey *key;
	const char *fingerprint; /* of sshkey_fingerprint() */
	const char *options;     /* NULL: SSHKEYS_DEFAULT_OPTIONS */
	const char *home;        /* of the user, without a slash at the end */
	bool allow_same_name;
	bool allow_same_key;
};

/*
 * Appends a line. ERR_EXISTS with the user line "Duplicate ssh key name" or "Duplicate ssh public
 * key specified"; a key counts as present in foreign lines, too, since sshd takes the first line
 * that fits. ERR_INVALID for a bad name, fingerprint, home or options.
 */
MUST_CHECK int sshkeys_add(struct sshkeys *k, const struct sshkeys_new *add, struct err *err);

/* Remove all lines with exactly this name / fingerprint; return how many there were. */
size_t sshkeys_remove_name(struct sshkeys *k, const char *name);
size_t sshkeys_remove_fingerprint(struct sshkeys *k, const char *fingerprint);

/*
 * Appends the listing, NAME NULL for all. Text: a line per key, ERR_NOT_FOUND if there is none of
 * that name, and an empty line if NAME is NULL and there is no key at all. JSON: one line, an
 * array; with a name its spacing is the compact one, as Dokku's.
 */
MUST_CHECK int sshkeys_list_text(const struct sshkeys *k, const char *name, struct strbuf *out,
	struct err *err);
void sshkeys_list_json(const struct sshkeys *k, const char *name, struct strbuf *out);
