/* SPDX-License-Identifier: MIT */
#include "lib/toml/private.h"

/* Blanks, newlines and comments: what may stand between the values of a list. */
static int skip_between(struct toml *t)
{
	for (;;) {
		char c;

		toml_blanks(t);
		c = toml_peek(t);
		if (c == '#') {
			while (t->at < t->end && *t->at != '\n' && !toml_is_control(*t->at))
				t->at++;
			c = toml_peek(t);
			if (c && c != '\n' && !toml_starts(t, "\r\n"))
				return toml_fail(t, "a control character in a comment");
		} else if (c == '\n') {
			t->at++;
		} else if (toml_starts(t, "\r\n")) {
			t->at += 2;
		} else {
			return 0;
		}
	}
}

static int list_item(struct toml *t, json_t *list)
{
	json_t *item = NULL;
	int r = toml_value(t, &item);

	if (r >= 0) {
		json_array_append_new(list, item);
		r = skip_between(t);
	}
	if (r < 0)
		return r;
	if (toml_peek(t) == ',')
		t->at++;
	else if (toml_peek(t) != ']')
		return toml_fail(t, "a comma or ] is missing");
	return skip_between(t);
}

static int list(struct toml *t, json_t *ret)
{
	int r;

	t->at++;
	r = skip_between(t);
	while (r >= 0 && toml_peek(t) != ']')
		r = list_item(t, ret);
	if (r >= 0)
		t->at++;
	return r;
}

/* On one line, and without a comma at the end. */
static int inline_table(struct toml *t, json_t *ret)
{
	t->at++;
	toml_blanks(t);
	if (toml_peek(t) == '}') {
		t->at++;
		return 0;
	}
	for (;;) {
		int r = toml_pair(t, ret);

		if (r < 0)
			return r;
		toml_blanks(t);
		if (toml_peek(t) == '}')
			break;
		if (toml_peek(t) != ',')
			return toml_fail(t, "a comma or } is missing");
		t->at++;
		toml_blanks(t);
	}
	t->at++;
	return 0;
}

static int bracket(struct toml *t, char c, json_t **ret)
{
	json_t *value;
	int r;

	if (t->depth >= TOML_DEPTH_MAX)
		return toml_fail(t, "nested too deeply");
	value = c == '[' ? json_array() : json_object();
	t->depth++;
	r = c == '[' ? list(t, value) : inline_table(t, value);
	t->depth--;
	if (r < 0) {
		json_decref(value);
		return r;
	}
	*ret = value;
	return 0;
}

int toml_value(struct toml *t, json_t **ret)
{
	char c = toml_peek(t);
	AUTO_STRBUF text = STRBUF_INIT;
	int r;

	if (c == '[' || c == '{')
		return bracket(t, c, ret);
	if (c != '"' && c != '\'')
		return toml_scalar(t, ret);
	r = toml_string(t, true, &text);
	if (r >= 0)
		*ret = json_stringn(text.buf, text.len);
	return r;
}
