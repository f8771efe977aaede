/* SPDX-License-Identifier: MIT */
#pragma once

#include "core/plugin.h"

/* All built-in plugins in name order, NULL-terminated. A unit test checks the order. */
extern const struct plugin *const builtin_plugins[];
