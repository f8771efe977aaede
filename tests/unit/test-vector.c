/* SPDX-License-Identifier: MIT */
/* What Vector is told, against files written from the description of Dokku's interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/compose.h"
#include "core/trigger.h"
#include "lib/jsonc/jsonc.h"
#include "plugins/logs/vector.h"

static const char app_label[] = "com.dokku.app-name";

/* VALUE (taken over) as text is golden/vector/NAME.json. */
static void is_golden(const char *name, json_t *value)
{
	const char *dir = getenv("GOLDEN_DIR");
	AUTO_FREE char *path = xasprintf("%s/vector/%s.json", dir ? dir : "golden", name);
	AUTO_STRBUF wanted = STRBUF_INIT;
	AUTO_STRBUF got = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_non_null(value);
	jsonc_add_indented(&got, value);
	json_decref(value);
	assert_true(fs_read(path, 1 << 20, &wanted, &err) >= 0);
	strbuf_chomp(&wanted);
	assert_string_equal(got.buf, wanted.buf);
}

static json_t *config(const struct vector_scope *scopes, size_t count)
{
	AUTO_ERR err = ERR_INIT;
	json_t *all = NULL;

	if (vector_config(scopes, count, "", &all, &err) < 0)
		fail_msg("%s", err.msg.buf);
	return all;
}

static void nothing_is_shipped_without_a_sink(void **state)
{
	const struct vector_scope scopes[] = {
		{ "quiet", app_label, "", "" },
		{ NULL, app_label, "", "" },
	};

	(void)state;
	is_golden("nothing", config(scopes, ARRAY_SIZE(scopes)));
}

static void every_sink_has_a_source(void **state)
{
	const struct vector_scope scopes[] = {
		{ "shop", app_label, "console://?encoding[codec]=json", "" },
		{ "shop.example", app_label,
			"http://?uri=https%3A//u:p@x/%3Fa%3D1%26b%3D2&headers[]=a&headers[]=b&batch"
			"[timeout_secs]=1.5",
			"" },
		{ NULL, app_label, "aws-s3://?bucket=<logs>", "" },
	};

	(void)state;
	is_golden("sinks", config(scopes, ARRAY_SIZE(scopes)));
}

static void output_of_cron_tasks_goes_its_own_way(void **state)
{
	const struct vector_scope scopes[] = {
		{ "both", app_label, "console://?encoding[codec]=json",
			"file://?path=/var/log/dokku/apps/both/cron.log" },
		{ "only", app_label, "", "file://?path=/x" },
		{ NULL, app_label, "", "" },
	};

	(void)state;
	is_golden("cron", config(scopes, ARRAY_SIZE(scopes)));
}

static void the_label_of_the_app_is_renamed(void **state)
{
	const struct vector_scope scopes[] = {
		{ "one", "app_name", "console://?a=1", "console://?b=1" },
		{ NULL, app_label, "", "" },
	};

	(void)state;
	is_golden("alias", config(scopes, ARRAY_SIZE(scopes)));
}

static void apps_in_the_global_sink_may_have_other_labels(void **state)
{
	const struct vector_scope scopes[] = {
		{ "as-all", "service", "", "" },
		{ "kept", app_label, "", "" },
		{ "kept-too", app_label, "", "" },
		{ "own", "mine", "", "" },
		{ NULL, "service", "console://?a=1", "" },
	};
	const struct vector_scope only_own[] = {
		{ "own", "mine", "", "" },
		{ NULL, app_label, "console://?a=1", "" },
	};
	const struct vector_scope all_alike[] = {
		{ "as-all", "service", "", "" },
		{ NULL, "service", "console://?a=1", "" },
	};

	(void)state;
	is_golden("alias-global", config(scopes, ARRAY_SIZE(scopes)));
	is_golden("alias-own", config(only_own, ARRAY_SIZE(only_own)));
	is_golden("alias-all", config(all_alike, ARRAY_SIZE(all_alike)));
}

static void a_sink_that_cannot_be_read_is_an_error_without_its_text(void **state)
{
	const struct vector_scope scopes[] = { { "bad", app_label, "console://?a=secret%zz", "" } };
	AUTO_ERR err = ERR_INIT;
	json_t *all = NULL;

	(void)state;
	assert_int_equal(vector_config(scopes, 1, "", &all, &err), -ERR_INVALID);
	assert_null(all);
	assert_non_null(strstr(err.msg.buf, "docker-sink:bad"));
	assert_null(strstr(err.msg.buf, "secret"));
}

/* The order of members means nothing there. Takes VALUE over. */
static json_t *sorted(json_t *value)
{
	AUTO_FREE char *text = json_dumps(value, JSON_SORT_KEYS);

	json_decref(value);
	return json_loads(text, 0, NULL);
}

/* What the engine is asked to create, with NETWORKS set. */
static json_t *request(const char *networks)
{
	AUTO_FREE char *dir = xstrdup("/tmp/moorage-test-XXXXXX");
	AUTO_FREE char *property = NULL;
	struct instance inst = { 0 };
	struct ctx ctx = { 0 };
	AUTO_COMPOSE c = COMPOSE_INIT;
	AUTO_ERR err = ERR_INIT;
	json_t *body = NULL;

	assert_non_null(mkdtemp(dir));
	unsetenv("DOKKU_LIB_HOST_ROOT");
	unsetenv("DOKKU_LOGS_HOST_DIR");
	assert_true(instance_load(&inst, "/dev/null", false, &err) >= 0);
	ctx.inst = inst;
	ctx.inst.lib_root = dir;
	property = xasprintf("%s/config/logs/--global/vector-networks", dir);
	assert_true(fs_write_str(property, networks, 0600, &err) >= 0);
	/* The paths that are read and those that are shown to the engine may differ. */
	setenv("DOKKU_LIB_HOST_ROOT", "/var/lib/dokku", 1);
	if (vector_compose(&ctx, vector_default_image, &c, &err) < 0)
		fail_msg("%s", err.msg.buf);
	assert_int_equal(c.count, 1);
	assert_string_equal(c.project, "vector");
	assert_string_equal(c.items[0].container, "vector-vector-1");
	assert_true(compose_body(&ctx, &c, &c.items[0], &body, &err) >= 0);
	json_object_del(json_object_get(body, "Labels"), "com.moorage.compose-config");
	assert_true(fs_rm_rf(dir, &err) >= 0);
	trigger_externals_free(ctx.externals);
	instance_done(&inst);
	return body;
}

static void the_container_is_that_of_the_compose_project(void **state)
{
	(void)state;
	is_golden("container", sorted(request("")));
	is_golden("container-networks", sorted(request("first,second")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_shipped_without_a_sink),
		cmocka_unit_test(every_sink_has_a_source),
		cmocka_unit_test(output_of_cron_tasks_goes_its_own_way),
		cmocka_unit_test(the_label_of_the_app_is_renamed),
		cmocka_unit_test(apps_in_the_global_sink_may_have_other_labels),
		cmocka_unit_test(a_sink_that_cannot_be_read_is_an_error_without_its_text),
		cmocka_unit_test(the_container_is_that_of_the_compose_project),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
