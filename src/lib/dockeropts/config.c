/* SPDX-License-Identifier: MIT */
#include "lib/dockeropts/private.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"

int set_text(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	put(section(p, f), f->key, text(value));
	return 0;
}

int set_bool(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	bool on;
	int r = value_bool(value, &on, err);

	if (r)
		return r;
	put(section(p, f), f->key, json_boolean(on));
	return 0;
}

int set_int(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	int64_t n;
	int r = value_int(value, INT64_MIN, INT64_MAX, &n, err);

	if (r)
		return r;
	put(section(p, f), f->key, json_integer(n));
	return 0;
}

int set_size(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	int64_t n;
	int r = value_size(value, &n, err);

	if (r)
		return r;
	put(section(p, f), f->key, json_integer(n));
	return 0;
}

int set_list(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	push(child_array(section(p, f), f->key), text(value));
	return 0;
}

int set_map(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	put_pair(child_object(section(p, f), f->key), value);
	return 0;
}

int set_attach(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	AUTO_FREE char *stream = ascii_lower(value);

	if (strcmp(stream, "stdin") == 0)
		p->attach_stdin = true;
	else if (strcmp(stream, "stdout") == 0)
		p->attach_stdout = true;
	else if (strcmp(stream, "stderr") == 0)
		p->attach_stderr = true;
	else
		return err_set(err, ERR_INVALID, "'%.64s' is none of stdin, stdout, stderr", value);
	p->attach_set = true;
	return 0;
}

int set_interactive(struct parse *p, const struct create_flag *f, const char *value,
	struct err *err)
{
	int r = value_bool(value, &p->out->interactive, err);

	if (r)
		return r;
	p->interactive_set = true;
	put(p->out->body, "OpenStdin", json_boolean(p->out->interactive));
	return 0;
}

/* Switches that the caller wants to know about. */
int set_switch(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	bool on;
	int r = value_bool(value, &on, err);

	if (r)
		return r;
	if (f->key)
		put(section(p, f), f->key, json_boolean(on));
	if (strcmp(f->name, "rm") == 0)
		p->out->remove = on;
	else if (strcmp(f->name, "tty") == 0)
		p->out->tty = on;
	else if (strcmp(f->name, "quiet") == 0)
		p->out->quiet = on;
	else if (strcmp(f->name, "detach") == 0)
		p->out->detach = on;
	else
		p->out->no_sig_proxy = !on;
	return 0;
}

static void replace(char **at, const char *value)
{
	free(*at);
	*at = xstrdup_null(value);
}

int set_client_value(struct parse *p, const struct create_flag *f, const char *value,
	struct err *err)
{
	replace(strcmp(f->name, "name") == 0 ? &p->out->name : &p->out->detach_keys,
		*value ? value : NULL);
	return 0;
}

int set_pull(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	if (*value && strcmp(value, "always") != 0 && strcmp(value, "missing") != 0 &&
		strcmp(value, "never") != 0)
		return err_set(err, ERR_INVALID, "'%.64s' is none of always, missing, never",
			value);
	replace(&p->out->pull, *value ? value : NULL);
	return 0;
}

/* Only the canonical names of what Linux engines run on: others are rewritten by the program. */
int set_platform(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	static const char *const known[] = { "linux/amd64", "linux/arm64", "linux/386",
		"linux/arm/v7", "linux/arm/v6", "linux/arm/v5", "linux/ppc64le", "linux/s390x",
		"linux/riscv64", "linux/loong64" };

	if (!*value) {
		replace(&p->out->platform, NULL);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcmp(value, known[i]) == 0) {
			replace(&p->out->platform, value);
			return 0;
		}
	}
	return DOCKEROPTS_NEEDS_CLIENT;
}

/* Its default, true, does nothing any more; false wants signatures checked. */
int set_content_trust(struct parse *p, const struct create_flag *f, const char *value,
	struct err *err)
{
	bool on;
	int r = value_bool(value, &on, err);

	if (r)
		return r;
	return on ? 0 : DOCKEROPTS_NEEDS_CLIENT;
}

/* An empty value takes the image's entry point away, which the API writes as [""]. */
int set_entrypoint(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	json_t *list = json_array();

	push(list, text(value));
	put(p->out->body, f->key, list);
	return 0;
}

/* NAME from the caller's environment as "NAME=value", or NULL if it is not set there. */
static int from_caller(struct parse *p, const char *name, char **ret, struct err *err)
{
	const char *value = p->src->lookup ? p->src->lookup(p->src->cookie, name) : NULL;

	if (value && !utf8_valid(value, strlen(value)))
		return err_set(err, ERR_INVALID, "the value of %.64s is not valid UTF-8", name);
	*ret = value ? xasprintf("%s=%s", name, value) : NULL;
	return 0;
}

int set_env(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	char *pair = NULL;
	int r;

	if (!*value || *value == '=')
		return err_set(err, ERR_INVALID, "a variable without a name");
	if (!strchr(value, '=')) {
		r = from_caller(p, value, &pair, err);
		if (r < 0)
			return r;
	}
	/* Without a value anywhere, the bare name removes the image's variable. */
	strvec_push_take(&p->env, pair ? pair : xstrdup(value));
	return 0;
}

/* Only remembered: the lines of files count before those of flags. */
int set_env_file(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	AUTO_STRBUF path = STRBUF_INIT;

	if (*value != '/' && p->src->cwd)
		strbuf_addf(&path, "%s/", p->src->cwd);
	strbuf_addstr(&path, value);
	strvec_push(strcmp(f->name, "env-file") == 0 ? &p->env_files : &p->label_files, path.buf);
	return 0;
}

int set_label(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	const char *key = value + strspn(value, " \t");
	size_t len = strcspn(key, "=");

	if (!len)
		return err_set(err, ERR_INVALID, "'%.64s' is a label without a name", value);
	if (strcspn(key, " \t") < len)
		return err_set(err, ERR_INVALID, "the name of '%.64s' contains white space", value);
	strvec_push(&p->labels, value);
	return 0;
}

/* One line of an env-file (ENV) or label-file. */
static int add_line(struct parse *p, const char *line, bool env, struct strvec *out,
	struct err *err)
{
	char *pair = NULL;
	size_t len;
	int r;

	line += strspn(line, " \t\v\f\r");
	if (!*line || *line == '#')
		return 0;
	len = strcspn(line, "=");
	if (!len)
		return err_set(err, ERR_INVALID, "a line without a name");
	if (strcspn(line, " \t") < len)
		return err_set(err, ERR_INVALID, "the name '%.*s' contains white space",
			(int)(len > 64 ? 64 : len), line);
	if (line[len] || !env) {
		/* The docker program skips a bare name in a label-file. */
		if (line[len])
			strvec_push(out, line);
		return 0;
	}
	r = from_caller(p, line, &pair, err);
	if (pair)
		strvec_push_take(out, pair);
	return r;
}

static int read_pairs(struct parse *p, const char *path, bool env, struct strvec *out,
	struct err *err)
{
	AUTO_STRBUF content = STRBUF_INIT;
	AUTO_STRVEC lines = STRVEC_INIT;
	const char *from;
	int r = fs_read(path, DOCKEROPTS_MAX_FILE, &content, err);

	if (r < 0)
		return r;
	if (!utf8_valid(content.buf, content.len))
		return err_set(err, ERR_INVALID, "'%s' is not valid UTF-8", path);
	from = str_after(content.buf, "\xef\xbb\xbf");
	strvec_split_lines(&lines, from ? from : content.buf);
	for (size_t i = 0; i < lines.count; i++) {
		char *line = lines.items[i];
		size_t len = strlen(line);

		if (len && line[len - 1] == '\r')
			line[len - 1] = '\0';
		r = add_line(p, line, env, out, err);
		if (r < 0)
			return err_wrap(err, "'%s'", path);
	}
	return 0;
}

int finish_env(struct parse *p, struct err *err)
{
	AUTO_STRVEC all = STRVEC_INIT;
	json_t *index;
	json_t *list;

	for (size_t i = 0; i < p->env_files.count; i++) {
		int r = read_pairs(p, p->env_files.items[i], true, &all, err);

		if (r < 0)
			return err_wrap(err, "--env-file");
	}
	strvec_pushv(&all, p->env.items);
	if (!all.count)
		return 0;
	/* The last of equal names wins; it stands where the first one stood. */
	index = json_object();
	list = child_array(p->out->body, "Env");
	for (size_t i = 0; i < all.count; i++) {
		const char *rest;
		AUTO_FREE char *name = cut(all.items[i], '=', &rest);
		json_t *at = json_object_get(index, name);

		if (at) {
			json_array_set_new(list, (size_t)json_integer_value(at),
				text(all.items[i]));
			continue;
		}
		put(index, name, json_integer((json_int_t)json_array_size(list)));
		push(list, text(all.items[i]));
	}
	json_decref(index);
	return 0;
}

int finish_labels(struct parse *p, struct err *err)
{
	AUTO_STRVEC all = STRVEC_INIT;
	json_t *labels;

	for (size_t i = 0; i < p->label_files.count; i++) {
		int r = read_pairs(p, p->label_files.items[i], false, &all, err);

		if (r < 0)
			return err_wrap(err, "--label-file");
	}
	strvec_pushv(&all, p->labels.items);
	if (!all.count)
		return 0;
	labels = child_object(p->out->body, "Labels");
	for (size_t i = 0; i < all.count; i++)
		put_pair(labels, all.items[i]);
	return 0;
}
