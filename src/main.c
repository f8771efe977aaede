/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/fs.h"
#include "core/program.h"
#include "plugins/all.h"

/* The binary's names; any other name is treated as "dokku". */
static const struct program programs[] = {
	{ "dokku", dokku_main },
	{ "moorage", dokku_main },
	{ "plugn", plugn_main },
	{ "sshcommand", sshcommand_main },
	{},
};

int main(int argc, char **argv)
{
	const char *name = argc ? path_base(argv[0]) : "dokku";

	for (const struct program *p = programs; p->name; p++) {
		if (str_eq(p->name, name))
			return p->main(argc, argv, builtin_plugins);
	}
	return dokku_main(argc, argv, builtin_plugins);
}
