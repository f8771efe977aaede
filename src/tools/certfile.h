/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Certificate and key files in PEM, and what can be said about them. The first certificate of a
 * file is the server's own; what follows is its chain.
 */

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

#include "base/err.h"

enum {
	CERTFILE_BYTES_MAX = 1 << 20,
	CERTFILE_CHAIN_MAX = 32,
};

/* Cleanup callbacks; NULL is fine. */
void certfile_chain_done(STACK_OF(X509) * *chain);
void certfile_key_done(EVP_PKEY **key);
#define AUTO_CHAIN CLEANUP(certfile_chain_done) STACK_OF(X509)
#define AUTO_PKEY  CLEANUP(certfile_key_done) EVP_PKEY

/* All certificates of a file, at least one. ERR_NOT_FOUND, ERR_INVALID, ERR_SYS. */
MUST_CHECK int certfile_load(const char *path, STACK_OF(X509) * *ret, struct err *err);
/* The private key of a file. A key that needs a passphrase is ERR_INVALID and says so. */
MUST_CHECK int certfile_load_key(const char *path, EVP_PKEY **ret, struct err *err);

/* ERR_INVALID when KEY is not the key of the first certificate. */
MUST_CHECK int certfile_check_pair(STACK_OF(X509) * chain, EVP_PKEY *key, struct err *err);

/*
 * True when LEAF is good for a TLS server, now, by the system's certificate authorities plus those
 * of TRUSTED (NULL: none). UNTRUSTED (NULL: none) may serve as links in between.
 */
bool certfile_verified(X509 *leaf, STACK_OF(X509) * untrusted, STACK_OF(X509) * trusted);

/*
 * A new object describing CHAIN; json_decref() it. NOW are seconds since the epoch. Keys:
 * texts of a report: subject issuer starts-at expires-at hostnames (space-joined);
 * for machines: hosts (array), not-before and not-after (seconds since the epoch), expired,
 * not-yet-valid, self-signed (bool), chain-length, serial, fingerprint-sha256, warnings (array).
 */
MUST_CHECK int certfile_describe(STACK_OF(X509) * chain, int64_t now, json_t **ret,
	struct err *err);
