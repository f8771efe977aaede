/* SPDX-License-Identifier: MIT */
#include "core/instance.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"

enum { CONF_MAX = 64 * 1024 };

struct key {
	const char *name;
	size_t offset;
	const char *fallback;
	const char *variable; /* Dokku's environment variable, or NULL */
};

#define KEY(field, fallback, variable)                                                             \
	{                                                                                          \
#field, offsetof(struct instance, field), fallback, variable                       \
	}

static const struct key keys[] = {
	KEY(dokku_root, "/home/dokku", "DOKKU_ROOT"),
	KEY(lib_root, "/var/lib/dokku", "DOKKU_LIB_PATH"),
	KEY(logs_dir, "/var/log/dokku", "DOKKU_LOGS_DIR"),
	KEY(run_dir, "/run/moorage", NULL),
	KEY(user, "dokku", "DOKKU_SYSTEM_USER"),
	KEY(group, "dokku", "DOKKU_SYSTEM_GROUP"),
	KEY(engine_socket, "/var/run/docker.sock", NULL),
	KEY(docker_bin, "docker", "DOCKER_BIN"),
	KEY(nginx_bin, "/usr/sbin/nginx", NULL),
	KEY(nginx_conf, "/etc/nginx/nginx.conf", NULL),
	KEY(nginx_conf_dir, "/etc/nginx/conf.d", NULL),
	KEY(nginx_log_dir, "/var/log/nginx", NULL),
	KEY(nginx_pid, "/run/nginx.pid", NULL),
	KEY(nginx_control, "helper", NULL),
	KEY(nginx_init, "auto", NULL),
	KEY(nginx_service, "nginx", NULL),
	KEY(storage_root, "", NULL),
	KEY(http_port, "80", NULL),
	KEY(https_port, "443", NULL),
	KEY(host_root, "", NULL),
	KEY(lib_host_root, "", NULL),
	KEY(label, "", NULL),
	KEY(crontab_bin, "/usr/bin/crontab", NULL),
	KEY(dokku_command, "/usr/bin/dokku", NULL),
	KEY(libexec_dir, "/usr/libexec/moorage", NULL),
	KEY(share_dir, "/usr/share/moorage", NULL),
	KEY(disk_reserve, "512m", NULL),
	KEY(shell_settings, "/etc/default/dokku", NULL),
};

static char **field_of(struct instance *inst, const struct key *key)
{
	return (char **)(void *)((char *)inst + key->offset);
}

static void assign(struct instance *inst, const struct key *key, const char *value)
{
	char **field = field_of(inst, key);

	free(*field);
	*field = xstrdup(value);
}

static int set_line(struct instance *inst, char *line, const char *path, struct err *err)
{
	char *eq = strchr(line, '=');

	if (!*line || *line == '#')
		return 0;
	if (!eq)
		return err_set(err, ERR_INVALID, "'%s': line '%.100s' is not key=value", path,
			line);
	*eq = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (str_eq(keys[i].name, line)) {
			assign(inst, &keys[i], eq + 1);
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, "'%s': unknown key '%.100s'", path, line);
}

static int load_file(struct instance *inst, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRVEC lines = STRVEC_INIT;
	int r = fs_read(inst->conf_path, CONF_MAX, &text, err);

	if (r < 0)
		return err_wrap(err, "read the instance");
	strvec_split_lines(&lines, text.buf);
	for (size_t i = 0; i < lines.count; i++) {
		r = set_line(inst, lines.items[i], inst->conf_path, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void load_environment(struct instance *inst)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *value = keys[i].variable ? getenv(keys[i].variable) : NULL;

		if (value && *value)
			assign(inst, &keys[i], value);
	}
}

int instance_load(struct instance *inst, const char *conf, bool trust_env, struct err *err)
{
	static const char standard[] = "/etc/moorage/instance.conf";
	int r = 0;

	*inst = (struct instance){ 0 };
	if (!conf)
		conf = getenv("MOORAGE_INSTANCE");
	if (!conf || !*conf)
		conf = fs_exists(standard) ? standard : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assign(inst, &keys[i], keys[i].fallback);
	if (conf) {
		inst->conf_path = xstrdup(conf);
		if (!str_eq(conf, standard)) {
			free(inst->shell_settings);
			inst->shell_settings = xstrdup("");
			free(inst->crontab_bin);
			inst->crontab_bin = xstrdup("");
		}
		r = load_file(inst, err);
	}
	if (trust_env)
		load_environment(inst);
	return r;
}

bool instance_set_variable(struct instance *inst, const char *name, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!keys[i].variable || !str_eq(keys[i].variable, name))
			continue;
		if (*value)
			assign(inst, &keys[i], value);
		return true;
	}
	return false;
}

void instance_done(struct instance *inst)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		free(*field_of(inst, &keys[i]));
	free(inst->conf_path);
	*inst = (struct instance){ 0 };
}

static char *below(const char *root, const char *fmt, va_list ap)
{
	AUTO_FREE char *rest = xvasprintf(fmt, ap);

	return path_join(root, rest);
}

char *inst_home(const struct instance *inst, const char *fmt, ...)
{
	va_list ap;
	char *path;

	va_start(ap, fmt);
	path = below(inst->dokku_root, fmt, ap);
	va_end(ap);
	return path;
}

char *inst_lib(const struct instance *inst, const char *fmt, ...)
{
	va_list ap;
	char *path;

	va_start(ap, fmt);
	path = below(inst->lib_root, fmt, ap);
	va_end(ap);
	return path;
}
