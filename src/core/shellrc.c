/* SPDX-License-Identifier: MIT */
#include "core/shellrc.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/output.h"

/* What Dokku's own start exports whether or not a file did. */
static bool is_dokkus(const char *name)
{
	return str_starts(name, "DOKKU_") || str_starts(name, "PLUGIN_") ||
	       str_eq(name, "DOCKER_BIN");
}

struct loading {
	struct ctx *ctx;
	struct strvec done; /* K=V of what was set so far */
};

static void set(struct loading *l, const char *name, const char *value)
{
	setenv(name, value, 1);
	(void)instance_set_variable(&l->ctx->inst, name, value);
	strvec_pushf(&l->done, "%s=%s", name, value);
}

/* --- plain files --- */

void shellrc_done(struct shellrc *rc)
{
	for (size_t i = 0; i < rc->count; i++) {
		free(rc->lines[i].name);
		free(rc->lines[i].value);
	}
	free(rc->lines);
	*rc = (struct shellrc)SHELLRC_INIT;
}

static void add(struct shellrc *rc, char *name, char *value, bool exported)
{
	rc->lines = xreallocarray(rc->lines, rc->count + 1, sizeof(*rc->lines));
	rc->lines[rc->count++] = (struct shellrc_line){ name, value, exported };
}

static size_t name_length(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char more[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return strspn(s, letters) ? strspn(s, more) : 0;
}

/* Length of the value at S and, in *QUOTES, of each quote around it; false if it is not plain. */
static bool value_length(const char *s, size_t *len, size_t *quotes)
{
	static const char bare[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_./:@%+,=-";
	const char *specials = *s == '"' ? "\"$`\\!" : "'";

	*quotes = *s == '"' || *s == '\'';
	*len = *quotes ? strcspn(s + 1, specials) : strspn(s, bare);
	if (*quotes && s[1 + *len] != *s)
		return false;
	return true;
}

static bool parse_line(const char *line, struct shellrc *ret)
{
	const char *s = line + strspn(line, " \t");
	const char *after = str_after(s, "export");
	bool exported = after && (*after == ' ' || *after == '\t');
	size_t name;
	size_t len;
	size_t quotes;
	const char *rest;

	if (!*s || *s == '#')
		return true;
	if (exported)
		s = after + strspn(after, " \t");
	name = name_length(s);
	if (!name || s[name] != '=' || !value_length(s + name + 1, &len, &quotes))
		return false;
	rest = s + name + 1 + len + 2 * quotes;
	if (*rest && *rest != ' ' && *rest != '\t')
		return false;
	rest += strspn(rest, " \t");
	if (*rest && *rest != '#')
		return false;
	add(ret, xstrndup(s, name), xstrndup(s + name + 1 + quotes, len), exported);
	return true;
}

bool shellrc_parse_plain(const char *text, size_t len, struct shellrc *ret)
{
	AUTO_STRVEC lines = STRVEC_INIT;

	if (strlen(text) != len)
		return false;
	strvec_split_lines(&lines, text);
	for (size_t i = 0; i < lines.count; i++) {
		if (!parse_line(lines.items[i], ret)) {
			shellrc_done(ret);
			return false;
		}
	}
	return true;
}

static void apply_plain(struct loading *l, const struct shellrc *rc)
{
	for (size_t i = 0; i < rc->count; i++) {
		const struct shellrc_line *line = &rc->lines[i];

		/* A bare assignment reaches children only if the variable was exported before. */
		if (line->exported || is_dokkus(line->name) || getenv(line->name))
			set(l, line->name, line->value);
	}
}

/* --- bash --- */

/* The environment that bash starts from: little, so that what it adds can be told and kept. */
static void base_env(const struct loading *l, struct strvec *ret)
{
	static const char *const kept[] = { "PATH", "HOME", "USER", "LANG" };

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		const char *value = getenv(kept[i]);

		if (value)
			strvec_pushf(ret, "%s=%s", kept[i], value);
	}
	strvec_pushf(ret, "DOKKU_ROOT=%s", l->ctx->inst.dokku_root);
	strvec_pushv(ret, l->done.items);
}

static int evaluate(const char *path, const struct strvec *base, struct strbuf *out,
	struct err *err)
{
	static const char script[] =
		"set -eo pipefail\n"
		". \"$1\" >&2\n"
		"for v in ${!DOKKU_*} ${!PLUGIN_*} DOCKER_BIN; do export \"$v\"; done\n"
		"exec /usr/bin/env -0\n";
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF text = STRBUF_CAPPED(SHELLRC_MAX);
	struct child_status st;
	int r;

	strvec_pushl(&c.argv, "/bin/bash", "--noprofile", "--norc", "-c", script, "dokku", path,
		NULL);
	strvec_pushv(&c.env, base->items);
	c.clean_env = true;
	c.timeout_ms = 30000;
	r = child_capture(&c, NULL, &text, NULL, &st, err);
	if (r < 0)
		return r;
	if (st.code || text.truncated || !text.len)
		return err_set(err, ERR_FAILED, "The shell settings '%s' ended with exit code %d",
			path, st.code);
	strbuf_add(out, text.buf, text.len);
	return 0;
}

/* Text that is another one whenever evaluation might give something else. */
static void cache_key(const char *path, const struct stat *st, const struct strvec *base,
	struct strbuf *out)
{
	AUTO_FREE char *env = strvec_joined(base, "\n");

	strbuf_addf(out, "%s %lld.%09ld %lld %u %08x\n", path, (long long)st->st_mtim.tv_sec,
		st->st_mtim.tv_nsec, (long long)st->st_size, st->st_uid, hash32(env, strlen(env)));
}

static char *cache_path(const struct ctx *ctx, const char *path)
{
	return inst_lib(&ctx->inst, "data/moorage/shellrc/%08x", hash32(path, strlen(path)));
}

/* Appends the remembered answer; 1 when there is one. */
static int read_cache(const char *file, const struct strbuf *key, struct strbuf *out)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT;

	if (fs_read_optional(file, SHELLRC_MAX + key->len, &text, &ignored) <= 0)
		return 0;
	if (text.len <= key->len || memcmp(text.buf, key->buf, key->len) != 0)
		return 0;
	strbuf_add(out, text.buf + key->len, text.len - key->len);
	return 1;
}

static void write_cache(const struct ctx *ctx, const char *file, const struct strbuf *key,
	const struct strbuf *out)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/moorage/shellrc");
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT;

	strbuf_add(&text, key->buf, key->len);
	strbuf_add(&text, out->buf, out->len);
	/* Without it the next start asks bash again, nothing worse. */
	if (fs_mkdir_p(dir, 0755, &ignored) >= 0)
		(void)!fs_write(file, text.buf, text.len, 0600, &ignored);
}

static void apply_evaluated(struct loading *l, const struct strbuf *out, const struct strvec *base)
{
	static const char *const bashs[] = { "_", "PWD", "OLDPWD", "SHLVL" };

	for (size_t at = 0; at < out->len; at += strlen(out->buf + at) + 1) {
		const char *pair = out->buf + at;
		size_t len = strcspn(pair, "=");
		AUTO_FREE char *name = xstrndup(pair, len);
		bool skip = !pair[len] || strvec_has(base, pair);

		for (size_t i = 0; i < ARRAY_SIZE(bashs); i++)
			skip |= str_eq(name, bashs[i]);
		if (!skip)
			set(l, name, pair + len + 1);
	}
}

static bool is_guest_root(const struct ctx *ctx)
{
	return geteuid() == 0 && !str_eq(ctx->inst.user, "root");
}

static int load_by_bash(struct loading *l, const char *path, const struct stat *st, struct err *err)
{
	AUTO_STRVEC base = STRVEC_INIT;
	AUTO_STRBUF key = STRBUF_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_FREE char *file = cache_path(l->ctx, path);
	bool cached = !is_guest_root(l->ctx); /* the folder is the user's */
	int r = 0;

	base_env(l, &base);
	cache_key(path, st, &base, &key);
	if (!cached || !read_cache(file, &key, &out)) {
		r = evaluate(path, &base, &out, err);
		if (r >= 0 && cached)
			write_cache(l->ctx, file, &key, &out);
	}
	if (r >= 0)
		apply_evaluated(l, &out, &base);
	return r;
}

/* --- files --- */

static bool is_trusted(const struct ctx *ctx, const char *path, const struct stat *st)
{
	const struct passwd *pw = getpwnam(ctx->inst.user);
	bool users = pw && st->st_uid == pw->pw_uid;

	if (is_guest_root(ctx) && (st->st_uid != 0 || !S_ISREG(st->st_mode)))
		return false; /* not worth a warning: it is read by all other commands */
	if ((st->st_uid == 0 || users) && !(st->st_mode & S_IWOTH))
		return true;
	out_warn("%s is left out: it must belong to root or %s and not be writable for all", path,
		ctx->inst.user);
	return false;
}

static int unreadable(const char *path, struct err *err)
{
	return err_user(err, ERR_DENIED, 1, "Unable to read %s for sourcing", path);
}

static int load_file(struct loading *l, const char *path, struct err *err)
{
	const struct ctx *ctx = l->ctx;
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_SHELLRC rc = SHELLRC_INIT;
	struct stat st;
	int r;

	if ((is_guest_root(ctx) ? lstat(path, &st) : stat(path, &st)) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : unreadable(path, err);
	if (S_ISDIR(st.st_mode) || !is_trusted(ctx, path, &st))
		return 0;
	if (!S_ISREG(st.st_mode) || access(path, R_OK) < 0)
		return unreadable(path, err);
	r = fs_read_optional(path, SHELLRC_MAX, &text, err);
	if (r <= 0)
		return r;
	if (!shellrc_parse_plain(text.buf, text.len, &rc))
		return load_by_bash(l, path, &st, err);
	apply_plain(l, &rc);
	return 0;
}

static int load_all(struct loading *l, struct err *err)
{
	const char *settings = l->ctx->inst.shell_settings;
	AUTO_FREE char *rc = NULL;
	AUTO_FREE char *dir = NULL;
	AUTO_STRVEC names = STRVEC_INIT;
	int r = 0;

	if (*settings && access(settings, R_OK) == 0)
		r = load_file(l, settings, err);
	if (r < 0)
		return r;
	/* Only now: the first file may have said where the root is. */
	rc = inst_home(&l->ctx->inst, "dokkurc");
	dir = inst_home(&l->ctx->inst, ".dokkurc");
	r = load_file(l, rc, err);
	if (r >= 0)
		r = fs_list(dir, &names, err);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *path = path_join(dir, names.items[i]);

		if (names.items[i][0] != '.')
			r = load_file(l, path, err);
	}
	return r;
}

int shellrc_load(struct ctx *ctx, struct err *err)
{
	struct loading l = { .ctx = ctx, .done = STRVEC_INIT };
	int r = load_all(&l, err);

	strvec_done(&l.done);
	return r < 0 ? r : 0;
}
