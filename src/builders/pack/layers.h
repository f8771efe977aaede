/* SPDX-License-Identifier: MIT */
#pragma once

/* What buildpacks left in the folder of layers. */

#include <stdbool.h>

#include "base/strvec.h"

/* Appends the process types that the text of config/metadata.toml names; false when it cannot be read. */
bool pack_process_types(const char *text, size_t len, struct strvec *ret);
