/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Writing tar streams (ustar, with pax headers where that is too small). Members belong to user and
 * group 0. Bytes may have been written to OUT when a function fails.
 */

#include "base/err.h"
#include "base/strvec.h"

enum { PACK_JSON_BYTES_MAX = 64 << 20 };

/*
 * Files, folders (with all that is in them, sorted) and links, named as PATHS have them, relative to
 * the working folder. "." stands for what is in it. Links stay links; sockets, pipes and devices are
 * left out; names with control characters and paths that climb are ERR_INVALID.
 */
MUST_CHECK int pack_tree(const struct strvec *paths, int out, struct err *err);

/*
 * Members described by the JSON text on IN: [{"name": "a", "mode": "0600", "content": "..."}], or
 * with "base64" instead of "content" for bytes that are not UTF-8; mode is octal text and may be left
 * out (0644). Their time is the epoch, so equal input gives equal bytes.
 */
MUST_CHECK int pack_json(int in, int out, struct err *err);
