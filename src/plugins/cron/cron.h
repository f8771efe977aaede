/* SPDX-License-Identifier: MIT */
#pragma once

#include "core/plugin.h"

int cron_run_list(struct ctx *ctx, const struct args *args, struct err *err);
