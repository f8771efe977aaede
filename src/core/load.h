/* SPDX-License-Identifier: MIT */
#pragma once

/* How busy the machine is, for work that starts as much at a time as it can bear. */

#include <stdbool.h>

/*
 * From the texts of /proc/stat and /proc/meminfo: more than two programs want each of CPUS, or less
 * than a tenth of the memory is free for use. A text without the line asked for says nothing.
 */
bool load_is_high(const char *stat, const char *meminfo, unsigned cpus);
/* The same of this machine, now. */
bool machine_is_busy(void);
/* At least 1. */
unsigned machine_cpus(void);
