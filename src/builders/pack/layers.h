/* SPDX-License-Identifier: MIT */
#pragma once

/* What buildpacks left in the folder of layers. */

#include <stdbool.h>

#include "base/strbuf.h"
#include "base/strvec.h"

/* Appends the content of the first regular file in a tar archive; false when there is none. */
bool pack_first_file(const struct strbuf *tar, struct strbuf *ret);
/* Appends the process types that the text of config/metadata.toml names; false when it cannot be read. */
bool pack_process_types(const struct strbuf *text, struct strvec *ret);
