/* SPDX-License-Identifier: MIT */
#pragma once

/* Where Vector ships logs to, as a DSN: "<sink type>://?<option>=<value>&...". */

#include "base/err.h"

enum { SINK_DSN_MAX = 16 * 1024 };

/*
 * Is the text such a DSN? The type is letters, digits, - and _; options are a query string whose
 * %-escapes and base64enc: values can be decoded; an option `sinks` would replace the whole
 * configuration and is refused. Values may be secrets: messages never quote them.
 */
MUST_CHECK int sink_dsn_check(const char *text, struct err *err);
