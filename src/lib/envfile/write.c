/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/fs.h"
#include "base/parse.h"
#include "lib/envfile/envfile.h"

/* Go's strconv.Atoi: an optional sign and decimal digits, within 64 bits. */
static bool is_integer(const char *s, int64_t *ret)
{
	AUTO_ERR ignored = ERR_INIT;

	if (*s == '+' && s[1] >= '0' && s[1] <= '9')
		s++;
	return parse_int(s, INT64_MIN, INT64_MAX, ret, &ignored) == 0;
}

static void write_escaped(struct strbuf *out, const char *s)
{
	strbuf_addch(out, '"');
	for (; *s; s++) {
		if (*s == '\n') {
			strbuf_addstr(out, "\\n");
		} else if (*s == '\r') {
			strbuf_addstr(out, "\\r");
		} else {
			if (strchr("\\\"!$`", *s))
				strbuf_addch(out, '\\');
			strbuf_addch(out, *s);
		}
	}
	strbuf_addch(out, '"');
}

/* True if the value reads back from a line without quotes. */
static bool fits_bare(const char *s, size_t len)
{
	if (strpbrk(s, "\n\r") || strchr("\"' \t\v\f", *s) || !utf8_valid(s, len))
		return false;
	if (str_starts(s, "\xc2\x85") || str_starts(s, "\xc2\xa0"))
		return false;
	for (const char *hash = strchr(s, '#'); hash; hash = strchr(hash + 1, '#')) {
		if (hash > s && (strchr(" \t\v\f", hash[-1]) ||
					(hash > s + 1 && (unsigned char)hash[-2] == 0xc2)))
			return false;
	}
	return true;
}

static void write_bare(struct strbuf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '$')
			strbuf_addch(out, '\\');
		strbuf_addch(out, *s);
	}
}

/*
 * In double quotes godotenv loses the end of a value that ends in a backslash or a double quote;
 * those take another form if there is one that both readers understand.
 */
static void write_value(struct strbuf *out, const char *s)
{
	size_t len = strlen(s);
	char last = len ? s[len - 1] : '\0';
	int64_t number;

	if (is_integer(s, &number)) {
		strbuf_addf(out, "%" PRId64, number);
	} else if ((last == '"' || last == '\\') && fits_bare(s, len)) {
		write_bare(out, s);
	} else if (last == '"' && !strpbrk(s, "'\r")) {
		strbuf_addf(out, "'%s'", s);
	} else {
		write_escaped(out, s);
	}
}

void env_write(const struct env *e, struct strbuf *out)
{
	AUTO_STRVEC lines = STRVEC_INIT;

	for (size_t i = 0; i < e->count; i++) {
		AUTO_STRBUF line = STRBUF_INIT;

		strbuf_addf(&line, "%s=", e->vars[i].key);
		write_value(&line, e->vars[i].value);
		strvec_push(&lines, line.buf);
	}
	strvec_sort(&lines);
	strvec_join(&lines, "\n", out);
	strbuf_addch(out, '\n');
}
