/* SPDX-License-Identifier: MIT */
#include "lib/procfile/procfile.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"

/* ASCII white space; lines never hold a newline. */
static bool is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

void procfile_done(struct procfile *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->entries[i].name);
		free(p->entries[i].command);
	}
	free(p->entries);
	*p = (struct procfile)PROCFILE_INIT;
}

bool procfile_name_valid(const char *name)
{
	size_t n = 0;

	while (is_name_byte(name[n]))
		n++;
	return n && n <= PROCFILE_NAME_MAX && !name[n];
}

const struct procfile_entry *procfile_find(const struct procfile *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++) {
		if (str_eq(p->entries[i].name, name))
			return &p->entries[i];
	}
	return NULL;
}

/* Takes ownership of both. */
static void add(struct procfile *p, char *name, char *command)
{
	if (p->count == p->alloc) {
		p->alloc = size_add(p->alloc, p->alloc / 2 + 8);
		p->entries = xreallocarray(p->entries, p->alloc, sizeof(*p->entries));
	}
	p->entries[p->count++] = (struct procfile_entry){ .name = name, .command = command };
}

static int fault(struct err *err, const char *what, size_t number)
{
	return err_set(err, ERR_INVALID, "%s, line %zu", what, number);
}

/*
 * Where the trailing comment that MARK begins starts, or NULL: the last MARK of the line that has
 * white space in front of it and something behind it.
 */
static char *find_comment(char *command, const char *mark)
{
	char *found = NULL;

	for (char *p = strstr(command, mark); p; p = strstr(p + 1, mark)) {
		if (p > command && is_white(p[-1]) && p[strlen(mark)])
			found = p;
	}
	return found;
}

static void trim_end(char *s)
{
	size_t n = strlen(s);

	while (n && is_white(s[n - 1]))
		n--;
	s[n] = '\0';
}

static void cut_comment(char *command)
{
	char *comment = find_comment(command, "#");

	if (!comment)
		comment = find_comment(command, "//");
	if (comment)
		*comment = '\0';
	trim_end(command);
}

/* One line without white space at its ends. */
static int parse_line(struct procfile *p, const char *line, size_t number, struct err *err)
{
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *command = NULL;
	const char *at = line;

	if (!*line || *line == '#' || str_starts(line, "//"))
		return 0;
	while (is_name_byte(*at))
		at++;
	name = xstrndup(line, (size_t)(at - line));
	while (is_white(*at))
		at++;
	if (!*name || *at != ':' || !at[1])
		return fault(err, "invalid line in procfile", number);
	for (at++; is_white(*at); at++)
		;
	if (strlen(name) > PROCFILE_NAME_MAX)
		return fault(err, "process name over 63 characters", number);
	if (procfile_find(p, name))
		return fault(err, "process names must be unique", number);
	command = xstrdup(at);
	cut_comment(command);
	if (*command == '#' || str_starts(command, "//"))
		return fault(err, "comment specified in place of command", number);
	if (!*command)
		return fault(err, "no command specified", number);
	if (p->count == PROCFILE_ENTRIES_MAX)
		return fault(err, "too many processes", number);
	add(p, TAKE_PTR(name), TAKE_PTR(command));
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct procfile_entry *x = a;
	const struct procfile_entry *y = b;

	return strcmp(x->name, y->name);
}

static int parse_lines(struct procfile *p, const char *text, size_t len, struct err *err)
{
	size_t number = 1;

	for (size_t at = 0; at < len; number++) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;
		AUTO_STRBUF line = STRBUF_INIT;
		int r;

		if (n > PROCFILE_LINE_MAX)
			return fault(err, "line too long", number);
		if (!utf8_valid(text + at, n))
			return fault(err, memchr(text + at, '\0', n) ? "NUL byte" : "invalid UTF-8",
				number);
		strbuf_add(&line, text + at, n);
		strbuf_trim(&line);
		r = parse_line(p, line.buf, number, err);
		if (r < 0)
			return r;
		at += n + 1;
	}
	if (!p->count)
		return err_set(err, ERR_INVALID, "no entries found in Procfile");
	qsort(p->entries, p->count, sizeof(*p->entries), by_name);
	return 0;
}

int procfile_parse(const char *text, size_t len, struct procfile *ret, struct err *err)
{
	struct procfile p = PROCFILE_INIT;
	int r;

	if (len > PROCFILE_TEXT_MAX)
		return err_set(err, ERR_INVALID, "the Procfile is longer than %d bytes",
			PROCFILE_TEXT_MAX);
	r = parse_lines(&p, text, len, err);
	if (r < 0)
		procfile_done(&p);
	else
		*ret = p;
	return r;
}

/* Names of one character that are not letters: $1, $?, $$ ... */
static bool is_special(char c)
{
	return c && strchr("*#$@!?-0123456789", c);
}

/*
 * The name behind the $ at P: sets its place and length and returns how many bytes behind the $ are
 * used up. Length 0 with bytes used up: a ${ that names nothing, which vanishes.
 */
static size_t read_name(const char *p, const char **ret_name, size_t *ret_len)
{
	const char *end;

	*ret_name = p + 1;
	*ret_len = 0;
	if (p[1] == '{') {
		end = strchr(p + 2, '}');
		if (!end)
			return 1;
		*ret_name = p + 2;
		*ret_len = (size_t)(end - p) - 2;
		return *ret_len + 2;
	}
	if (is_special(p[1])) {
		*ret_len = 1;
		return 1;
	}
	for (end = p + 1; is_name_byte(*end) && *end != '-'; end++)
		;
	*ret_len = (size_t)(end - p) - 1;
	return *ret_len;
}

static void add_value(const struct procfile_entry *entry, const struct env *env, unsigned port,
	const char *name, struct strbuf *out)
{
	const char *value = env_get(env, name);

	if (value)
		strbuf_addstr(out, value);
	else if (str_eq(name, "PORT"))
		strbuf_addf(out, "%u", port);
	else if (str_eq(name, "PS"))
		strbuf_addstr(out, entry->name);
}

int procfile_expand(const struct procfile_entry *entry, const struct env *env, unsigned port,
	struct strbuf *out, struct err *err)
{
	AUTO_STRBUF result = STRBUF_INIT;

	for (const char *p = entry->command; *p; p++) {
		const char *start;
		size_t len;
		size_t used;

		if (*p != '$' || !p[1] || p[1] == '(') {
			strbuf_addch(&result, *p);
			continue;
		}
		used = read_name(p, &start, &len);
		if (len) {
			AUTO_FREE char *name = xstrndup(start, len);

			add_value(entry, env, port, name, &result);
		} else if (!used) {
			strbuf_addch(&result, '$');
		}
		if (result.len > PROCFILE_COMMAND_MAX)
			return err_set(err, ERR_INVALID, "the command of '%s' is too long",
				entry->name);
		p += used;
	}
	strbuf_add(out, result.buf, result.len);
	return 0;
}
