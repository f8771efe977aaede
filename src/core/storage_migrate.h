/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From "-v host:container[:options]" in docker-options to mounts of storage entries. An operation
 * with a step for each option: what is interrupted is finished by the next command on the app.
 */

#include "core/operation.h"

/*
 * Makes mounts of an app's options of the phases deploy and run; options that are no such mount stay.
 * The caller holds the app's lock. Under --dry-run the steps are printed.
 */
MUST_CHECK int storage_migrate(struct ctx *ctx, const char *app, struct err *err);
extern const struct step_kind storage_steps[];
