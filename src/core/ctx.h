/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One run of the program: where it lives, who asked, with which global flags. Passed to every
 * command and handler; there is no other global state but the output settings.
 */

#include <stdbool.h>

#include <jansson.h>

#include "base/strvec.h"
#include "core/instance.h"

struct engine;
struct operation;
struct plugin;
struct external_plugins;

struct ctx {
	struct instance inst;
	const struct plugin *const *plugins; /* built-in, in name order, NULL-terminated */

	char *ssh_user;      /* unix user who asked; "root" for root-only commands */
	char *ssh_name;      /* name of the key, "default" for local use */
	bool from_ssh;       /* came in through a forced command */
	const char *program; /* the name it was called by; borrowed, may be NULL */

	bool quiet;
	bool trace;
	bool force;
	bool dry_run;
	char *app_flag;             /* --app, or NULL */
	struct strvec global_flags; /* raw, for DOKKU_GLOBAL_FLAGS */
	struct strvec argv;         /* the command line that dispatch saw: name first */

	struct engine *engine;              /* lazily: ctx_engine() */
	json_t *engine_info;                /* lazily: ctx_engine_info() */
	struct external_plugins *externals; /* lazily: see core/trigger.h */
	struct operation *op;               /* the running operation, or NULL */
	struct app_lock_held {
		char *app; /* NULL: this place is free */
		int fd;
		bool parents; /* inherited */
	} locks[2];           /* see core/applock.h */
	bool env_published;
};

/* CONF as for instance_load(). */
MUST_CHECK int ctx_init(struct ctx *ctx, const char *conf, bool trust_env, struct err *err);
void ctx_done(struct ctx *ctx);

/* The engine client, opened on first use (which costs nothing until a call is made). */
struct engine *ctx_engine(struct ctx *ctx);
/* What the engine says of itself; asked once, since it takes its time. *RET is borrowed. */
MUST_CHECK int ctx_engine_info(struct ctx *ctx, const json_t **ret, struct err *err);

/*
 * Puts Dokku's variables (spec: DOKKU_ROOT, PLUGIN_PATH, SSH_NAME ...) into this process's
 * environment, once, so that plugins started from here on find them.
 */
void ctx_publish_env(struct ctx *ctx);
