/* SPDX-License-Identifier: MIT */
#pragma once

/* The insides of moorage-root; its contract is in root-helper.c. Everything here runs as root. */

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

enum {
	ROOT_EXIT_INACTIVE = 3, /* what systemctl is-active says */
};

/* From the root-owned file; all paths are absolute. Owned strings. */
struct root_conf {
	char *nginx_bin;
	char *nginx_conf;
	char *nginx_pid;
	char *nginx_init; /* "auto", "systemd", "sysv" or "signal" */
	char *nginx_service;
	char *storage_root; /* lib_root/data/storage unless given */
};

void root_conf_done(struct root_conf *c);
/* Reads PATH. ERR_DENIED when anybody but root could have written it. */
MUST_CHECK int root_conf_load(const char *path, struct root_conf *ret, struct err *err);
/* ERR_DENIED unless PATH is a regular file that only root can write, in such a folder. */
MUST_CHECK int root_check_file(const char *path, struct err *err);

/* VERB is what follows "nginx-". ERR_SILENT with its exit code where a program has spoken. */
MUST_CHECK int root_nginx(const struct root_conf *c, const char *verb, struct err *err);

/* NAME: one folder of the storage root. */
MUST_CHECK int root_storage_chown(const struct root_conf *c, const char *name, const char *uid,
	struct err *err);
MUST_CHECK int root_storage_chmod(const struct root_conf *c, const char *name, const char *mode,
	struct err *err);
MUST_CHECK int root_storage_remove(const struct root_conf *c, const char *name, struct err *err);
