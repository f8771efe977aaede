/* SPDX-License-Identifier: MIT */
#pragma once

/* The insides of the certs plugin: certificates of apps, checked and installed as operations. */

#include <jansson.h>

#include "core/operation.h"

enum { CERT_BYTES_MAX = 1 << 20 };

/* --- tool.c: the helper programs --- */

/* Runs moorage-x509 with ARGV after its name; its JSON answer in RET (json_decref() it). */
MUST_CHECK int cert_tool(struct ctx *ctx, const struct strvec *argv, json_t **ret, struct err *err);
/* Unpacks the tar archive on standard input into DIR and finds its only *.crt and *.key; paths for
 * free(). */
MUST_CHECK int cert_unpack(struct ctx *ctx, const char *dir, char **ret_crt, char **ret_key,
	struct err *err);

/* --- install.c --- */

extern const struct step_kind certs_steps[];

/* A folder for what an operation on APP's certificate works with, empty and private, for free(). */
MUST_CHECK int cert_work_dir(struct ctx *ctx, const char *app, char **ret, struct err *err);
/* Removes it; called when no journal names it any more. */
void cert_work_done(struct ctx *ctx, const char *app, const char *dir);
/*
 * Installs the pair (and EXTRA, a path or NULL, as server.csr) after checking that certificate and
 * key parse and belong together. Nothing is changed if they do not, or if nginx does not take them.
 */
MUST_CHECK int cert_install(struct ctx *ctx, const char *app, const char *dir, const char *crt,
	const char *key, const char *csr, struct err *err);
MUST_CHECK int cert_remove(struct ctx *ctx, const char *app, struct err *err);
