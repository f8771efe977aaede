/* SPDX-License-Identifier: MIT */
/* The function printf: Go's verbs on the values a template has. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "lib/gotemplate/run.h"

enum {
	WIDTH_MAX = 10000,
	PRECISION_MAX = 300,
};

struct spec {
	bool minus, plus, sharp, space, zero;
	int width;     /* 0: none */
	int precision; /* -1: none */
	uint32_t verb;
};

struct format {
	struct str text;
	size_t at;
	const struct val *args;
	size_t count;
	size_t next;    /* argument */
	bool reordered; /* %[n]d was used, so leftover arguments are no mistake */
};

static size_t char_count(struct str s)
{
	size_t n = 0;
	uint32_t c;

	for (size_t i = 0; i < s.len; n++)
		i += utf8_get(s.s + i, s.len - i, &c);
	return n;
}

static void add_padded(const struct spec *f, struct str s, struct strbuf *out)
{
	size_t len = char_count(s);
	size_t pad = f->width > 0 && (size_t)f->width > len ? (size_t)f->width - len : 0;

	for (size_t i = 0; !f->minus && i < pad; i++)
		strbuf_addch(out, ' ');
	strbuf_add(out, s.s, s.len);
	for (size_t i = 0; f->minus && i < pad; i++)
		strbuf_addch(out, ' ');
}

/* "%!d(string=x)" */
static void add_bad_verb(const struct spec *f, const struct val *v, struct strbuf *out)
{
	strbuf_addstr(out, "%!");
	utf8_add(out, f->verb);
	strbuf_addch(out, '(');
	if (v->type != VAL_NIL)
		strbuf_addf(out, "%s=", val_type_name(v));
	val_print(v, out);
	strbuf_addch(out, ')');
}

/* Sign, zeros, digits and padding of a number; DIGITS are without a sign. */
static void add_number(const struct spec *f, bool negative, const char *prefix, const char *digits,
	bool may_zero, struct strbuf *out)
{
	AUTO_STRBUF text = STRBUF_INIT;
	const char *sign = negative ? "-" : f->plus ? "+" : f->space ? " " : "";
	size_t used = strlen(sign) + strlen(digits);

	strbuf_addstr(&text, sign);
	strbuf_addstr(&text, prefix);
	if (f->zero && may_zero && !f->minus)
		for (; used < (size_t)f->width; used++)
			strbuf_addch(&text, '0');
	strbuf_addstr(&text, digits);
	add_padded(f, (struct str){ text.buf, text.len }, out);
}

static void add_base(const struct spec *f, int64_t i, unsigned int base, struct strbuf *out)
{
	const char *set = f->verb == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	const char *prefix = "";
	uint64_t u = i < 0 ? -(uint64_t)i : (uint64_t)i;
	char text[PRECISION_MAX + 72];
	char *p = text + sizeof(text) - 1;
	int digits = 0;

	*p = '\0';
	for (; u || (!digits && f->precision != 0) || digits < f->precision; u /= base, digits++)
		*--p = set[u % base];
	if (f->sharp && base == 8 && *p != '0')
		*--p = '0';
	if (f->sharp && base == 16)
		prefix = f->verb == 'X' ? "0X" : "0x";
	else if (f->verb == 'O' || (f->sharp && base == 2))
		prefix = base == 2 ? "0b" : "0o";
	add_number(f, i < 0, prefix, p, f->precision < 0, out);
}

static void add_char(const struct spec *f, int64_t i, struct strbuf *out)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRBUF shown = STRBUF_INIT;

	utf8_add(&text, i < 0 || i > 0x10ffff ? 0xfffd : (uint32_t)i);
	if (f->verb == 'q')
		quote_go((struct str){ text.buf, text.len }, '\'', &shown);
	else if (f->verb == 'U')
		strbuf_addf(&shown, "U+%04" PRIX64, (uint64_t)i);
	else
		strbuf_add(&shown, text.buf, text.len);
	if (f->verb == 'U' && f->sharp)
		strbuf_addf(&shown, " '%s'", text.buf);
	add_padded(f, (struct str){ shown.buf, shown.len }, out);
}

static void add_int(const struct spec *f, const struct val *v, struct strbuf *out)
{
	switch (f->verb) {
	case 'v':
	case 'd':
		add_base(f, v->i, 10, out);
		break;
	case 'b':
		add_base(f, v->i, 2, out);
		break;
	case 'o':
	case 'O':
		add_base(f, v->i, 8, out);
		break;
	case 'x':
	case 'X':
		add_base(f, v->i, 16, out);
		break;
	case 'c':
	case 'q':
	case 'U':
		add_char(f, v->i, out);
		break;
	default:
		add_bad_verb(f, v, out);
	}
}

static void add_float(const struct spec *f, const struct val *v, struct strbuf *out)
{
	char form[] = { '%', '.', '*', (char)f->verb, '\0' };
	AUTO_STRBUF text = STRBUF_INIT;
	double positive = fabs(v->f);

	if (f->verb >= 0x80 || !strchr("veEfFgG", (int)f->verb)) {
		add_bad_verb(f, v, out);
		return;
	}
	if (f->verb == 'v')
		form[3] = 'g';
	if (isinf(v->f) || isnan(v->f) || ((form[3] | 0x20) == 'g' && f->precision < 0))
		float_print(positive, &text);
	else
		strbuf_addf(&text, form, f->precision < 0 ? 6 : f->precision, positive);
	for (char *e = text.buf; f->verb == 'G' && *e; e++)
		*e = *e == 'e' ? 'E' : *e;
	add_number(f, signbit(v->f) && !isnan(v->f), "", text.buf + (text.buf[0] == '+'),
		isfinite(v->f), out);
}

static void add_hex(const struct spec *f, struct str s, struct strbuf *out)
{
	AUTO_STRBUF text = STRBUF_INIT;

	for (size_t i = 0; i < s.len; i++) {
		if (f->space && i)
			strbuf_addch(&text, ' ');
		if (f->sharp && (f->space || !i))
			strbuf_addstr(&text, f->verb == 'X' ? "0X" : "0x");
		strbuf_addf(&text, f->verb == 'X' ? "%02X" : "%02x", (unsigned char)s.s[i]);
	}
	add_padded(f, (struct str){ text.buf, text.len }, out);
}

/* Whether Go would write S between backquotes. */
static bool is_one_line(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.s[i] < ' ' || s.s[i] == '`' || s.s[i] == 0x7f)
			return false;
	return true;
}

static void add_string(const struct spec *f, const struct val *v, struct strbuf *out)
{
	AUTO_STRBUF quoted = STRBUF_INIT;
	struct str s = v->s;
	uint32_t c;

	if (f->precision >= 0) {
		s.len = 0;
		for (int i = 0; i < f->precision && s.len < v->s.len; i++)
			s.len += utf8_get(s.s + s.len, v->s.len - s.len, &c);
	}
	if (f->verb == 'x' || f->verb == 'X') {
		add_hex(f, s, out);
	} else if (f->verb == 'q' || (f->verb == 'v' && f->sharp)) {
		if (f->verb == 'q' && f->sharp && utf8_valid(s.s, s.len) && is_one_line(s))
			strbuf_addf(&quoted, "`%.*s`", (int)s.len, s.s);
		else
			quote_go(s, '"', &quoted);
		add_padded(f, (struct str){ quoted.buf, quoted.len }, out);
	} else if (f->verb == 's' || f->verb == 'v') {
		add_padded(f, s, out);
	} else {
		add_bad_verb(f, v, out);
	}
}

/* Recursion is bounded by VAL_DEPTH_MAX. */
static void add_value(const struct spec *f, const struct val *v, struct strbuf *out);

static void add_items(const struct spec *f, const struct val *v, struct strbuf *out)
{
	bool syntax = f->verb == 'v' && f->sharp;
	bool is_list = v->type == VAL_LIST;
	size_t count = is_list ? v->list->count : v->map->count;

	strbuf_addstr(out, syntax ? val_type_name(v) : is_list ? "" : "map");
	strbuf_addstr(out, syntax ? "{" : "[");
	for (size_t i = 0; i < count && !out->truncated; i++) {
		struct val key;

		if (i)
			strbuf_addstr(out, syntax ? ", " : " ");
		if (is_list) {
			add_value(f, &v->list->items[i], out);
			continue;
		}
		key = val_str(v->map->items[i].key.s, v->map->items[i].key.len);
		add_value(f, &key, out);
		strbuf_addch(out, ':');
		add_value(f, &v->map->items[i].val, out);
	}
	strbuf_addstr(out, syntax ? "}" : "]");
}

static void add_value(const struct spec *f, const struct val *v, struct strbuf *out)
{
	struct val word = val_str(val_type_name(v), strlen(val_type_name(v)));
	struct spec plain = *f;

	plain.verb = 's';
	if (f->verb == 'T') {
		add_string(&plain, &word, out);
		return;
	}
	switch (v->type) {
	case VAL_NIL:
		if (f->verb == 'v')
			add_padded(f, word.s, out);
		else
			add_bad_verb(f, v, out);
		break;
	case VAL_BOOL:
		word = v->b ? val_str("true", 4) : val_str("false", 5);
		if (f->verb == 't' || f->verb == 'v')
			add_padded(f, word.s, out);
		else
			add_bad_verb(f, v, out);
		break;
	case VAL_INT:
	case VAL_BYTE:
		add_int(f, v, out);
		break;
	case VAL_FLOAT:
		add_float(f, v, out);
		break;
	case VAL_STRING:
	case VAL_STREAM:
		add_string(f, v, out);
		break;
	case VAL_LIST:
	case VAL_MAP:
		add_items(f, v, out);
		break;
	}
}

static char format_byte(const struct format *f)
{
	return f->at < f->text.len ? f->text.s[f->at] : '\0';
}

static int read_digits(struct format *f)
{
	int n = 0;

	while (format_byte(f) >= '0' && format_byte(f) <= '9') {
		n = n > WIDTH_MAX ? n : n * 10 + (format_byte(f) - '0');
		f->at++;
	}
	return n;
}

/* A number in the text, or * for the next argument; NONE when there is neither. */
static int read_size(struct format *f, int none, const char *bad, struct strbuf *out)
{
	const struct val *v;

	if (format_byte(f) != '*')
		return format_byte(f) >= '0' && format_byte(f) <= '9' ? read_digits(f) : none;
	f->at++;
	v = f->next < f->count ? &f->args[f->next++] : NULL;
	if (v && v->type == VAL_INT && v->i >= -WIDTH_MAX && v->i <= WIDTH_MAX)
		return (int)v->i;
	strbuf_addstr(out, bad);
	return none;
}

static void read_flags(struct format *f, struct spec *s)
{
	for (;; f->at++) {
		switch (format_byte(f)) {
		case '-':
			s->minus = true;
			break;
		case '+':
			s->plus = true;
			break;
		case '#':
			s->sharp = true;
			break;
		case ' ':
			s->space = true;
			break;
		case '0':
			s->zero = true;
			break;
		default:
			return;
		}
	}
}

/* What follows a percent sign, up to and with the verb. False at the end of the text. */
static bool read_spec(struct format *f, struct spec *s, struct strbuf *out)
{
	read_flags(f, s);
	s->width = read_size(f, 0, "%!(BADWIDTH)", out);
	if (s->width < 0) {
		s->minus = true;
		s->width = -s->width;
	}
	if (s->width > WIDTH_MAX)
		s->width = WIDTH_MAX;
	if (format_byte(f) == '.') {
		f->at++;
		s->precision = read_size(f, 0, "%!(BADPREC)", out);
		if (s->precision > PRECISION_MAX && f->at < f->text.len &&
			strchr("sqxXv", format_byte(f)) == NULL)
			s->precision = PRECISION_MAX;
	}
	if (format_byte(f) == '[') {
		f->at++;
		f->next = (size_t)read_digits(f) - 1;
		f->reordered = true;
		f->at += format_byte(f) == ']';
	}
	if (f->at >= f->text.len)
		return false;
	f->at += utf8_get(f->text.s + f->at, f->text.len - f->at, &s->verb);
	return true;
}

static void add_next(struct format *f, struct strbuf *out)
{
	struct spec s = { .precision = -1 };

	if (!read_spec(f, &s, out)) {
		strbuf_addstr(out, "%!(NOVERB)");
	} else if (s.verb == '%') {
		strbuf_addch(out, '%');
	} else if (f->next >= f->count) {
		strbuf_addstr(out, "%!");
		utf8_add(out, s.verb);
		strbuf_addstr(out, f->reordered ? "(BADINDEX)" : "(MISSING)");
	} else {
		add_value(&s, &f->args[f->next++], out);
	}
}

FUNC(fn_printf)
{
	AUTO_STRBUF out = STRBUF_CAPPED(GOTMPL_TEXT_MAX);
	struct format f = { .text = c->args[0].s, .args = c->args + 1, .count = c->count - 1 };

	while (f.at < f.text.len && !out.truncated) {
		if (f.text.s[f.at++] == '%')
			add_next(&f, &out);
		else
			strbuf_addch(&out, f.text.s[f.at - 1]);
	}
	if (!f.reordered && f.next < f.count) {
		strbuf_addstr(&out, "%!(EXTRA ");
		for (size_t i = f.next; i < f.count && !out.truncated; i++) {
			strbuf_addstr(&out, i > f.next ? ", " : "");
			if (f.args[i].type != VAL_NIL)
				strbuf_addf(&out, "%s=", val_type_name(&f.args[i]));
			val_print(&f.args[i], &out);
		}
		strbuf_addch(&out, ')');
	}
	return run_take(c->run, &out, ret, err);
}
