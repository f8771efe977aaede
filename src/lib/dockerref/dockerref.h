/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Image references, "[DOMAIN[:PORT]/]PATH[:TAG][@DIGEST]", by the rules of the registry project
 * (distribution/reference): "ruby" is docker.io/library/ruby, and is written "ruby" again for
 * people ("familiar").
 */

#include <stdbool.h>

#include "base/err.h"
#include "base/strbuf.h"

#define DOCKERREF_MAX_PATH   255
#define DOCKERREF_MAX_TAG    128
#define DOCKERREF_MAX_LENGTH 4096

struct dockerref {
	char *domain; /* never NULL after a parse: "docker.io", "registry.example:5000" */
	char *path;   /* "library/ruby" */
	char *tag;    /* NULL: none given */
	char *digest; /* "sha256:..."; NULL: none given */
};

#define DOCKERREF_INIT                                                                             \
	{                                                                                          \
		0                                                                                  \
	}
#define AUTO_DOCKERREF CLEANUP(dockerref_done) struct dockerref

void dockerref_done(struct dockerref *r);

/*
 * Parses and completes S. RET must be initialised and empty; it is untouched on failure, which is
 * ERR_INVALID. 64 hexadecimal digits are the id of an image, not a name, and refused.
 */
MUST_CHECK int dockerref_parse(const char *s, struct dockerref *ret, struct err *err);

/* Gives a reference that has neither tag nor digest the tag "latest". */
void dockerref_complete(struct dockerref *r);

/* "docker.io/library/ruby" */
void dockerref_add_name(const struct dockerref *r, struct strbuf *out);
/* "ruby"; the whole name where the short one would be read as another. */
void dockerref_add_familiar_name(const struct dockerref *r, struct strbuf *out);
/* The same with ":TAG" and "@DIGEST", as far as there are. */
void dockerref_add_full(const struct dockerref *r, struct strbuf *out);
void dockerref_add_familiar(const struct dockerref *r, struct strbuf *out);

bool dockerref_tag_valid(const char *s);
/* "sha256:" and 64 lower-case hexadecimal digits, or the same of sha384 and sha512. */
bool dockerref_digest_valid(const char *s);
/* 64 lower-case hexadecimal digits, with or without "sha256:" before them. */
bool dockerref_is_id(const char *s);
