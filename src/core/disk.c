/* SPDX-License-Identifier: MIT */
#include "core/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/git_repo.h"
#include "core/image.h"
#include "core/output.h"
#include "lib/engine/engine.h"
#include "lib/engine/images.h"
#include "lib/git/git.h"

enum {
	TREE_TEXT_MAX = 64 << 20, /* of git's list of files */
	SAME_BUILD_S = 30 * 60,   /* layers of one build are made within that time */
	INODES_MIN = 1024,
	PLACES_MAX = 4,
};

/* --- sizes --- */

int disk_size_parse(const char *text, uint64_t *ret, struct err *err)
{
	size_t digits = strspn(text, "0123456789");
	AUTO_FREE char *number = xstrndup(text, digits);
	AUTO_ERR ignored = ERR_INIT;
	static const char units[] = "kmgt";
	const char *unit = text[digits] ? strchr(units, text[digits]) : NULL;
	unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
	uint64_t value;

	if (parse_uint(number, 0, UINT64_MAX >> 41, &value, &ignored) < 0 ||
		(text[digits] && (!unit || text[digits + 1])))
		return err_set(err, ERR_INVALID, "'%.100s' is no size like 512m or 2g", text);
	*ret = value << shift;
	return 0;
}

char *disk_size_text(uint64_t bytes)
{
	static const char *const units[] = { "KB", "MB", "GB", "TB" };
	double value = (double)bytes / 1024;
	size_t i = 0;

	while (value >= 1024 && i + 1 < ARRAY_SIZE(units)) {
		value /= 1024;
		i++;
	}
	return xasprintf("%.1f %s", value, units[i]);
}

/* "100644 blob <id>    <bytes>\t<path>", each with a NUL behind it. */
uint64_t disk_tree_bytes(const char *text, size_t len)
{
	const char *end = text + len;
	uint64_t sum = 0;

	while (text < end) {
		const char *next = memchr(text, '\0', (size_t)(end - text));
		const char *tab = memchr(text, '\t', (size_t)((next ? next : end) - text));
		const char *number = tab;
		AUTO_FREE char *digits = NULL;
		AUTO_ERR ignored = ERR_INIT;
		uint64_t bytes;

		while (number && number > text && number[-1] >= '0' && number[-1] <= '9')
			number--;
		/* A submodule has a dash there. */
		if (number && number > text && number[-1] == ' ' && number < tab) {
			digits = xstrndup(number, (size_t)(tab - number));
			if (parse_uint(digits, 0, UINT32_MAX * (uint64_t)1024, &bytes, &ignored) >=
				0)
				sum += bytes;
		}
		text = next ? next + 1 : end;
	}
	return sum;
}

uint64_t disk_history_bytes(const json_t *history)
{
	json_int_t newest =
		json_integer_value(json_object_get(json_array_get(history, 0), "Created"));
	uint64_t sum = 0;
	json_t *one;
	size_t i;

	json_array_foreach (history, i, one) {
		json_int_t created = json_integer_value(json_object_get(one, "Created"));
		json_int_t size = json_integer_value(json_object_get(one, "Size"));

		/* What is older comes from the base image or from the cache, and is there. */
		if (size > 0 && created >= newest - SAME_BUILD_S)
			sum += (uint64_t)size;
	}
	return sum;
}

/* --- what a build needs --- */

/* Git begins to list the source; it has the time until the engine has answered. REV "": nothing is
 * known, and C is not started. */
static void start_listing(struct ctx *ctx, const char *app, const char *rev, struct child *c)
{
	AUTO_FREE char *dir = inst_home(&ctx->inst, "%s", app);
	AUTO_FREE char *branch = git_deploy_branch(ctx, app, "master");
	AUTO_ERR why = ERR_INIT;

	if (rev && !*rev)
		return;
	git_child_quarantine(c, dir);
	strvec_pushl(&c->argv, "ls-tree", "-r", "-l", "-z", rev ? rev : branch, NULL);
	c->out = CHILD_PIPE;
	c->err = CHILD_NULL; /* the check-out will say what is wrong */
	if (child_start(c, &why) < 0)
		out_trace("%s", why.msg.buf);
}

static uint64_t listed_bytes(struct child *c)
{
	AUTO_STRBUF out = STRBUF_CAPPED(TREE_TEXT_MAX);
	AUTO_ERR why = ERR_INIT;
	struct child_status st;
	char data[16 * 1024];
	ssize_t n;

	if (c->pid < 0)
		return 0;
	while ((n = read(c->out, data, sizeof(data))) > 0 || (n < 0 && errno == EINTR)) {
		if (n > 0)
			strbuf_add(&out, data, (size_t)n);
	}
	close(c->out);
	if (child_wait(c, &st, &why) < 0 || child_check(c, &st, &why) < 0)
		out_trace("%s", why.msg.buf);
	return disk_tree_bytes(out.buf, out.len);
}

static uint64_t image_bytes(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *image = image_name(ctx, app, NULL);
	AUTO_ERR ignored = ERR_INIT;
	json_t *history = NULL;
	uint64_t bytes = 0;

	if (engine_image_history(ctx_engine(ctx), image, &history, &ignored) >= 0)
		bytes = disk_history_bytes(history);
	json_decref(history);
	return bytes;
}

/* Where the engine keeps its images, "" when it does not say. */
static const char *engine_root(struct ctx *ctx)
{
	AUTO_ERR why = ERR_INIT;
	const json_t *info = NULL;
	const char *root;

	if (ctx_engine_info(ctx, &info, &why) < 0)
		out_trace("%s", why.msg.buf); /* the build will say so */
	root = json_string_value(json_object_get(info, "DockerRootDir"));
	return root ? root : "";
}

/* --- disks --- */

struct place {
	const char *path; /* the first one on this disk */
	dev_t device;
	uint64_t needed;
};

struct places {
	struct place items[PLACES_MAX];
	size_t count;
};

/* A path that is not there, or not of this machine, is not looked at. */
static void add_place(struct places *all, const char *path, uint64_t bytes)
{
	struct stat st;

	if (!*path || stat(path, &st) < 0)
		return;
	for (size_t i = 0; i < all->count; i++) {
		if (all->items[i].device == st.st_dev) {
			all->items[i].needed += bytes;
			return;
		}
	}
	if (all->count < PLACES_MAX)
		all->items[all->count++] = (struct place){ path, st.st_dev, bytes };
}

static const char *conf_name(const struct ctx *ctx)
{
	return ctx->inst.conf_path ? ctx->inst.conf_path : "/etc/moorage/instance.conf";
}

static int no_room(struct ctx *ctx, const char *what, const struct place *p, uint64_t free_bytes,
	uint64_t reserve, struct err *err)
{
	AUTO_FREE char *has = disk_size_text(free_bytes);
	AUTO_FREE char *bytes = disk_size_text(p->needed);
	AUTO_FREE char *needs = xasprintf("about %s are needed, and ", bytes);
	AUTO_FREE char *keeps = disk_size_text(reserve);

	return err_set(err, ERR_FAILED,
		"Not enough disk space to %s\n"
		"%s has %s free; %s%s are kept in reserve\n"
		"Run 'dokku cleanup', remove what is not needed, or change disk_reserve in %s",
		what, p->path, has, p->needed > 1 ? needs : "", keeps, conf_name(ctx));
}

/* *RET_ROOM (may be NULL): what is left beyond the reserve. */
static int check_place(struct ctx *ctx, const char *what, const struct place *p, uint64_t reserve,
	uint64_t *ret_room, struct err *err)
{
	struct statvfs fs;
	uint64_t free_bytes;

	if (statvfs(p->path, &fs) < 0)
		return 0;
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (free_bytes < reserve || free_bytes - reserve < p->needed)
		return no_room(ctx, what, p, free_bytes, reserve, err);
	if (fs.f_files && fs.f_favail < INODES_MIN)
		return err_set(err, ERR_FAILED,
			"Not enough disk space to %s\n"
			"%s has room for %llu more files only\n"
			"Run 'dokku cleanup' or remove files that are not needed",
			what, p->path, (unsigned long long)fs.f_favail);
	if (ret_room)
		*ret_room = free_bytes - reserve;
	return 0;
}

static int read_reserve(struct ctx *ctx, uint64_t *ret, struct err *err)
{
	int r = disk_size_parse(ctx->inst.disk_reserve, ret, err);

	return r < 0 ? err_wrap(err, "read disk_reserve of '%s'", conf_name(ctx)) : 0;
}

int disk_check_build(struct ctx *ctx, const char *app, const char *rev, struct err *err)
{
	AUTO_FREE char *what = xasprintf("deploy %s", app);
	AUTO_CHILD listing = CHILD_INIT;
	const char *root;
	struct places places = { .count = 0 };
	uint64_t reserve;
	uint64_t tree;
	uint64_t image;
	int r = read_reserve(ctx, &reserve, err);

	if (r < 0 || !reserve)
		return r;
	start_listing(ctx, app, rev, &listing);
	root = engine_root(ctx);
	image = image_bytes(ctx, app);
	tree = listed_bytes(&listing);
	/* The engine gets a copy of the tree, and makes layers of it. */
	add_place(&places, root, tree + (image > tree ? image : tree));
	add_place(&places, "/tmp", tree);
	add_place(&places, ctx->inst.dokku_root, 0);
	add_place(&places, ctx->inst.lib_root, 0);
	for (size_t i = 0; r >= 0 && i < places.count; i++)
		r = check_place(ctx, what, &places.items[i], reserve, NULL, err);
	return r;
}

int disk_check_push(struct ctx *ctx, const char *app, uint64_t *ret_max, struct err *err)
{
	AUTO_FREE char *what = xasprintf("receive a push to %s", app);
	AUTO_FREE char *dir = inst_home(&ctx->inst, "%s", app);
	struct places places = { .count = 0 };
	uint64_t reserve;
	uint64_t room = 0;
	int r = read_reserve(ctx, &reserve, err);

	if (r < 0 || !reserve)
		return r;
	add_place(&places, dir, 1);
	if (places.count)
		r = check_place(ctx, what, &places.items[0], reserve, &room, err);
	if (r >= 0)
		*ret_max = room;
	return r;
}
