/* SPDX-License-Identifier: MIT */
#pragma once

/* What a helper program answers to the main one: JSON on one line of stdout. */

#include <jansson.h>

#include "base/err.h"

/* Takes OBJ over. ERR_SYS when nobody can read it. */
MUST_CHECK int answer_print(json_t *obj, struct err *err);
