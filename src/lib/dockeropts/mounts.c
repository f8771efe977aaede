/* SPDX-License-Identifier: MIT */
#include "lib/dockeropts/private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

int set_tmpfs(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	const char *options;
	AUTO_FREE char *path = cut(value, ':', &options);

	put(child_object(p->host, f->key), path, text(options ? options : ""));
	return 0;
}

/* One letter, of any alphabet: before a colon the docker program takes it for a Windows drive. */
static bool is_drive(const char *s)
{
	size_t rest = 1;

	if ((unsigned char)*s < 0x80)
		return isalpha((unsigned char)*s) && !s[1];
	while ((s[rest] & 0xc0) == 0x80)
		rest++;
	return !s[rest];
}

static bool is_drive_before_colon(const char *s)
{
	const char *rest;
	AUTO_FREE char *first = cut(s, ':', &rest);

	return rest && *first && is_drive(first);
}

static int check_volume(const char *value, const char *target, struct err *err)
{
	const char *options = strchr(target, ':');

	if (*value == ':' || !*target || *target == ':' || (options && !options[1]))
		return err_set(err, ERR_INVALID, "'%.200s' has nothing between or after its colons",
			value);
	if (options && strchr(options + 1, ':'))
		return err_set(err, ERR_INVALID, "'%.200s' has too many colons", value);
	return 0;
}

/*
 * "TARGET", "SOURCE:TARGET", "SOURCE:TARGET:OPTIONS". The engine reads the options; what is decided
 * here is which list the text goes to.
 */
int set_volume(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	AUTO_STRBUF bind = STRBUF_INIT;
	AUTO_FREE char *source = NULL;
	const char *target;
	json_t *list;
	int r;

	if (!*value)
		return err_set(err, ERR_INVALID, "the value is empty");
	source = cut(value, ':', &target);
	if (target && (*source == '\\' || is_drive(source) || is_drive_before_colon(target)))
		return DOCKEROPTS_NEEDS_CLIENT;
	if (!target || strlen(value) <= 2) {
		put(child_object(p->out->body, "Volumes"), value, json_object());
		return 0;
	}
	r = check_volume(value, target, err);
	if (r < 0)
		return r;
	r = host_path(p, source, &bind, err);
	if (r < 0)
		return r;
	strbuf_addf(&bind, ":%s", target);
	list = child_array(p->host, "Binds");
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (strcmp(json_string_value(json_array_get(list, i)), bind.buf) == 0)
			return 0;
	}
	push(list, text(bind.buf));
	return 0;
}

enum mount_kind {
	M_TYPE,
	M_SOURCE,
	M_TEXT,  /* a member of the group */
	M_LOWER, /* the same, lower case */
	M_BOOL,  /* a boolean that may stand without value */
	M_RECURSIVE,
	M_DRIVER, /* the volume driver's name */
	M_PAIR,   /* "key=value" into a map of the group */
	M_OPTION, /* "key=value" into the volume driver's options */
	M_SIZE,
	M_MODE,
};

struct mount_key {
	const char *name;
	enum mount_kind kind;
	const char *group; /* NULL: the mount itself */
	const char *member;
};

static const struct mount_key mount_keys[] = {
	{ "type", M_TYPE, NULL, "Type" },
	{ "source", M_SOURCE, NULL, "Source" },
	{ "src", M_SOURCE, NULL, "Source" },
	{ "target", M_TEXT, NULL, "Target" },
	{ "dst", M_TEXT, NULL, "Target" },
	{ "destination", M_TEXT, NULL, "Target" },
	{ "readonly", M_BOOL, NULL, "ReadOnly" },
	{ "ro", M_BOOL, NULL, "ReadOnly" },
	{ "consistency", M_LOWER, NULL, "Consistency" },
	{ "bind-propagation", M_LOWER, "BindOptions", "Propagation" },
	{ "bind-nonrecursive", M_BOOL, "BindOptions", "NonRecursive" },
	{ "bind-recursive", M_RECURSIVE, "BindOptions", NULL },
	{ "bind-create-src", M_BOOL, "BindOptions", "CreateMountpoint" },
	{ "volume-subpath", M_TEXT, "VolumeOptions", "Subpath" },
	{ "volume-nocopy", M_BOOL, "VolumeOptions", "NoCopy" },
	{ "volume-label", M_PAIR, "VolumeOptions", "Labels" },
	{ "volume-driver", M_DRIVER, "VolumeOptions", "Name" },
	{ "volume-opt", M_OPTION, "VolumeOptions", "Options" },
	{ "image-subpath", M_TEXT, "ImageOptions", "Subpath" },
	{ "tmpfs-size", M_SIZE, "TmpfsOptions", "SizeBytes" },
	{ "tmpfs-mode", M_MODE, "TmpfsOptions", "Mode" },
};

static const struct mount_key *find_key(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(mount_keys); i++) {
		if (strcmp(mount_keys[i].name, name) == 0)
			return &mount_keys[i];
	}
	return NULL;
}

/* False is what a missing member means: the docker program leaves it out. */
static void put_flag(json_t *object, const char *member, bool on)
{
	if (on)
		put(object, member, json_true());
	else
		json_object_del(object, member);
}

static int mount_recursive(json_t *group, const char *value, struct err *err)
{
	if (strcmp(value, "disabled") == 0)
		put(group, "NonRecursive", json_true());
	else if (strcmp(value, "writable") == 0)
		put(group, "ReadOnlyNonRecursive", json_true());
	else if (strcmp(value, "readonly") == 0)
		put(group, "ReadOnlyForceRecursive", json_true());
	else if (strcmp(value, "enabled") != 0)
		return err_set(err, ERR_INVALID,
			"bind-recursive is none of enabled, disabled, writable, readonly");
	return 0;
}

static int mount_number(json_t *group, const struct mount_key *k, const char *value,
	struct err *err)
{
	int64_t n = 0;
	int r;

	if (k->kind == M_SIZE) {
		r = value_size(value, &n, err);
		if (r)
			return r;
	} else {
		for (const char *c = value; *c; c++) {
			if (*c < '0' || *c > '7' || (n = n * 8 + (*c - '0')) > UINT32_MAX)
				return err_set(err, ERR_INVALID, "tmpfs-mode is not an octal mode");
		}
	}
	/* Zero is the same as none, and left out. */
	if (n)
		put(group, k->member, json_integer(n));
	else
		json_object_del(group, k->member);
	return 0;
}

static int mount_value(struct parse *p, json_t *mount, const struct mount_key *k, const char *value,
	struct err *err)
{
	json_t *group = mount;
	AUTO_FREE char *lower = ascii_lower(value ? value : "true");
	AUTO_STRBUF path = STRBUF_INIT;
	bool on = true;
	int r = 0;

	if (k->kind == M_BOOL && value)
		r = value_bool(value, &on, err);
	if (k->kind == M_SOURCE)
		r = host_path(p, value, &path, err);
	if (r)
		return r;
	/* "bind-recursive=enabled" is the default and makes no options. */
	if (k->group && !(k->kind == M_RECURSIVE && strcmp(lower, "enabled") == 0))
		group = child_object(mount, k->group);
	if (k->group && strcmp(k->group, "VolumeOptions") == 0)
		child_object(group, "DriverConfig");
	switch (k->kind) {
	case M_TYPE:
	case M_LOWER:
		put(group, k->member, text(lower));
		return 0;
	case M_TEXT:
		put(group, k->member, text(value));
		return 0;
	case M_SOURCE:
		put(group, k->member, text(path.buf));
		return 0;
	case M_BOOL:
		put_flag(group, k->member, on);
		return 0;
	case M_RECURSIVE:
		return mount_recursive(group, value, err);
	case M_DRIVER:
		put(child_object(group, "DriverConfig"), k->member, text(value));
		return 0;
	case M_OPTION:
		group = child_object(group, "DriverConfig");
		FALLTHROUGH;
	case M_PAIR:
		if (*value != '=')
			put_pair(child_object(group, k->member), value);
		return 0;
	case M_SIZE:
	case M_MODE:
		return mount_number(group, k, value, err);
	}
	return 0;
}

static int mount_field(struct parse *p, json_t *mount, const char *field, struct err *err)
{
	const char *value;
	AUTO_FREE char *raw = cut(field, '=', &value);
	AUTO_FREE char *name = ascii_lower(raw);
	const struct mount_key *k = find_key(name);

	if (!k)
		return err_set(err, ERR_INVALID, "unknown key '%.64s'", raw);
	if (!value && k->kind != M_BOOL)
		return err_set(err, ERR_INVALID, "'%.64s' needs a value", raw);
	/* Versions differ on these: the newer refuse what the older took. */
	if (value && (!*value || strchr(" \t", *value) || strchr(" \t", value[strlen(value) - 1])))
		return err_set(err, ERR_INVALID,
			"the value of '%.64s' is empty or has white space around it", raw);
	return mount_value(p, mount, k, value, err);
}

static bool is_set(json_t *mount, const char *group, const char *member)
{
	return json_is_true(json_object_get(json_object_get(mount, group), member));
}

static int mount_check(struct parse *p, json_t *mount, struct err *err)
{
	static const struct {
		const char *group, *type, *keys;
	} groups[] = {
		{ "BindOptions", "bind", "bind" },
		{ "VolumeOptions", "volume", "volume" },
		{ "ImageOptions", "image", "image" },
		{ "TmpfsOptions", "tmpfs", "tmpfs" },
	};
	const char *type = json_string_value(json_object_get(mount, "Type"));
	bool read_only = json_is_true(json_object_get(mount, "ReadOnly"));
	bool forced = is_set(mount, "BindOptions", "ReadOnlyForceRecursive");
	const char *propagation = json_string_value(
		json_object_get(json_object_get(mount, "BindOptions"), "Propagation"));

	if (!json_object_get(mount, "Target"))
		return err_set(err, ERR_INVALID, "the target is missing");
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (json_object_get(mount, groups[i].group) && strcmp(type, groups[i].type) != 0)
			return err_set(err, ERR_INVALID,
				"%s-* options do not go with a mount of type '%.64s'",
				groups[i].keys, type);
	}
	if ((forced || is_set(mount, "BindOptions", "ReadOnlyNonRecursive")) && !read_only)
		return err_set(err, ERR_INVALID, "this bind-recursive goes only with readonly");
	if (forced && (!propagation || strcmp(propagation, "rprivate") != 0))
		return err_set(err, ERR_INVALID,
			"bind-recursive=readonly needs bind-propagation=rprivate");
	if (forced && p->src->api_minor && p->src->api_minor < 44)
		return err_set(err, ERR_INVALID,
			"bind-recursive=readonly needs version 1.44 of the Engine API");
	return 0;
}

int set_mount(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	AUTO_STRVEC fields = STRVEC_INIT;
	json_t *mount = json_object();
	int r = value_csv(value, &fields, err);

	put(mount, "Type", text("volume"));
	for (size_t i = 0; !r && i < fields.count; i++)
		r = mount_field(p, mount, fields.items[i], err);
	if (!r)
		r = mount_check(p, mount, err);
	if (r) {
		json_decref(mount);
		return r;
	}
	push(child_array(p->host, f->key), mount);
	return 0;
}
