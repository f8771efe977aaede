/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A structured value in one line: "<type>://?<option>=<value>&...", as log shippers are told where to
 * ship to. The options are a query string:
 *
 *   key=value          a string, or what the value is as JSON: a number, true, null, {"a": 1}
 *   key[name]=value    a member of an object
 *   key[]=value        one more item of a list; key[][a]=1: of a list of objects
 *   key=base64enc:...  a string in base64, at the top level only; blanks around it are dropped
 *
 * %XX and + are decoded once, in names and values. Of a scalar given twice the last one counts.
 */

#include <jansson.h>

#include "base/err.h"

enum {
	DSN_MAX = 16 * 1024,
	DSN_DEPTH_MAX = 16, /* brackets of one option, and in one value */
};

/*
 * *RET is a new object of the options and of "type", which is in lower case with _ for -. What stands
 * between :// and ? means nothing. ERR_INVALID: no such text, or no options; values, which may be
 * secrets, are in no message.
 */
MUST_CHECK int dsn_parse(const char *text, json_t **ret, struct err *err);
