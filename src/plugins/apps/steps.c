/* SPDX-License-Identifier: MIT */
/* The step kinds of the apps plugin, in one table for recovery to find. */
#include "plugins/apps/apps.h"

#include "base/fs.h"
#include "core/trigger.h"

int apps_step_nothing(struct operation *op, struct step *step, struct err *err)
{
	return 0; /* what counts is that the journal has it */
}

int apps_step_trigger(struct operation *op, struct step *step, struct err *err)
{
	static const char *const names[] = { "first", "second", "third" };
	AUTO_STRVEC args = STRVEC_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (json_object_get(step->args, names[i]))
			strvec_push(&args, step_arg(step, names[i]));
	}
	return trigger_fire_args(op->ctx, step_arg(step, "trigger"), &args, err);
}

int apps_plan_trigger(struct operation *op, const char *step, const char *trigger,
	const char *first, const char *second, struct err *err)
{
	return operation_add(op, apps_step(step),
		json_pack("{s:s, s:s, s:s*}", "trigger", trigger, "first", first, "second", second),
		err);
}

static void describe_trigger(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "run the %s handlers of plugins", step_arg(step, "trigger"));
}

static void describe_doomed(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "decide to destroy %s: no way back", step_arg(step, "app"));
}

static void describe_cloned(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "keep %s", step_arg(step, "app"));
}

static void describe_unroute(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "lead no more requests to %s", step_arg(step, "app"));
}

static void describe_drop(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "remove the settings, data and build records of %s",
		step_arg(step, "app"));
}

static void describe_folder(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "remove the folder of %s", step_arg(step, "app"));
}

static void describe_copy(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "copy the code and settings of %s to %s", step_arg(step, "from"),
		step_arg(step, "to"));
}

static void describe_image(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "give the image of %s to %s", step_arg(step, "from"),
		step_arg(step, "to"));
}

static void describe_switch(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "lead requests from %s to %s", step_arg(step, "from"),
		step_arg(step, "to"));
}

static void describe_start(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "start and check the containers of %s", step_arg(step, "to"));
}

static void describe_drain(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "wait for requests that %s still answers", step_arg(step, "from"));
}

static void describe_renamed(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "note that %s is now %s", step_arg(step, "from"), step_arg(step, "to"));
}

const struct step_kind apps_steps[] = {
	{ "apps:trigger", STEP_ONCE, describe_trigger, apps_step_trigger, NULL },
	{ "apps:late-trigger", STEP_MAY_FAIL, describe_trigger, apps_step_trigger, NULL },
	{ "apps:deleted", STEP_MAY_FAIL, describe_trigger, apps_step_trigger, NULL },
	{ "apps:doomed", STEP_COMMIT, describe_doomed, apps_step_nothing, NULL },
	{ "apps:cloned", STEP_COMMIT | STEP_QUIET, describe_cloned, apps_step_nothing, NULL },
	{ "apps:unroute", 0, describe_unroute, apps_step_unroute, NULL },
	{ "apps:drop-settings", 0, describe_drop, apps_step_drop, NULL },
	{ "apps:drop-folder", 0, describe_folder, apps_step_folder, NULL },
	{ "apps:copy", 0, describe_copy, apps_step_copy, NULL },
	{ "apps:image", 0, describe_image, apps_step_image, apps_undo_image },
	{ "apps:switch", STEP_COMMIT, describe_switch, apps_step_switch, apps_undo_switch },
	{ "apps:start", 0, describe_start, apps_step_start, NULL },
	{ "apps:drain", 0, describe_drain, apps_step_drain, NULL },
	{ "apps:renamed", STEP_QUIET, describe_renamed, apps_step_renamed, NULL },
	{},
};

const struct step_kind *apps_step(const char *name)
{
	const struct step_kind *kind = apps_steps;

	while (kind->name && !str_eq(kind->name, name))
		kind++;
	return kind->name ? kind : NULL;
}
