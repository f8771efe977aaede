/* SPDX-License-Identifier: MIT */
/* Variables from words, files and pipes, and into archives. Values are secrets: no message and no
 * child's arguments hold one. */
#include <jansson.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/output.h"
#include "core/state.h"
#include "plugins/config/config.h"

enum { BUNDLE_MAX = 64 << 20 };

static void json_done(json_t **j)
{
	json_decref(*j);
}

/* --- words --- */

static int decode_value(const char *key, const char *text, struct strbuf *out, struct err *err)
{
	size_t at;

	if (!base64_decode(text, strlen(text), out, &at))
		return err_set(err, ERR_INVALID,
			"illegal base64 data at input byte %zu for key '%s'", at, key);
	if (strlen(out->buf) != out->len)
		return err_set(err, ERR_INVALID, "the value of key '%s' holds a NUL byte", key);
	return 0;
}

static int parse_pair(const char *word, bool encoded, struct env *ret, struct err *err)
{
	const char *eq = strchr(word, '=');
	AUTO_FREE char *key = xstrndup(word, strcspn(word, "="));
	CLEANUP(strbuf_erase) struct strbuf value = STRBUF_INIT;
	int r;

	/* What has no key may well be the second word of a secret. */
	if (!eq)
		return err_set(err, ERR_USAGE,
			"Invalid env pair: it must be KEY=VALUE, with quotes around a value that "
			"holds blanks");
	r = config_check_key(key, err);
	if (r >= 0 && encoded)
		r = decode_value(key, eq + 1, &value, err);
	if (r < 0)
		return r;
	env_set(ret, key, encoded ? value.buf : eq + 1);
	return 0;
}

int config_parse_pairs(const struct strvec *words, bool encoded, struct env *ret, struct err *err)
{
	int r = 0;

	if (!words->count)
		return err_set(err, ERR_USAGE, "At least one env pair must be given");
	for (size_t i = 0; r >= 0 && i < words->count; i++)
		r = parse_pair(words->items[i], encoded, ret, err);
	return r;
}

/* --- files and pipes --- */

static int read_input(const char *path, struct strbuf *out, struct err *err)
{
	bool is_stdin = str_eq(path, "-");
	AUTO_CLOSE int file = is_stdin ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	int fd = is_stdin ? STDIN_FILENO : file;
	char chunk[16384];
	ssize_t n;

	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read '%s'", path);
		if (out->len + (size_t)n > ENV_TEXT_MAX)
			return err_set(err, ERR_INVALID, "'%s' is larger than %d MiB", path,
				ENV_TEXT_MAX >> 20);
		strbuf_add(out, chunk, (size_t)n);
	}
	explicit_bzero(chunk, sizeof(chunk));
	return 0;
}

static int parse_json(const struct strbuf *text, struct env *ret, struct err *err)
{
	json_error_t e;
	CLEANUP(json_done)
	json_t *obj = json_loadb(text->buf, text->len, JSON_DISABLE_EOF_CHECK, &e);
	const char *key;
	json_t *value;

	/* jansson's own text quotes the input. */
	if (!obj)
		return err_set(err, ERR_INVALID, "The input is not JSON (line %d, column %d)",
			e.line, e.column);
	if (!json_is_object(obj))
		return err_set(err, ERR_INVALID, "The input is not a JSON object");
	json_object_foreach (obj, key, value) {
		int r = config_check_key(key, err);

		if (r < 0)
			return r;
		if (!json_is_string(value))
			return err_set(err, ERR_INVALID, "The value of %s is not a string", key);
		env_set(ret, key, json_string_value(value));
	}
	return 0;
}

static int parse_envfile(const char *scope, const struct strbuf *text, struct env *ret,
	struct err *err)
{
	AUTO_STRVEC dropped = STRVEC_INIT;
	int r = env_parse(text->buf, text->len, ret, &dropped, err);

	for (size_t i = 0; r >= 0 && i < dropped.count; i++) {
		AUTO_ERR bad = ERR_INIT;

		/* Its message has what may be shown. */
		if (config_check_key(dropped.items[i], &bad) < 0)
			out_info1("Leaving out a key of the input for %s: %s", scope, bad.msg.buf);
	}
	return r;
}

int config_read(const char *scope, const char *path, const char *format, struct env *ret,
	struct err *err)
{
	CLEANUP(strbuf_erase) struct strbuf text = STRBUF_INIT;
	bool json = str_eq(format, "json");
	int r;

	if (!json && !str_eq(format, "envfile"))
		return err_set(err, ERR_USAGE, "Unknown format: %s", format);
	if (!*path)
		return err_set(err, ERR_USAGE, "Please specify a file, or - for standard input");
	if (str_eq(path, "-"))
		out_info1_quiet("Reading config vars from stdin");
	r = read_input(path, &text, err);
	if (r >= 0)
		r = json ? parse_json(&text, ret, err) : parse_envfile(scope, &text, ret, err);
	if (r >= 0 && !ret->count)
		return err_set(err, ERR_INVALID, "No config vars to set");
	return r;
}

/* --- archives --- */

static json_t *member_of(const struct env_var *var)
{
	size_t len = strlen(var->value);
	CLEANUP(strbuf_erase) struct strbuf base64 = STRBUF_INIT;

	if (utf8_valid(var->value, len))
		return json_pack("{s:s, s:s, s:s}", "name", var->key, "mode", "0600", "content",
			var->value);
	base64_encode(var->value, len, &base64);
	return json_pack("{s:s, s:s, s:s}", "name", var->key, "mode", "0600", "base64", base64.buf);
}

static int describe(const struct env *env, struct strbuf *out, struct err *err)
{
	CLEANUP(json_done) json_t *members = json_array();
	char *text;

	for (size_t i = 0; i < env->count; i++)
		json_array_append_new(members, member_of(&env->vars[i]));
	text = json_dumps(members, JSON_COMPACT);
	if (!text)
		return err_set(err, ERR_BUG, "variables cannot be written as JSON");
	strbuf_addstr(out, text);
	explicit_bzero(text, strlen(text));
	free(text);
	return 0;
}

int config_bundle(struct ctx *ctx, const struct env *env, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	CLEANUP(strbuf_erase) struct strbuf in = STRBUF_INIT;
	CLEANUP(strbuf_erase) struct strbuf tar = STRBUF_CAPPED(BUNDLE_MAX);
	struct child_status st;
	int r = describe(env, &in, err);

	if (r < 0)
		return r;
	strvec_push_take(&c.argv, path_join(ctx->inst.libexec_dir, "moorage-archive"));
	strvec_pushl(&c.argv, "create", "--json", NULL);
	r = child_capture(&c, &in, &tar, NULL, &st, err);
	if (r >= 0)
		r = child_check(&c, &st, err);
	if (r < 0)
		return err_wrap(err, "bundle the variables");
	if (tar.truncated)
		return err_set(err, ERR_INVALID, "The bundle is larger than %d MiB",
			BUNDLE_MAX >> 20);
	out_flush();
	if (fs_write_all(STDOUT_FILENO, tar.buf, tar.len) < 0)
		return err_sys(err, "write the bundle");
	return 0;
}
