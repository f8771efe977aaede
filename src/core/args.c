/* SPDX-License-Identifier: MIT */
#include "core/args.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"

void args_done(struct args *args)
{
	strvec_done(&args->pos);
	strvec_done(&args->names);
	strvec_done(&args->values);
	strvec_done(&args->unknown);
}

static const struct flag *find_long(const struct flag *table, const char *name, size_t len)
{
	for (const struct flag *f = table; f && f->name; f++) {
		if (strlen(f->name) == len && memcmp(f->name, name, len) == 0)
			return f;
	}
	return NULL;
}

static const struct flag *find_letter(const struct flag *table, char letter)
{
	for (const struct flag *f = table; f && f->name; f++) {
		if (f->letter && f->letter == letter)
			return f;
	}
	return NULL;
}

static void record(struct args *args, const struct flag *f, const char *value)
{
	strvec_push(&args->names, f->name);
	strvec_push(&args->values, value);
}

/* A value from after '=' or from the next word. */
static int take_value(struct args *args, const struct flag *f, const char *attached,
	const struct strvec *words, size_t *i, struct err *err)
{
	if (f->kind == FLAG_BOOL) {
		if (attached && !str_eq(attached, "true") && !str_eq(attached, "false"))
			return err_user(err, ERR_USAGE, 2, "flag --%s takes true or false",
				f->name);
		record(args, f, attached ? attached : "true");
		return 0;
	}
	if (!attached) {
		if (*i + 1 >= words->count)
			return err_user(err, ERR_USAGE, 2, "flag needs an argument: --%s", f->name);
		attached = words->items[++*i];
	}
	record(args, f, attached);
	return 0;
}

static int parse_long(struct args *args, enum args_mode mode, const struct strvec *words, size_t *i,
	struct err *err)
{
	const char *name = words->items[*i] + 2;
	size_t len = strcspn(name, "=");
	const struct flag *f = find_long(args->table, name, len);

	if (f)
		return take_value(args, f, name[len] ? name + len + 1 : NULL, words, i, err);
	if (mode == ARGS_KEEP_UNKNOWN) {
		strvec_push(&args->unknown, words->items[*i]);
		return 0;
	}
	return err_user(err, ERR_USAGE, 2, "unknown flag: --%.*s", (int)len, name);
}

static int parse_short(struct args *args, const struct strvec *words, size_t *i, struct err *err)
{
	for (const char *p = words->items[*i] + 1; *p; p++) {
		const struct flag *f = find_letter(args->table, *p);

		if (!f)
			return err_user(err, ERR_USAGE, 2, "unknown shorthand flag: '%c' in %s", *p,
				words->items[*i]);
		if (f->kind != FLAG_BOOL) {
			const char *rest = p[1] == '=' ? p + 2 : p + 1;

			return take_value(args, f, p[1] ? rest : NULL, words, i, err);
		}
		record(args, f, "true");
	}
	return 0;
}

int args_parse(struct args *args, const struct flag *table, enum args_mode mode,
	const struct strvec *words, struct err *err)
{
	bool flags = true;
	int r = 0;

	args->table = table;
	for (size_t i = 0; r >= 0 && i < words->count; i++) {
		const char *word = words->items[i];

		if (mode == ARGS_KEEP_DASHES && str_eq(word, "--")) {
			strvec_push(&args->pos, word);
		} else if (flags && str_eq(word, "--")) {
			flags = false;
		} else if (flags && str_starts(word, "--")) {
			r = parse_long(args, mode, words, &i, err);
		} else if (flags && word[0] == '-' && word[1] && find_letter(table, word[1])) {
			r = parse_short(args, words, &i, err);
		} else {
			strvec_push(&args->pos, word);
			flags = flags && mode != ARGS_FLAGS_FIRST;
		}
	}
	return r;
}

bool args_has(const struct args *args, const char *name)
{
	const char *value = args_value(args, name, NULL);

	return value && !str_eq(value, "false");
}

const char *args_value(const struct args *args, const char *name, const char *fallback)
{
	for (size_t i = args->names.count; i-- > 0;) {
		if (str_eq(args->names.items[i], name))
			return args->values.items[i];
	}
	return fallback;
}

void args_list(const struct args *args, const char *name, struct strvec *ret)
{
	for (size_t i = 0; i < args->names.count; i++) {
		if (str_eq(args->names.items[i], name))
			strvec_push(ret, args->values.items[i]);
	}
}

const char *args_pos(const struct args *args, size_t index)
{
	return index < args->pos.count ? args->pos.items[index] : "";
}

const char args_no_app_text[] = "Please specify an app to run the command on";

int args_need_app(const struct args *args, struct err *err)
{
	return *args_pos(args, 0) ? 0 : err_set(err, ERR_USAGE, "%s", args_no_app_text);
}
