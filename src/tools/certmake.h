/* SPDX-License-Identifier: MIT */
#pragma once

/* A fresh RSA key with a self-signed certificate and a signing request for it. */

#include <stdint.h>

#include "base/err.h"
#include "base/strvec.h"

enum {
	CERTMAKE_RSA_BITS = 2048,
	CERTMAKE_DAYS_MAX = 36500,
	CERTMAKE_DOMAINS_MAX = 100,
};

struct certmake {
	struct strvec domains; /* the first is the common name, unless subject has one */
	const char *
		subject; /* borrowed; "/C=US/O=Example" with '\' before a slash in a value, or NULL */
	unsigned int days;
	int64_t now; /* seconds since the epoch */
};

/*
 * Writes server.key, server.crt and server.csr (0640) into the existing folder DIR. ERR_EXISTS when
 * one of them is there already; ERR_INVALID for a bad domain or subject. On failure none is left.
 */
MUST_CHECK int certmake_write(const struct certmake *m, const char *dir, struct err *err);
