/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The part of YAML in which people write compose files: mappings and lists by indentation, [..] and
 * {..} on one line, plain and quoted scalars on one line, comments, one document. What is not
 * offered is refused, never read as something else: anchors, aliases, tags, block scalars (| and >),
 * scalars over several lines, tabs as indentation.
 */

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"

enum {
	YAML_TEXT_MAX = 1 << 20,
	YAML_DEPTH_MAX = 32,
	YAML_LINES_MAX = 20000,
};

/*
 * Parses TEXT. Every scalar is a string of *RET, also 8080 and true; one that is empty, ~ or null is
 * a null. json_decref() is the caller's; an empty document is a null. ERR_INVALID, with the line, for
 * what is not YAML or not offered, a key given twice, NUL bytes and invalid UTF-8.
 */
MUST_CHECK int yaml_parse(const char *text, size_t len, json_t **ret, struct err *err);
