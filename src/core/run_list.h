/* SPDX-License-Identifier: MIT */
#pragma once

/* One-off containers as run:list and the scheduler-run-list trigger print them. */

#include <jansson.h>
#include <stdbool.h>

/* LIST is what a scheduler's run_list() gives; AS_TABLE: for people, else JSON. Changes LIST. */
void run_list_print(const char *app, json_t *list, bool as_table);
