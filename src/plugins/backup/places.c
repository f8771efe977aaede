/* SPDX-License-Identifier: MIT */
#include "plugins/backup/backup.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/keyfile.h"
#include "core/output.h"

/* In an app's folder: git's own, which come as a bundle, and what only this machine's containers mean. */
static const char *const home_skip[] = { "HEAD", "FETCH_HEAD", "ORIG_HEAD", "objects", "refs",
	"packed-refs", "hooks", "info", "logs", "branches", "config", "description", "index",
	"shallow", "modules", "worktrees", "gc.*", "*.lock", "CONTAINER.*", "IP.*", "PORT.*",
	"nginx.conf", "cache", NULL };
static const char *const data_skip[] = { "failed-containers", ".deploy.lock", NULL };
/* What belongs to the machine or is made anew. */
static const char *const none_skip[] = { ".sshcommand", ".cache", "moorage", "storage",
	"dead-containers", "dead-images", "retire", NULL };

/* Places below the instance's roots. */
static const struct row {
	const char *name; /* in the archive */
	bool home;        /* below dokku_root, else below lib_root: */
	const char *base;
	bool each;          /* in each folder of BASE */
	bool files;         /* only the files directly in it: the rest is another row's */
	const char *prefix; /* of the app's name */
	const char *const *skip;
} app_rows[] = {
	{ "home", true, "", false, false, "", home_skip },
	{ "environment", false, "config", false, true, "", NULL },
	{ "config", false, "config", true, false, "", NULL },
	{ "data", false, "data", true, false, "", data_skip },
	{ "data-app", false, "data", true, false, "app-", data_skip },
};

/* What belongs to no app: entries of BASE, or of its folders. */
static const struct none_row {
	const char *name;
	bool home;
	const char *base;
	bool each;
} none_rows[] = {
	{ "home", true, "", false },
	{ "config", false, "config", true },
	{ "data", false, "data", true },
	{ "plugins", false, "plugins/available", false },
};

void places_done(struct places *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->items[i].path);
		free(p->items[i].name);
	}
	free(p->items);
}

static void add(struct places *p, char *path, char *name, const char *const *skip)
{
	p->items = xreallocarray(p->items, p->count + 1, sizeof(*p->items));
	p->items[p->count++] = (struct place){ .path = path, .name = name, .skip = skip };
}

static bool fits(const char *const *patterns, const char *name)
{
	for (; patterns && *patterns; patterns++) {
		if (fnmatch(*patterns, name, FNM_PERIOD) == 0)
			return true;
	}
	return false;
}

static char *base_of(struct ctx *ctx, bool home, const char *base)
{
	if (!*base)
		return xstrdup(home ? ctx->inst.dokku_root : ctx->inst.lib_root);
	return home ? inst_home(&ctx->inst, "%s", base) : inst_lib(&ctx->inst, "%s", base);
}

/* A folder that is not a link to one. */
static bool is_real_dir(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_real_file(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* --- out --- */

static int add_files(const char *dir, const char *name, struct places *ret, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_list(dir, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *path = path_join(dir, names.items[i]);

		if (is_real_file(path))
			add(ret, TAKE_PTR(path), path_join(name, names.items[i]), NULL);
	}
	return r;
}

static int add_each(const char *base, const struct row *row, const char *app, struct places *ret,
	struct err *err)
{
	AUTO_STRVEC plugins = STRVEC_INIT;
	int r = fs_list(base, &plugins, err);

	for (size_t i = 0; r >= 0 && i < plugins.count; i++) {
		AUTO_FREE char *path =
			xasprintf("%s/%s/%s%s", base, plugins.items[i], row->prefix, app);

		if (!fits(none_skip, plugins.items[i]) && is_real_dir(path))
			add(ret, TAKE_PTR(path), path_join(row->name, plugins.items[i]), row->skip);
	}
	return r;
}

int places_of_app(struct ctx *ctx, const char *app, struct places *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(app_rows); i++) {
		const struct row *row = &app_rows[i];
		AUTO_FREE char *base = base_of(ctx, row->home, row->base);
		AUTO_FREE char *path = xasprintf("%s/%s%s", base, row->prefix, app);

		if (row->each)
			r = add_each(base, row, app, ret, err);
		else if (row->files)
			r = add_files(path, row->name, ret, err);
		else
			add(ret, TAKE_PTR(path), xstrdup(row->name), row->skip);
	}
	return r < 0 ? err_wrap(err, "look for the files of '%s'", app) : 0;
}

/* Entries of DIR that are no app's; an app's files in a folder of its own name are its environment. */
static int add_entries(const char *dir, const char *name, const struct strvec *apps, bool apps_dir,
	struct places *ret, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_list(dir, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		const char *one = names.items[i];
		AUTO_FREE char *path = path_join(dir, one);
		const char *owner = str_after(one, "app-");

		if (fits(none_skip, one) || str_starts(one, ".tmp-"))
			continue;
		if (is_real_dir(path) &&
			(strvec_has(apps, one) || (owner && strvec_has(apps, owner))))
			continue;
		if (apps_dir && !is_real_dir(path))
			continue;
		add(ret, TAKE_PTR(path), path_join(name, one), NULL);
	}
	return r;
}

static int add_none(struct ctx *ctx, const struct none_row *row, const struct strvec *apps,
	struct places *ret, struct err *err)
{
	AUTO_FREE char *base = base_of(ctx, row->home, row->base);
	AUTO_STRVEC folders = STRVEC_INIT;
	int r;

	if (!row->each)
		return add_entries(base, row->name, apps, false, ret, err);
	r = fs_list(base, &folders, err);
	for (size_t i = 0; r >= 0 && i < folders.count; i++) {
		AUTO_FREE char *dir = path_join(base, folders.items[i]);
		AUTO_FREE char *name = path_join(row->name, folders.items[i]);

		if (fits(none_skip, folders.items[i]))
			continue;
		if (is_real_dir(dir))
			r = add_entries(dir, name, apps, strvec_has(apps, folders.items[i]), ret,
				err);
		else
			add(ret, TAKE_PTR(dir), TAKE_PTR(name), NULL);
	}
	return r;
}

int places_of_none(struct ctx *ctx, const struct strvec *apps, struct places *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(none_rows); i++)
		r = add_none(ctx, &none_rows[i], apps, ret, err);
	return r;
}

/* --- in --- */

/* Instead of what is there. */
static int bring(const char *from, const char *to, struct err *err)
{
	AUTO_FREE char *parent = xstrndup(to, (size_t)(path_base(to) - to));
	int r = fs_mkdir_p(parent, 0755, err);

	if (r >= 0)
		r = fs_rm_rf(to, err);
	return r < 0 ? r : fs_copy_tree(from, to, err);
}

/* All entries of the folder FROM into the folder TO, each instead of the one of its name. */
static int bring_entries(const char *from, const char *to, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_list(from, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *source = path_join(from, names.items[i]);
		AUTO_FREE char *target = path_join(to, names.items[i]);

		r = bring(source, target, err);
	}
	return r;
}

static int bring_row(struct ctx *ctx, const char *dir, const struct row *row, const char *app,
	struct err *err)
{
	AUTO_FREE char *from = path_join(dir, row->name);
	AUTO_FREE char *base = base_of(ctx, row->home, row->base);
	AUTO_FREE char *to = xasprintf("%s/%s%s", base, row->prefix, app);
	AUTO_STRVEC plugins = STRVEC_INIT;
	int r;

	if (!is_real_dir(from))
		return 0;
	if (!row->each) {
		r = fs_mkdir_p(to, 0755, err);
		return r < 0 ? r : bring_entries(from, to, err);
	}
	r = fs_list(from, &plugins, err);
	for (size_t i = 0; r >= 0 && i < plugins.count; i++) {
		AUTO_FREE char *source = path_join(from, plugins.items[i]);
		AUTO_FREE char *target =
			xasprintf("%s/%s/%s%s", base, plugins.items[i], row->prefix, app);

		r = fs_mkdir_p(target, 0755, err);
		if (r >= 0)
			r = bring_entries(source, target, err);
	}
	return r;
}

/*
 * What an app of that name has here already. Its repository and what says where it runs stay: it goes
 * on serving until its restored self does, so nothing else is told either.
 */
static int clear_app(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_PLACES places = PLACES_INIT;
	int r = places_of_app(ctx, app, &places, err);

	for (size_t i = 0; r >= 0 && i < places.count; i++) {
		const struct place *place = &places.items[i];
		AUTO_STRVEC names = STRVEC_INIT;

		if (is_real_file(place->path))
			r = fs_unlink(place->path, err);
		else
			r = fs_list(place->path, &names, err);
		for (size_t n = 0; r >= 0 && n < names.count; n++) {
			AUTO_FREE char *path = path_join(place->path, names.items[n]);

			if (!fits(place->skip, names.items[n]))
				r = fs_rm_rf(path, err);
		}
	}
	return r;
}

int places_restore_app(struct ctx *ctx, const char *dir, const char *app, struct err *err)
{
	AUTO_FREE char *mine = xasprintf("%s/apps/%s", dir, app);
	AUTO_FREE char *home = inst_home(&ctx->inst, "%s", app);
	int r = fs_mkdir_p(home, 0755, err);

	if (r >= 0)
		r = clear_app(ctx, app, err);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(app_rows); i++)
		r = bring_row(ctx, mine, &app_rows[i], app, err);
	return r < 0 ? err_wrap(err, "restore the files of '%s'", app) : 0;
}

/* Keys that may come in here go on doing so; the archive's are added. */
static int merge_keys(struct ctx *ctx, const char *dir, struct err *err)
{
	AUTO_FREE char *folder = path_join(dir, "home/.ssh/authorized_keys");
	AUTO_SSHKEYS keys = SSHKEYS_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	int r = fs_read_optional(folder, SSHKEYS_TEXT_MAX, &text, err);

	if (r > 0)
		r = sshkeys_parse(text.buf, text.len, &keys, err);
	for (size_t i = 0; r >= 0 && i < keys.count; i++) {
		const struct sshkeys_line *line = &keys.lines[i];
		AUTO_FREE char *fingerprint = NULL;
		AUTO_ERR one = ERR_INIT;
		struct keyfile_add add = { .home = ctx->inst.dokku_root,
			.name = line->name,
			.text = line->public_key,
			.len = line->public_key ? strlen(line->public_key) : 0,
			.allow_same_name = true };

		if (!line->name || !line->public_key)
			continue;
		if (keyfile_add(&add, &fingerprint, &one) < 0 && one.kind != ERR_EXISTS)
			out_warn("The key '%s' was not added: %s", line->name, err_text(&one));
	}
	return r < 0 ? r : 0;
}

static int bring_home(struct ctx *ctx, const char *dir, const char *from, struct err *err)
{
	AUTO_FREE char *ssh = path_join(from, ".ssh");
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_list(from, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *source = path_join(from, names.items[i]);
		AUTO_FREE char *target = inst_home(&ctx->inst, "%s", names.items[i]);

		if (!str_eq(names.items[i], ".ssh") && !fits(none_skip, names.items[i]))
			r = bring(source, target, err);
	}
	strvec_clear(&names);
	if (r >= 0)
		r = fs_list(ssh, &names, err);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *source = path_join(ssh, names.items[i]);
		AUTO_FREE char *target = inst_home(&ctx->inst, ".ssh/%s", names.items[i]);

		if (!str_eq(names.items[i], "authorized_keys"))
			r = bring(source, target, err);
	}
	return r < 0 ? r : merge_keys(ctx, dir, err);
}

int places_restore_none(struct ctx *ctx, const char *dir, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(none_rows); i++) {
		const struct none_row *row = &none_rows[i];
		AUTO_FREE char *from = path_join(dir, row->name);
		AUTO_FREE char *base = base_of(ctx, row->home, row->base);
		AUTO_STRVEC folders = STRVEC_INIT;

		if (row->home)
			r = bring_home(ctx, dir, from, err);
		else if (!row->each)
			r = bring_entries(from, base, err);
		else
			r = fs_list(from, &folders, err);
		for (size_t n = 0; r >= 0 && n < folders.count; n++) {
			AUTO_FREE char *source = path_join(from, folders.items[n]);
			AUTO_FREE char *target = path_join(base, folders.items[n]);

			if (fits(none_skip, folders.items[n]))
				continue;
			r = is_real_dir(source) ? bring_entries(source, target, err)
						: bring(source, target, err);
		}
	}
	return r < 0 ? err_wrap(err, "restore settings") : 0;
}
