/* SPDX-License-Identifier: MIT */
/* The enter plugin: a command in a container that runs already. */
#include "base/fs.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/scheduler.h"

/* <app> [--container-id ID] [<process>[.<n>]] [--] [<command>...]; the command's flags are its own. */
static int run_enter(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	const char *process = NULL;
	const char *container = NULL;
	const struct strvec *words = &args->pos;
	AUTO_STRVEC argv = STRVEC_INIT;
	const struct scheduler *s;
	size_t i = 1;
	int code = 0;
	int r;

	for (; i < words->count && !str_eq(words->items[i], "--"); i++) {
		const char *attached = str_after(words->items[i], "--container-id=");

		if (attached) {
			container = attached;
		} else if (container) {
			break; /* the command */
		} else if (!str_eq(words->items[i], "--container-id")) {
			process = words->items[i++];
			break;
		} else if (++i == words->count) {
			return err_set(err, ERR_USAGE,
				"expected --container-id to have an argument");
		} else {
			container = words->items[i];
		}
	}
	if (i < words->count && str_eq(words->items[i], "--"))
		i++;
	if (i < words->count)
		strvec_pushv(&argv, words->items + i);
	r = scheduler_of(ctx, app, &s, err);
	if (r < 0)
		return r;
	out_flush();
	r = s->enter(ctx, app, process, container, &argv, &code, err);
	if (r < 0)
		return r;
	return code ? err_exit(err, code) : 0;
}

static const struct command commands[] = {
	{ "enter", "<app> [<container-type> || --container-id <container-id>] [-- <cmd>]",
		"Open a shell or run a command in a running container", CMD_APP | CMD_RAW, 1, -1,
		NULL, run_enter, NULL },
	{},
};

extern const struct plugin plugin_enter;
const struct plugin plugin_enter = {
	.name = "enter",
	.summary = "Open a shell in a running container",
	.report_flags = REPORT_NONE,
	.commands = commands,
};
