/* SPDX-License-Identifier: MIT */
/* Sets of small files that change together, and their form as text. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "proxies/nginx/nginx.h"

enum { CONF_BYTES_MAX = 8 * 1024 * 1024, FILES_MAX = 10000 };

char *nginx_conf_path(struct ctx *ctx, const char *app)
{
	return inst_home(&ctx->inst, "%s/nginx.conf", app);
}

char *nginx_hsts_path(struct ctx *ctx, const char *app)
{
	return inst_home(&ctx->inst, "%s/nginx.conf.d/hsts.conf", app);
}

char *nginx_data_path(struct ctx *ctx, const char *name)
{
	return inst_lib(&ctx->inst, "data/nginx-vhosts/%s", name);
}

void nginx_files_done(struct nginx_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->items[i].path);
		strbuf_done(&files->items[i].text);
	}
	free(files->items);
	*files = (struct nginx_files)NGINX_FILES_INIT;
}

void nginx_files_add(struct nginx_files *files, const char *path, const struct strbuf *text)
{
	struct nginx_file *f;

	files->items = xreallocarray(files->items, files->count + 1, sizeof(*files->items));
	f = &files->items[files->count++];
	*f = (struct nginx_file){ .path = xstrdup(path), .there = text != NULL };
	strbuf_init(&f->text, 0);
	if (text)
		strbuf_add(&f->text, text->buf, text->len);
}

int nginx_files_read(struct nginx_files *files, const char *path, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int r = fs_read_optional(path, CONF_BYTES_MAX, &text, err);

	if (r < 0)
		return r;
	nginx_files_add(files, path, r > 0 ? &text : NULL);
	return 0;
}

static int make_parent(const char *path, struct err *err)
{
	AUTO_FREE char *dir = xstrndup(path, (size_t)(path_base(path) - path));

	return fs_mkdir_p(dir, 0755, err);
}

/* 1 when the disk is different. */
static int differs(const struct nginx_file *f, struct err *err)
{
	AUTO_STRBUF now = STRBUF_INIT;
	int there = fs_read_optional(f->path, CONF_BYTES_MAX, &now, err);

	if (there < 0)
		return there;
	return (there > 0) != f->there || now.len != f->text.len ||
	       memcmp(now.buf, f->text.buf, now.len) != 0;
}

int nginx_files_differ(const struct nginx_files *files, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < files->count; i++)
		r = differs(&files->items[i], err);
	return r;
}

static int write_one(const struct nginx_file *f, struct err *err)
{
	int r = differs(f, err);

	if (r <= 0)
		return r;
	r = f->there ? make_parent(f->path, err) : fs_unlink(f->path, err);
	return r < 0 || !f->there ? r : fs_write(f->path, f->text.buf, f->text.len, 0644, err);
}

int nginx_files_write(const struct nginx_files *files, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < files->count; i++)
		r = write_one(&files->items[i], err);
	return r;
}

/* "<length or -> <path>\n<bytes>\n" for each. */
void nginx_files_pack(const struct nginx_files *files, struct strbuf *out)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct nginx_file *f = &files->items[i];

		if (f->there)
			strbuf_addf(out, "%zu", f->text.len);
		else
			strbuf_addch(out, '-');
		strbuf_addf(out, " %s\n", f->path);
		strbuf_add(out, f->text.buf, f->text.len);
		strbuf_addch(out, '\n');
	}
}

static int unpack_one(struct nginx_files *ret, const struct strbuf *text, size_t *at,
	struct err *err)
{
	const char *line = text->buf + *at;
	size_t word = strcspn(line, " \n");
	size_t end = strcspn(line, "\n");
	AUTO_FREE char *length = xstrndup(line, word);
	AUTO_FREE char *path = word < end ? xstrndup(line + word + 1, end - word - 1) : NULL;
	AUTO_STRBUF content = STRBUF_INIT;
	bool there = !str_eq(length, "-");
	uint64_t len = 0;

	if (!path || *path != '/' || ret->count >= FILES_MAX ||
		(there && parse_uint(length, 0, CONF_BYTES_MAX, &len, err) < 0) ||
		*at + end + 1 + len + 1 > text->len) {
		err_clear(err);
		return err_set(err, ERR_INVALID, "a kept nginx configuration is damaged");
	}
	strbuf_add(&content, line + end + 1, len);
	nginx_files_add(ret, path, there ? &content : NULL);
	*at += end + 1 + len + 1;
	return 0;
}

int nginx_files_unpack(struct nginx_files *ret, const struct strbuf *text, struct err *err)
{
	size_t at = 0;

	while (at < text->len) {
		int r = unpack_one(ret, text, &at, err);

		if (r < 0)
			return r;
	}
	return 0;
}
