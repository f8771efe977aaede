/* SPDX-License-Identifier: MIT */
#include "core/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"

static char *property_path(struct ctx *ctx, const char *plugin, const char *scope, const char *name)
{
	return inst_lib(&ctx->inst, "config/%s/%s/%s", plugin, scope, name);
}

int state_get(struct ctx *ctx, const char *plugin, const char *scope, const char *name,
	struct strbuf *out, struct err *err)
{
	AUTO_FREE char *path = property_path(ctx, plugin, scope, name);
	int r = fs_read_optional(path, STATE_FILE_MAX, out, err);

	if (r > 0)
		strbuf_chomp(out);
	return r;
}

char *state_get_or(struct ctx *ctx, const char *plugin, const char *scope, const char *name,
	const char *fallback)
{
	AUTO_STRBUF value = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	if (state_get(ctx, plugin, scope, name, &value, &err) <= 0)
		return xstrdup(fallback ? fallback : "");
	return strbuf_detach(&value);
}

char *state_computed(struct ctx *ctx, const char *plugin, const char *app, const char *name,
	const char *fallback)
{
	char *value = app && !str_eq(app, SCOPE_GLOBAL) ? state_get_or(ctx, plugin, app, name, NULL)
							: xstrdup("");

	if (*value)
		return value;
	free(value);
	value = state_get_or(ctx, plugin, SCOPE_GLOBAL, name, NULL);
	if (*value)
		return value;
	free(value);
	return xstrdup(fallback ? fallback : "");
}

bool state_is_true(struct ctx *ctx, const char *plugin, const char *scope, const char *name)
{
	AUTO_FREE char *value = state_get_or(ctx, plugin, scope, name, NULL);

	return str_eq(value, "true");
}

int state_set(struct ctx *ctx, const char *plugin, const char *scope, const char *name,
	const char *value, struct err *err)
{
	AUTO_FREE char *path = property_path(ctx, plugin, scope, name);

	return fs_write_str(path, value, 0600, err);
}

int state_unset(struct ctx *ctx, const char *plugin, const char *scope, const char *name,
	struct err *err)
{
	AUTO_FREE char *path = property_path(ctx, plugin, scope, name);

	return fs_unlink(path, err);
}

bool state_exists(struct ctx *ctx, const char *plugin, const char *scope, const char *name)
{
	AUTO_FREE char *path = property_path(ctx, plugin, scope, name);

	return fs_exists(path);
}

int state_get_list(struct ctx *ctx, const char *plugin, const char *scope, const char *name,
	struct strvec *ret, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int r = state_get(ctx, plugin, scope, name, &text, err);

	if (r > 0)
		strvec_split_lines(ret, text.buf);
	return r < 0 ? r : 0;
}

int state_set_list(struct ctx *ctx, const char *plugin, const char *scope, const char *name,
	const struct strvec *items, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;

	if (!items->count)
		return state_unset(ctx, plugin, scope, name, err);
	strvec_join(items, "\n", &text);
	strbuf_addch(&text, '\n');
	return state_set(ctx, plugin, scope, name, text.buf, err);
}

int state_names(struct ctx *ctx, const char *plugin, const char *scope, struct strvec *ret,
	struct err *err)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "config/%s/%s", plugin, scope);

	return fs_list(dir, ret, err);
}

int state_drop(struct ctx *ctx, const char *plugin, const char *scope, struct err *err)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "config/%s/%s", plugin, scope);

	return fs_rm_rf(dir, err);
}

int state_copy(struct ctx *ctx, const char *plugin, const char *from, const char *to,
	struct err *err)
{
	AUTO_FREE char *source = inst_lib(&ctx->inst, "config/%s/%s", plugin, from);
	AUTO_FREE char *target = inst_lib(&ctx->inst, "config/%s/%s", plugin, to);
	int r;

	if (!fs_is_dir(source))
		return 0;
	r = fs_rm_rf(target, err);
	return r < 0 ? r : fs_copy_tree(source, target, err);
}

int state_app_lines(struct ctx *ctx, const char *app, const char *file, struct strvec *ret,
	struct err *err)
{
	AUTO_FREE char *path = inst_home(&ctx->inst, "%s/%s", app, file);
	AUTO_STRBUF text = STRBUF_INIT;
	int r = fs_read_optional(path, STATE_FILE_MAX, &text, err);

	if (r > 0)
		strvec_split(ret, text.buf, "\r\n");
	return r < 0 ? r : 0;
}

int state_set_app_lines(struct ctx *ctx, const char *app, const char *file,
	const struct strvec *lines, mode_t mode, struct err *err)
{
	AUTO_FREE char *path = inst_home(&ctx->inst, "%s/%s", app, file);
	AUTO_STRBUF text = STRBUF_INIT;

	if (!lines->count)
		return fs_unlink(path, err);
	strvec_join(lines, "\n", &text);
	strbuf_addch(&text, '\n');
	return fs_write(path, text.buf, text.len, mode, err);
}

char *state_data_dir(struct ctx *ctx, const char *plugin, const char *app)
{
	return inst_lib(&ctx->inst, "data/%s/%s", plugin, app);
}

int state_make_data_dir(struct ctx *ctx, const char *plugin, const char *app, char **ret,
	struct err *err)
{
	AUTO_FREE char *dir = state_data_dir(ctx, plugin, app);
	int r = fs_mkdir_p(dir, 0755, err);

	if (r < 0)
		return r;
	*ret = TAKE_PTR(dir);
	return 0;
}
