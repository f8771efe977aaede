/* SPDX-License-Identifier: MIT */
#pragma once

/* The schedulers there are; a new one is a folder, a name here and a row in all.c. */

#include "core/scheduler.h"

extern const struct scheduler scheduler_docker_local;
extern const struct scheduler scheduler_null;
