/* SPDX-License-Identifier: MIT */
/* checks:run: the checks of containers that serve. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/checks.h"
#include "core/output.h"
#include "core/procs.h"
#include "schedulers/docker-local/driver.h"

static int no_such_unit(const char *app, const char *process, const char *name, unsigned index,
	const struct scale *scale, struct err *err)
{
	if (!index && !scale_find(scale, name))
		return err_user(err, ERR_NOT_FOUND, 1, "Invalid process type specified (%s.%s)",
			app, process);
	if (!index)
		return 0; /* a process type of which nothing runs */
	return err_user(err, ERR_NOT_FOUND, 1, "Invalid container index specified (%s.%s)", app,
		process);
}

static int verify(struct ctx *ctx, const char *app, const char *process, const struct units *units,
	struct err *err)
{
	AUTO_STRBUF name = STRBUF_INIT;
	AUTO_SCALE scale = SCALE_INIT;
	unsigned index = 0;
	int r;

	if (!process || units->count)
		return 0;
	r = procs_scale(ctx, app, &scale, err);
	if (r >= 0 && !unit_name_split(process, &name, &index))
		return err_user(err, ERR_INVALID, 1, "Invalid process type specified (%s.%s)", app,
			process);
	return r < 0 ? r : no_such_unit(app, process, name.buf, index, &scale, err);
}

static bool take_unit(struct ctx *ctx, const char *app, const struct unit *u,
	struct checked_unit *ret)
{
	if (checks_are_disabled(ctx, app, u->process)) {
		out_info1("Zero downtime is disabled for app (%s.%s). Skipping checks", app,
			u->process);
		return false;
	}
	out_info1("Running checks for app (%s.%s.%u)", app, u->process, u->index);
	*ret = (struct checked_unit){
		.process = u->process,
		.index = u->index,
		.id = u->id,
		.address = u->address,
	};
	return true;
}

/* All of them, side by side; the command fails when one does. */
int local_check(struct ctx *ctx, const char *app, const char *process, struct err *err)
{
	AUTO_UNITS units = UNITS_INIT;
	struct checked_unit *checked;
	size_t count = 0;
	size_t failed = 0;
	int r = units_load(ctx, app, process, &units, err);

	if (r >= 0)
		r = verify(ctx, app, process, &units, err);
	if (r < 0)
		return r;
	checked = xcalloc(units.count + 1, sizeof(*checked));
	for (size_t i = 0; i < units.count; i++)
		count += take_unit(ctx, app, &units.items[i], &checked[count]);
	r = checks_run(ctx, app, checked, count, err);
	for (size_t i = 0; i < count; i++)
		failed += checked[i].failures > 0;
	free(checked);
	if (r >= 0 && failed)
		r = err_user(err, ERR_FAILED, 1, "%zu container(s) of %s failed their checks",
			failed, app);
	return r;
}
