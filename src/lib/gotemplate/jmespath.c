/* SPDX-License-Identifier: MIT */
/* The part of JMESPath that picks values: names, indexes and projections over lists. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/gotemplate/run.h"

enum { STARS_MAX = 8 };

struct path {
	struct str text;
	size_t at;
	struct run *run;
	unsigned int stars;
};

static int search(struct path *p, const struct val *v, struct val *ret, struct err *err);

static char path_byte(const struct path *p)
{
	return p->at < p->text.len ? p->text.s[p->at] : '\0';
}

static int unsupported(const struct path *p, struct err *err)
{
	return err_set(err, ERR_INVALID, "JMESPath expression is not supported here at '%.*s'",
		(int)(p->text.len - p->at > 40 ? 40 : p->text.len - p->at), p->text.s + p->at);
}

/* name or "any name" */
static int read_name(struct path *p, struct str *ret, struct err *err)
{
	size_t start = p->at;
	const char *end;

	if (path_byte(p) == '"') {
		end = memchr(p->text.s + start + 1, '"', p->text.len - start - 1);
		if (!end || memchr(p->text.s + start, '\\', (size_t)(end - p->text.s) - start))
			return unsupported(p, err);
		*ret = (struct str){ p->text.s + start + 1, (size_t)(end - p->text.s) - start - 1 };
		p->at = (size_t)(end - p->text.s) + 1;
		return 0;
	}
	while (path_byte(p) == '_' || isalnum((unsigned char)path_byte(p)))
		p->at++;
	if (p->at == start || isdigit((unsigned char)p->text.s[start]))
		return unsupported(p, err);
	*ret = (struct str){ p->text.s + start, p->at - start };
	return 0;
}

/* The rest of the path on every item; what gives nil is left out. */
static int project(struct path *p, const struct val *v, struct val *ret, struct err *err)
{
	size_t rest = p->at;
	struct list *l;
	size_t n = 0;
	int r;

	if (++p->stars > STARS_MAX)
		return err_set(err, ERR_INVALID, "JMESPath has more than %d projections",
			STARS_MAX);
	if (v->type != VAL_LIST) {
		struct val ignored;
		struct val nil = { .type = VAL_NIL };

		/* The rest is read all the same, so that a mistake in it is found. */
		*ret = nil;
		return search(p, &nil, &ignored, err);
	}
	r = run_list(p->run, v->list->count, &l, err);
	for (size_t i = 0; r >= 0 && i < v->list->count; i++) {
		p->at = rest;
		r = search(p, &v->list->items[i], &l->items[n], err);
		n += r >= 0 && l->items[n].type != VAL_NIL;
	}
	p->stars--;
	if (r < 0)
		return r;
	l->count = n;
	return run_seal(l, ret, err);
}

/* After a bracket: "0]", "-1]". */
static int read_index(struct path *p, const struct val *v, struct val *ret, struct err *err)
{
	bool negative = path_byte(p) == '-';
	size_t i = 0;
	size_t digits = 0;
	size_t count = v->type == VAL_LIST ? v->list->count : 0;

	p->at += negative;
	for (; isdigit((unsigned char)path_byte(p)) && digits < 9; digits++)
		i = i * 10 + (size_t)(p->text.s[p->at++] - '0');
	if (!digits || path_byte(p) != ']')
		return unsupported(p, err);
	p->at++;
	if (negative)
		i = i && i <= count ? count - i : count;
	*ret = i < count ? v->list->items[i] : (struct val){ .type = VAL_NIL };
	return 0;
}

static int search(struct path *p, const struct val *v, struct val *ret, struct err *err)
{
	struct val now = *v;
	int r = run_charge(p->run, 1, err);

	while (r >= 0 && p->at < p->text.len) {
		bool first = p->at == 0;
		struct str name;

		if (path_byte(p) == '[' && p->text.len - p->at >= 3 &&
			!memcmp(p->text.s + p->at, "[*]", 3)) {
			p->at += 3;
			return project(p, &now, ret, err);
		}
		if (path_byte(p) == '[') {
			p->at++;
			r = read_index(p, &now, &now, err);
			continue;
		}
		if (first && path_byte(p) == '@') {
			p->at++;
			continue;
		}
		if (!first && path_byte(p) != '.')
			return unsupported(p, err);
		p->at += !first;
		r = read_name(p, &name, err);
		if (r >= 0) {
			const struct val *found =
				now.type == VAL_MAP ? map_get(now.map, name) : NULL;

			now = found ? *found : (struct val){ .type = VAL_NIL };
		}
	}
	*ret = now;
	return r;
}

FUNC(fn_jmespath)
{
	struct path p = { .text = c->args[0].s, .run = c->run };

	if (!p.text.len)
		return err_set(err, ERR_INVALID, "JMESPath expression is empty");
	return search(&p, &c->args[1], ret, err);
}
