/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The docker-local scheduler: containers on this machine's engine. For the files of this folder.
 *
 * A unit is one container of a process type: "web.2". Which container it is, its address and its
 * port are in CONTAINER.web.2, IP.web.2 and PORT.web.2 of the app's folder; nobody outside reads
 * these files.
 */

#include <jansson.h>

#include "core/app_env.h"
#include "core/plugin.h"
#include "core/scheduler.h"
#include "lib/engine/containers.h"
#include "lib/healthcheck/healthcheck.h"

#define PLUGIN "scheduler-docker-local"

#define LABEL_OPERATION "com.moorage.operation"
#define LABEL_INSTANCE  "com.moorage.instance"
#define LABEL_PROCESS   "com.dokku.process-type"
#define LABEL_TYPE      "com.dokku.container-type"

enum {
	UNITS_MAX = 1000, /* of one app */
	STOP_TIMEOUT_MAX = 86400,
	DEFAULT_WEB_PORT = 5000,
};

/* The step kinds, also for the plugin's .steps; ends with {}. */
enum local_step {
	LOCAL_BEGIN,
	LOCAL_STOP,
	LOCAL_CREATE,
	LOCAL_CHECK,
	LOCAL_STATE,
	LOCAL_RENAME,
	LOCAL_NETWORKS,
	LOCAL_RETIRE,
	LOCAL_REMOVE,
};
extern const struct step_kind docker_local_steps[];

#define LOCAL_STEP(kind)                                                                           \
	void step_##kind##_describe(const struct step *step, struct strbuf *out);                  \
	int step_##kind##_run(struct operation *op, struct step *step, struct err *err)

LOCAL_STEP(begin);
LOCAL_STEP(stop);
LOCAL_STEP(create);
LOCAL_STEP(check);
LOCAL_STEP(state);
LOCAL_STEP(rename);
LOCAL_STEP(networks);
LOCAL_STEP(retire);
LOCAL_STEP(remove);
int step_begin_undo(struct operation *op, struct step *step, struct err *err);
int step_stop_undo(struct operation *op, struct step *step, struct err *err);
int step_create_undo(struct operation *op, struct step *step, struct err *err);
int step_state_undo(struct operation *op, struct step *step, struct err *err);

/* --- units.c: the state files --- */

struct unit {
	char *process;
	unsigned index;
	char *id;
	char *address; /* "" when unknown */
	unsigned port; /* 0 when unknown */
};

struct units {
	struct unit *items;
	size_t count;
};

#define UNITS_INIT                                                                                 \
	{                                                                                          \
		0                                                                                  \
	}
void units_done(struct units *u);
#define AUTO_UNITS CLEANUP(units_done) struct units

/* By process name and index. PROCESS: "web", "web.1", or NULL for all. */
MUST_CHECK int units_load(struct ctx *ctx, const char *app, const char *process, struct units *ret,
	struct err *err);
/* Splits "web.1": 1 with *RET_INDEX set (0 for "web"), 0 when it is no unit name. */
bool unit_name_split(const char *name, struct strbuf *ret_process, unsigned *ret_index);
MUST_CHECK int unit_write(struct ctx *ctx, const char *app, const struct unit *unit,
	struct err *err);
MUST_CHECK int unit_forget(struct ctx *ctx, const char *app, const char *process, unsigned index,
	struct err *err);
/* All state files as {"CONTAINER.web.1": "id", ...}; and back: what is not in it is removed. */
MUST_CHECK int units_snapshot(struct ctx *ctx, const char *app, json_t **ret, struct err *err);
MUST_CHECK int units_restore(struct ctx *ctx, const char *app, const json_t *snapshot,
	struct err *err);
/* The units of a snapshot. */
MUST_CHECK int units_of_snapshot(const json_t *snapshot, struct units *ret, struct err *err);

/* --- names.c --- */

/* "<app>.<process>.<index>", and the same with ".upcoming-<random>"; for free(). */
char *name_final(struct ctx *ctx, const char *app, const char *process, unsigned index) MUST_CHECK;
char *name_upcoming(struct ctx *ctx, const char *app, const char *process,
	unsigned index) MUST_CHECK;
unsigned random_number(void); /* 0 to 32767, as in Dokku's names */
/* A container that this instance made: its labels say so. */
bool is_ours(struct ctx *ctx, const json_t *labels);
/* Containers of this instance (and APP, unless NULL) with the label TYPE (NULL: any). A new array. */
MUST_CHECK int list_ours(struct ctx *ctx, const char *app, const char *type, bool all, json_t **ret,
	struct err *err);
/* "/x.web.1" of a list item or an inspect answer without the slash; borrowed, never NULL. */
const char *listed_name(const json_t *item);

/* --- settings.c: what others decide, read from their state --- */

int setting_stop_timeout(struct ctx *ctx, const char *app);
/* app.json as staged; *RET NULL when there is none, else new. */
MUST_CHECK int load_app_json(struct ctx *ctx, const char *app, json_t **ret, struct err *err);
/* formation.<process>.max_parallel, at least 1. */
unsigned max_parallel(json_t *app_json, const char *process);
unsigned setting_parallel_types(struct ctx *ctx, const char *app);
/* The shell that `enter` and `run` start without a command; for free(). */
char *setting_shell(struct ctx *ctx, const char *app) MUST_CHECK;

/* --- facts.c: what the image says --- */

enum image_source { SOURCE_DOCKERFILE, SOURCE_HEROKUISH, SOURCE_PACK };

struct image_facts {
	char *image;
	enum image_source source;
	bool is_release; /* image-stage=release */
	char *stage;
	struct strvec processes; /* of SOURCE_PACK: types with an entry point of their own */
	bool own_init;           /* brings an init process of its own */
	bool is_foreign_amd64;
	bool log_max_size_ok; /* the engine's log driver takes max-size */
};

#define IMAGE_FACTS_INIT                                                                           \
	{                                                                                          \
		.processes = STRVEC_INIT                                                           \
	}
void image_facts_done(struct image_facts *f);
#define AUTO_IMAGE_FACTS CLEANUP(image_facts_done) struct image_facts
MUST_CHECK int image_facts_load(struct ctx *ctx, const char *app, const char *image,
	struct image_facts *ret, struct err *err);
const char *image_source_name(enum image_source source);
/* The tag in a reference, "latest" when there is none; borrowed. */
const char *image_tag(const char *image);

/* --- spec.c: how a container is to be made --- */

struct spec {
	char *name;
	char *image;
	struct strvec flags;   /* of `docker container create` */
	struct strvec command; /* empty: the image's */
	struct env env;        /* values of the variables that flags name */
};

#define SPEC_INIT                                                                                  \
	{                                                                                          \
		.flags = STRVEC_INIT, .command = STRVEC_INIT                                       \
	}
void spec_done(struct spec *s);
#define AUTO_SPEC CLEANUP(spec_done) struct spec

struct spec_unit {
	const char *app;
	const char *process;
	unsigned index;
	const char *name;      /* of the container */
	const char *operation; /* id */
};

/* For a unit of a deploy, and for a one-off container. Fires the docker-args-* triggers. */
MUST_CHECK int spec_for_unit(struct ctx *ctx, const struct spec_unit *unit,
	const struct image_facts *facts, struct spec *ret, struct err *err);
MUST_CHECK int spec_for_run(struct ctx *ctx, const struct run_request *rq, const char *kind,
	unsigned number, const struct image_facts *facts, bool tty, struct spec *ret,
	struct err *err);
/*
 * The body of the engine call: enum dockeropts_result. DOCKEROPTS_NEEDS_CLIENT: RET_FLAG (may be
 * NULL) is the flag that only the docker program understands.
 */
MUST_CHECK int spec_body(const struct spec *s, unsigned api_minor, json_t **ret,
	struct strbuf *ret_flag, struct err *err);

/* --- container.c --- */

/* *RET_ID for free(). The name must be free. */
MUST_CHECK int container_create(struct ctx *ctx, const struct spec *s, char **ret_id,
	struct err *err);
/* Inspects; 1 and *RET (new), or 0 when there is no such container. */
MUST_CHECK int container_look(struct ctx *ctx, const char *id, json_t **ret, struct err *err);
const char *container_id(const json_t *inspected);
const char *container_label(const json_t *inspected, const char *label);
bool container_is_running(const json_t *inspected);
/* Where others reach it, for free(); "" when nowhere. */
char *container_address(struct ctx *ctx, const char *app, const json_t *inspected) MUST_CHECK;
/* Connects it to a network, with the app's aliases when PROCESS is given. Connected: fine. */
MUST_CHECK int container_connect(struct ctx *ctx, const char *app, const char *process,
	const json_t *inspected, const char *network, struct err *err);
/* The networks of config network/<property>. */
void container_networks(struct ctx *ctx, const char *app, const char *property, struct strvec *ret);
/* No restart policy any more, then stopped; missing is fine. */
MUST_CHECK int container_stop(struct ctx *ctx, const char *id, int timeout_s, struct err *err);
/* Removed, running or not, with its anonymous volumes if asked; missing is fine. */
MUST_CHECK int container_remove(struct ctx *ctx, const char *id, bool volumes, struct err *err);
/* Stops all of them at once, and with REMOVE removes them, each whatever becomes of the others. The
 * error is that of the first that failed. (stop.c) */
MUST_CHECK int containers_end(struct ctx *ctx, const char *app, const struct strvec *ids,
	bool remove, struct err *err);
/* Its log, indented, between two lines that name it. */
void container_show_log(struct ctx *ctx, const char *app, const char *id, const char *unit);

/* --- workers.c: several things at once --- */

struct job {
	/* Runs in a process of its own. What it appends to OUT comes back. */
	int (*run)(struct ctx *ctx, void *arg, struct strbuf *out, struct err *err);
	void *arg;
	/* afterwards */
	int result; /* of run() */
	struct strbuf out;
	struct err err;
	/* private */
	pid_t pid;
	int fd;
	struct strbuf wire;
};

/*
 * Runs all at once and waits for all. Returns < 0 only when they could not be run; each job has its
 * own result. A worker dies with this process. What it prints to stdout and stderr goes to ours.
 */
MUST_CHECK int jobs_run(struct ctx *ctx, struct job *jobs, size_t count, struct err *err);
void jobs_done(struct job *jobs, size_t count);

/* --- check.c --- */

/* The checks of a process type; SOURCE says whether a CHECKS file was used. */
MUST_CHECK int checks_load(struct ctx *ctx, const char *app, const char *process, unsigned port,
	struct healthchecks *ret, struct err *err);

struct checked_unit {
	const char *process;
	unsigned index;
	char *id; /* owned by the caller */
	char *address;
	unsigned port;   /* 0: that of the app's first mapping */
	size_t failures; /* filled */
};

/* Runs the checks of all units side by side, prints, and counts failures; then those of plugins. */
MUST_CHECK int checks_run(struct ctx *ctx, const char *app, struct checked_unit *units,
	size_t count, struct err *err);
/* The same without plugins: the built-in part of the check-deploy trigger. */
MUST_CHECK int checks_run_builtin(struct ctx *ctx, const char *app, struct checked_unit *unit,
	struct err *err);

/* --- dead.c: what waits for removal --- */

/* Adds a container (and its image when nothing else uses it) to what retire() removes after WAIT
 * seconds. Known ones stay as they are. */
MUST_CHECK int dead_register(struct ctx *ctx, const char *app, const char *id, uint64_t wait_s,
	struct err *err);
/* Drops all lines of an app. */
MUST_CHECK int dead_forget_app(struct ctx *ctx, const char *app, struct err *err);
MUST_CHECK int dead_retire(struct ctx *ctx, const char *app, struct err *err);

/* failed-containers of an app: "<id> <process>.<index>" */
MUST_CHECK int failed_add(struct ctx *ctx, const char *app, const char *id, const char *unit,
	struct err *err);
MUST_CHECK int failed_clear(struct ctx *ctx, const char *app, struct err *err);
MUST_CHECK int failed_load(struct ctx *ctx, const char *app, struct strvec *ret_lines,
	struct err *err);
MUST_CHECK int failed_save(struct ctx *ctx, const char *app, const struct strvec *lines,
	struct err *err);
/* 1 when that container is one of them. */
MUST_CHECK int failed_has(struct ctx *ctx, const char *app, const char *id, struct err *err);

/* --- the driver's functions, see core/scheduler.h --- */

int local_plan_start(struct operation *op, const struct deploy *d, struct err *err);
int local_plan_settle(struct operation *op, const struct deploy *d, struct err *err);
int local_plan_remove(struct operation *op, const char *app, struct err *err);
int local_plan_stop(struct operation *op, const char *app, struct err *err);
int local_listeners(struct ctx *ctx, const char *app, const char *process, struct listeners *ret,
	struct err *err);
int local_status(struct ctx *ctx, const char *app, struct proc_statuses *ret, struct err *err);
int local_is_deployed(struct ctx *ctx, const char *app);
int local_run(struct ctx *ctx, const struct run_request *rq, int *ret_code, struct err *err);
int local_run_list(struct ctx *ctx, const char *app, json_t **ret, struct err *err);
int local_run_stop(struct ctx *ctx, const char *app, const char *container, struct err *err);
int local_run_logs(struct ctx *ctx, const struct log_request *rq, const char *container,
	struct err *err);
int local_run_retire(struct ctx *ctx, const char *app, struct err *err);
int local_enter(struct ctx *ctx, const char *app, const char *process, const char *container,
	const struct strvec *argv, int *ret_code, struct err *err);
int local_logs(struct ctx *ctx, const struct log_request *rq, struct err *err);
int local_logs_failed(struct ctx *ctx, const char *app, struct err *err);
int local_inspect(struct ctx *ctx, const char *app, json_t **ret, struct err *err);
int local_check(struct ctx *ctx, const char *app, const char *process, struct err *err);
int local_retire(struct ctx *ctx, const char *app, struct err *err);

/* --- calls.c: triggers that act --- */

bool is_call_for_local(const struct trigger_call *call);
int call_deploy(struct trigger_call *call, struct err *err);
int call_stop(struct trigger_call *call, struct err *err);
int call_run(struct trigger_call *call, struct err *err);
int call_run_list(struct trigger_call *call, struct err *err);
int call_enter(struct trigger_call *call, struct err *err);

/* --- storage-exec.c --- */

/* SCHEDULER ENTRY IMAGE --interactive=true|false --tty=true|false [--as-user UID] [-- COMMAND...] */
int call_storage_exec(struct trigger_call *call, struct err *err);

/* step args */
struct slot {
	const char *process; /* borrowed from the args */
	unsigned index;
	const char *name; /* of the new container */
};

json_t *slot_json(const char *process, unsigned index, const char *name) MUST_CHECK;
struct slot slot_at(const struct step *step, size_t i);
size_t slot_count(const struct step *step);
