/* SPDX-License-Identifier: MIT */
#pragma once

/* The names under which the one binary is called. */

#include "core/plugin.h"

struct program {
	const char *name;
	int (*main)(int argc, char **argv, const struct plugin *const *plugins);
};

int dokku_main(int argc, char **argv, const struct plugin *const *plugins);
int plugn_main(int argc, char **argv, const struct plugin *const *plugins);
int sshcommand_main(int argc, char **argv, const struct plugin *const *plugins);
