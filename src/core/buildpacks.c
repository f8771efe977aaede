/* SPDX-License-Identifier: MIT */
#include "core/buildpacks.h"

#include <jansson.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/appjson.h"
#include "core/source_file.h"
#include "core/state.h"
#include "lib/jsonc/jsonc.h"

enum { BUILDPACKS_FILE_MAX = 64 << 10 };

/* --- URLs --- */

/* "org/name", of letters, digits, - and _. */
static bool is_short(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_-";
	size_t org = strspn(text, letters);
	size_t name = text[org] == '/' ? strspn(text + org + 1, letters) : 0;

	return org && name && !text[org + 1 + name];
}

/* "//host/owner/repo", "@host:owner/repo": three parts, of which the last may be anything. */
static bool is_place(const char *text)
{
	const char *host = str_after(text, "://");
	size_t n;

	if (!host)
		host = str_after(text, "@");
	n = host ? strcspn(host, "/:") : 0;
	if (!n || !host[n])
		return false;
	host += n + 1;
	n = strcspn(host, "/:");
	return n && host[n] == '/' && host[n + 1];
}

static bool is_url(const char *text)
{
	static const char *const schemes[] = { "http", "https", "git" };
	const char *folder = str_after(text, "file:///");

	if (folder)
		return *folder != '\0';
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		const char *rest = str_after(text, schemes[i]);

		if (rest && is_place(rest))
			return true;
	}
	return false;
}

/* A line of a file later on. */
static bool has_control(const char *text)
{
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return true;
	}
	return false;
}

int buildpack_url(const char *text, char **ret, struct err *err)
{
	AUTO_STRBUF url = STRBUF_INIT;

	strbuf_addstr(&url, text);
	strbuf_trim(&url);
	if (!url.len)
		return err_set(err, ERR_USAGE, "Must specify a buildpack url or reference");
	if (is_short(url.buf)) {
		const char *slash = strchr(url.buf, '/');
		AUTO_FREE char *org = xstrndup(url.buf, (size_t)(slash - url.buf));

		*ret = xasprintf("https://github.com/%s/heroku-buildpack-%s.git",
			str_eq(org, "heroku-community") ? "heroku" : org, slash + 1);
		return 0;
	}
	if (has_control(url.buf) || !is_url(url.buf))
		return err_set(err, ERR_USAGE, "Invalid buildpack specified: %s", text);
	*ret = strbuf_detach(&url);
	return 0;
}

/* --- settings --- */

int buildpacks_list(struct ctx *ctx, const char *app, struct strvec *ret, struct err *err)
{
	return state_get_list(ctx, "buildpacks", app, "buildpacks", ret, err);
}

int buildpacks_store(struct ctx *ctx, const char *app, const struct strvec *urls, struct err *err)
{
	return state_set_list(ctx, "buildpacks", app, "buildpacks", urls, err);
}

/* --- the file --- */

static int add_of_appjson(struct ctx *ctx, const char *app, struct strvec *ret, struct err *err)
{
	AUTO_FREE char *image = state_get_or(ctx, "git", app, "source-image", "");
	json_t *app_json = NULL;
	json_t *entry;
	size_t i;
	int r;

	if (*image)
		return 0;
	r = appjson_load(ctx, app, &app_json, err);
	if (r < 0)
		return r;
	json_array_foreach (jsonc_get(app_json, "buildpacks"), i, entry) {
		const char *url = json_string_value(jsonc_get(entry, "url"));

		strvec_push(ret, url ? url : "");
	}
	json_decref(app_json);
	return 0;
}

static int write_file(const char *dir, const struct strbuf *text, struct err *err)
{
	AUTO_FREE char *path = path_join(dir, ".buildpacks");
	int r = fs_unlink(path, err);

	return r < 0 ? r : fs_write(path, text->buf, text->len, 0600, err);
}

static int write_list(const char *dir, const struct strvec *urls, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;

	for (size_t i = 0; i < urls->count; i++) {
		AUTO_FREE char *url = NULL;
		int r = buildpack_url(urls->items[i], &url, err);

		if (r < 0)
			return r;
		strbuf_addf(&text, "%s\n", url);
	}
	return write_file(dir, &text, err);
}

/* LINE, as it stands in the file or with its URL written out. */
static int add_line(const char *line, size_t number, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *url = NULL;
	int r = 0;

	if (!*line)
		return 0;
	if (*line != '#')
		r = buildpack_url(line, &url, err);
	if (r < 0)
		return err_wrap(err, "Unable to parse .buildpacks file, line %zu", number);
	strbuf_addf(out, "%s\n", url ? url : line);
	return 0;
}

int buildpacks_spell_out(const char *text, struct strbuf *out, struct err *err)
{
	AUTO_STRBUF lines = STRBUF_INIT;
	size_t number = 1;

	for (const char *at = text; *at; number++) {
		size_t len = strcspn(at, "\n");
		AUTO_STRBUF line = STRBUF_INIT;
		int r;

		strbuf_add(&line, at, len);
		strbuf_trim(&line);
		r = add_line(line.buf, number, &lines, err);
		if (r < 0)
			return r;
		at += len + (at[len] == '\n');
	}
	strbuf_addstr(out, lines.buf);
	return 0;
}

static int rewrite(const char *dir, struct err *err)
{
	AUTO_STRBUF old = STRBUF_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	int r;

	if (!source_has(dir, ".buildpacks"))
		return 0;
	r = source_read(dir, ".buildpacks", BUILDPACKS_FILE_MAX, &old, err);
	if (r >= 0)
		r = buildpacks_spell_out(old.buf, &text, err);
	return r < 0 ? r : write_file(dir, &text, err);
}

int buildpacks_write(struct ctx *ctx, const char *app, const char *dir, struct err *err)
{
	AUTO_STRVEC urls = STRVEC_INIT;
	int r = buildpacks_list(ctx, app, &urls, err);

	if (r >= 0 && !urls.count)
		r = add_of_appjson(ctx, app, &urls, err);
	if (r < 0)
		return r;
	return urls.count ? write_list(dir, &urls, err) : rewrite(dir, err);
}
