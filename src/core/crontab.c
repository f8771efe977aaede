/* SPDX-License-Identifier: MIT */
/* The crontab of the instance's user. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/lock.h"
#include "core/app.h"
#include "core/cron.h"
#include "core/output.h"
#include "core/scheduler.h"
#include "core/state.h"
#include "core/trigger.h"
#include "lib/cronspec/cronspec.h"
#include "lib/words/words.h"

enum {
	COMMAND_MAX = 998, /* of cron(8): one line over it makes crontab(1) refuse all of them */
	LOCK_MS = 60000,
	CRONTAB_MS = 30000,
};

bool cron_uses_host(struct ctx *ctx, const char *scheduler)
{
	AUTO_STRVEC args = STRVEC_INIT;
	AUTO_STRBUF out = STRBUF_CAPPED(4096);
	AUTO_ERR ignored = ERR_INIT;

	if (!*scheduler)
		return false;
	strvec_push(&args, scheduler);
	/* A scheduler that cannot tell does its own firing. */
	(void)!trigger_run_builtin(ctx, "scheduler-uses-host-cron", &args, &out, &ignored);
	(void)!trigger_capture_args(ctx, "scheduler-uses-host-cron", &args, NULL, &out, &ignored);
	strbuf_trim(&out);
	return str_eq(out.buf, "true");
}

/* --- the text --- */

/* What cron's shell calls us: by the path of this instance unless that is the usual one. */
static void add_program(struct ctx *ctx, struct strbuf *out)
{
	if (str_eq(ctx->inst.dokku_command, "/usr/bin/dokku"))
		strbuf_addstr(out, "dokku");
	else
		quote_word(out, ctx->inst.dokku_command);
}

static int add_app_task(struct ctx *ctx, const struct cron_task *t, struct strbuf *out,
	struct err *err)
{
	AUTO_STRBUF command = STRBUF_INIT;
	AUTO_ERR why = ERR_INIT;

	add_program(ctx, &command);
	strbuf_addf(&command, " cron:run %s %s", t->app, t->id);
	if (command.len > COMMAND_MAX)
		return err_user(err, ERR_INVALID, 1,
			"Invalid cron command for app %s (schedule %.200s): it is too long, the "
			"machine's cron could not run it; put it into a script",
			t->app, t->schedule);
	if (cronspec_crontab(t->schedule, out, &why) < 0)
		return err_user(err, ERR_INVALID, 1,
			"Invalid cron schedule for app %s (schedule %.200s): %s", t->app,
			t->schedule, err_text(&why));
	strbuf_addf(out, " %s\n", command.buf);
	return 0;
}

static void add_plugin_task(const struct cron_task *t, struct strbuf *out)
{
	strbuf_addf(out, "%s %s", t->schedule, t->command);
	if (*t->log)
		strbuf_addf(out, " &>> %s", t->log);
	strbuf_addch(out, '\n');
}

static void add_setting(struct ctx *ctx, const char *name, const char *variable, struct strbuf *out)
{
	AUTO_FREE char *value = state_get_or(ctx, "cron", SCOPE_GLOBAL, name, "");

	if (*value)
		strbuf_addf(out, "%s=%s\n", variable, value);
}

int crontab_text(struct ctx *ctx, const struct cron_tasks *tasks, struct strbuf *out,
	struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int r = 0;

	add_setting(ctx, "mailfrom", "MAILFROM", &text);
	add_setting(ctx, "mailto", "MAILTO", &text);
	strbuf_addstr(&text, "PATH=/usr/local/bin:/usr/bin:/bin\nSHELL=/bin/bash\n\n");
	for (size_t i = 0; r >= 0 && i < tasks->count; i++) {
		const struct cron_task *t = &tasks->items[i];

		if (cron_is_paused(t))
			continue;
		if (t->app)
			r = add_app_task(ctx, t, &text, err);
		else
			add_plugin_task(t, &text);
	}
	if (r >= 0)
		strbuf_add(out, text.buf, text.len);
	return r;
}

/* --- all tasks of the instance --- */

static void move_task(struct cron_tasks *to, struct cron_task *t)
{
	to->items = xreallocarray(to->items, to->count + 1, sizeof(*to->items));
	to->items[to->count++] = *t;
	*t = (struct cron_task){ 0 };
}

/* Those of an app that can be fired. What cannot is said, and keeps no other task from firing. */
static void add_app(struct ctx *ctx, const char *app, struct cron_tasks *all)
{
	AUTO_CRON_TASKS tasks = CRON_TASKS_INIT;
	AUTO_ERR err = ERR_INIT;

	if (cron_tasks_load(ctx, app, &tasks, &err) < 0) {
		out_warn("%s", err_text(&err));
		return;
	}
	for (size_t i = 0; i < tasks.count; i++) {
		AUTO_STRBUF ignored = STRBUF_INIT;
		AUTO_ERR why = ERR_INIT;

		if (cron_is_paused(&tasks.items[i]))
			continue;
		if (add_app_task(ctx, &tasks.items[i], &ignored, &why) < 0)
			out_warn("%s", err_text(&why));
		else
			move_task(all, &tasks.items[i]);
	}
}

struct schedulers_seen {
	struct strvec host; /* the machine's cron fires for them */
	struct strvec other;
};

static bool uses_host(struct ctx *ctx, struct schedulers_seen *seen, const char *name)
{
	if (!strvec_has(&seen->host, name) && !strvec_has(&seen->other, name))
		strvec_push(cron_uses_host(ctx, name) ? &seen->host : &seen->other, name);
	return strvec_has(&seen->host, name);
}

static int collect_entries(struct ctx *ctx, const struct strvec *host, struct cron_tasks *all,
	struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < host->count; i++) {
		AUTO_CRON_TASKS tasks = CRON_TASKS_INIT;

		r = cron_entries(ctx, host->items[i], &tasks, err);
		for (size_t j = 0; j < tasks.count; j++)
			move_task(all, &tasks.items[j]);
	}
	return r;
}

/* Names of all apps whose tasks the machine's cron fires, and the schedulers they have. */
static int find_apps(struct ctx *ctx, struct strvec *ret, struct schedulers_seen *seen,
	struct err *err)
{
	AUTO_FREE char *global = scheduler_name(ctx, SCOPE_GLOBAL);
	AUTO_STRVEC apps = STRVEC_INIT;
	int r = app_list_all(ctx, &apps, err);

	(void)uses_host(ctx, seen, global);
	for (size_t i = 0; r >= 0 && i < apps.count; i++) {
		AUTO_FREE char *scheduler = scheduler_name(ctx, apps.items[i]);

		if (uses_host(ctx, seen, scheduler))
			strvec_push(ret, apps.items[i]);
	}
	return r;
}

/* --- crontab(1) --- */

static int run_crontab(struct ctx *ctx, const char *flag, const struct strbuf *in,
	struct strbuf *said, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	struct child_status st;
	int r;

	strvec_pushl(&c.argv, ctx->inst.crontab_bin, "-u", ctx->inst.user, flag, NULL);
	c.timeout_ms = CRONTAB_MS;
	r = child_capture(&c, in, said, said, &st, err);
	return r < 0 ? r : st.code;
}

static bool has_crontab(struct ctx *ctx)
{
	return *ctx->inst.crontab_bin && fs_is_exec(ctx->inst.crontab_bin);
}

static int install(struct ctx *ctx, const struct cron_tasks *tasks, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRBUF said = STRBUF_CAPPED(4096);
	int r = crontab_text(ctx, tasks, &text, err);

	if (r < 0)
		return r;
	if (!has_crontab(ctx))
		return err_user(err, ERR_NOT_FOUND, 1,
			"Unable to update schedule file: there is no cron here, scheduled tasks do "
			"not run");
	r = run_crontab(ctx, "-", &text, &said, err);
	if (r < 0)
		return err_wrap(err, "Unable to update schedule file");
	strbuf_trim(&said);
	if (r > 0)
		return err_user(err, ERR_FAILED, 1, "Unable to update schedule file: %s", said.buf);
	out_info1("Updated schedule file");
	return 0;
}

static int uninstall(struct ctx *ctx, struct err *err)
{
	AUTO_STRBUF ignored = STRBUF_CAPPED(4096);
	AUTO_STRBUF said = STRBUF_CAPPED(4096);
	int r;

	if (!has_crontab(ctx))
		return 0;
	r = run_crontab(ctx, "-l", NULL, &ignored, err);
	if (r != 0)
		return r < 0 ? r : 0; /* there is none */
	r = run_crontab(ctx, "-r", NULL, &said, err);
	strbuf_trim(&said);
	if (r < 0)
		return err_wrap(err, "Unable to remove schedule file");
	if (r > 0)
		return err_user(err, ERR_FAILED, 1, "Unable to remove schedule file: %s", said.buf);
	out_info1("Removed");
	return 0;
}

/*
 * That there was none when we looked last: a deploy of an instance without tasks need not ask again.
 * What others do to the crontab meanwhile is found by every command that is about tasks.
 */
static char *absence_path(struct ctx *ctx)
{
	return inst_lib(&ctx->inst, "data/moorage/crontab.none");
}

static int write_all(struct ctx *ctx, const struct cron_tasks *tasks, bool look, struct err *err)
{
	AUTO_FREE char *absent = absence_path(ctx);
	int r = 0;

	if (!tasks->count && !look && fs_exists(absent))
		return 0;
	r = fs_unlink(absent, err);
	if (r < 0 || tasks->count)
		return r < 0 ? r : install(ctx, tasks, err);
	r = uninstall(ctx, err);
	return r < 0 ? r : fs_write_str(absent, "", 0644, err);
}

/* LOOK: also where nothing can have changed but by others. */
static int write_crontab(struct ctx *ctx, bool look, struct err *err)
{
	AUTO_FREE char *path = inst_lib(&ctx->inst, "data/moorage/crontab.lock");
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/moorage");
	struct schedulers_seen seen = { STRVEC_INIT, STRVEC_INIT };
	AUTO_CRON_TASKS entries = CRON_TASKS_INIT;
	AUTO_CRON_TASKS tasks = CRON_TASKS_INIT;
	AUTO_STRVEC apps = STRVEC_INIT;
	AUTO_CLOSE int lock = -1;
	int r = find_apps(ctx, &apps, &seen, err);

	/* Plugins are asked outside of the lock: they may call us. */
	if (r >= 0)
		r = collect_entries(ctx, &seen.host, &entries, err);
	strvec_done(&seen.host);
	strvec_done(&seen.other);
	if (r >= 0)
		r = fs_mkdir_p(dir, 0755, err);
	if (r >= 0)
		r = lock = lock_take(path, "", LOCK_MS, err);
	if (r < 0)
		return r;
	/* Within it, so that who writes last has seen what all before have changed. */
	for (size_t i = 0; i < apps.count; i++)
		add_app(ctx, apps.items[i], &tasks);
	for (size_t i = 0; i < entries.count; i++)
		move_task(&tasks, &entries.items[i]);
	return write_all(ctx, &tasks, look, err);
}

int crontab_write(struct ctx *ctx, struct err *err)
{
	return write_crontab(ctx, true, err);
}

static int write_and_tell(struct ctx *ctx, const char *scheduler, const char *app, bool look,
	struct err *err)
{
	int r = !*scheduler || cron_uses_host(ctx, scheduler) ? write_crontab(ctx, look, err) : 0;

	return r < 0 ? r : trigger_fire(ctx, err, "scheduler-cron-write", scheduler, app, NULL);
}

int cron_write(struct ctx *ctx, const char *scheduler, const char *app, struct err *err)
{
	return write_and_tell(ctx, scheduler, app, true, err);
}

/* --- as a step --- */

static void describe_write(const struct step *step, struct strbuf *out)
{
	strbuf_addstr(out, "write the crontab");
}

/* Recovery writes it again. A failure must not hold up the rest: the next step tells. */
static int run_write(struct operation *op, struct step *step, struct err *err)
{
	AUTO_ERR why = ERR_INIT;

	if (write_and_tell(op->ctx, step_arg(step, "scheduler"), step_arg(step, "app"), false,
		    &why) < 0)
		json_object_set_new(step->result, "failure", json_string(err_text(&why)));
	return 0;
}

static void describe_tell(const struct step *step, struct strbuf *out)
{
	strbuf_addstr(out, "tell whether the crontab was written");
}

static int run_tell(struct operation *op, struct step *step, struct err *err)
{
	const struct step *written = operation_find(op, "cron:write");
	const char *failure = written ? step_result(written, "failure") : "";

	return *failure ? err_user(err, ERR_FAILED, 1, "%s", failure) : 0;
}

const struct step_kind cron_steps[] = {
	{ "cron:write", STEP_QUIET, describe_write, run_write, NULL },
	{ "cron:tell", STEP_ONCE | STEP_MAY_FAIL | STEP_QUIET, describe_tell, run_tell, NULL },
	{},
};

int cron_plan_write(struct operation *op, const char *app, struct err *err)
{
	AUTO_FREE char *scheduler = scheduler_name(op->ctx, app);

	int r = operation_add(op, &cron_steps[0],
		json_pack("{s:s, s:s}", "app", app, "scheduler", scheduler), err);

	return r < 0 ? r : operation_add(op, &cron_steps[1], NULL, err);
}
