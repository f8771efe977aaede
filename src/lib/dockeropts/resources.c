/* SPDX-License-Identifier: MIT */
#include "lib/dockeropts/private.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

int set_cpus(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	int64_t nano;
	int r = value_cpus(value, &nano, err);

	if (r)
		return r;
	put(p->host, f->key, json_integer(nano));
	return 0;
}

int set_swap(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	if (strcmp(value, "-1") != 0)
		return set_size(p, f, value, err);
	put(p->host, f->key, json_integer(-1));
	return 0;
}

int set_swappiness(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	int64_t n;
	int r = value_int(value, -1, 100, &n, err);

	if (r)
		return r;
	put(p->host, f->key, json_integer(n));
	return 0;
}

/* Engines since API 1.42 do not know it any more, and kernels before that neither. */
int set_kernel_memory(struct parse *p, const struct create_flag *f, const char *value,
	struct err *err)
{
	int64_t n;
	int r = value_size(value, &n, err);

	if (r)
		return r;
	if (p->src->api_minor && p->src->api_minor < 42)
		put(p->host, f->key, json_integer(n));
	return 0;
}

int set_blkio_weight(struct parse *p, const struct create_flag *f, const char *value,
	struct err *err)
{
	int64_t n;
	int r = value_int(value, 0, UINT16_MAX, &n, err);

	if (r)
		return r;
	put(p->host, f->key, json_integer(n));
	return 0;
}

/* "/dev/sda:VALUE". Returns the part after the colon, NULL with ERR set if it is not that. */
static const char *device_value(const char *value, char **ret_path, struct err *err)
{
	const char *rest;
	AUTO_FREE char *path = cut(value, ':', &rest);

	if (!rest || strncmp(path, "/dev/", 5) != 0) {
		(void)err_set(err, ERR_INVALID, "'%.100s' is not of the form /dev/NAME:VALUE",
			value);
		return NULL;
	}
	*ret_path = TAKE_PTR(path);
	return rest;
}

int set_device_rate(struct parse *p, const struct create_flag *f, const char *value,
	struct err *err)
{
	AUTO_FREE char *path = NULL;
	const char *rate = device_value(value, &path, err);
	json_t *item;
	int64_t n;
	int r;

	if (!rate)
		return -ERR_INVALID;
	if (strstr(f->name, "iops") && strchr("+-", *rate) && *rate)
		return err_set(err, ERR_INVALID, "'%.64s' is not a whole number", rate);
	r = strstr(f->name, "iops") ? value_decimal(rate, 0, INT64_MAX, &n, err)
				    : value_size(rate, &n, err);
	if (r)
		return r;
	item = json_object();
	put(item, "Path", text(path));
	put(item, "Rate", json_integer(n));
	push(child_array(p->host, f->key), item);
	return 0;
}

int set_device_weight(struct parse *p, const struct create_flag *f, const char *value,
	struct err *err)
{
	AUTO_FREE char *path = NULL;
	const char *weight = device_value(value, &path, err);
	json_t *item;
	int64_t n;
	int r;

	if (!weight)
		return -ERR_INVALID;
	r = value_decimal(weight, 0, 1000, &n, err);
	if (r)
		return r;
	if (n > 0 && n < 10)
		return err_set(err, ERR_INVALID, "a weight is 0 or from 10 to 1000");
	item = json_object();
	put(item, "Path", text(path));
	put(item, "Weight", json_integer(n));
	push(child_array(p->host, f->key), item);
	return 0;
}

static int parse_ulimit(const char *text_value, int64_t *soft, int64_t *hard, struct err *err)
{
	const char *rest;
	AUTO_FREE char *first = cut(text_value, ':', &rest);
	int r = value_decimal(first, INT64_MIN, INT64_MAX, soft, err);

	*hard = *soft;
	if (!r && rest)
		r = value_decimal(rest, INT64_MIN, INT64_MAX, hard, err);
	if (r)
		return r;
	if (*hard != -1 && (*soft == -1 || *soft > *hard))
		return err_set(err, ERR_INVALID, "the soft limit is above the hard limit");
	return 0;
}

static bool is_ulimit(const char *name)
{
	static const char *const known[] = { "core", "cpu", "data", "fsize", "locks", "memlock",
		"msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending",
		"stack" };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcmp(name, known[i]) == 0)
			return true;
	}
	return false;
}

/* Sorted by name, the last of equal names wins. */
int set_ulimit(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	const char *limits;
	AUTO_FREE char *name = cut(value, '=', &limits);
	json_t *list = child_array(p->host, f->key);
	json_t *item;
	int64_t soft = 0;
	int64_t hard = 0;
	size_t at = 0;
	int r;

	if (!limits || !is_ulimit(name))
		return err_set(err, ERR_INVALID, "'%.64s' is not of the form NAME=SOFT[:HARD]",
			value);
	r = parse_ulimit(limits, &soft, &hard, err);
	if (r)
		return r;
	for (; at < json_array_size(list); at++) {
		const char *other =
			json_string_value(json_object_get(json_array_get(list, at), "Name"));
		int order = strcmp(other, name);

		if (order == 0)
			json_array_remove(list, at);
		if (order >= 0)
			break;
	}
	item = json_object();
	put(item, "Name", text(name));
	put(item, "Hard", json_integer(hard));
	put(item, "Soft", json_integer(soft));
	if (json_array_insert_new(list, at, item) < 0)
		abort();
	return 0;
}

int set_restart(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	const char *count;
	AUTO_FREE char *name = cut(value, ':', &count);
	json_t *policy;
	int64_t n = 0;
	int r;

	if (count && !*name)
		return err_set(err, ERR_INVALID, "'%.64s' names no policy before the colon", value);
	if (count && *count) {
		r = value_decimal(count, INT32_MIN, INT32_MAX, &n, err);
		if (r)
			return r;
	}
	policy = json_object();
	put(policy, "Name", text(name));
	put(policy, "MaximumRetryCount", json_integer(n));
	put(p->host, f->key, policy);
	return 0;
}

static json_t *log_config(struct parse *p)
{
	return child_object(p->host, "LogConfig");
}

int set_log_driver(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	put(log_config(p), "Type", text(value));
	return 0;
}

int set_log_opt(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	put_pair(child_object(log_config(p), "Config"), value);
	return 0;
}

int set_storage_opt(struct parse *p, const struct create_flag *f, const char *value,
	struct err *err)
{
	if (!strchr(value, '='))
		return err_set(err, ERR_INVALID, "'%.64s' is not of the form KEY=VALUE", value);
	put_pair(child_object(p->host, f->key), value);
	return 0;
}

int set_sysctl(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	static const char *const kernel[] = { "msgmax", "msgmnb", "msgmni", "sem", "shmall",
		"shmmax", "shmmni", "shm_rmid_forced" };
	const char *rest;
	AUTO_FREE char *key = cut(value, '=', &rest);
	bool known = strncmp(key, "net.", 4) == 0 || strncmp(key, "fs.mqueue.", 10) == 0;

	for (size_t i = 0; i < ARRAY_SIZE(kernel) && strncmp(key, "kernel.", 7) == 0; i++)
		known = known || strcmp(key + 7, kernel[i]) == 0;
	if (!rest || !known)
		return err_set(err, ERR_INVALID, "'%.64s' is not a setting of a container", value);
	put_pair(child_object(p->host, f->key), value);
	return 0;
}
