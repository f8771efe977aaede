/* SPDX-License-Identifier: MIT */
#include "core/appjson.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/staged.h"
#include "lib/jsonc/jsonc.h"

enum { QUANTITY_MAX = 1000, SECRET_BYTES = 32 };

int appjson_load(struct ctx *ctx, const char *app, json_t **ret, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	json_t *value = NULL;
	int r = staged_read(ctx, app, STAGED_APP_JSON, &text, err);

	if (r >= 0 && (r == 0 || jsonc_blank(text.buf, text.len)))
		value = json_object();
	else if (r >= 0)
		r = jsonc_parse(text.buf, text.len, &value, err);
	if (r >= 0 && !json_is_object(value))
		r = err_set(err, ERR_INVALID, "it is not an object");
	if (r < 0) {
		json_decref(value);
		return err_wrap(err, "read app.json of '%s'", app);
	}
	*ret = value;
	return 0;
}

static const char *text_member(json_t *obj, const char *key)
{
	const char *text = json_string_value(jsonc_get(obj, key));

	return text ? text : "";
}

const char *appjson_script(json_t *app_json, const char *phase)
{
	json_t *scripts = jsonc_get(app_json, "scripts");

	if (str_eq(phase, "heroku.postdeploy"))
		return text_member(scripts, "postdeploy");
	return text_member(jsonc_get(scripts, "dokku"), phase);
}

int appjson_formation(json_t *app_json, struct scale *ret, struct err *err)
{
	json_t *formation = jsonc_get(app_json, "formation");
	const char *name;
	json_t *entry;

	json_object_foreach (formation, name, entry) {
		json_t *quantity = jsonc_get(entry, "quantity");
		json_int_t n = json_integer_value(quantity);

		if (!quantity)
			continue;
		if (!proc_name_valid(name))
			return err_set(err, ERR_INVALID,
				"app.json: formation names '%.100s', which is no process type",
				name);
		if (!json_is_integer(quantity) || n < 0 || n > QUANTITY_MAX)
			return err_set(err, ERR_INVALID,
				"app.json: formation.%s.quantity is not a number from 0 to %d",
				name, QUANTITY_MAX);
		scale_put(ret, name, (unsigned)n);
	}
	return 0;
}

void appjson_var_done(struct appjson_var *v)
{
	free(v->value);
	free(v->description);
	*v = (struct appjson_var)APPJSON_VAR_INIT;
}

int appjson_var_read(json_t *entry, struct appjson_var *ret, struct err *err)
{
	AUTO_FREE char *generator = NULL;
	struct {
		char *value;
		char *description;
		char *generator;
		bool required;
		bool sync;
	} in = { .required = true };
	static const struct jsonc_field fields[] = {
		{ "value", JSONC_STRING, offsetof(__typeof__(in), value), 0, 0, 0 },
		{ "description", JSONC_STRING, offsetof(__typeof__(in), description), 0, 0, 0 },
		{ "generator", JSONC_STRING, offsetof(__typeof__(in), generator), 0, 0, 0 },
		{ "required", JSONC_BOOL, offsetof(__typeof__(in), required), 0, 0, 0 },
		{ "sync", JSONC_BOOL, offsetof(__typeof__(in), sync), 0, 0, 0 },
		{},
	};
	int r = 0;

	if (json_is_string(entry))
		in.value = xstrdup(json_string_value(entry));
	else if (json_is_object(entry))
		r = jsonc_read(entry, fields, &in, err);
	else
		r = err_set(err, ERR_INVALID, "it is neither a string nor an object");
	if (r < 0)
		return r;
	generator = in.generator;
	*ret = (struct appjson_var){
		.value = in.value ? in.value : xstrdup(""),
		.description = in.description ? in.description : xstrdup(""),
		.required = in.required,
		.secret = generator && str_eq(generator, "secret"),
		.sync = in.sync,
	};
	return 0;
}

enum appjson_action appjson_decide(const struct appjson_var *v, bool first, const char *current)
{
	if (!first && !v->sync)
		return APPJSON_LEAVE;
	if (current && *current && !v->sync)
		return APPJSON_LEAVE;
	if (v->secret)
		return APPJSON_GENERATE;
	return *v->value ? APPJSON_VALUE : APPJSON_ASK;
}

char *appjson_secret(void)
{
	unsigned char random[SECRET_BYTES];
	AUTO_STRBUF text = STRBUF_INIT;

	/* Never short below 256 bytes once the kernel's pool is ready, which it waits for. */
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		abort();
	for (size_t i = 0; i < sizeof(random); i++)
		strbuf_addf(&text, "%02x", random[i]);
	return strbuf_detach(&text);
}
