/* SPDX-License-Identifier: MIT */
#include "core/stack_files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/image.h"
#include "lib/sha1/sha1.h"
#include "lib/tar/tar.h"
#include "lib/words/words.h"

#define IMAGE_DIR "usr/share/moorage-stack"
#define CERTS_DIR "/usr/local/share/ca-certificates"

enum {
	FILE_MAX = 1024 * 1024,
	TREE_MAX = 16 * 1024 * 1024,
	DEPTH_MAX = 8,
	NAME_MAX_LEN = 40,
	PACKAGES_MAX = 64 * 1024,
};

static const struct stack_suite suites[] = {
	{ "bookworm", "debian-12", "heroku-22" },
	{ "trixie", "debian-13", "heroku-24" },
};

int stack_suite_find(const char *word, const struct stack_suite **ret, struct err *err)
{
	AUTO_STRBUF known = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(suites); i++) {
		if (!word || str_eq(word, suites[i].debian) || str_eq(word, suites[i].name)) {
			*ret = &suites[i];
			return 0;
		}
		strbuf_addf(&known, "%s'%s' (%s)", i ? " and " : "", suites[i].debian,
			suites[i].name);
	}
	return err_user(err, ERR_INVALID, 0, "Unknown suite '%.100s': there are %s", word,
		known.buf);
}

/* --- reading the folder --- */

struct tree {
	const struct stack_plan *plan;
	struct strbuf *tar;
	unsigned depth;
};

/* Buildpacks and lists of languages that are left out stay out. */
static bool is_wanted(const struct stack_plan *plan, const char *name)
{
	const char *rest = str_after(name, "buildpacks/");

	if (!rest || strchr(rest, '/'))
		return true;
	rest = strchr(rest, '_');
	return !rest || str_eq(rest, "_null") || strvec_has(&plan->languages, rest + 1);
}

static int add_path(struct tree *t, const char *path, const char *name, struct err *err);

static int add_dir(struct tree *t, const char *path, const char *name, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_list(path, &names, err);

	if (t->depth >= DEPTH_MAX)
		return err_set(err, ERR_INVALID, "'%s' lies too deep", path);
	t->depth++;
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *inner = path_join(path, names.items[i]);
		AUTO_FREE char *inside = path_join(name, names.items[i]);

		if (is_wanted(t->plan, inside))
			r = add_path(t, inner, inside, err);
	}
	t->depth--;
	return r;
}

static int add_path(struct tree *t, const char *path, const char *name, struct err *err)
{
	AUTO_STRBUF data = STRBUF_INIT;
	AUTO_FREE char *inside = path_join(IMAGE_DIR, name);
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return err_sys(err, "look at '%s'", path);
	if (S_ISDIR(st.st_mode))
		return add_dir(t, path, name, err);
	r = fs_read(path, FILE_MAX, &data, err);
	if (r < 0)
		return r;
	if (t->tar->len + data.len > TREE_MAX)
		return err_set(err, ERR_INVALID, "the files of the stack are too large");
	tar_add_file(t->tar, inside, st.st_mode & S_IXUSR ? 0755 : 0644, (struct tar_owner){ 0, 0 },
		data.buf, data.len);
	return 0;
}

/* NAME of the folder stack/, a file or a folder. */
static int add(struct ctx *ctx, const struct stack_plan *plan, struct strbuf *tar, const char *name,
	struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/stack/%s", ctx->inst.share_dir, name);
	struct tree t = { .plan = plan, .tar = tar };
	int r = add_path(&t, path, name, err);

	return r == -ERR_NOT_FOUND || (r == -ERR_SYS && err->sys_errno == ENOENT)
		       ? err_user(err, ERR_NOT_FOUND, 0,
				 "There is no %s: install Moorage again, or set share_dir in "
				 "instance.conf",
				 path)
		       : r;
}

static void checksum(struct stack_part *part, const char *below)
{
	AUTO_STRBUF all = STRBUF_INIT;

	strbuf_addstr(&all, below);
	for (size_t i = 0; i < part->command.count; i++)
		strbuf_addf(&all, "\n%s", part->command.items[i]);
	for (size_t i = 0; i < part->settings.count; i++)
		strbuf_addf(&all, "\n%s", part->settings.items[i]);
	strbuf_add(&all, part->tar.buf, part->tar.len);
	sha1_hex(all.buf, all.len, &part->key);
}

/* --- languages --- */

static int list_languages(struct ctx *ctx, struct strvec *ret, struct err *err)
{
	AUTO_FREE char *dir = xasprintf("%s/stack/packages", ctx->inst.share_dir);
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_list(dir, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		char *name = names.items[i];

		if (!str_ends(name, ".txt") || str_eq(name, "base.txt"))
			continue;
		name[strlen(name) - strlen(".txt")] = '\0';
		strvec_push(ret, name);
	}
	return r < 0 ? r : 0;
}

static int choose_languages(struct ctx *ctx, const char *text, struct strvec *ret, struct err *err)
{
	AUTO_STRVEC known = STRVEC_INIT;
	int r = list_languages(ctx, &known, err);

	if (r < 0)
		return r;
	if (!text) {
		strvec_pushv(ret, known.items);
		return 0;
	}
	if (str_eq(text, "none"))
		return 0;
	strvec_split(ret, text, ", ");
	strvec_sort_unique(ret);
	for (size_t i = 0; i < ret->count; i++) {
		if (!strvec_has(&known, ret->items[i])) {
			AUTO_FREE char *list = strvec_joined(&known, ", ");

			return err_user(err, ERR_NOT_FOUND, 0,
				"The stack knows no language '%.100s', but %s", ret->items[i],
				list);
		}
	}
	return 0;
}

/* --- packages --- */

static bool is_package(const char *name)
{
	return strlen(name) > 1 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == strlen(name) &&
	       *name != '-' && *name != '.' && *name != '+';
}

/* Names, or the path of a file with them. */
static int add_more(struct stack_plan *plan, const char *text, struct err *err)
{
	AUTO_STRBUF data = STRBUF_INIT;
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_STRVEC names = STRVEC_INIT;
	int r = 0;

	if (strchr(text, '/'))
		r = fs_read(text, PACKAGES_MAX, &data, err);
	else
		strbuf_addstr(&data, text);
	if (r < 0)
		return err_wrap(err, "read the list of packages");
	strvec_split_lines(&lines, data.buf);
	for (size_t i = 0; i < lines.count; i++) {
		lines.items[i][strcspn(lines.items[i], "#")] = '\0';
		strvec_split(&names, lines.items[i], " \t\r,");
	}
	strbuf_clear(&data);
	for (size_t i = 0; i < names.count; i++) {
		if (!is_package(names.items[i]))
			return err_user(err, ERR_INVALID, 0, "'%.100s' is no name of a package",
				names.items[i]);
		strbuf_addf(&data, "%s\n", names.items[i]);
	}
	tar_add_file(&plan->packages.tar, IMAGE_DIR "/packages/more.txt", 0644,
		(struct tar_owner){ 0, 0 }, data.buf, data.len);
	strvec_push(&plan->packages.command, "/" IMAGE_DIR "/packages/more.txt");
	return 0;
}

static int add_list(struct ctx *ctx, struct stack_plan *plan, const char *name, struct err *err)
{
	AUTO_FREE char *file = xasprintf("packages/%s.txt", name);

	strvec_pushf(&plan->packages.command, "/" IMAGE_DIR "/%s", file);
	return add(ctx, plan, &plan->packages.tar, file, err);
}

/* --- the three parts --- */

/* What this machine trusts, the image trusts: a change makes another base. */
static int add_certificates(struct stack_plan *plan, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_list(CERTS_DIR, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *path = path_join(CERTS_DIR, names.items[i]);
		AUTO_STRBUF data = STRBUF_INIT;

		if (!str_ends(path, ".crt"))
			continue;
		r = fs_read(path, FILE_MAX, &data, err);
		if (r >= 0)
			tar_add_file(&plan->base.tar, path + 1, 0644, (struct tar_owner){ 0, 0 },
				data.buf, data.len);
	}
	return r < 0 ? r : 0;
}

static void add_label(struct stack_part *part, const char *key, const char *value)
{
	AUTO_STRBUF line = STRBUF_INIT;

	strbuf_addstr(&line, "LABEL ");
	quote_double(&line, key);
	strbuf_addch(&line, '=');
	quote_double(&line, value);
	strvec_push_take(&part->settings, strbuf_detach(&line));
}

/* Clean-up goes by these. The instance's own label is left out: apps of others may use the image. */
static void add_labels(struct stack_part *part, const char *name)
{
	add_label(part, "dokku", "");
	add_label(part, "org.label-schema.schema-version", "1.0");
	add_label(part, "org.label-schema.vendor", "dokku");
	add_label(part, STACK_LABEL, name);
	add_label(part, STACK_PART_LABEL, part->kind);
}

static int plan_base(struct ctx *ctx, struct stack_plan *plan, struct err *err)
{
	struct stack_part *part = &plan->base;
	AUTO_STRBUF source = STRBUF_INIT;
	int r = add(ctx, plan, &part->tar, "image/base", err);

	if (r >= 0)
		r = add_certificates(plan, err);
	plan->bootstrap = xasprintf("%s/stack/image/bootstrap", ctx->inst.share_dir);
	if (r >= 0)
		r = fs_read(plan->bootstrap, FILE_MAX, &source, err);
	if (r < 0)
		return r;
	tar_end(&part->tar);
	strvec_push(&part->command, "/" IMAGE_DIR "/image/base");
	strvec_pushl(&part->settings, "CMD [\"bash\"]",
		"ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL);
	strbuf_addf(&source, "%s %s", plan->suite->debian, plan->mirror ? plan->mirror : "");
	add_labels(part, plan->suite->name);
	checksum(part, source.buf);
	return 0;
}

static int plan_packages(struct ctx *ctx, struct stack_plan *plan, const struct stack_options *opts,
	struct err *err)
{
	struct stack_part *part = &plan->packages;
	int r = add(ctx, plan, &part->tar, "image/packages", err);

	strvec_push(&part->command, "/" IMAGE_DIR "/image/packages");
	if (r >= 0 && (!opts->languages || !str_eq(opts->languages, "none")))
		r = add_list(ctx, plan, "base", err);
	for (size_t i = 0; r >= 0 && i < plan->languages.count; i++)
		r = add_list(ctx, plan, plan->languages.items[i], err);
	if (r >= 0 && opts->packages)
		r = add_more(plan, opts->packages, err);
	if (r < 0)
		return r;
	tar_end(&part->tar);
	strvec_push(&part->settings, "CMD [\"bash\"]");
	add_labels(part, plan->name);
	checksum(part, plan->base.key.buf);
	return 0;
}

static int plan_whole(struct ctx *ctx, struct stack_plan *plan, struct err *err)
{
	static const char *const names[] = { "bin", "buildpacks", "image/setup", "lib" };
	AUTO_FREE char *languages = strvec_joined(&plan->languages, ",");
	struct stack_part *part = &plan->whole;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(names); i++)
		r = add(ctx, plan, &part->tar, names[i], err);
	if (r < 0)
		return r;
	strvec_push(&part->command, "/" IMAGE_DIR "/image/setup");
	strvec_pushl(&part->settings, "CMD [\"bash\"]", "ENV LANG=C.UTF-8",
		/* What Node trusts is a list of its own; this is Debian's. */
		"ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt", NULL);
	strvec_pushf(&part->settings, "ENV STACK=%s", plan->suite->twin);
	strvec_pushf(&part->settings, "ENV MOORAGE_STACK_NAME=%s", plan->name);
	strvec_pushf(&part->settings, "ENV MOORAGE_STACK_PACKAGES=%.12s", plan->packages.key.buf);
	add_labels(part, plan->name);
	/* As core/stack.h has it: an app's variables come with its container. */
	add_label(part, "com.moorage.stack-env", "runtime");
	add_label(part, STACK_LANGUAGES_LABEL, languages);
	tar_add_file(&part->tar, IMAGE_DIR "/version", 0644, (struct tar_owner){ 0, 0 },
		"moorage stack " MOORAGE_VERSION "\n",
		strlen("moorage stack " MOORAGE_VERSION "\n"));
	tar_end(&part->tar);
	checksum(part, plan->packages.key.buf);
	return 0;
}

static bool is_name(const char *name)
{
	return *name && strlen(name) <= NAME_MAX_LEN && *name != '-' && *name != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == strlen(name);
}

int stack_plan_make(struct ctx *ctx, const struct stack_options *opts, struct stack_plan *plan,
	struct err *err)
{
	int r;

	*plan = (struct stack_plan){ .languages = STRVEC_INIT };
	plan->base = plan->packages = plan->whole = (struct stack_part){ .tar = STRBUF_INIT,
		.key = STRBUF_INIT,
		.command = STRVEC_INIT,
		.settings = STRVEC_INIT };
	plan->base.kind = "base";
	plan->base.repo = STACK_BASE_REPO;
	plan->packages.kind = "packages";
	plan->packages.repo = STACK_PACKAGES_REPO;
	plan->whole.kind = "whole";
	plan->whole.repo = STACK_REPO;
	r = stack_suite_find(opts->suite, &plan->suite, err);
	if (r < 0)
		return r;
	plan->name = xstrdup(opts->name ? opts->name : plan->suite->name);
	plan->mirror = opts->mirror;
	if (!is_name(plan->name))
		return err_user(err, ERR_INVALID, 0, "'%.100s' is no name for a stack", plan->name);
	r = choose_languages(ctx, opts->languages, &plan->languages, err);
	if (r >= 0)
		r = plan_base(ctx, plan, err);
	if (r >= 0)
		r = plan_packages(ctx, plan, opts, err);
	return r < 0 ? r : plan_whole(ctx, plan, err);
}

static void part_done(struct stack_part *part)
{
	strbuf_done(&part->tar);
	strbuf_done(&part->key);
	strvec_done(&part->command);
	strvec_done(&part->settings);
}

void stack_plan_done(struct stack_plan *plan)
{
	part_done(&plan->base);
	part_done(&plan->packages);
	part_done(&plan->whole);
	strvec_done(&plan->languages);
	free(plan->name);
	free(plan->bootstrap);
}
