/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Where this Moorage lives: every path, port and program name derives from one struct, so that
 * tests and several installations run beside each other. Values come from the built-in Dokku
 * defaults, then the instance's `instance.conf` (`key=value` lines, `#` comments), then, if the
 * process did not change user, Dokku's own environment variables (DOKKU_ROOT, DOKKU_LIB_PATH ...),
 * then the shell settings (core/shellrc.h). An instance of a file of its own has no shell_settings
 * unless it names them: /etc/default/dokku speaks of the machine's main instance. Nor has it a
 * crontab_bin: a user has one crontab, and it is the main instance's.
 */

#include <stdbool.h>

#include "base/err.h"

struct instance {
	char *conf_path;  /* NULL when no file was found */
	char *dokku_root; /* home of the user; one folder per app */
	char *lib_root;   /* plugins, config (properties), data */
	char *logs_dir;
	char *run_dir;
	char *user;
	char *group;
	char *engine_socket;
	char *docker_bin;
	char *nginx_bin;
	char *nginx_conf;     /* the main file, for `nginx -t` */
	char *nginx_conf_dir; /* conf.d */
	char *nginx_log_dir;
	char *nginx_pid;
	char *nginx_control; /* "helper": root helper through sudo; "direct": ourselves */
	char *nginx_init;    /* for the root helper: auto, systemd, sysv, signal */
	char *nginx_service; /* its name there */
	char *storage_root; /* where the root helper may change owners; "": LIB_ROOT/data/storage */
	char *http_port;
	char *https_port;
	char *host_root;     /* where the engine's machine has dokku_root; "": at the same path */
	char *lib_host_root; /* the same for lib_root */
	char *label;         /* marks what belongs to this instance; "" for the default one */
	char *crontab_bin;   /* /usr/bin/crontab; "" for none */
	char *dokku_command; /* what .sshcommand and git hooks call */
	char *libexec_dir;
	char *share_dir;      /* what is read only: the folder stack/ */
	char *disk_reserve;   /* what stays free of each disk: "512m"; "0": nothing is checked */
	char *shell_settings; /* /etc/default/dokku; "" for none */
};

/*
 * Loads from CONF, or if NULL from $MOORAGE_INSTANCE, or /etc/moorage/instance.conf when present; ""
 * is the latter without asking the environment.
 * An unknown key or a bad line is ERR_INVALID. With TRUST_ENV, path variables of the environment
 * win over the file.
 */
MUST_CHECK int instance_load(struct instance *inst, const char *conf, bool trust_env,
	struct err *err);
void instance_done(struct instance *inst);
/* Takes the value of one of Dokku's variables; false for a name that says nothing about paths. */
bool instance_set_variable(struct instance *inst, const char *name, const char *value);

/* Joined paths below the roots, for free(). */
char *inst_home(const struct instance *inst, const char *fmt, ...) PRINTF(2, 3) MUST_CHECK;
char *inst_lib(const struct instance *inst, const char *fmt, ...) PRINTF(2, 3) MUST_CHECK;
