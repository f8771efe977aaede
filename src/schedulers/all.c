/* SPDX-License-Identifier: MIT */
#include "schedulers/all.h"

#include <stddef.h>

const struct scheduler *const schedulers[] = {
	&scheduler_docker_local,
	&scheduler_null,
	NULL,
};
