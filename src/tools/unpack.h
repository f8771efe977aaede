/* SPDX-License-Identifier: MIT */
#pragma once

/* Reading archives made by strangers: tar (plain or compressed) and zip. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum unpack_type {
	UNPACK_AUTO,
	UNPACK_TAR,    /* compression is recognised as well, as tar(1) does */
	UNPACK_TAR_GZ, /* gzip only */
	UNPACK_ZIP,
};

#define UNPACK_FILES_DEFAULT UINT64_C(10000)
#define UNPACK_BYTES_DEFAULT (UINT64_C(1) << 30)
#define UNPACK_LIMIT_MAX     (UINT64_C(1) << 50)

struct unpack {
	enum unpack_type type;
	uint64_t max_files; /* members of any kind */
	uint64_t max_bytes; /* of content, unpacked */
	bool strip_common;  /* drop leading folders that all members share */
};

struct unpack_result {
	uint64_t files;
	uint64_t bytes;
	size_t common;   /* leading folders that all members of a plain tar share */
	size_t stripped; /* folders that were dropped */
};

/* "auto", "tar", "tar.gz" or "zip"; ERR_USAGE. */
MUST_CHECK int unpack_type_parse(const char *s, enum unpack_type *ret, struct err *err);

/*
 * Unpacks the archive on descriptor IN into DEST, which is missing or an empty folder. Only folders,
 * files and links that stay inside come out; owners, times, set-id bits and the group's and others'
 * write permission do not. A member that breaks a rule or a limit is ERR_INVALID naming it, and DEST
 * is as it was: missing or empty. Changes the working folder of the process.
 *
 * strip_common drops what all members of a plain tar share, and then one more top folder if it is
 * alone (for other types just that one).
 */
MUST_CHECK int unpack_extract(const struct unpack *u, int in, const char *dest,
	struct unpack_result *ret, struct err *err);

/*
 * A new object {"entries": [{"name", "type", "size", "mode", "target"?, "problem"?}], "files",
 * "bytes"}; "problem" is why extraction would refuse the member. Limits apply.
 */
MUST_CHECK int unpack_list(const struct unpack *u, int in, json_t **ret, struct err *err);
