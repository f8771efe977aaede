/* SPDX-License-Identifier: MIT */
#pragma once

/* Passwords as Apache's htpasswd writes them by default ("$apr1$salt$..."), which proxies read. */

#include "base/strbuf.h"

enum { APR1_SALT_SIZE = 8 };

/* A new random salt of APR1_SALT_SIZE characters, appended. */
void apr1_salt(struct strbuf *out);
/* Appends "$apr1$SALT$...". At most APR1_SALT_SIZE characters of SALT, up to a $, count. */
void apr1_hash(const char *password, const char *salt, struct strbuf *out);
