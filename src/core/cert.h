/* SPDX-License-Identifier: MIT */
#pragma once

/* An app's TLS certificate: tls/server.crt and tls/server.key in its folder (0640, folder 0750). */

#include <stdbool.h>

#include "core/ctx.h"

/*
 * Where the files of a certificate lie that is being removed: `tls` is then a link to that, so that
 * what a proxy has read stays valid until it has been told. It does not exist any more.
 */
extern const char cert_removing_to[];

bool cert_exists(struct ctx *ctx, const char *app);
/* Path of "crt", "key" or "csr", for free(). */
char *cert_path(struct ctx *ctx, const char *app, const char *what) MUST_CHECK;
