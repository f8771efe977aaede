/* SPDX-License-Identifier: MIT */
#include "plugins/backup/backup.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/timing.h"
#include "core/app.h"
#include "core/applock.h"
#include "core/deploy.h"
#include "core/git_repo.h"
#include "core/image.h"
#include "core/image_make.h"
#include "core/output.h"
#include "core/state.h"
#include "core/version.h"
#include "lib/git/git.h"

/* What --exclude may name besides "app:NAME". */
static const char *const excludable[] = { "builds", "networks", "plugins", "repositories",
	"settings", NULL };

struct job {
	struct ctx *ctx;
	struct strvec apps;
	struct strvec exclude;
	bool images;
	bool volumes;
	bool piped; /* the archive goes to stdout, words to stderr */
	json_t *manifest;
	json_t *networks;
	char *spool; /* folder of what the engine gives, one piece at a time */
	struct writer w;
};

static void job_done(struct job *j)
{
	AUTO_ERR ignored = ERR_INIT;

	writer_done(&j->w);
	if (j->spool && fs_rm_rf(j->spool, &ignored) < 0)
		err_clear(&ignored);
	free(j->spool);
	strvec_done(&j->apps);
	strvec_done(&j->exclude);
	json_decref(j->manifest);
	json_decref(j->networks);
}

PRINTF(2, 3) static void say(const struct job *j, const char *fmt, ...)
{
	AUTO_STRBUF text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (!j->piped)
		out_info1_quiet("%s", text.buf);
	else if (!output_is_quiet())
		out_stderr("-----> %s", text.buf);
	out_flush();
}

static bool is_excluded(const struct job *j, const char *what)
{
	return strvec_has(&j->exclude, what);
}

/* --- what there is --- */

static int check_excludes(struct job *j, struct err *err)
{
	for (size_t i = 0; i < j->exclude.count; i++) {
		const char *what = j->exclude.items[i];
		const char *app = str_after(what, "app:");
		size_t n = 0;

		if (app) {
			if (!strvec_remove_str(&j->apps, app))
				return err_set(err, ERR_NOT_FOUND, "App %s does not exist", app);
			continue;
		}
		while (excludable[n] && !str_eq(excludable[n], what))
			n++;
		if (!excludable[n])
			return err_set(err, ERR_USAGE,
				"--exclude takes app:NAME, builds, networks, plugins, "
				"repositories or settings, not '%s'",
				what);
	}
	return 0;
}

static int app_facts(struct job *j, const char *app, json_t **ret, struct err *err)
{
	AUTO_FREE char *name = image_name(j->ctx, app, NULL);
	AUTO_FREE char *restore = state_get_or(j->ctx, "ps", app, "restore", "true");
	AUTO_FREE char *marker = deploy_marker(j->ctx, app);
	AUTO_FREE char *id = NULL;
	int r = j->images ? image_id(j->ctx, name, &id, err) : 0;

	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:b, s:b, s:b, s:b}", "name", app, "deployed",
		app_is_deployed(j->ctx, app), "stopped", str_eq(restore, "false"), "locked",
		fs_exists(marker) && !app_lock_is_taken(j->ctx, app), "image", id && *id);
	return 0;
}

static json_t *plugin_facts(struct ctx *ctx)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "plugins/available");
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT;
	json_t *list = json_array();

	if (fs_list(dir, &names, &ignored) < 0)
		return list;
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *enabled =
			inst_lib(&ctx->inst, "plugins/enabled/%s", names.items[i]);

		json_array_append_new(list, json_pack("{s:s, s:b}", "name", names.items[i],
						    "enabled", fs_exists(enabled)));
	}
	return list;
}

static int make_manifest(struct job *j, struct err *err)
{
	AUTO_FREE char *id = operation_new_id();
	AUTO_STRBUF at = STRBUF_INIT;
	json_t *apps = json_array();
	json_t *volumes = json_array();
	int r = 0;

	format_rfc3339(wall_seconds(), &at);
	j->manifest = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "kind",
		"moorage-backup", "format", 1, "id", id, "version", MOORAGE_VERSION, "dokku",
		DOKKU_COMPAT_VERSION, "label", j->ctx->inst.label, "created", at.buf, "apps", apps,
		"volumes", volumes);
	json_object_set_new(j->manifest, "plugins",
		is_excluded(j, "plugins") ? json_array() : plugin_facts(j->ctx));
	json_object_set_new(j->manifest, "settings", json_boolean(!is_excluded(j, "settings")));
	for (size_t i = 0; r >= 0 && i < j->apps.count; i++) {
		json_t *facts = NULL;

		r = app_facts(j, j->apps.items[i], &facts, err);
		if (r >= 0)
			json_array_append_new(apps, facts);
	}
	if (r >= 0 && j->volumes)
		r = goods_volumes(j->ctx, volumes, err);
	if (r >= 0 && !is_excluded(j, "networks"))
		r = goods_networks(j->ctx, &j->networks, err);
	if (r >= 0 && !j->networks)
		j->networks = json_array();
	return r < 0 ? r : 0;
}

/* --- writing --- */

static char *spooled(const struct job *j)
{
	return path_join(j->spool, "piece");
}

static int write_json(struct job *j, const char *name, const json_t *value, struct err *err)
{
	AUTO_FREE char *text = json_dumps(value, JSON_INDENT(2));

	return text ? writer_text(&j->w, name, text, err)
		    : err_set(err, ERR_BUG, "%s cannot be written as JSON", name);
}

/* All refs with what they need. Git reads them in an order that no push at the same time can spoil. */
static int write_repository(struct job *j, const char *app, struct err *err)
{
	AUTO_FREE char *dir = inst_home(&j->ctx->inst, "%s", app);
	AUTO_FREE char *name = xasprintf("apps/%s/repository.bundle", app);
	AUTO_FREE char *path = spooled(j);
	AUTO_STRBUF refs = STRBUF_CAPPED(4096);
	AUTO_CHILD any = CHILD_INIT;
	AUTO_CHILD c = CHILD_INIT;
	int r;

	if (!git_repo_exists(j->ctx, app) || is_excluded(j, "repositories"))
		return 0;
	git_child(&any, dir);
	strvec_pushl(&any.argv, "for-each-ref", "--count=1", NULL);
	r = git_output(&any, &refs, err);
	if (r < 0 || !refs.len)
		return r;
	git_child(&c, dir);
	strvec_pushl(&c.argv, "bundle", "create", "-q", path, "--all", NULL);
	r = git_quiet(&c, err);
	if (r >= 0)
		r = writer_tree(&j->w, path, name, NULL, err);
	return r < 0 ? r : fs_unlink(path, err);
}

static int write_image(struct job *j, const char *app, struct err *err)
{
	AUTO_FREE char *name = xasprintf("apps/%s/image.tar", app);
	AUTO_FREE char *path = spooled(j);
	int r = goods_save_image(j->ctx, app, path, err);

	if (r > 0)
		r = writer_tree(&j->w, path, name, NULL, err);
	return r < 0 ? r : fs_unlink(path, err);
}

static int write_places(struct job *j, const struct places *places, const char *prefix,
	struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < places->count; i++) {
		const struct place *place = &places->items[i];
		AUTO_FREE char *name = xasprintf("%s%s", prefix, place->name);

		if ((str_eq(place->name, "data/builds") && is_excluded(j, "builds")) ||
			(str_starts(place->name, "plugins/") && is_excluded(j, "plugins")))
			continue;
		r = writer_tree(&j->w, place->path, name, place->skip, err);
	}
	return r;
}

/* Under its lock: no command changes it meanwhile, and what an interrupted one left is settled. */
static int write_app(struct job *j, const json_t *facts, struct err *err)
{
	const char *app = json_text(facts, "name");
	AUTO_FREE char *prefix = xasprintf("apps/%s/", app);
	AUTO_PLACES places = PLACES_INIT;
	int r;

	say(j, "Exporting app %s", app);
	r = app_lock(j->ctx, app, APP_LOCK_WAIT, err);
	if (r < 0)
		return r;
	if (!app_exists(j->ctx, app))
		r = err_set(err, ERR_NOT_FOUND,
			"App %s was removed while the backup was made: start again", app);
	if (r >= 0)
		r = places_of_app(j->ctx, app, &places, err);
	if (r >= 0)
		r = write_places(j, &places, prefix, err);
	if (r >= 0)
		r = write_repository(j, app, err);
	if (r >= 0 && json_is_true(json_object_get(facts, "image")))
		r = write_image(j, app, err);
	app_unlock(j->ctx, app);
	return r < 0 ? err_wrap(err, "export app '%s'", app) : 0;
}

/* What is the user's; none is fine. */
static int write_crontab(struct job *j, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int r = backup_crontab(j->ctx, "-l", NULL, &text, err);

	return r <= 0 || !text.len ? r : writer_text(&j->w, "crontab", text.buf, err);
}

static int write_settings(struct job *j, struct err *err)
{
	AUTO_PLACES places = PLACES_INIT;
	AUTO_STRVEC all = STRVEC_INIT;
	int r;

	if (is_excluded(j, "settings"))
		return 0;
	say(j, "Exporting settings");
	r = app_list_all(j->ctx, &all, err);
	if (r >= 0)
		r = places_of_none(j->ctx, &all, &places, err);
	if (r >= 0)
		r = write_places(j, &places, "", err);
	return r < 0 ? r : write_crontab(j, err);
}

static int write_volumes(struct job *j, struct err *err)
{
	const json_t *list = json_object_get(j->manifest, "volumes");
	AUTO_FREE char *path = spooled(j);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < json_array_size(list); i++) {
		const json_t *volume = json_array_get(list, i);
		AUTO_FREE char *name = xasprintf("volumes/%zu.tar", i);

		say(j, "Exporting %s %s", json_text(volume, "kind"), json_text(volume, "name"));
		r = goods_save_volume(j->ctx, volume, path, err);
		if (r >= 0)
			r = writer_tree(&j->w, path, name, NULL, err);
		if (r >= 0)
			r = fs_unlink(path, err);
	}
	return r;
}

static int write_all(struct job *j, int fd, bool gzip, struct err *err)
{
	const json_t *apps = json_object_get(j->manifest, "apps");
	int r = writer_open(j->ctx, fd, gzip, &j->w, err);

	if (r >= 0)
		r = write_json(j, "manifest.json", j->manifest, err);
	if (r >= 0)
		r = write_json(j, "networks.json", j->networks, err);
	if (r >= 0)
		r = write_settings(j, err);
	for (size_t i = 0; r >= 0 && i < json_array_size(apps); i++)
		r = write_app(j, json_array_get(apps, i), err);
	if (r >= 0)
		r = write_volumes(j, err);
	return r < 0 ? r : writer_end(&j->w, err);
}

/* --- where it goes --- */

/* The usual place: a folder of the state that backups themselves leave out. */
static int usual_path(struct ctx *ctx, char **ret, struct err *err)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/moorage/backups");
	AUTO_STRBUF at = STRBUF_INIT;
	int r = fs_mkdir_p(dir, 0700, err);

	if (r < 0)
		return r;
	format_rfc3339(wall_seconds(), &at);
	for (char *p = at.buf; *p; p++) {
		if (*p == ':')
			*p = '-';
	}
	*ret = xasprintf("%s/backup-%s.tar.zst", dir, at.buf);
	return 0;
}

/*
 * A file without a name, so that nothing is left of it however this ends; in PATH's folder, so that it
 * can be given the name.
 */
static int open_nameless(const char *path, struct err *err)
{
	AUTO_FREE char *dir = path_base(path) == path
				      ? xstrdup(".")
				      : xstrndup(path, (size_t)(path_base(path) - path));
	int fd = open(dir, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	if (errno == EACCES || errno == EPERM)
		return err_set(err, ERR_DENIED,
			"Folder '%s' cannot be written to by the user that runs this: name "
			"another, or use --file - and redirect",
			dir);
	return err_sys(err, "create a file in '%s'", dir);
}

/* Gives it the name, in place of what has it. */
static int give_name(int fd, const char *path, struct err *err)
{
	AUTO_FREE char *self = xasprintf("/proc/self/fd/%d", fd);
	AUTO_FREE char *id = operation_new_id();
	AUTO_FREE char *dir = xstrndup(path, (size_t)(path_base(path) - path));
	AUTO_FREE char *other = xasprintf("%s.tmp-%s", dir, id);

	if (linkat(AT_FDCWD, self, AT_FDCWD, other, AT_SYMLINK_FOLLOW) < 0)
		return err_sys(err, "name the backup '%s'", path);
	return fs_rename(other, path, err);
}

static int to_file(struct job *j, const char *path, struct err *err)
{
	AUTO_CLOSE int fd = open_nameless(path, err);
	int r = fd < 0 ? -(int)err->kind : write_all(j, fd, str_ends(path, "gz"), err);

	if (r >= 0)
		r = give_name(fd, path, err);
	if (r >= 0)
		out_info1("Exported %zu apps, %llu files, %llu bytes to %s",
			json_array_size(json_object_get(j->manifest, "apps")),
			(unsigned long long)j->w.files, (unsigned long long)j->w.bytes, path);
	return r;
}

static int to_stdout(struct job *j, struct err *err)
{
	AUTO_CLOSE int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	if (isatty(STDOUT_FILENO))
		return err_set(err, ERR_USAGE,
			"A backup is no text for a terminal: redirect it into a file");
	return fd < 0 ? err_sys(err, "open standard output") : write_all(j, fd, false, err);
}

/* One export at a time: they share the spool. */
static int prepare(struct job *j, struct err *err)
{
	int r = app_lock_plain(j->ctx, "(export)", err);

	if (r < 0)
		return r;
	j->spool = inst_lib(&j->ctx->inst, "data/moorage/spool");
	r = fs_rm_rf(j->spool, err); /* of one that was killed */
	if (r >= 0)
		r = fs_mkdir_p(j->spool, 0700, err);
	if (r >= 0)
		r = app_list_all(j->ctx, &j->apps, err);
	if (r >= 0)
		r = check_excludes(j, err);
	return r < 0 ? r : make_manifest(j, err);
}

int backup_run_export(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *file = args_value(args, "file", "");
	CLEANUP(job_done)
	struct job j = { .ctx = ctx,
		.apps = STRVEC_INIT,
		.exclude = STRVEC_INIT,
		.images = args_has(args, "include-images"),
		.volumes = args_has(args, "include-volumes"),
		.piped = str_eq(file, "-"),
		.w = { .child = CHILD_INIT, .said = -1 } };
	AUTO_FREE char *path = NULL;
	int r;

	signal(SIGPIPE, SIG_IGN);
	args_list(args, "exclude", &j.exclude);
	if (!j.piped && *file && fs_exists(file) && !ctx->force)
		return err_set(err, ERR_EXISTS, "'%s' exists; --force replaces it", file);
	r = prepare(&j, err);
	if (r >= 0 && j.piped)
		return to_stdout(&j, err);
	if (r >= 0 && *file)
		path = xstrdup(file);
	else if (r >= 0)
		r = usual_path(ctx, &path, err);
	return r < 0 ? r : to_file(&j, path, err);
}
