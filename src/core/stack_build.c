/* SPDX-License-Identifier: MIT */
#include "core/stack_build.h"

int stack_build(struct ctx *ctx, const char *suite, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND,
		"There is no stack on this machine; make one with 'moorage stack:build'");
}
