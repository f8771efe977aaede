/* SPDX-License-Identifier: MIT */
#include "core/confirm.h"

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "core/output.h"

enum { ANSWER_MAX = 512 };

int confirm_destroy(struct ctx *ctx, const char *kind, const char *name, const char *note,
	struct err *err)
{
	char answer[ANSWER_MAX] = "";

	if (ctx->force)
		return 0;
	out_warn("WARNING: Potentially Destructive Action");
	out_warn("This command will destroy %s %s.", kind, name);
	if (note)
		out_warn("%s", note);
	out_warn("To proceed, type \"%s\"", name);
	fputs("> ", stdout);
	out_flush();
	/* Only the answer: what follows it on the input may be the caller's, as in `shell`. */
	(void)setvbuf(stdin, NULL, _IONBF, 0);
	if (fgets(answer, sizeof(answer), stdin))
		answer[strcspn(answer, "\r\n")] = '\0';
	if (str_eq(answer, name))
		return 0;
	out_stderr("Confirmation did not match test. Aborted.");
	return err_exit(err, 1);
}
