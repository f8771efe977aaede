/* SPDX-License-Identifier: MIT */
#pragma once

/* The user of an image as whom an app is built and runs. */

#include "base/err.h"
#include "lib/tar/tar.h"

#define HEROKUISH_USER "herokuishuser"

/*
 * Owner for files of the user NAME by the text of an image's /etc/passwd. NAME may be a number, or
 * two ("1000:1000"). False when there is no such user.
 */
bool user_find(const char *passwd, const char *name, struct tar_owner *ret);
