/* SPDX-License-Identifier: MIT */
/* sigil's functions on lists and maps. */
#include <inttypes.h>
#include <string.h>

#include "base/parse.h"
#include "lib/gotemplate/run.h"

/* "0", "1", ... as strings. */
FUNC(fn_seq)
{
	AUTO_ERR ignored = ERR_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	const struct val *v = &c->args[0];
	int64_t count = v->type == VAL_INT ? v->i : 0;
	struct list *l;
	int r;

	if (v->type == VAL_STRING)
		strbuf_add(&text, v->s.s, v->s.len);
	if (v->type != VAL_INT &&
		(v->type != VAL_STRING || strlen(text.buf) != text.len ||
			parse_int(text.buf, INT32_MIN, INT32_MAX, &count, &ignored) < 0))
		return err_set(err, ERR_INVALID, "seq must be given an integer or numeric string");
	if (count < 0)
		return err_set(err, ERR_INVALID, "seq must be given a count that is not negative");
	r = run_list(c->run, (size_t)count, &l, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < l->count; i++) {
		strbuf_clear(&text);
		strbuf_addf(&text, "%zu", i);
		l->items[i] = val_take(&c->run->budget->arena, &text);
	}
	return run_seal(l, ret, err);
}

FUNC(fn_append)
{
	const struct list *from = c->args[1].list;
	struct list *l;
	int r = run_list(c->run, from->count + 1, &l, err);

	if (r < 0)
		return r;
	memcpy(l->items, from->items, from->count * sizeof(l->items[0]));
	l->items[from->count] = c->args[0];
	return run_seal(l, ret, err);
}

/* Go's == on two interface values; 1, 0, or an error for what has no ==. */
static int identical(const struct val *a, const struct val *b, struct err *err)
{
	if (a->type != b->type)
		return 0;
	switch (a->type) {
	case VAL_NIL:
		return 1;
	case VAL_BOOL:
		return a->b == b->b;
	case VAL_INT:
	case VAL_BYTE:
		return a->i == b->i;
	case VAL_FLOAT:
		return a->f == b->f;
	case VAL_STRING:
	case VAL_STREAM:
		return str_same(a->s, b->s);
	case VAL_LIST:
	case VAL_MAP:
		break;
	}
	return err_set(err, ERR_INVALID, "comparing uncomparable type %s", val_type_name(a));
}

/* Whether drop takes ITEM out: a string is a pattern that all items must be strings for. */
static int is_dropped(const struct call *c, const struct val *item, struct err *err)
{
	if (c->args[0].type != VAL_STRING)
		return identical(&c->args[0], item, err);
	if (item->type != VAL_STRING)
		return err_set(err, ERR_INVALID, "all elements must be a string to drop a string");
	return pattern_match(c->run, c->args[0].s, item->s, err);
}

FUNC(fn_drop)
{
	const struct list *from = c->args[1].list;
	struct list *l;
	size_t n = 0;
	int r = run_list(c->run, from->count, &l, err);

	for (size_t i = 0; r >= 0 && i < from->count; i++) {
		r = is_dropped(c, &from->items[i], err);
		if (!r)
			l->items[n++] = from->items[i];
	}
	if (r < 0)
		return r;
	l->count = n;
	return run_seal(l, ret, err);
}

/* Adds ITEM unless it is there. */
static int add_unique(struct run *r, struct list *l, const struct val *item, struct err *err)
{
	int same = run_charge(r, l->count / 16, err);

	if (item->type == VAL_LIST || item->type == VAL_MAP)
		return err_set(err, ERR_INVALID, "hash of unhashable type %s", val_type_name(item));
	for (size_t i = 0; !same && i < l->count; i++)
		same = identical(&l->items[i], item, err);
	if (!same)
		l->items[l->count++] = *item;
	return same;
}

FUNC(fn_uniq)
{
	struct list *l;
	size_t total = 0;
	int r;

	for (size_t i = 0; i < c->count; i++)
		total += c->args[i].list->count;
	r = run_list(c->run, total, &l, err);
	if (r < 0)
		return r;
	l->count = 0;
	for (size_t i = 0; i < c->count; i++) {
		for (size_t k = 0; r >= 0 && k < c->args[i].list->count; k++)
			r = add_unique(c->run, l, &c->args[i].list->items[k], err);
	}
	return r < 0 ? r : run_seal(l, ret, err);
}

FUNC(fn_splitkv)
{
	const struct list *from = c->args[1].list;
	struct str sep = c->args[0].s;
	struct map *m = map_new(&c->run->budget->arena, from->count);

	for (size_t i = 0; i < from->count; i++) {
		const struct val *v = &from->items[i];
		const char *hit = NULL;
		size_t at;

		if (v->type != VAL_STRING)
			return err_set(err, ERR_INVALID, "splitkv must be given a list of strings");
		if (sep.len && v->s.len)
			hit = memmem(v->s.s, v->s.len, sep.s, sep.len);
		at = hit ? (size_t)(hit - v->s.s) : v->s.len;
		m->items[i].key = (struct str){ v->s.s, at };
		m->items[i].val =
			hit ? val_str(hit + sep.len, v->s.len - at - sep.len) : val_bool(true);
	}
	map_seal(m);
	*ret = (struct val){ .type = VAL_MAP, .map = m };
	return 0;
}

FUNC(fn_joinkv)
{
	const struct val *v = &c->args[1];
	struct list *l;
	int r;

	if (v->type != VAL_MAP)
		return err_set(err, ERR_INVALID, "joinkv must be given a string map of strings");
	r = run_list(c->run, v->map->count, &l, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < l->count; i++) {
		AUTO_STRBUF text = STRBUF_CAPPED(GOTMPL_TEXT_MAX);
		const struct pair *p = &v->map->items[i];

		if (p->val.type != VAL_STRING)
			return err_set(err, ERR_INVALID,
				"joinkv must be given a string map of strings");
		strbuf_add(&text, p->key.s, p->key.len);
		strbuf_add(&text, c->args[0].s.s, c->args[0].s.len);
		strbuf_add(&text, p->val.s.s, p->val.s.len);
		r = run_take(c->run, &text, &l->items[i], err);
		if (r < 0)
			return r;
	}
	return run_seal(l, ret, err);
}
