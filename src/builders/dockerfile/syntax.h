/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Does the Dockerfile use what only BuildKit understands: a syntax line, options of RUN, COPY and
 * ADD that came with it, here-documents? The classic builder would refuse it.
 */
bool syntax_needs_buildkit(const char *text, size_t len);
