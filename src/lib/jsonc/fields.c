/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/strvec.h"
#include "lib/jsonc/jsonc.h"

static bool all_strings(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!json_is_string(json_array_get(list, i)))
			return false;
	}
	return true;
}

/* NULL if VALUE fits the row, else what it should have been. */
static const char *mismatch(const struct jsonc_field *f, const json_t *value)
{
	switch (f->type) {
	case JSONC_STRING:
		return json_is_string(value) ? NULL : "a string";
	case JSONC_BOOL:
		return json_is_boolean(value) ? NULL : "true or false";
	case JSONC_INT:
		return json_is_integer(value) ? NULL : "a whole number";
	case JSONC_STRVEC:
		return json_is_array(value) && all_strings(value) ? NULL : "a list of strings";
	case JSONC_OBJECT:
		return json_is_object(value) ? NULL : "an object";
	case JSONC_ARRAY:
		return json_is_array(value) ? NULL : "a list";
	}
	return NULL;
}

static int check(json_t *obj, const struct jsonc_field *f, struct err *err)
{
	const json_t *value = jsonc_get(obj, f->key);
	const char *want;
	int64_t n;

	if (!value && (f->flags & JSONC_REQUIRED))
		return err_set(err, ERR_INVALID, "'%s' is missing", f->key);
	if (!value)
		return 0;
	want = mismatch(f, value);
	if (want)
		return err_set(err, ERR_INVALID, "'%s' must be %s, not %s", f->key, want,
			jsonc_type_name(value));
	n = json_integer_value(value);
	if (f->type == JSONC_INT && (f->min || f->max) && (n < f->min || n > f->max))
		return err_set(err, ERR_INVALID,
			"'%s' must be between %" PRId64 " and %" PRId64 ", not %" PRId64, f->key,
			f->min, f->max, n);
	return 0;
}

static void store(const struct jsonc_field *f, json_t *value, void *target)
{
	struct strvec *list = target;

	switch (f->type) {
	case JSONC_STRING:
		free(*(char **)target);
		*(char **)target = xstrdup(json_string_value(value));
		break;
	case JSONC_BOOL:
		*(bool *)target = json_is_true(value);
		break;
	case JSONC_INT:
		*(int64_t *)target = json_integer_value(value);
		break;
	case JSONC_STRVEC:
		strvec_clear(list);
		for (size_t i = 0; i < json_array_size(value); i++)
			strvec_push(list, json_string_value(json_array_get(value, i)));
		break;
	case JSONC_OBJECT:
	case JSONC_ARRAY:
		*(json_t **)target = value;
		break;
	}
}

int jsonc_read(json_t *obj, const struct jsonc_field *fields, void *out, struct err *err)
{
	if (!json_is_object(obj))
		return err_set(err, ERR_INVALID, "must be an object, not %s", jsonc_type_name(obj));
	for (const struct jsonc_field *f = fields; f->key; f++) {
		int r = check(obj, f, err);

		if (r < 0)
			return r;
	}
	for (const struct jsonc_field *f = fields; f->key; f++) {
		json_t *value = jsonc_get(obj, f->key);

		if (value)
			store(f, value, (char *)out + f->offset);
	}
	return 0;
}
