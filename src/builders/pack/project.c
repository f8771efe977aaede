/* SPDX-License-Identifier: MIT */
#include "builders/pack/project.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "lib/jsonc/jsonc.h"
#include "lib/toml/toml.h"

void pack_project_done(struct pack_project *p)
{
	free(p->builder);
	strvec_done(&p->include);
	strvec_done(&p->exclude);
	env_done(&p->env);
	strvec_done(&p->group);
	strvec_done(&p->pre);
	strvec_done(&p->post);
	strvec_done(&p->warnings);
	*p = (struct pack_project)PACK_PROJECT_INIT;
}

static const char *text_of(json_t *table, const char *key)
{
	const char *text = json_string_value(json_object_get(table, key));

	return text ? text : "";
}

/* --- lists of strings --- */

static int read_strings(json_t *table, const char *key, struct strvec *ret, struct err *err)
{
	json_t *list = json_object_get(table, key);
	json_t *item;
	size_t i;

	if (!list)
		return 0;
	if (!json_is_array(list))
		return err_set(err, ERR_INVALID, "%s is %s, not a list", key,
			jsonc_type_name(list));
	json_array_foreach (list, i, item) {
		const char *text = json_string_value(item);

		if (!text || strchr(text, '\n'))
			return err_set(err, ERR_INVALID, "%s holds what is no pattern", key);
		strvec_push(ret, text);
	}
	return 0;
}

static int read_filters(json_t *build, struct pack_project *p, struct err *err)
{
	int r = read_strings(build, "include", &p->include, err);

	if (r >= 0)
		r = read_strings(build, "exclude", &p->exclude, err);
	if (r >= 0 && json_object_get(build, "include") && json_object_get(build, "exclude"))
		r = err_set(err, ERR_INVALID, "cannot have both include and exclude defined");
	return r;
}

/* --- variables --- */

static int read_variable(json_t *item, struct env *ret, struct err *err)
{
	const char *name = text_of(item, "name");
	json_t *value = json_object_get(item, "value");

	if (!json_is_object(item) || !env_key_valid(name))
		return err_set(err, ERR_INVALID, "build.env: '%.100s' cannot be a variable", name);
	if (!json_is_string(value))
		return err_set(err, ERR_INVALID, "build.env: the value of %s is %s", name,
			value ? jsonc_type_name(value) : "missing");
	env_set(ret, name, json_string_value(value));
	return 0;
}

static int read_variables(json_t *list, struct env *ret, struct err *err)
{
	json_t *item;
	size_t i;

	if (list && !json_is_array(list))
		return err_set(err, ERR_INVALID, "build.env is %s, not a list of tables",
			jsonc_type_name(list));
	json_array_foreach (list, i, item) {
		int r = read_variable(item, ret, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* --- buildpacks --- */

static int read_module(json_t *item, struct strvec *ret, struct err *err)
{
	const char *id = text_of(item, "id");
	const char *version = text_of(item, "version");
	const char *uri = text_of(item, "uri");

	if (!*id && !*uri)
		return err_set(err, ERR_INVALID, "buildpacks must have an id or uri defined");
	if (*uri && *version)
		return err_set(err, ERR_INVALID,
			"buildpacks cannot have both uri and version defined");
	if (json_object_get(item, "script"))
		return err_set(err, ERR_INVALID,
			"buildpack '%.200s' is an inline script, which is not supported; put it "
			"into a builder image of your own and name it here by its id",
			id);
	if (has_control(id) || has_control(version) || has_control(uri))
		return err_set(err, ERR_INVALID, "the name of a buildpack has control characters");
	if (*uri)
		strvec_push(ret, uri);
	else
		strvec_pushf(ret, "%s%s%s", id, *version ? "@" : "", version);
	return 0;
}

static int read_modules(json_t *list, const char *what, struct strvec *ret, struct err *err)
{
	json_t *item;
	size_t i;

	if (list && !json_is_array(list))
		return err_set(err, ERR_INVALID, "%s is %s, not a list of tables", what,
			jsonc_type_name(list));
	if (json_array_size(list) > PROJECT_MODULES_MAX)
		return err_set(err, ERR_INVALID, "%s has more than %d buildpacks", what,
			PROJECT_MODULES_MAX);
	json_array_foreach (list, i, item) {
		int r = read_module(item, ret, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int read_added(json_t *build, const char *key, struct strvec *ret, struct err *err)
{
	return read_modules(json_object_get(json_object_get(build, key), "group"), key, ret, err);
}

/* --- the schemas --- */

static void warn_unknown(json_t *table, const char *prefix, const char *const *known,
	struct pack_project *p)
{
	const char *key;
	json_t *value;

	json_object_foreach (table, key, value) {
		const char *const *k = known;

		while (*k && !str_eq(*k, key))
			k++;
		if (!*k)
			strvec_pushf(&p->warnings, "%s%.100s is not understood and left out",
				prefix, key);
	}
}

static int read_build(json_t *build, const char *group, struct pack_project *p, struct err *err)
{
	json_t *builder = json_object_get(build, "builder");
	int r = read_filters(build, p, err);

	if (r >= 0 && builder && !json_is_string(builder))
		r = err_set(err, ERR_INVALID, "builder is %s, not a string",
			jsonc_type_name(builder));
	if (r >= 0 && builder) {
		free(p->builder);
		p->builder = xstrdup(json_string_value(builder));
	}
	if (r >= 0)
		r = read_modules(json_object_get(build, group), group, &p->group, err);
	if (r >= 0)
		r = read_added(build, "pre", &p->pre, err);
	return r < 0 ? r : read_added(build, "post", &p->post, err);
}

static int read_01(json_t *root, struct pack_project *p, struct err *err)
{
	static const char *const known[] = { "include", "exclude", "buildpacks", "env", "builder",
		"pre", "post", NULL };
	json_t *build = json_object_get(root, "build");
	int r = read_build(build, "buildpacks", p, err);

	warn_unknown(build, "build.", known, p);
	if (json_object_get(json_object_get(root, "io"), "buildpacks"))
		strvec_push(&p->warnings,
			"io.buildpacks belongs to schema 0.2 and is left out: set schema-version "
			"= \"0.2\" in [_]");
	return r < 0 ? r : read_variables(json_object_get(build, "env"), &p->env, err);
}

static int read_02(json_t *root, struct pack_project *p, struct err *err)
{
	static const char *const known[] = { "include", "exclude", "group", "env", "build",
		"builder", "pre", "post", "schema-version", NULL };
	json_t *build = json_object_get(json_object_get(root, "io"), "buildpacks");
	json_t *env = json_object_get(json_object_get(build, "build"), "env");
	int r = read_build(build, "group", p, err);

	warn_unknown(build, "io.buildpacks.", known, p);
	if (!env) /* what pack once took for it */
		env = json_object_get(json_object_get(build, "env"), "build");
	return r < 0 ? r : read_variables(env, &p->env, err);
}

static int read_root(json_t *root, struct pack_project *p, struct err *err)
{
	const char *version = text_of(json_object_get(root, "_"), "schema-version");

	p->builder = xstrdup("");
	if (str_eq(version, "0.2"))
		return read_02(root, p, err);
	if (!*version)
		strvec_push(&p->warnings, "no schema-version in [_]: taken as 0.1");
	else if (!str_eq(version, "0.1"))
		return err_set(err, ERR_INVALID,
			"schema-version %.20s is not understood here; 0.1 and 0.2 are", version);
	return read_01(root, p, err);
}

int pack_project_read(const char *text, size_t len, struct pack_project *ret, struct err *err)
{
	AUTO_PACK_PROJECT p = PACK_PROJECT_INIT;
	json_t *root = NULL;
	int r = toml_parse(text, len, &root, err);

	if (r >= 0)
		r = read_root(root, &p, err);
	json_decref(root);
	if (r < 0)
		return err_wrap(err, "project.toml");
	*ret = p;
	p = (struct pack_project)PACK_PROJECT_INIT;
	return 0;
}
