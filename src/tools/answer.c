/* SPDX-License-Identifier: MIT */
#include "tools/answer.h"

#include <stdio.h>

int answer_print(json_t *obj, struct err *err)
{
	int r = json_dumpf(obj, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);

	json_decref(obj);
	if (r < 0 || putchar('\n') == EOF || fflush(stdout) == EOF)
		return err_sys(err, "write the answer");
	return 0;
}
