/* SPDX-License-Identifier: MIT */
/* From app.json and CHECKS files to struct healthcheck. */
#include "lib/healthcheck/healthcheck.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "lib/jsonc/jsonc.h"
#include "lib/words/words.h"

/* An entry as written; what is absent keeps the value it begins with. */
struct entry {
	char *name;
	char *type;
	struct strvec command;
	char *path;
	char *content;
	char *scheme;
	bool listening;
	bool warn;
	int64_t port;
	int64_t attempts;
	int64_t timeout;
	int64_t wait;
	int64_t delay;
	int64_t uptime;
	json_t *headers;
	json_t *on_failure;
};

#define ROW(key, type, field, ...)                                                                 \
	{                                                                                          \
		key, type, offsetof(struct entry, field), 0, ##__VA_ARGS__                         \
	}

static const struct jsonc_field entry_fields[] = {
	ROW("name", JSONC_STRING, name),
	ROW("type", JSONC_STRING, type),
	ROW("command", JSONC_STRVEC, command),
	ROW("path", JSONC_STRING, path),
	ROW("content", JSONC_STRING, content),
	ROW("scheme", JSONC_STRING, scheme),
	ROW("listening", JSONC_BOOL, listening),
	ROW("warn", JSONC_BOOL, warn),
	ROW("port", JSONC_INT, port, 0, 65535),
	ROW("attempts", JSONC_INT, attempts, 0, HEALTHCHECK_ATTEMPTS_MAX),
	ROW("timeout", JSONC_INT, timeout, 0, HEALTHCHECK_SECONDS_MAX),
	ROW("wait", JSONC_INT, wait, 0, HEALTHCHECK_SECONDS_MAX),
	ROW("initialDelay", JSONC_INT, delay, 0, HEALTHCHECK_SECONDS_MAX),
	ROW("uptime", JSONC_INT, uptime, 0, HEALTHCHECK_SECONDS_MAX),
	ROW("httpHeaders", JSONC_ARRAY, headers),
	ROW("onFailure", JSONC_OBJECT, on_failure),
	{},
};

static void entry_done(struct entry *e)
{
	free(e->name);
	free(e->type);
	strvec_done(&e->command);
	free(e->path);
	free(e->content);
	free(e->scheme);
}

static void check_done(struct healthcheck *c)
{
	free(c->name);
	strvec_done(&c->command);
	free(c->path);
	free(c->content);
	free(c->scheme);
	strvec_done(&c->headers);
	strvec_done(&c->failure_command);
	free(c->failure_url);
}

void healthchecks_done(struct healthchecks *list)
{
	for (size_t i = 0; i < list->count; i++)
		check_done(&list->items[i]);
	free(list->items);
	strvec_done(&list->notes);
	*list = (struct healthchecks)HEALTHCHECKS_INIT;
}

/* A check with the defaults, to be filled in by the caller at once. */
static struct healthcheck *append(struct healthchecks *list, enum healthcheck_kind kind)
{
	struct healthcheck *c;

	list->items = xreallocarray(list->items, list->count + 1, sizeof(*list->items));
	c = &list->items[list->count++];
	*c = (struct healthcheck){
		.kind = kind,
		.attempts = 3,
		.timeout_s = 5,
		.wait_s = 5,
	};
	strvec_init(&c->command);
	strvec_init(&c->headers);
	strvec_init(&c->failure_command);
	return c;
}

static void drop_last(struct healthchecks *list)
{
	check_done(&list->items[--list->count]);
}

/* --- app.json --- */

static int add_header(json_t *item, struct strvec *headers, const char *name, struct err *err)
{
	const char *key = json_string_value(jsonc_get(item, "name"));
	const char *value = json_string_value(jsonc_get(item, "value"));

	if (!key || !*key || !value || has_control(key) || has_control(value) || strchr(key, ':'))
		return err_set(err, ERR_INVALID,
			"healthcheck '%s': each of its httpHeaders needs a name and a value of "
			"plain text",
			name);
	strvec_pushf(headers, "%s: %s", key, value);
	return 0;
}

static int read_headers(json_t *array, struct healthcheck *c, struct err *err)
{
	json_t *item;
	size_t i;

	json_array_foreach (array, i, item) {
		int r = add_header(item, &c->headers, c->name, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The command is a list of words, or one text that is split as a shell would, without one. */
static int read_on_failure(json_t *obj, struct healthcheck *c, struct err *err)
{
	json_t *command = jsonc_get(obj, "command");
	json_t *url = jsonc_get(obj, "url");
	json_t *word;
	size_t i;
	int r = 0;

	if (json_is_string(command))
		r = words_posix(json_string_value(command), json_string_length(command),
			&c->failure_command, err);
	json_array_foreach (command, i, word) {
		if (!json_is_string(word))
			r = err_set(err, ERR_INVALID, "a word of onFailure.command is no string");
		if (r < 0)
			break;
		strvec_push(&c->failure_command, json_string_value(word));
	}
	if (r < 0)
		return err_wrap(err, "healthcheck '%s'", c->name);
	if (url && !json_is_string(url))
		return err_set(err, ERR_INVALID, "healthcheck '%s': onFailure.url is no string",
			c->name);
	if (url && *json_string_value(url))
		c->failure_url = xstrdup(json_string_value(url));
	return 0;
}

static char *default_name(const struct entry *e, enum healthcheck_kind kind)
{
	switch (kind) {
	case HEALTHCHECK_COMMAND:
		return xasprintf("command %s", e->command.items[0]);
	case HEALTHCHECK_HTTP:
		return xasprintf("path %s", e->path);
	case HEALTHCHECK_LISTENING:
		return xstrdup("listening");
	case HEALTHCHECK_UPTIME:
		break;
	}
	return xstrdup("uptime");
}

static int entry_kind(const struct entry *e, enum healthcheck_kind *ret, struct err *err)
{
	const bool has[] = {
		[HEALTHCHECK_UPTIME] = e->uptime > 0,
		[HEALTHCHECK_COMMAND] = e->command.count > 0,
		[HEALTHCHECK_HTTP] = e->path && *e->path,
		[HEALTHCHECK_LISTENING] = e->listening,
	};
	size_t ways = 0;

	*ret = HEALTHCHECK_UPTIME;
	for (size_t i = 0; i < ARRAY_SIZE(has); i++) {
		if (has[i])
			*ret = (enum healthcheck_kind)i;
		ways += has[i];
	}
	if (ways > 1)
		return err_set(err, ERR_INVALID,
			"healthcheck '%s' mixes ways of checking: give one of command, path, "
			"listening and uptime",
			e->name ? e->name : "");
	return 0;
}

static int check_scheme(const struct entry *e, struct err *err)
{
	if (!e->scheme || !*e->scheme || str_eq(e->scheme, "http") || str_eq(e->scheme, "https"))
		return 0;
	return err_set(err, ERR_INVALID, "healthcheck '%s': scheme '%s' is neither http nor https",
		e->name ? e->name : "", e->scheme);
}

static void take_entry(struct healthcheck *c, struct entry *e)
{
	struct strvec command = e->command;

	e->command = (struct strvec)STRVEC_INIT;
	c->name = e->name && *e->name
			  ? TAKE_PTR(e->name)
			  : default_name(&(struct entry){ .command = command, .path = e->path },
				    c->kind);
	c->command = command;
	if (e->path && *e->path != '/' && c->kind == HEALTHCHECK_HTTP)
		c->path = xasprintf("/%s", e->path);
	else
		c->path = e->path ? TAKE_PTR(e->path) : xstrdup("/");
	c->content = e->content ? TAKE_PTR(e->content) : xstrdup("");
	c->scheme = e->scheme && *e->scheme ? TAKE_PTR(e->scheme) : xstrdup("http");
	c->warn = e->warn;
	c->port = e->port;
	c->delay_s = e->delay;
	c->uptime_s = e->uptime;
	/* 0 is what Go programs see when nothing is written: the default. */
	if (e->attempts)
		c->attempts = e->attempts;
	if (e->timeout)
		c->timeout_s = e->timeout;
	if (e->wait)
		c->wait_s = e->wait;
}

static int add_startup(struct entry *e, struct healthchecks *ret, struct err *err)
{
	enum healthcheck_kind kind;
	struct healthcheck *c;
	int r = entry_kind(e, &kind, err);

	if (r >= 0)
		r = check_scheme(e, err);
	if (r >= 0 && e->path && has_control(e->path))
		r = err_set(err, ERR_INVALID, "a healthcheck's path holds a control character");
	if (r < 0)
		return r;
	c = append(ret, kind);
	take_entry(c, e);
	r = read_headers(e->headers, c, err);
	if (r >= 0)
		r = read_on_failure(e->on_failure, c, err);
	if (r < 0)
		drop_last(ret);
	return r;
}

static int add_entry(json_t *item, struct healthchecks *ret, struct err *err)
{
	struct entry e = { .command = STRVEC_INIT };
	int r;

	if (!json_is_object(item))
		return err_set(err, ERR_INVALID, "a healthcheck is %s instead of an object",
			jsonc_type_name(item));
	r = jsonc_read(item, entry_fields, &e, err);
	if (r >= 0 && (!e.type || !*e.type))
		strvec_pushf(&ret->notes,
			"Ignoring healthcheck '%s': it has no type; \"startup\" makes it run",
			e.name ? e.name : "");
	else if (r >= 0 && str_eq(e.type, "startup"))
		r = add_startup(&e, ret, err);
	entry_done(&e);
	return r;
}

int healthchecks_parse(json_t *app_json, const char *process, struct healthchecks *ret,
	struct err *err)
{
	json_t *all = jsonc_get(app_json, "healthchecks");
	json_t *list = json_is_object(all) ? json_object_get(all, process) : NULL;
	size_t before = ret->count;
	json_t *item;
	size_t i;

	if (all && !json_is_object(all))
		return err_set(err, ERR_INVALID, "healthchecks in app.json is %s, not an object",
			jsonc_type_name(all));
	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return err_set(err, ERR_INVALID, "healthchecks.%s in app.json is %s, not an array",
			process, jsonc_type_name(list));
	if (json_array_size(list) > HEALTHCHECKS_MAX)
		return err_set(err, ERR_INVALID, "healthchecks.%s has more than %d entries",
			process, HEALTHCHECKS_MAX);
	json_array_foreach (list, i, item) {
		int r = add_entry(item, ret, err);

		if (r >= 0)
			continue;
		while (ret->count > before)
			drop_last(ret);
		return err_wrap(err, "app.json: healthchecks.%s[%zu]", process, i);
	}
	return json_array_size(list) > 0;
}

void healthchecks_add_uptime(struct healthchecks *list, const char *name, int64_t seconds)
{
	struct healthcheck *c = append(list, HEALTHCHECK_UPTIME);

	c->name = xstrdup(name);
	c->path = xstrdup("/");
	c->content = xstrdup("");
	c->scheme = xstrdup("http");
	c->uptime_s = seconds;
}

void healthchecks_add_listening(struct healthchecks *list, const char *name, unsigned port)
{
	struct healthcheck *c = append(list, HEALTHCHECK_LISTENING);

	c->name = xstrdup(name);
	c->path = xstrdup("/");
	c->content = xstrdup("");
	c->scheme = xstrdup("http");
	c->port = port;
	c->warn = true;
}

/* --- CHECKS --- */

struct settings {
	uint64_t wait;
	uint64_t timeout;
	uint64_t attempts;
};

/* NAME=VALUE of a setting; 1 when the line is one. Unknown names are ignored, as ever. */
static int take_setting(const char *line, struct settings *s, struct err *err)
{
	const char *eq = strchr(line, '=');
	const struct {
		const char *name;
		uint64_t max;
		uint64_t *value;
	} rows[] = {
		{ "WAIT=", HEALTHCHECK_SECONDS_MAX, &s->wait },
		{ "TIMEOUT=", HEALTHCHECK_SECONDS_MAX, &s->timeout },
		{ "ATTEMPTS=", HEALTHCHECK_ATTEMPTS_MAX, &s->attempts },
	};

	if (!eq || eq == line || strcspn(line, "/ \t") < (size_t)(eq - line))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *value = str_after(line, rows[i].name);

		if (value && parse_uint(value, 0, rows[i].max, rows[i].value, err) < 0)
			return err_wrap(err, "CHECKS file, %.*s", (int)(eq - line), line);
	}
	return 1;
}

/* Takes "http://host", "https://host" or "//host" off the front of PATH. */
static const char *take_host(const char *path, struct healthcheck *c)
{
	const char *rest = str_after(path, "https://");
	size_t len;

	c->scheme = xstrdup(rest ? "https" : "http");
	if (!rest)
		rest = str_after(path, "http://");
	if (!rest)
		rest = str_after(path, "//");
	if (!rest)
		return path;
	len = strcspn(rest, "/");
	if (len)
		strvec_pushf(&c->headers, "Host: %.*s", (int)len, rest);
	return rest[len] ? rest + len : "/";
}

/* What goes into the request's lines; the text to look for may hold anything. */
static int check_path(const char *line, struct err *err)
{
	AUTO_FREE char *path = xstrndup(line, strcspn(line, " \t"));

	return has_control(path) ? err_set(err, ERR_INVALID,
					   "a path in the CHECKS file holds a control character")
				 : 0;
}

static void add_line(char *line, const struct settings *s, struct healthchecks *ret)
{
	struct healthcheck *c = append(ret, HEALTHCHECK_HTTP);
	size_t len = strcspn(line, " \t");
	const char *path;
	char *content = line + len + strspn(line + len, " \t");

	c->content = xstrdup(content);
	line[len] = '\0';
	c->name = xasprintf("check-%zu", ret->count);
	path = take_host(line, c);
	c->path = xasprintf("%s%s", *path == '/' ? "" : "/", path);
	c->attempts = s->attempts ? (int64_t)s->attempts : 1;
	c->timeout_s = s->timeout ? (int64_t)s->timeout : 1;
	c->wait_s = (int64_t)s->wait;
	c->delay_s = (int64_t)s->wait;
}

/* A comment needs white space before it, but at the start of a line. */
static void strip_comment(char *line)
{
	for (char *p = line; *p; p++) {
		if (*p == '#' && (p == line || p[-1] == ' ' || p[-1] == '\t')) {
			*p = '\0';
			break;
		}
	}
}

int healthchecks_parse_file(const char *text, size_t len, struct healthchecks *ret, struct err *err)
{
	struct settings s = { .wait = 5, .timeout = 30, .attempts = 5 };
	AUTO_STRBUF whole = STRBUF_INIT; /* the caller's may lack the NUL at its end */
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_STRVEC paths = STRVEC_INIT;

	if (len && memchr(text, '\0', len))
		return err_set(err, ERR_INVALID, "the CHECKS file holds a NUL byte");
	strbuf_add(&whole, text, len);
	strvec_split(&lines, whole.buf, "\r\n");
	for (size_t i = 0; i < lines.count; i++) {
		AUTO_STRBUF line = STRBUF_INIT;
		int r;

		strip_comment(lines.items[i]);
		strbuf_addstr(&line, lines.items[i]);
		strbuf_trim(&line);
		r = line.len ? take_setting(line.buf, &s, err) : 1;
		if (r == 0)
			r = check_path(line.buf, err);
		if (r < 0)
			return r;
		if (!r)
			strvec_push(&paths, line.buf);
	}
	if (paths.count > HEALTHCHECKS_MAX)
		return err_set(err, ERR_INVALID, "the CHECKS file has more than %d checks",
			HEALTHCHECKS_MAX);
	for (size_t i = 0; i < paths.count; i++)
		add_line(paths.items[i], &s, ret);
	return paths.count > 0;
}
