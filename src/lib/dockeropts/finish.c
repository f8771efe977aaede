/* SPDX-License-Identifier: MIT */
#include "lib/dockeropts/private.h"

#include <string.h>

/* What can only be decided when all flags are known, and the setters whose values wait for it. */

int set_health_cmd(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	json_t *test;

	if (!*value) {
		json_object_del(p->health, "Test");
		return 0;
	}
	test = json_array();
	push(test, text("CMD-SHELL"));
	push(test, text(value));
	put(p->health, "Test", test);
	return 0;
}

static int health_number(struct parse *p, const struct create_flag *f, int64_t n, struct err *err)
{
	if (n < 0)
		return err_set(err, ERR_INVALID, "it cannot be negative");
	/* Zero means the image's setting, as if the flag were not there. */
	if (n)
		put(p->health, f->key, json_integer(n));
	else
		json_object_del(p->health, f->key);
	return 0;
}

int set_health_duration(struct parse *p, const struct create_flag *f, const char *value,
	struct err *err)
{
	int64_t ns;
	int r = value_duration(value, &ns, err);

	return r ? r : health_number(p, f, ns, err);
}

int set_health_retries(struct parse *p, const struct create_flag *f, const char *value,
	struct err *err)
{
	int64_t n;
	int r = value_int(value, INT32_MIN, INT32_MAX, &n, err);

	return r ? r : health_number(p, f, n, err);
}

int set_no_health(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	return value_bool(value, &p->health_none, err);
}

static int finish_health(struct parse *p, struct err *err)
{
	json_t *health;
	json_t *test;

	if (!p->health_none) {
		if (json_object_size(p->health))
			put(p->out->body, "Healthcheck", json_incref(p->health));
		return 0;
	}
	if (json_object_size(p->health))
		return err_set(err, ERR_INVALID,
			"--no-healthcheck does not go with the --health-* options");
	health = child_object(p->out->body, "Healthcheck");
	test = child_array(health, "Test");
	push(test, text("NONE"));
	return 0;
}

static void finish_attach(struct parse *p)
{
	bool in = p->attach_stdin || p->out->interactive;

	if (p->attach_set) {
		put(p->out->body, "AttachStdout", json_boolean(p->attach_stdout));
		put(p->out->body, "AttachStderr", json_boolean(p->attach_stderr));
	}
	if (p->attach_set || p->interactive_set) {
		put(p->out->body, "AttachStdin", json_boolean(in));
		put(p->out->body, "StdinOnce", json_boolean(p->out->interactive));
	}
}

static int check_log(struct parse *p, struct err *err)
{
	json_t *log = json_object_get(p->host, "LogConfig");
	const char *driver = json_string_value(json_object_get(log, "Type"));

	if (driver && strcmp(driver, "none") == 0 && json_object_get(log, "Config"))
		return err_set(err, ERR_INVALID, "--log-opt does not go with --log-driver none");
	return 0;
}

static int check_restart(struct parse *p, struct err *err)
{
	const char *policy = json_string_value(
		json_object_get(json_object_get(p->host, "RestartPolicy"), "Name"));

	if (p->out->remove && policy && *policy && strcmp(policy, "no") != 0)
		return err_set(err, ERR_INVALID, "--restart and --rm do not go together");
	return 0;
}

int parse_finish(struct parse *p, struct err *err)
{
	int r = finish_env(p, err);

	if (!r)
		r = finish_labels(p, err);
	if (!r)
		r = finish_health(p, err);
	if (!r)
		r = check_log(p, err);
	if (!r)
		r = check_restart(p, err);
	if (!r)
		r = finish_networks(p, err);
	if (!r)
		finish_attach(p);
	if (!r && !json_object_size(p->host))
		json_object_del(p->out->body, "HostConfig");
	return r;
}
