/* SPDX-License-Identifier: MIT */
#include "core/scheduler.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/state.h"

void listeners_add(struct listeners *l, const char *process, const char *address, unsigned port)
{
	l->items = xreallocarray(l->items, l->count + 1, sizeof(*l->items));
	l->items[l->count++] = (struct listener){ xstrdup(process), xstrdup(address), port };
}

void listeners_done(struct listeners *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->items[i].process);
		free(l->items[i].address);
	}
	free(l->items);
	*l = (struct listeners)LISTENERS_INIT;
}

void proc_statuses_done(struct proc_statuses *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->items[i].process);
		free(s->items[i].id);
		free(s->items[i].state);
	}
	free(s->items);
	*s = (struct proc_statuses)PROC_STATUSES_INIT;
}

char *scheduler_name(struct ctx *ctx, const char *scope)
{
	return state_computed(ctx, "scheduler", scope, "selected", "docker-local");
}

int scheduler_of(struct ctx *ctx, const char *scope, const struct scheduler **ret, struct err *err)
{
	AUTO_FREE char *name = scheduler_name(ctx, scope);

	for (const struct scheduler *const *s = schedulers; *s; s++) {
		if (str_eq((*s)->name, name)) {
			*ret = *s;
			return 0;
		}
	}
	return err_set(err, ERR_NOT_FOUND,
		"%s selects the scheduler '%s', which does not exist here; choose another one with "
		"scheduler:set %s selected <name>",
		scope, name, scope);
}
