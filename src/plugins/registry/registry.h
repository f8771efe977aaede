/* SPDX-License-Identifier: MIT */
#pragma once

#include "core/plugin.h"

int registry_run_login(struct ctx *ctx, const struct args *args, struct err *err);
int registry_run_logout(struct ctx *ctx, const struct args *args, struct err *err);
