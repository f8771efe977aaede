/* SPDX-License-Identifier: MIT */
#include "core/operation.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/timing.h"
#include "core/fault.h"
#include "core/journal.h"
#include "core/output.h"
#include "core/recovery.h"

enum { ID_CHARS = 14 };

static volatile sig_atomic_t interrupted; /* by this signal */
static volatile sig_atomic_t out_of_time;
static int wake[2] = { -1, -1 }; /* written to by the signal handler */

static void on_signal(int sig)
{
	int saved = errno;

	if (sig == SIGALRM)
		out_of_time = 1;
	else
		interrupted = sig;
	(void)!write(wake[1], "", 1);
	errno = saved;
}

int operation_cancel_fd(void)
{
	return wake[0];
}

int operation_child_fd(const struct ctx *ctx)
{
	const struct operation *op = ctx->op;

	return op && !op->committed && !op->undoing ? wake[0] : -1;
}

static void open_wake(bool on)
{
	for (size_t i = 0; i < ARRAY_SIZE(wake); i++) {
		if (wake[i] >= 0)
			close(TAKE_FD(wake[i]));
	}
	if (on && pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0)
		wake[0] = wake[1] = -1; /* waits are then not broken off early */
}

bool operation_interrupted(void)
{
	return interrupted || out_of_time;
}

bool operation_out_of_time(void)
{
	return out_of_time;
}

static void set_timer(uint64_t seconds)
{
	struct itimerval timer = { .it_value.tv_sec = (time_t)seconds };

	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

void operation_begin_limit(uint64_t seconds)
{
	if (seconds)
		set_timer(seconds);
}

void operation_end_limit(bool in_time)
{
	char byte;

	set_timer(0);
	if (!out_of_time || !in_time)
		return;
	out_of_time = 0;
	while (!interrupted && read(wake[0], &byte, 1) > 0)
		;
}

/* Signals end an operation between steps; without one they have their usual effect. */
static void catch_signals(bool on)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM };
	struct sigaction act = { .sa_handler = on ? on_signal : SIG_DFL };

	if (on)
		open_wake(true);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &act, NULL);
	if (!on)
		open_wake(false);
	act.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &act, NULL); /* a reader that went away must not stop us half-way */
}

bool operation_catch_signals(void)
{
	if (wake[0] >= 0)
		return false;
	interrupted = 0;
	catch_signals(true);
	return true;
}

int operation_release_signals(int r, struct err *err)
{
	catch_signals(false);
	if (r < 0 && interrupted)
		err_user(err, ERR_FAILED, 128 + interrupted, "Interrupted by signal %d",
			(int)interrupted);
	return r;
}

char *operation_new_id(void)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	unsigned char random[ID_CHARS] = { 0 };
	/* Eight characters of milliseconds first: ids sort by time. */
	unsigned long long ms = (unsigned long long)wall_seconds() * 1000 + now_ms() % 1000;
	char *id = xcalloc(1, ID_CHARS + 1);

	(void)!getrandom(random, sizeof(random), 0);
	for (int i = 7; i >= 0; i--) {
		id[i] = digits[ms % 36];
		ms /= 36;
	}
	for (int i = 8; i < ID_CHARS; i++)
		id[i] = digits[random[i] % 36];
	return id;
}

const char *step_arg(const struct step *step, const char *key)
{
	const char *value = json_string_value(json_object_get(step->args, key));

	return value ? value : "";
}

const char *step_result(const struct step *step, const char *key)
{
	const char *value = json_string_value(json_object_get(step->result, key));

	return value ? value : "";
}

const struct step *operation_find(const struct operation *op, const char *kind_name)
{
	for (size_t i = op->count; i-- > 0;) {
		if (op->steps[i]->state == STEP_DONE && str_eq(op->steps[i]->kind->name, kind_name))
			return op->steps[i];
	}
	return NULL;
}

void operation_free(struct operation *op)
{
	for (size_t i = 0; i < op->count; i++) {
		json_decref(op->steps[i]->args);
		json_decref(op->steps[i]->result);
		free(op->steps[i]);
	}
	free(op->steps);
	if (op->ctx->op == op)
		op->ctx->op = NULL;
	json_decref(op->args);
	strvec_done(&op->apps);
	free(op->id);
	free(op->name);
	free(op);
}

struct operation *operation_new(struct ctx *ctx, const char *id, const char *name, json_t *args)
{
	struct operation *op = xcalloc(1, sizeof(*op));

	op->ctx = ctx;
	op->id = xstrdup(id);
	op->name = xstrdup(name);
	op->args = args ? args : json_object();
	strvec_init(&op->apps);
	return op;
}

/* --- records --- */

/*
 * What must be on disk before the next thing happens: that a step begins, and how the whole ends. A
 * plan is with the start of its step; a step that is done and of which that was lost in a power cut
 * is, like any that was cut off between its effect and its record, run or undone again.
 */
static bool must_be_durable(const json_t *entry)
{
	const char *what = json_string_value(json_object_get(entry, "t"));

	return !str_eq(what, "plan") && !str_eq(what, "done");
}

static int record(struct operation *op, json_t *entry, struct err *err)
{
	int r = op->journal ? journal_append(op->journal, entry, must_be_durable(entry), err) : 0;

	json_decref(entry);
	return r;
}

static json_t *apps_json(const struct operation *op)
{
	json_t *apps = json_array();

	for (size_t i = 0; i < op->apps.count; i++)
		json_array_append_new(apps, json_string(op->apps.items[i]));
	return apps;
}

static int record_begin(struct operation *op, struct err *err)
{
	AUTO_STRBUF at = STRBUF_INIT;

	format_rfc3339(wall_seconds(), &at);
	return record(op,
		json_pack("{s:s, s:s, s:s, s:o, s:O, s:i, s:s}", "t", "begin", "id", op->id, "op",
			op->name, "apps", apps_json(op), "args", op->args, "pid", (int)getpid(),
			"at", at.buf),
		err);
}

static int record_step(struct operation *op, const struct step *step, const char *what,
	struct err *err)
{
	return record(op, json_pack("{s:s, s:i}", "t", what, "n", (int)step->number), err);
}

static int record_plan(struct operation *op, const struct step *step, struct err *err)
{
	return record(op,
		json_pack("{s:s, s:i, s:s, s:O}", "t", "plan", "n", (int)step->number, "step",
			step->kind->name, "args", step->args),
		err);
}

static int record_done(struct operation *op, const struct step *step, struct err *err)
{
	return record(op,
		json_pack("{s:s, s:i, s:O}", "t", "done", "n", (int)step->number, "result",
			step->result),
		err);
}

static int record_failure(struct operation *op, const struct step *step, const struct err *why,
	struct err *err)
{
	return record(op,
		json_pack("{s:s, s:i, s:s}", "t", "fail", "n", (int)step->number, "error",
			why->msg.buf),
		err);
}

int operation_finish(struct operation *op, const char *outcome, struct err *err)
{
	int r = record(op, json_pack("{s:s, s:s}", "t", "end", "outcome", outcome), err);

	if (r >= 0 && op->journal)
		r = journal_finish(op->ctx, TAKE_PTR(op->journal), op->id, &op->apps, err);
	return r;
}

/* --- making --- */

/*
 * A command that a trigger of a running operation has started works inside that one's lock, and
 * its journal: it keeps none of its own. What it did counts as done when the outer one is recovered.
 */
static bool is_inside(struct ctx *ctx, const char *app)
{
	for (size_t i = 0; i < ARRAY_SIZE(ctx->locks); i++) {
		if (ctx->locks[i].app && ctx->locks[i].parents && str_eq(ctx->locks[i].app, app))
			return journal_exists(ctx, app);
	}
	return false;
}

int operation_begin(struct ctx *ctx, const char *name, const char *app, const char *other_app,
	json_t *args, struct operation **ret, struct err *err)
{
	AUTO_FREE char *id = operation_new_id();
	struct operation *op;
	int r = 0;

	if (ctx->op) {
		json_decref(args);
		return err_set(err, ERR_BUG, "operation '%s' begun inside '%s'", name,
			ctx->op->name);
	}
	op = operation_new(ctx, id, name, args);
	strvec_push(&op->apps, app);
	if (other_app)
		strvec_push(&op->apps, other_app);
	if (!ctx->dry_run && !is_inside(ctx, app))
		r = journal_create(ctx, id, &op->apps, &op->journal, err);
	if (r >= 0)
		r = record_begin(op, err);
	if (r < 0) {
		operation_abandon(op);
		return err_wrap(err, "begin %s of '%s'", name, app);
	}
	ctx->op = op;
	*ret = op;
	return 0;
}

struct step *operation_append(struct operation *op, const struct step_kind *kind, json_t *args)
{
	struct step *step = xcalloc(1, sizeof(*step));

	op->steps = xreallocarray(op->steps, op->count + 1, sizeof(*op->steps));
	*step = (struct step){
		.kind = kind,
		.number = op->count + 1,
		.args = args ? args : json_object(),
		.result = json_object(),
	};
	op->steps[op->count++] = step;
	return step;
}

int operation_add(struct operation *op, const struct step_kind *kind, json_t *args, struct err *err)
{
	return record_plan(op, operation_append(op, kind, args), err);
}

void operation_abandon(struct operation *op)
{
	if (op->journal)
		journal_discard(op->ctx, op->journal, &op->apps);
	operation_free(op);
}

/* --- running --- */

static int start_step(struct operation *op, struct step *step, struct err *err)
{
	int r = record_step(op, step, "start", err);

	if (r < 0)
		return r;
	step->state = STEP_STARTED;
	fault_point(op, step, "before");
	out_trace("step %zu %s", step->number, step->kind->name);
	r = step->kind->run(op, step, err);
	out_flush();
	fault_point(op, step, "effect");
	return r;
}

static int run_step(struct operation *op, struct step *step, struct err *err)
{
	AUTO_ERR ignored = ERR_INIT;
	int r = start_step(op, step, err);

	if (r < 0) {
		step->state = STEP_FAILED;
		op->failed = true;
		/* The step's own error is what counts; recovery reads "started" as well. */
		(void)!record_failure(op, step, err, &ignored);
		return r;
	}
	r = record_done(op, step, err);
	if (r < 0)
		return r;
	step->state = STEP_DONE;
	op->committed |= (step->kind->flags & STEP_COMMIT) != 0;
	fault_point(op, step, "after");
	return 0;
}

static int undo_step(struct operation *op, struct step *step, struct err *err)
{
	int r;

	if (step->state == STEP_PLANNED || step->state == STEP_UNDONE)
		return 0;
	if (step->kind->undo) {
		out_trace("undo step %zu %s", step->number, step->kind->name);
		fault_point(op, step, "undo-before");
		r = step->kind->undo(op, step, err);
		if (r < 0)
			return err_wrap(err, "undo step %zu (%s)", step->number, step->kind->name);
		fault_point(op, step, "undo-effect");
	}
	r = record_step(op, step, "undone", err);
	if (r >= 0)
		step->state = STEP_UNDONE;
	return r;
}

int operation_undo_all(struct operation *op, struct err *err)
{
	op->undoing = true;
	for (size_t i = op->count; i-- > 0;) {
		int r = undo_step(op, op->steps[i], err);

		if (r < 0)
			return r;
	}
	return operation_finish(op, "undone", err);
}

/* Keeps the first failure of several in ERR and reports the later ones at once. */
static void keep_first(struct err *err, struct err *step_err)
{
	if (err->kind == ERR_OK) {
		err_done(err);
		*err = *step_err;
		*step_err = (struct err)ERR_INIT;
	} else {
		out_error(step_err);
	}
}

int operation_run_steps(struct operation *op, struct err *err)
{
	for (size_t i = 0; i < op->count; i++) {
		AUTO_ERR step_err = ERR_INIT;
		struct step *step = op->steps[i];
		int r;

		if (step->state == STEP_DONE)
			continue;
		if (interrupted && !op->committed)
			return err_user(err, ERR_FAILED, 128 + interrupted,
				"Interrupted by signal %d", (int)interrupted);
		r = run_step(op, step, &step_err);
		if (r >= 0)
			continue;
		keep_first(err, &step_err);
		if (op->committed && (step->kind->flags & STEP_MAY_FAIL))
			continue;
		op->stuck = op->committed;
		return r;
	}
	return err->kind == ERR_OK ? 0 : -(int)err->kind;
}

static void print_plan(const struct operation *op)
{
	size_t n = 0;

	out_info1("Steps of %s %s", op->name, op->apps.items[0]);
	for (size_t i = 0; i < op->count; i++) {
		AUTO_STRBUF text = STRBUF_INIT;

		if (op->steps[i]->kind->flags & STEP_QUIET)
			continue;
		op->steps[i]->kind->describe(op->steps[i], &text);
		out_verbose("%zu. %s", ++n, text.buf);
	}
}

static int end_failed(struct operation *op, struct err *err)
{
	AUTO_ERR undo_err = ERR_INIT;

	if (op->stuck) {
		out_warn("The rest of this %s is left to the next command on %s", op->name,
			op->apps.items[0]);
	} else if (op->committed) {
		(void)!operation_finish(op, "done", &undo_err);
	} else if (operation_undo_all(op, &undo_err) < 0) {
		out_error(&undo_err);
		out_warn("The next command on %s tries again to clean up", op->apps.items[0]);
	}
	journal_free(op->journal);
	operation_free(op);
	return -(int)err->kind;
}

int operation_run(struct operation *op, struct err *err)
{
	int r;

	if (op->ctx->dry_run) {
		print_plan(op);
		operation_free(op);
		return 0;
	}
	interrupted = 0;
	out_of_time = 0;
	catch_signals(true);
	r = operation_run_steps(op, err);
	if (r < 0) {
		r = end_failed(op, err);
	} else {
		r = operation_finish(op, "done", err);
		journal_free(op->journal);
		operation_free(op);
	}
	catch_signals(false);
	return r;
}

int operation_run_planned(struct operation *op, int r, struct err *err)
{
	if (r >= 0)
		return operation_run(op, err);
	operation_abandon(op);
	return r;
}
