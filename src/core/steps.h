/* SPDX-License-Identifier: MIT */
#pragma once

/* Finds step kinds by name, for recovery: those of core and of all built-in plugins. */

#include "core/operation.h"

const struct step_kind *steps_find(struct ctx *ctx, const char *name);
