/* SPDX-License-Identifier: MIT */
/* Which builder is chosen for which source. The table is the order that Dokku's documentation of
 * builder-detect gives, written down without a look at the drivers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/builder.h"
#include "core/state.h"

#define APP "shop"

struct place {
	char dir[64];
	char *source;
	struct ctx ctx;
};

static int set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	AUTO_ERR err = ERR_INIT;
	AUTO_FREE char *conf = NULL;
	AUTO_FREE char *text = NULL;

	memcpy(p->dir, "/tmp/moorage-test-XXXXXX", 25);
	assert_non_null(mkdtemp(p->dir));
	conf = path_join(p->dir, "instance.conf");
	p->source = path_join(p->dir, "source");
	text = xasprintf("dokku_root=%s/home\nlib_root=%s/lib\n", p->dir, p->dir);
	assert_int_equal(fs_write_str(conf, text, 0644, &err), 0);
	assert_int_equal(fs_mkdir_p(p->source, 0755, &err), 0);
	assert_int_equal(ctx_init(&p->ctx, conf, false, &err), 0);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(fs_rm_rf(p->dir, &err), 0);
	ctx_done(&p->ctx);
	free(p->source);
	free(p);
	return 0;
}

/* --- the source --- */

static void put(struct place *p, const char *name, const char *text)
{
	AUTO_FREE char *path = path_join(p->source, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void take(struct place *p, const char *name)
{
	AUTO_FREE char *path = path_join(p->source, name);

	unlink(path);
}

static void set_config(struct place *p, const char *text)
{
	AUTO_FREE char *path = inst_lib(&p->ctx.inst, "config/" APP "/ENV");
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(fs_write_str(path, text, 0600, &err), 0);
}

static void set(struct place *p, const char *plugin, const char *scope, const char *name,
	const char *value)
{
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(state_set(&p->ctx, plugin, scope, name, value, &err), 0);
}

static void unset(struct place *p, const char *plugin, const char *scope, const char *name)
{
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(state_unset(&p->ctx, plugin, scope, name, &err), 0);
}

static void assert_choice(struct place *p, const char *builder, const char *reason)
{
	AUTO_FREE char *name = NULL;
	AUTO_STRBUF why = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	if (builder_choose(&p->ctx, APP, p->source, &name, &why, &err) < 0)
		fail_msg("%s", err_text(&err));
	assert_string_equal(name, builder);
	if (reason)
		assert_string_equal(why.buf, reason);
}

/* --- the order --- */

enum {
	DOCKERFILE = 1 << 0,
	BUILDPACKS = 1 << 1,
	DOTENV = 1 << 2,
	LAMBDA = 1 << 3,
	NIXPACKS = 1 << 4,
	PROJECT = 1 << 5,
	RAILPACK = 1 << 6,
	CONFIG = 1 << 7,
	ALL = 1 << 8,
};

static const char *const markers[] = { "Dockerfile", ".buildpacks", ".env", "lambda.yml",
	"nixpacks.toml", "project.toml", "railpack.json" };

/* The first row of which something is there, and nothing of what it yields to. */
static const struct {
	unsigned any;
	unsigned none;
	const char *builder;
} order[] = {
	{ DOCKERFILE, BUILDPACKS | DOTENV | CONFIG | PROJECT, "dockerfile" },
	{ BUILDPACKS | DOTENV | CONFIG, 0, "herokuish" },
	{ LAMBDA, 0, "lambda" },
	{ NIXPACKS, 0, "nixpacks" },
	{ PROJECT, 0, "pack" },
	{ RAILPACK, 0, "railpack" },
	{ ~0U, 0, "herokuish" },
};

static const char *expected(unsigned set)
{
	size_t i = 0;

	while (order[i].any != ~0U && (!(set & order[i].any) || (set & order[i].none)))
		i++;
	return order[i].builder;
}

static void each_set_of_files_has_dokkus_builder(void **state)
{
	struct place *p = *state;

	/* Herokuish itself is for amd64 alone. */
	set(p, "builder-herokuish", SCOPE_GLOBAL, "allowed", "true");
	for (unsigned set = 0; set < ALL; set++) {
		AUTO_FREE char *name = NULL;
		AUTO_STRBUF why = STRBUF_INIT;
		AUTO_ERR err = ERR_INIT;

		if (set % CONFIG == 0)
			set_config(p, set & CONFIG ? "export BUILDPACK_URL=a/b\n" : "");
		for (size_t i = 0; i < ARRAY_SIZE(markers); i++) {
			if (set & (1U << i))
				put(p, markers[i], "BUILDPACK_URL=x");
			else
				take(p, markers[i]);
		}
		if (builder_choose(&p->ctx, APP, p->source, &name, &why, &err) < 0)
			fail_msg("%s", err_text(&err));
		if (!str_eq(name, expected(set)))
			fail_msg("set %#x: %s because %s, expected %s", set, name, why.buf,
				expected(set));
	}
}

static void the_reason_names_what_was_found(void **state)
{
	struct place *p = *state;
	static const struct {
		const char *file;
		const char *builder;
		const char *reason;
	} rows[] = {
		{ "Dockerfile", "dockerfile", "of Dockerfile" },
		{ ".buildpacks", "herokuish", "of .buildpacks" },
		{ ".env", "herokuish", "of BUILDPACK_URL in .env" },
		{ "lambda.yml", "lambda", "of lambda.yml" },
		{ "nixpacks.toml", "nixpacks", "of nixpacks.toml" },
		{ "project.toml", "pack", "of project.toml" },
		{ "railpack.json", "railpack", "of railpack.json" },
	};

	set(p, "builder-herokuish", SCOPE_GLOBAL, "allowed", "true");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put(p, rows[i].file, "BUILDPACK_URL=x");
		assert_choice(p, rows[i].builder, rows[i].reason);
		take(p, rows[i].file);
	}
	assert_choice(p, "herokuish", "nothing in the source asks for another builder");
	set_config(p, "export BUILDPACK_URL=a/b\n");
	assert_choice(p, "herokuish", "of BUILDPACK_URL in the config");
}

static void other_files_are_no_reason(void **state)
{
	struct place *p = *state;
	AUTO_FREE char *folder = path_join(p->source, "nixpacks.toml");
	AUTO_FREE char *link = path_join(p->source, "railpack.json");
	AUTO_ERR err = ERR_INIT;

	put(p, ".env", "BUILDPACK=x\n");
	put(p, "Dockerfile.dev", "");
	put(p, "dockerfile", "");
	put(p, "railpack.json5", "");
	assert_int_equal(fs_mkdir_p(folder, 0755, &err), 0);
	assert_int_equal(symlink("/etc/hostname", link), 0);
	set_config(p, "export BUILDPACK_URL=\n");
	assert_choice(p, "herokuish", "nothing in the source asks for another builder");
}

static void what_is_selected_comes_first(void **state)
{
	struct place *p = *state;

	put(p, "Dockerfile", "");
	set(p, "builder", SCOPE_GLOBAL, "selected", "nixpacks");
	assert_choice(p, "nixpacks", "of builder:set selected");
	set(p, "builder", APP, "selected", "of-nobody");
	assert_choice(p, "of-nobody", "of builder:set selected");
	unset(p, "builder", APP, "selected");
	unset(p, "builder", SCOPE_GLOBAL, "selected");
	assert_choice(p, "dockerfile", NULL);
}

/* --- third-party plugins --- */

static void add_plugin(struct place *p, const char *name, const char *answer)
{
	AUTO_FREE char *path = inst_lib(&p->ctx.inst, "plugins/enabled/%s/builder-detect", name);
	AUTO_FREE char *text = xasprintf("#!/bin/sh\n%s\n", answer);
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(fs_write_str(path, text, 0755, &err), 0);
}

/* One instance per case: plugins are looked up once. */
static void plugins_have_the_place_of_their_name(void **state)
{
	struct place *p = *state;

	add_plugin(p, "builder-e", "[ $1 != shop ] || echo mine; echo other; exit 4");
	put(p, "lambda.yml", "");
	assert_choice(p, "mine", "plugin 'builder-e' says so");
	put(p, "Dockerfile", "");
	assert_choice(p, "dockerfile", "of Dockerfile");
	set(p, "builder", APP, "selected", "null");
	assert_choice(p, "null", NULL);
}

static void a_plugin_before_all_is_stronger_than_the_setting(void **state)
{
	struct place *p = *state;

	add_plugin(p, "aa", "[ -e $2/Dockerfile ] || echo mine");
	set(p, "builder", APP, "selected", "null");
	assert_choice(p, "mine", "plugin 'aa' says so");
	put(p, "Dockerfile", "");
	assert_choice(p, "null", NULL);
}

static void a_plugin_after_all_fills_the_gap(void **state)
{
	struct place *p = *state;

	add_plugin(p, "zz", "echo mine");
	assert_choice(p, "mine", "plugin 'zz' says so");
	put(p, "railpack.json", "");
	assert_choice(p, "railpack", NULL);
}

static void a_plugin_of_a_drivers_name_replaces_it(void **state)
{
	struct place *p = *state;

	add_plugin(p, "builder-dockerfile", "[ ! -e $2/Boxfile ] || echo dockerfile");
	put(p, "Dockerfile", "");
	put(p, "railpack.json", "");
	assert_choice(p, "railpack", NULL);
	put(p, "Boxfile", "");
	assert_choice(p, "dockerfile", "plugin 'builder-dockerfile' says so");
}

/* --- files at other paths --- */

static bool has(struct place *p, const char *name, const char *text)
{
	AUTO_FREE char *path = path_join(p->source, name);
	AUTO_STRBUF found = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	return fs_read_optional(path, 4096, &found, &err) > 0 && str_eq(found.buf, text);
}

static const struct {
	const char *builder;
	const char *plugin;
	const char *property;
	const char *file;
} paths[] = {
	{ "lambda", "builder-lambda", "lambdayml-path", "lambda.yml" },
	{ "nixpacks", "builder-nixpacks", "nixpackstoml-path", "nixpacks.toml" },
	{ "pack", "builder-pack", "projecttoml-path", "project.toml" },
	{ "railpack", "builder-railpack", "railpackjson-path", "railpack.json" },
};

static void prepare(struct place *p, size_t i)
{
	AUTO_ERR err = ERR_INIT;

	if (builder_prepare(builder_find(paths[i].builder), &p->ctx, APP, p->source, &err) < 0)
		fail_msg("%s", err_text(&err));
}

static void the_file_that_the_setting_names_takes_the_usual_place(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		put(p, paths[i].file, "usual");
		prepare(p, i);
		assert_true(has(p, paths[i].file, "usual"));
		set(p, paths[i].plugin, SCOPE_GLOBAL, paths[i].property, "global");
		set(p, paths[i].plugin, APP, paths[i].property, "own");
		put(p, "own", "ours");
		put(p, "global", "all");
		prepare(p, i);
		assert_true(has(p, paths[i].file, "ours"));
		assert_false(has(p, "own", "ours"));
		unset(p, paths[i].plugin, APP, paths[i].property);
		prepare(p, i);
		assert_true(has(p, paths[i].file, "all"));
		take(p, paths[i].file);
	}
}

static void without_that_file_the_usual_one_does_not_count(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		set(p, paths[i].plugin, APP, paths[i].property, "none");
		put(p, paths[i].file, "usual");
		prepare(p, i);
		assert_false(has(p, paths[i].file, "usual"));
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_set_of_files_has_dokkus_builder),
		CASE(the_reason_names_what_was_found),
		CASE(other_files_are_no_reason),
		CASE(what_is_selected_comes_first),
		CASE(plugins_have_the_place_of_their_name),
		CASE(a_plugin_before_all_is_stronger_than_the_setting),
		CASE(a_plugin_after_all_fills_the_gap),
		CASE(a_plugin_of_a_drivers_name_replaces_it),
		CASE(the_file_that_the_setting_names_takes_the_usual_place),
		CASE(without_that_file_the_usual_one_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
