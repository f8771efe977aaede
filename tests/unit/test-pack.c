/* SPDX-License-Identifier: MIT */
/* What builds with buildpacks are told, and what they are read from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "builders/pack/flags.h"
#include "builders/pack/layers.h"
#include "builders/pack/order.h"
#include "builders/pack/phase.h"
#include "builders/pack/project.h"

static void assert_joined(const struct strvec *words, const char *want)
{
	AUTO_FREE char *got = strvec_joined(words, " ");

	assert_string_equal(got, want);
}

static void assert_says(const struct err *err, const char *part)
{
	if (!strstr(err_text(err), part))
		fail_msg("'%s' is not in: %s", part, err_text(err));
}

/* --- project.toml --- */

static void read_project(const char *text, struct pack_project *ret)
{
	AUTO_ERR err = ERR_INIT;

	if (pack_project_read(text, strlen(text), ret, &err) < 0)
		fail_msg("%s", err_text(&err));
}

static void refuse_project(const char *text, const char *why)
{
	AUTO_PACK_PROJECT p = PACK_PROJECT_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(pack_project_read(text, strlen(text), &p, &err), -ERR_INVALID);
	assert_says(&err, why);
}

static void a_project_of_schema_02(void **state)
{
	AUTO_PACK_PROJECT p = PACK_PROJECT_INIT;

	(void)state;
	read_project("[_]\nschema-version = \"0.2\"\nname = \"x\"\n[_.metadata]\nany = 1\n"
		     "[io.buildpacks]\nbuilder = \"some/builder:1\"\nexclude = [\"spec/\", "
		     "\"*.log\"]\n"
		     "colour = \"red\"\n"
		     "[[io.buildpacks.group]]\nid = \"a/b\"\nversion = \"1.0\"\n"
		     "[[io.buildpacks.group]]\nuri = \"urn:cnb:builder:c/d\"\n"
		     "[[io.buildpacks.pre.group]]\nid = \"first\"\n"
		     "[[io.buildpacks.post.group]]\nid = \"last\"\n"
		     "[[io.buildpacks.build.env]]\nname = \"A\"\nvalue = \"1 2\"\n",
		&p);
	assert_string_equal(p.builder, "some/builder:1");
	assert_joined(&p.exclude, "spec/ *.log");
	assert_int_equal(p.include.count, 0);
	assert_joined(&p.group, "a/b@1.0 urn:cnb:builder:c/d");
	assert_joined(&p.pre, "first");
	assert_joined(&p.post, "last");
	assert_string_equal(env_get(&p.env, "A"), "1 2");
	assert_joined(&p.warnings, "io.buildpacks.colour is not understood and left out");
}

static void a_project_of_schema_01(void **state)
{
	AUTO_PACK_PROJECT p = PACK_PROJECT_INIT;

	(void)state;
	read_project("[project]\nid = \"x\"\n[build]\ninclude = [\"cmd/\"]\nbuilder = \"b\"\n"
		     "[[build.buildpacks]]\nid = \"a/b\"\n"
		     "[[build.env]]\nname = \"A\"\nvalue = \"\"\n"
		     "[io.buildpacks]\nbuilder = \"not this\"\n",
		&p);
	assert_string_equal(p.builder, "b");
	assert_joined(&p.include, "cmd/");
	assert_joined(&p.group, "a/b");
	assert_string_equal(env_get(&p.env, "A"), "");
	assert_int_equal(p.warnings.count, 2);
	assert_string_equal(p.warnings.items[0], "no schema-version in [_]: taken as 0.1");
}

static void an_empty_project_wants_nothing(void **state)
{
	AUTO_PACK_PROJECT p = PACK_PROJECT_INIT;

	(void)state;
	read_project("", &p);
	assert_string_equal(p.builder, "");
	assert_int_equal(p.group.count + p.include.count + p.exclude.count + p.env.count, 0);
}

static void projects_that_cannot_be_meant(void **state)
{
	static const char head[] = "[_]\nschema-version = \"0.2\"\n[io.buildpacks]\n";
	AUTO_FREE char *both = xasprintf("%sinclude = [\"a\"]\nexclude = []\n", head);
	AUTO_FREE char *nameless = xasprintf("%s[[io.buildpacks.group]]\nversion = \"1\"\n", head);
	AUTO_FREE char *twice =
		xasprintf("%s[[io.buildpacks.group]]\nuri = \"u\"\nversion = \"1\"\n", head);
	AUTO_FREE char *script =
		xasprintf("%s[[io.buildpacks.group]]\nid = \"i\"\n[io.buildpacks.group.script]\n"
			  "api = \"0.5\"\ninline = \"x\"\n",
			head);
	AUTO_FREE char *name =
		xasprintf("%s[[io.buildpacks.build.env]]\nname = \"../x\"\nvalue = \"\"\n", head);
	AUTO_FREE char *number =
		xasprintf("%s[[io.buildpacks.build.env]]\nname = \"A\"\nvalue = 1\n", head);

	(void)state;
	refuse_project(both, "cannot have both include and exclude");
	refuse_project(nameless, "must have an id or uri");
	refuse_project(twice, "cannot have both uri and version");
	refuse_project(script, "builder image of your own");
	refuse_project(name, "'../x' cannot be a variable");
	refuse_project(number, "the value of A is a number");
	refuse_project("[_]\nschema-version = \"7.0\"\n", "0.1 and 0.2 are");
	refuse_project("[_\n", "project.toml: line 1, column 3");
	refuse_project("[_]\nschema-version = \"0.2\"\n[io.buildpacks]\nexclude = \"x\"\n",
		"exclude is a string, not a list");
}

/* --- the builder image --- */

#define METADATA(apis)                                                                             \
	"{\"buildpacks\":[{\"id\":\"a/b\",\"version\":\"1.0\"},{\"id\":\"a/b\",\"version\":"       \
	"\"2.0\"},{\"id\":\"c\",\"version\":\"3\"}],\"stack\":{\"runImage\":{\"image\":\"run:1\"," \
	"\"mirrors\":[\"m/run:1\"]}},\"lifecycle\":{\"version\":\"0.20.1\"," apis "}}"
#define ORDER                                                                                      \
	"[{\"group\":[{\"id\":\"c\",\"version\":\"3\",\"optional\":true},{\"id\":\"a/b\","         \
	"\"version\":\"1.0\"}]},{\"group\":[{\"id\":\"a/b\",\"version\":\"2.0\"}]}]"
#define APIS "\"apis\":{\"platform\":{\"deprecated\":[\"0.8\"],\"supported\":[\"0.12\",\"0.15\"]}}"

static json_t *inspected(const char *metadata, const char *user, const char *uid)
{
	return json_pack("{s:{s:s, s:[s, s, s], s:{s:s, s:s, s:s}}}", "Config", "User", user, "Env",
		"PATH=/bin", uid, "CNB_GROUP_ID=1000", "Labels", "io.buildpacks.builder.metadata",
		metadata, "io.buildpacks.buildpack.order", ORDER, "io.buildpacks.stack.id", "st");
}

static int read_builder(json_t *image, struct pack_builder *ret, struct err *err)
{
	int r = pack_builder_read(image, "b:1", ret, err);

	json_decref(image);
	return r;
}

static void a_builder_says_what_it_has(void **state)
{
	AUTO_PACK_BUILDER b = PACK_BUILDER_INIT;
	AUTO_ERR err = ERR_INIT;
	AUTO_STRBUF text = STRBUF_INIT;

	(void)state;
	assert_int_equal(read_builder(inspected(METADATA(APIS), "cnb", "CNB_USER_ID=1001"), &b,
				 &err),
		0);
	assert_int_equal(b.api, 12);
	assert_int_equal(b.uid, 1001);
	assert_int_equal(b.gid, 1000);
	assert_string_equal(b.stack, "st");
	assert_string_equal(b.lifecycle, "0.20.1");
	pack_run_print(12, b.run_images, &text);
	assert_string_equal(text.buf, "[[images]]\nimage = \"run:1\"\nmirrors = [\"m/run:1\"]\n");
	strbuf_clear(&text);
	pack_run_print(11, b.run_images, &text);
	assert_string_equal(text.buf, "[run-image]\nimage = \"run:1\"\nmirrors = [\"m/run:1\"]\n");
}

static void the_highest_version_that_both_speak(void **state)
{
	static const struct {
		const char *metadata;
		unsigned api;
	} cases[] = {
		{ METADATA("\"apis\":{\"platform\":{\"supported\":[\"0.7\",\"0.10\",\"0.9\"]}}"),
			10 },
		{ METADATA("\"apis\":{\"platform\":{\"supported\":[\"0.13\",\"0.14\"]}}"), 13 },
		{ METADATA("\"apis\":{\"platform\":{\"deprecated\":[\"0.7\"],\"supported\":[]}}"),
			7 },
		{ METADATA("\"api\":{\"platform\":\"0.9\"}"), 9 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_PACK_BUILDER b = PACK_BUILDER_INIT;
		AUTO_ERR err = ERR_INIT;

		assert_int_equal(read_builder(inspected(cases[i].metadata, "cnb", "CNB_USER_ID=1"),
					 &b, &err),
			0);
		assert_int_equal(b.api, cases[i].api);
	}
}

static void images_that_are_no_builder_for_us(void **state)
{
	static const struct {
		const char *metadata;
		const char *user;
		const char *uid;
		const char *why;
	} cases[] = {
		{ "", "cnb", "CNB_USER_ID=1", "it has no label io.buildpacks.builder.metadata" },
		{ "{", "cnb", "CNB_USER_ID=1", "label io.buildpacks.builder.metadata" },
		{ METADATA("\"apis\":{\"platform\":{\"supported\":[\"0.3\",\"1.0\"]}}"), "cnb",
			"CNB_USER_ID=1", "platform API 0.3, 1.0; 0.7 to 0.13 are spoken here" },
		{ METADATA(APIS), "cnb", "X=1", "it does not set CNB_USER_ID" },
		{ METADATA(APIS), "cnb", "CNB_USER_ID=0", "CNB_USER_ID" },
		{ METADATA(APIS), "root", "CNB_USER_ID=1", "its user is root" },
		{ METADATA(APIS), "0:1", "CNB_USER_ID=1", "its user is root" },
		{ METADATA(APIS), "", "CNB_USER_ID=1", "its user is root" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_PACK_BUILDER b = PACK_BUILDER_INIT;
		AUTO_ERR err = ERR_INIT;

		assert_int_equal(read_builder(inspected(cases[i].metadata, cases[i].user,
						      cases[i].uid),
					 &b, &err),
			-ERR_INVALID);
		assert_says(&err, "'b:1' is no builder image that can be used");
		assert_says(&err, cases[i].why);
	}
}

/* --- the order --- */

struct names {
	const char *group;
	const char *pre;
	const char *post;
};

static int order_of(struct names n, json_t **ret, struct err *err)
{
	AUTO_PACK_BUILDER b = PACK_BUILDER_INIT;
	AUTO_STRVEC group = STRVEC_INIT;
	AUTO_STRVEC pre = STRVEC_INIT;
	AUTO_STRVEC post = STRVEC_INIT;

	assert_int_equal(read_builder(inspected(METADATA(APIS), "cnb", "CNB_USER_ID=1"), &b, err),
		0);
	strvec_split(&group, n.group, " ");
	strvec_split(&pre, n.pre, " ");
	strvec_split(&post, n.post, " ");
	return pack_order_build(&b, &group, &pre, &post, ret, err);
}

/* Groups parted by "|", an optional module marked with "?". */
static void check_order(struct names n, const char *want)
{
	AUTO_STRBUF got = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	json_t *order = NULL;
	json_t *group;
	json_t *item;
	size_t i;
	size_t j;

	if (order_of(n, &order, &err) < 0)
		fail_msg("%s", err_text(&err));
	json_array_foreach (order, i, group) {
		strbuf_addstr(&got, i ? "|" : "");
		json_array_foreach (group, j, item)
			strbuf_addf(&got, "%s%s@%s%s", j ? " " : "",
				json_string_value(json_object_get(item, "id")),
				json_string_value(json_object_get(item, "version")),
				json_is_true(json_object_get(item, "optional")) ? "?" : "");
	}
	json_decref(order);
	assert_string_equal(got.buf, want);
}

static void refuse_order(struct names n, const char *why)
{
	AUTO_ERR err = ERR_INIT;
	json_t *order = NULL;

	assert_int_equal(order_of(n, &order, &err), -ERR_INVALID);
	assert_null(order);
	assert_says(&err, why);
}

static void the_order_of_buildpacks(void **state)
{
	(void)state;
	check_order((struct names){ "", "", "" }, "");
	check_order((struct names){ "c a/b@2.0", "", "" }, "c@3 a/b@2.0");
	check_order((struct names){ "urn:cnb:builder:a/b@1.0", "c", "c" }, "a/b@1.0");
	check_order((struct names){ "", "c a/b@2.0", "c" },
		"c@3 a/b@2.0 c@3? a/b@1.0 c@3|c@3 a/b@2.0 a/b@2.0 c@3");
	check_order((struct names){ "c from=builder a/b@2.0", "", "" },
		"c@3 c@3? a/b@1.0 a/b@2.0|c@3 a/b@2.0 a/b@2.0");
	refuse_order((struct names){ "a/b", "", "" }, "has 2 versions of buildpack 'a/b'");
	refuse_order((struct names){ "c@4", "", "" }, "has no buildpack 'c@4'");
	refuse_order((struct names){ "", "https://x.test/y.tgz", "" },
		"buildpacks:set-property <app> stack <image>");
	refuse_order((struct names){ "urn:cnb:registry:x/y", "", "" }, "none are fetched");
	refuse_order((struct names){ "from=builder from=builder", "", "" }, "only once");
}

static void the_order_is_written_as_toml(void **state)
{
	AUTO_STRBUF text = STRBUF_INIT;
	json_t *order = json_pack("[[{s:s, s:s, s:b}], [{s:s, s:s, s:b}]]", "id", "a/b", "version",
		"1", "optional", 1, "id", "c\"d", "version", "2", "optional", 0);

	(void)state;
	pack_order_print(order, &text);
	json_decref(order);
	assert_string_equal(text.buf,
		"[[order]]\n[[order.group]]\nid = \"a/b\"\nversion = \"1\"\noptional = true\n"
		"[[order]]\n[[order.group]]\nid = \"c\\\"d\"\nversion = \"2\"\noptional = false\n");
}

/* --- phases --- */

static void check_argv(enum pack_phase phase, const struct pack_plan *plan, const char *want)
{
	AUTO_STRVEC argv = STRVEC_INIT;

	pack_phase_argv(phase, plan, &argv);
	assert_joined(&argv, want);
}

static void phases_of_the_newest_interface(void **state)
{
	AUTO_STRVEC tags = STRVEC_INIT;
	struct pack_plan plan = { .api = 13,
		.image = "i:1",
		.run_image = "r:1",
		.previous = "",
		.workspace = "/workspace",
		.process_type = "web",
		.uid = -1,
		.gid = -1,
		.tags = &tags };

	(void)state;
	check_argv(PACK_ANALYZE, &plan,
		"/cnb/lifecycle/analyzer -daemon -layers /layers -run-image r:1 -run "
		"/layers/run.toml -launch-cache /launch-cache i:1");
	check_argv(PACK_DETECT, &plan,
		"/cnb/lifecycle/detector -app /workspace -layers /layers -platform /platform");
	check_argv(PACK_RESTORE, &plan,
		"/cnb/lifecycle/restorer -daemon -layers /layers -cache-dir /cache");
	check_argv(PACK_BUILD, &plan,
		"/cnb/lifecycle/builder -app /workspace -layers /layers -platform /platform");
	check_argv(PACK_EXPORT, &plan,
		"/cnb/lifecycle/exporter -daemon -app /workspace -layers /layers -cache-dir /cache "
		"-launch-cache /launch-cache -run /layers/run.toml -process-type web i:1");
}

static void phases_with_all_that_can_be_asked_for(void **state)
{
	AUTO_STRVEC tags = STRVEC_INIT;
	struct pack_plan plan = { .api = 9,
		.image = "i:1",
		.run_image = "r:1",
		.previous = "p:1",
		.workspace = "/w",
		.process_type = "",
		.uid = 0,
		.gid = 7,
		.tags = &tags,
		.has_order = true,
		.clear_cache = true,
		.debug = true };

	(void)state;
	strvec_pushl(&tags, "t:1", "t:2", NULL);
	check_argv(PACK_ANALYZE, &plan,
		"/cnb/lifecycle/analyzer -log-level debug -daemon -uid=0 -gid=7 -layers /layers "
		"-run-image r:1 -stack /layers/stack.toml -previous-image p:1 -launch-cache "
		"/launch-cache -skip-layers -tag t:1 -tag t:2 i:1");
	check_argv(PACK_DETECT, &plan,
		"/cnb/lifecycle/detector -log-level debug -app /w -layers /layers -platform "
		"/platform -order /layers/order.toml");
	check_argv(PACK_RESTORE, &plan,
		"/cnb/lifecycle/restorer -log-level debug -uid=0 -gid=7 -layers /layers -cache-dir "
		"/cache -skip-layers");
	check_argv(PACK_EXPORT, &plan,
		"/cnb/lifecycle/exporter -log-level debug -daemon -uid=0 -gid=7 -app /w -layers "
		"/layers -cache-dir /cache -launch-cache /launch-cache -stack /layers/stack.toml "
		"i:1 t:1 t:2");
	plan.api = 7;
	plan.debug = false;
	check_argv(PACK_ANALYZE, &plan,
		"/cnb/lifecycle/analyzer -daemon -uid=0 -gid=7 -layers /layers -run-image r:1 "
		"-stack /layers/stack.toml -previous-image p:1 -tag t:1 -tag t:2 i:1");
}

static void only_phases_without_buildpacks_see_the_engine(void **state)
{
	(void)state;
	for (unsigned api = PACK_API_MIN; api <= PACK_API_MAX; api++) {
		for (int i = 0; i < PACK_PHASES; i++) {
			enum pack_phase phase = (enum pack_phase)i;
			bool buildpacks = phase == PACK_DETECT || phase == PACK_BUILD;

			assert_int_equal(pack_phase_runs_buildpacks(phase), buildpacks);
			assert_int_equal(pack_phase_is_root(phase), !buildpacks);
			assert_int_equal(pack_phase_sees_engine(phase, api),
				phase == PACK_RESTORE ? api >= 12 : !buildpacks);
		}
	}
}

/* --- flags --- */

static void read_flags(const char *text, struct pack_flags *ret)
{
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	strvec_split(&words, text, " ");
	if (pack_flags_read(&words, ret, &err) < 0)
		fail_msg("%s", err_text(&err));
}

static void flags_that_a_build_takes(void **state)
{
	AUTO_PACK_FLAGS f = PACK_FLAGS_INIT;

	(void)state;
	read_flags("--build-arg X --network=n1 -v /a:/b --volume /c:/d:rw -t x:1 --tag=x:2 "
		   "--run-image r:1 -b one --buildpack=two --pre-buildpack p --post-buildpack=q "
		   "--clear-cache --uid 5 --gid=6 --previous-image old --pull-policy never "
		   "--creation-time 1641013200 --workspace src --memory 1g",
		&f);
	assert_joined(&f.docker, "--network=n1");
	assert_joined(&f.volumes, "--volume=/a:/b:ro --volume=/c:/d:rw");
	assert_joined(&f.tags, "x:1 x:2");
	assert_joined(&f.group, "one two");
	assert_joined(&f.pre, "p");
	assert_joined(&f.post, "q");
	assert_string_equal(f.run_image, "r:1");
	assert_string_equal(f.previous, "old");
	assert_string_equal(f.creation_time, "1641013200");
	assert_string_equal(f.workspace, "/src");
	assert_int_equal(f.pull, PACK_PULL_NEVER);
	assert_true(f.clear_cache);
	assert_int_equal(f.uid, 5);
	assert_int_equal(f.gid, 6);
	assert_int_equal(f.warnings.count, 0);
}

static void flags_that_have_no_effect_are_named(void **state)
{
	AUTO_PACK_FLAGS f = PACK_FLAGS_INIT;

	(void)state;
	read_flags("--publish --cache type=build -r reg --trust-builder --extension=e", &f);
	assert_int_equal(f.warnings.count, 5);
	assert_string_equal(f.warnings.items[0],
		"docker-options: --publish has no effect on builds with buildpacks here");
	assert_non_null(strstr(f.warnings.items[1], "--cache "));
	assert_non_null(strstr(f.warnings.items[2], "--buildpack-registry "));
}

static void flags_with_values_that_cannot_be_meant(void **state)
{
	static const char *const texts[] = { "--uid=x", "--pull-policy=maybe",
		"--creation-time=soon", "--workspace=..", "--workspace=/cnb/x",
		"--workspace=layers", "--workspace=a:b" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO_PACK_FLAGS f = PACK_FLAGS_INIT;
		AUTO_STRVEC words = STRVEC_INIT;
		AUTO_ERR err = ERR_INIT;

		strvec_push(&words, texts[i]);
		assert_int_equal(pack_flags_read(&words, &f, &err), -ERR_INVALID);
		assert_says(&err, "docker-options: --");
	}
}

/* --- what a build left --- */

static void process_types_of_a_build(void **state)
{
	static const char text[] = "[[processes]]\ntype = \"web\"\n[[processes]]\ntype = \"w\"\n";
	AUTO_STRVEC types = STRVEC_INIT;

	(void)state;
	assert_true(pack_process_types(text, sizeof(text) - 1, &types));
	assert_joined(&types, "web w");
	assert_true(pack_process_types("", 0, &types));
	assert_false(pack_process_types(text, 5, &types));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_project_of_schema_02),
		cmocka_unit_test(a_project_of_schema_01),
		cmocka_unit_test(an_empty_project_wants_nothing),
		cmocka_unit_test(projects_that_cannot_be_meant),
		cmocka_unit_test(a_builder_says_what_it_has),
		cmocka_unit_test(the_highest_version_that_both_speak),
		cmocka_unit_test(images_that_are_no_builder_for_us),
		cmocka_unit_test(the_order_of_buildpacks),
		cmocka_unit_test(the_order_is_written_as_toml),
		cmocka_unit_test(phases_of_the_newest_interface),
		cmocka_unit_test(phases_with_all_that_can_be_asked_for),
		cmocka_unit_test(only_phases_without_buildpacks_see_the_engine),
		cmocka_unit_test(flags_that_a_build_takes),
		cmocka_unit_test(flags_that_have_no_effect_are_named),
		cmocka_unit_test(flags_with_values_that_cannot_be_meant),
		cmocka_unit_test(process_types_of_a_build),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
