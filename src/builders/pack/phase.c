/* SPDX-License-Identifier: MIT */
#include "builders/pack/phase.h"

#include <jansson.h>

#include "lib/toml/toml.h"

static const struct {
	const char *name;
	const char *program;
	bool root;
	bool buildpacks;
} phases[PACK_PHASES] = {
	[PACK_ANALYZE] = { "analyze", "/cnb/lifecycle/analyzer", true, false },
	[PACK_DETECT] = { "detect", "/cnb/lifecycle/detector", false, true },
	[PACK_RESTORE] = { "restore", "/cnb/lifecycle/restorer", true, false },
	[PACK_BUILD] = { "build", "/cnb/lifecycle/builder", false, true },
	[PACK_EXPORT] = { "export", "/cnb/lifecycle/exporter", true, false },
};

const char *pack_phase_name(enum pack_phase phase)
{
	return phases[phase].name;
}

bool pack_phase_is_root(enum pack_phase phase)
{
	return phases[phase].root;
}

bool pack_phase_runs_buildpacks(enum pack_phase phase)
{
	return phases[phase].buildpacks;
}

/* The restorer knows images only since it may have to look at the run image. */
bool pack_phase_sees_engine(enum pack_phase phase, unsigned api)
{
	if (phase == PACK_RESTORE)
		return api >= 12;
	return phase == PACK_ANALYZE || phase == PACK_EXPORT;
}

const char *pack_run_path(unsigned api)
{
	return api < 12 ? PACK_LAYERS "/stack.toml" : PACK_LAYERS "/run.toml";
}

/* --- arguments --- */

static void add_ids(const struct pack_plan *plan, struct strvec *ret)
{
	if (plan->uid >= 0)
		strvec_pushf(ret, "-uid=%ld", plan->uid);
	if (plan->gid >= 0)
		strvec_pushf(ret, "-gid=%ld", plan->gid);
}

static void add_run_file(const struct pack_plan *plan, struct strvec *ret)
{
	strvec_pushl(ret, plan->api < 12 ? "-stack" : "-run", pack_run_path(plan->api), NULL);
}

static void analyze_args(const struct pack_plan *plan, struct strvec *ret)
{
	strvec_push(ret, "-daemon");
	add_ids(plan, ret);
	strvec_pushl(ret, "-layers", PACK_LAYERS, "-run-image", plan->run_image, NULL);
	add_run_file(plan, ret);
	if (*plan->previous)
		strvec_pushl(ret, "-previous-image", plan->previous, NULL);
	if (plan->api >= 9) {
		strvec_pushl(ret, "-launch-cache", PACK_LAUNCH_CACHE, NULL);
		if (plan->clear_cache)
			strvec_push(ret, "-skip-layers");
	}
	for (size_t i = 0; i < plan->tags->count; i++)
		strvec_pushl(ret, "-tag", plan->tags->items[i], NULL);
	strvec_push(ret, plan->image);
}

static void detect_args(const struct pack_plan *plan, struct strvec *ret)
{
	strvec_pushl(ret, "-app", plan->workspace, "-layers", PACK_LAYERS, "-platform", "/platform",
		NULL);
	if (plan->has_order)
		strvec_pushl(ret, "-order", PACK_ORDER, NULL);
}

static void restore_args(const struct pack_plan *plan, struct strvec *ret)
{
	if (plan->api >= 12)
		strvec_push(ret, "-daemon");
	add_ids(plan, ret);
	strvec_pushl(ret, "-layers", PACK_LAYERS, "-cache-dir", PACK_CACHE, NULL);
	if (plan->clear_cache)
		strvec_push(ret, "-skip-layers");
}

static void build_args(const struct pack_plan *plan, struct strvec *ret)
{
	strvec_pushl(ret, "-app", plan->workspace, "-layers", PACK_LAYERS, "-platform", "/platform",
		NULL);
}

static void export_args(const struct pack_plan *plan, struct strvec *ret)
{
	strvec_push(ret, "-daemon");
	add_ids(plan, ret);
	strvec_pushl(ret, "-app", plan->workspace, "-layers", PACK_LAYERS, "-cache-dir", PACK_CACHE,
		"-launch-cache", PACK_LAUNCH_CACHE, NULL);
	add_run_file(plan, ret);
	if (*plan->process_type)
		strvec_pushl(ret, "-process-type", plan->process_type, NULL);
	strvec_push(ret, plan->image);
	strvec_pushv(ret, plan->tags->items);
}

void pack_phase_argv(enum pack_phase phase, const struct pack_plan *plan, struct strvec *ret)
{
	static void (*const args[])(const struct pack_plan *plan, struct strvec *ret) = {
		[PACK_ANALYZE] = analyze_args,
		[PACK_DETECT] = detect_args,
		[PACK_RESTORE] = restore_args,
		[PACK_BUILD] = build_args,
		[PACK_EXPORT] = export_args,
	};

	strvec_push(ret, phases[phase].program);
	if (plan->debug)
		strvec_pushl(ret, "-log-level", "debug", NULL);
	args[phase](plan, ret);
}

/* --- the file of run images --- */

static void print_image(json_t *image, struct strbuf *out)
{
	const char *name = json_string_value(json_object_get(image, "image"));
	json_t *mirrors = json_object_get(image, "mirrors");
	json_t *mirror;
	size_t i;

	strbuf_addstr(out, "image = ");
	toml_quote(out, name ? name : "");
	strbuf_addstr(out, "\nmirrors = [");
	json_array_foreach (mirrors, i, mirror) {
		if (i)
			strbuf_addstr(out, ", ");
		toml_quote(out, json_is_string(mirror) ? json_string_value(mirror) : "");
	}
	strbuf_addstr(out, "]\n");
}

void pack_run_print(unsigned api, json_t *run_images, struct strbuf *out)
{
	json_t *image;
	size_t i;

	json_array_foreach (run_images, i, image) {
		if (api < 12 && i)
			return; /* a stack has one */
		strbuf_addstr(out, api < 12 ? "[run-image]\n" : "[[images]]\n");
		print_image(image, out);
	}
}

/* --- exit codes --- */

const char *pack_exit_text(enum pack_phase phase, int code)
{
	switch (code) {
	case 11:
		return "the builder's lifecycle does not speak the platform API that its label "
		       "promises; choose another builder";
	case 12:
		return "a buildpack's API is not one that the builder's lifecycle knows; choose "
		       "another builder";
	case 20:
		return "no buildpack of the builder fits the source; what each of them looked for "
		       "is above. Choose a builder with buildpacks:set-property <app> stack "
		       "<image>, or name buildpacks in project.toml";
	case 21:
		return "no buildpack fits the source, and at least one failed while it looked; "
		       "its output is above";
	case 51:
		return "a buildpack failed; its output is above";
	case 137:
		return "it was killed, most likely for want of memory: see resource:limit "
		       "--process-type build";
	default:
		break;
	}
	if (code >= 60 && code < 70)
		return "the image could not be made; if the lifecycle misses process type 'web', "
		       "no buildpack offers one";
	return phase == PACK_ANALYZE ? "the run image or the image before could not be read"
				     : "see above";
}
