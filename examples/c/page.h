/* SPDX-License-Identifier: MIT */
/* What the server says. */
#pragma once

#include <stddef.h>

/* Writes the answer to a request for PATH into BUF; returns its length. */
size_t page_write(const char *path, char *buf, size_t size);
