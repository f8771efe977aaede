/* SPDX-License-Identifier: MIT */
#pragma once

#include "builders/pack/project.h"

/* Removes from the tree DIR what the project leaves out of its build. Patterns mean what git takes
 * them for. */
MUST_CHECK int pack_filter(const char *dir, const struct pack_project *project, struct err *err);
