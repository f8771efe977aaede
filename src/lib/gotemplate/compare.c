/* SPDX-License-Identifier: MIT */
/* Comparison, indexing and length: the functions of text/template that look at values. */
#include <inttypes.h>

#include "lib/gotemplate/run.h"

/* Which values can be compared with each other; Go's integers of all sizes are one kind. */
static enum val_type kind_of(const struct val *v)
{
	if (v->type == VAL_BYTE)
		return VAL_INT;
	return v->type == VAL_STREAM ? VAL_STRING : v->type;
}

static int equal(const struct val *a, const struct val *b, struct err *err)
{
	enum val_type kind = kind_of(a);

	if (a->type == VAL_NIL || b->type == VAL_NIL)
		return a->type == b->type;
	if (kind != kind_of(b))
		return err_set(err, ERR_INVALID, "incompatible types for comparison");
	switch ((int)kind) {
	case VAL_BOOL:
		return a->b == b->b;
	case VAL_INT:
		return a->i == b->i;
	case VAL_FLOAT:
		return a->f == b->f;
	case VAL_STRING:
		return str_same(a->s, b->s);
	default:
		return err_set(err, ERR_INVALID, "non-comparable type %s", val_type_name(a));
	}
}

/* 1 for a < b. */
static int less(const struct val *a, const struct val *b, struct err *err)
{
	enum val_type kind = kind_of(a);
	bool ordered = kind == VAL_INT || kind == VAL_FLOAT || kind == VAL_STRING;

	if (kind != kind_of(b) && a->type != VAL_NIL && b->type != VAL_NIL)
		return err_set(err, ERR_INVALID, "incompatible types for comparison");
	if (!ordered || kind != kind_of(b))
		return err_set(err, ERR_INVALID, "invalid type for comparison");
	if (kind == VAL_INT)
		return a->i < b->i;
	return kind == VAL_FLOAT ? a->f < b->f : str_order(a->s, b->s) < 0;
}

FUNC(fn_eq)
{
	if (c->count < 2)
		return err_set(err, ERR_INVALID, "missing argument for comparison");
	for (size_t i = 1; i < c->count; i++) {
		int r = equal(&c->args[0], &c->args[i], err);

		if (r < 0)
			return r;
		if (r) {
			*ret = val_bool(true);
			return 0;
		}
	}
	*ret = val_bool(false);
	return 0;
}

FUNC(fn_ne)
{
	int r = equal(&c->args[0], &c->args[1], err);

	if (r < 0)
		return r;
	*ret = val_bool(!r);
	return 0;
}

FUNC(fn_lt)
{
	int r = less(&c->args[0], &c->args[1], err);

	if (r < 0)
		return r;
	*ret = val_bool(r);
	return 0;
}

FUNC(fn_le)
{
	int r = less(&c->args[0], &c->args[1], err);

	if (!r)
		r = equal(&c->args[0], &c->args[1], err);
	if (r < 0)
		return r;
	*ret = val_bool(r);
	return 0;
}

FUNC(fn_gt)
{
	int r = fn_le(c, ret, err);

	if (r < 0)
		return r;
	*ret = val_bool(!ret->b);
	return 0;
}

FUNC(fn_ge)
{
	int r = fn_lt(c, ret, err);

	if (r < 0)
		return r;
	*ret = val_bool(!ret->b);
	return 0;
}

FUNC(fn_not)
{
	*ret = val_bool(!val_truth(&c->args[0]));
	return 0;
}

static int index_number(const struct val *index, size_t limit, size_t *ret, struct err *err)
{
	if (index->type == VAL_NIL)
		return err_set(err, ERR_INVALID, "cannot index slice/array with nil");
	if (index->type != VAL_INT && index->type != VAL_BYTE)
		return err_set(err, ERR_INVALID, "cannot index slice/array with type %s",
			val_type_name(index));
	if (index->i < 0 || (uint64_t)index->i > limit)
		return err_set(err, ERR_INVALID, "index out of range: %" PRId64, index->i);
	*ret = (size_t)index->i;
	return 0;
}

/* One step of index. A key that is not in a map gives nil. */
static int index_one(const struct val *item, const struct val *index, struct val *ret,
	struct err *err)
{
	size_t i = 0;
	size_t count = item->type == VAL_LIST ? item->list->count : item->s.len;
	const struct val *found;
	int r;

	if (item->type == VAL_NIL)
		return err_set(err, ERR_INVALID, "index of nil pointer");
	if (item->type == VAL_MAP) {
		if (index->type != VAL_STRING)
			return err_set(err, ERR_INVALID, "value has type %s; should be string",
				val_type_name(index));
		found = map_get(item->map, index->s);
		*ret = found ? *found : (struct val){ .type = VAL_NIL };
		return 0;
	}
	if (item->type != VAL_LIST && item->type != VAL_STRING)
		return err_set(err, ERR_INVALID, "can't index item of type %s",
			val_type_name(item));
	r = count ? index_number(index, count - 1, &i, err)
		  : err_set(err, ERR_INVALID, "index out of range: nothing in it");
	if (r < 0)
		return r;
	if (item->type == VAL_LIST)
		*ret = item->list->items[i];
	else
		*ret = (struct val){ .type = VAL_BYTE, .i = (unsigned char)item->s.s[i] };
	return 0;
}

FUNC(fn_index)
{
	struct val item = c->args[0];

	if (item.type == VAL_NIL)
		return err_set(err, ERR_INVALID, "index of untyped nil");
	for (size_t i = 1; i < c->count; i++) {
		struct val next;
		int r = index_one(&item, &c->args[i], &next, err);

		if (r < 0)
			return r;
		item = next;
	}
	*ret = item;
	return 0;
}

FUNC(fn_slice)
{
	const struct val *item = &c->args[0];
	bool is_list = item->type == VAL_LIST;
	size_t count = is_list ? item->list->count : item->s.len;
	size_t bounds[3] = { 0, count, count };
	struct list *l;
	int r;

	if (item->type == VAL_NIL)
		return err_set(err, ERR_INVALID, "slice of untyped nil");
	if (c->count > 4)
		return err_set(err, ERR_INVALID, "too many slice indexes: %zu", c->count - 1);
	if (!is_list && item->type != VAL_STRING)
		return err_set(err, ERR_INVALID, "can't slice item of type %s",
			val_type_name(item));
	if (!is_list && c->count == 4)
		return err_set(err, ERR_INVALID, "cannot 3-index slice a string");
	for (size_t i = 1; i < c->count; i++) {
		r = index_number(&c->args[i], count, &bounds[i - 1], err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < 2; i++)
		if (bounds[i] > bounds[i + 1])
			return err_set(err, ERR_INVALID, "invalid slice index: %zu > %zu",
				bounds[i], bounds[i + 1]);
	if (!is_list) {
		*ret = val_str(item->s.s + bounds[0], bounds[1] - bounds[0]);
		return 0;
	}
	r = run_list(c->run, bounds[1] - bounds[0], &l, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < l->count; i++)
		l->items[i] = item->list->items[bounds[0] + i];
	return run_seal(l, ret, err);
}

FUNC(fn_len)
{
	const struct val *v = &c->args[0];

	switch ((int)v->type) {
	case VAL_STRING:
		*ret = val_int((int64_t)v->s.len);
		return 0;
	case VAL_LIST:
		*ret = val_int((int64_t)v->list->count);
		return 0;
	case VAL_MAP:
		*ret = val_int((int64_t)v->map->count);
		return 0;
	case VAL_NIL:
		return err_set(err, ERR_INVALID, "len of nil pointer");
	default:
		return err_set(err, ERR_INVALID, "len of type %s", val_type_name(v));
	}
}
