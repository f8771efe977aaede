/* SPDX-License-Identifier: MIT */
#pragma once

/* Monotonic time in milliseconds, for durations and deadlines; wall clock only for display. */

#include <stdint.h>

#include "base/strbuf.h"

uint64_t now_ms(void);
/* Milliseconds until DEADLINE, 0 when it has passed; at most INT_MAX. */
uint64_t ms_left(uint64_t deadline_ms);
/* Sleeps through signals that are ignored or handled with SA_RESTART; returns early on others. */
void sleep_ms(uint64_t ms);
/* Seconds since the epoch. */
int64_t wall_seconds(void);
/* "2026-11-23T10:20:30Z" appended to OUT. */
void format_rfc3339(int64_t epoch_seconds, struct strbuf *out);
