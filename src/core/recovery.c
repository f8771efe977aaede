/* SPDX-License-Identifier: MIT */
#include "core/recovery.h"

#include "base/fs.h"
#include "core/applock.h"
#include "core/output.h"
#include "core/steps.h"

static struct step *step_number(struct operation *op, json_t *entry)
{
	json_int_t n = json_integer_value(json_object_get(entry, "n"));

	return n >= 1 && (size_t)n <= op->count ? op->steps[n - 1] : NULL;
}

static int replay_plan(struct operation *op, json_t *entry, struct err *err)
{
	const char *name = json_string_value(json_object_get(entry, "step"));
	const struct step_kind *kind = name ? steps_find(op->ctx, name) : NULL;

	if (!kind)
		return err_set(err, ERR_INVALID, "the journal names an unknown step '%s'",
			name ? name : "");
	operation_append(op, kind, json_incref(json_object_get(entry, "args")));
	return 0;
}

static void replay_state(struct operation *op, json_t *entry, const char *what)
{
	struct step *step = step_number(op, entry);

	if (!step)
		return;
	if (str_eq(what, "start")) {
		step->state = STEP_STARTED;
		op->committed |= (step->kind->flags & STEP_COMMIT) != 0;
	} else if (str_eq(what, "done")) {
		step->state = STEP_DONE;
		json_object_update(step->result, json_object_get(entry, "result"));
	} else if (str_eq(what, "fail")) {
		step->state = STEP_FAILED;
		op->failed = true;
		/* A commit step that failed was being undone. */
		if (step->kind->flags & STEP_COMMIT)
			op->committed = false;
	} else if (str_eq(what, "undone")) {
		step->state = STEP_UNDONE;
		op->committed = false;
	}
}

static int replay(struct operation *op, json_t *records, struct err *err)
{
	json_t *entry;
	size_t i;

	json_array_foreach (records, i, entry) {
		const char *what = json_string_value(json_object_get(entry, "t"));
		int r = 0;

		if (what && str_eq(what, "plan"))
			r = replay_plan(op, entry, err);
		else if (what)
			replay_state(op, entry, what);
		if (r < 0)
			return r;
	}
	return 0;
}

static struct operation *operation_of(struct ctx *ctx, json_t *records, const char *app)
{
	json_t *begin = json_array_get(records, 0);
	const char *id = json_string_value(json_object_get(begin, "id"));
	const char *name = json_string_value(json_object_get(begin, "op"));
	struct operation *op = operation_new(ctx, id ? id : "unknown", name ? name : "unknown",
		json_incref(json_object_get(begin, "args")));
	json_t *apps = json_object_get(begin, "apps");
	json_t *one;
	size_t i;

	json_array_foreach (apps, i, one)
		strvec_push(&op->apps, json_string_value(one) ? json_string_value(one) : "");
	if (!op->apps.count)
		strvec_push(&op->apps, app);
	op->recovering = true;
	return op;
}

static bool is_ended(json_t *records)
{
	json_t *last = json_array_get(records, json_array_size(records) - 1);
	const char *what = json_string_value(json_object_get(last, "t"));

	return what && str_eq(what, "end");
}

/* Steps that may run only once, or may fail, and were begun count as done. */
static void settle_once(struct operation *op)
{
	for (size_t i = 0; i < op->count; i++) {
		struct step *step = op->steps[i];

		bool begun = step->state == STEP_STARTED || step->state == STEP_FAILED;

		if (begun && (step->kind->flags & (STEP_ONCE | STEP_MAY_FAIL)))
			step->state = STEP_DONE;
	}
}

static int finish_or_undo(struct operation *op, struct err *err)
{
	int r;

	if (!op->committed)
		return operation_undo_all(op, err);
	settle_once(op);
	r = operation_run_steps(op, err);
	if (op->stuck)
		return r;
	if (r < 0) {
		out_error(err); /* of a step that may fail */
		err_clear(err);
	}
	return operation_finish(op, "done", err);
}

/* Another app's lock that the operation needs besides the one being taken. */
static int lock_partner(struct ctx *ctx, const struct operation *op, const char *app,
	struct err *err)
{
	for (size_t i = 0; i < op->apps.count; i++) {
		int r = str_eq(op->apps.items[i], app)
				? 0
				: app_lock_plain(ctx, op->apps.items[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

int operation_recover(struct ctx *ctx, const char *app, struct err *err)
{
	struct journal *journal;
	json_t *records = NULL;
	struct operation *op;
	int r;

	if (ctx->dry_run || !journal_exists(ctx, app))
		return 0;
	r = journal_open(ctx, app, &journal, &records, err);
	if (r < 0 || !journal)
		return r;
	op = operation_of(ctx, records, app);
	op->journal = journal;
	ctx->op = op;
	out_flush();
	out_warn("An earlier %s of %s was interrupted: %s", op->name, app,
		is_ended(records) ? "cleaning up" : "recovering");
	r = lock_partner(ctx, op, app, err);
	if (r >= 0)
		r = replay(op, records, err);
	if (r >= 0)
		r = is_ended(records)
			    ? journal_finish(ctx, TAKE_PTR(op->journal), op->id, &op->apps, err)
			    : finish_or_undo(op, err);
	json_decref(records);
	journal_free(op->journal);
	if (r < 0)
		err_wrap(err, "recover the interrupted %s of '%s'", op->name, app);
	operation_free(op);
	return r;
}

bool operation_pending(struct ctx *ctx, const char *app)
{
	return journal_exists(ctx, app);
}

int operation_pending_apps(struct ctx *ctx, struct strvec *ret, struct err *err)
{
	return journal_list(ctx, ret, err);
}
