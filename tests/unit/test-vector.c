/* SPDX-License-Identifier: MIT */
/* What Vector is told, against files written from the description of Dokku's interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
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

/* Its mark is not Dokku's, and tells only whether something has changed. */
static char *take_mark(json_t *body)
{
	json_t *labels = json_object_get(body, "Labels");
	char *mark = xstrdup(json_string_value(json_object_get(labels, "com.moorage.config")));

	json_object_del(labels, "com.moorage.config");
	return mark;
}

static void the_container_is_that_of_the_compose_project(void **state)
{
	AUTO_STRVEC none = STRVEC_INIT;
	AUTO_STRVEC two = STRVEC_INIT;
	struct vector_container c = {
		.instance = "",
		.image = "timberio/vector:0.57.0-debian",
		.image_id = "sha256:0123456789abcdef",
		.data_dir = "/var/lib/dokku/data/logs",
		.logs_dir = "/var/log/dokku/apps",
		.socket = "/var/run/docker.sock",
		.networks = &none,
	};
	AUTO_FREE char *name = vector_name("");
	AUTO_FREE char *labelled = vector_name("test");
	AUTO_FREE char *mark = NULL;
	AUTO_FREE char *mark_of_networks = NULL;
	AUTO_FREE char *mark_of_image = NULL;
	json_t *body = vector_body(&c);

	(void)state;
	assert_string_equal(name, "vector-vector-1");
	assert_string_equal(labelled, "test.vector-vector-1");
	mark = take_mark(body);
	is_golden("container", body);
	strvec_pushl(&two, "first", "second", NULL);
	c.networks = &two;
	body = vector_body(&c);
	mark_of_networks = take_mark(body);
	is_golden("container-networks", body);
	c.networks = &none;
	c.image_id = "sha256:fedcba987654";
	body = vector_body(&c);
	mark_of_image = take_mark(body);
	json_decref(body);
	assert_string_not_equal(mark, mark_of_networks);
	assert_string_not_equal(mark, mark_of_image);
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
