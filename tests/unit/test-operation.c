/* SPDX-License-Identifier: MIT */
/*
 * The executor against kill -9: an operation of four steps on files is killed at every boundary of
 * every step; recovery must leave all of it or nothing, and never a journal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "core/applock.h"
#include "core/journal.h"
#include "core/operation.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/proxy.h"
#include "core/scheduler.h"

const struct scheduler *const schedulers[] = { NULL };
const struct proxy *const proxies[] = { NULL };

static char *file_of(const struct operation *op, const struct step *step)
{
	return inst_home(&op->ctx->inst, "%s", step_arg(step, "file"));
}

static void describe(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "make %s", step_arg(step, "file"));
}

static int make(struct operation *op, struct step *step, struct err *err)
{
	AUTO_FREE char *path = file_of(op, step);

	return fs_write_str(path, "x", 0644, err);
}

static int unmake(struct operation *op, struct step *step, struct err *err)
{
	AUTO_FREE char *path = file_of(op, step);

	return fs_unlink(path, err);
}

static int refuse(struct operation *op, struct step *step, struct err *err)
{
	return err_set(err, ERR_FAILED, "it did not work");
}

static int append_mark(struct operation *op, struct step *step, struct err *err)
{
	AUTO_FREE char *path = inst_home(&op->ctx->inst, "marks");
	AUTO_STRBUF text = STRBUF_INIT;
	int r = fs_read_optional(path, 100, &text, err);

	strbuf_addch(&text, '+');
	return r < 0 ? r : fs_write_str(path, text.buf, 0644, err);
}

static int plan_more(struct operation *op, struct step *step, struct err *err);

/* Starts a program that would take a minute, under a limit of a second. */
static int take_too_long(struct operation *op, struct step *step, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	struct child_status st;
	int r = make(op, step, err);

	strvec_pushl(&c.argv, "sleep", "60", NULL);
	c.cancel_fd = operation_child_fd(op->ctx);
	operation_begin_limit(1);
	if (r >= 0)
		r = child_run(&c, &st, err);
	if (r >= 0)
		r = child_check(&c, &st, err);
	operation_end_limit(r >= 0);
	assert_true(st.cancelled);
	assert_true(operation_interrupted());
	assert_true(operation_out_of_time());
	return r;
}

/* Its limit is over when all has been done. */
static int be_just_in_time(struct operation *op, struct step *step, struct err *err)
{
	struct pollfd fd = { .fd = operation_cancel_fd(), .events = POLLIN };

	operation_begin_limit(600);
	assert_int_equal(raise(SIGALRM), 0);
	assert_true(operation_interrupted());
	operation_end_limit(true);
	assert_false(operation_interrupted());
	assert_int_equal(poll(&fd, 1, 0), 0);
	return make(op, step, err);
}

enum { MAKE, GROW, COMMIT, ONCE, FINISH, FAIL, MAYFAIL, LATE, IN_TIME };
static const struct step_kind kinds[] = {
	[MAKE] = { "t:make", 0, describe, make, unmake },
	[GROW] = { "t:grow", 0, describe, plan_more, unmake },
	[COMMIT] = { "t:commit", STEP_COMMIT, describe, make, unmake },
	[ONCE] = { "t:once", STEP_ONCE, describe, append_mark, NULL },
	[FINISH] = { "t:finish", 0, describe, make, NULL },
	[FAIL] = { "t:fail", 0, describe, refuse, NULL },
	[MAYFAIL] = { "t:mayfail", STEP_MAY_FAIL, describe, refuse, NULL },
	[LATE] = { "t:late", 0, describe, take_too_long, unmake },
	[IN_TIME] = { "t:in-time", 0, describe, be_just_in_time, unmake },
	{},
};

static json_t *file_arg(const char *name)
{
	return json_pack("{s:s}", "file", name);
}

/* Plans the rest while it runs, as a push does after its build. */
static int plan_more(struct operation *op, struct step *step, struct err *err)
{
	int r = make(op, step, err);

	if (r >= 0)
		r = operation_add(op, &kinds[COMMIT], file_arg("c"), err);
	if (r >= 0)
		r = operation_add(op, &kinds[ONCE], NULL, err);
	if (r >= 0)
		r = operation_add(op, &kinds[FINISH], file_arg("d"), err);
	return r;
}

static const struct plugin plugin = { .name = "t", .steps = kinds };
static const struct plugin *const plugins[] = { &plugin, NULL };

static void open_ctx(struct ctx *ctx, const char *dir)
{
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(ctx_init(ctx, "/dev/null", false, &err), 0);
	free(ctx->inst.dokku_root);
	free(ctx->inst.lib_root);
	ctx->inst.dokku_root = path_join(dir, "home");
	ctx->inst.lib_root = path_join(dir, "lib");
	ctx->plugins = plugins;
	assert_int_equal(fs_mkdir_p(ctx->inst.dokku_root, 0755, &err), 0);
}

/* make a, grow b (-> commit c, once, finish d) */
static int run_all(struct ctx *ctx, struct err *err)
{
	struct operation *op;
	int r = app_lock(ctx, "app", APP_LOCK_NOW, err);

	if (r >= 0)
		r = operation_begin(ctx, "test", "app", NULL, NULL, &op, err);
	if (r < 0)
		return r;
	assert_int_equal(operation_add(op, &kinds[MAKE], file_arg("a"), err), 0);
	assert_int_equal(operation_add(op, &kinds[GROW], file_arg("b"), err), 0);
	return operation_run(op, err);
}

static bool there(struct ctx *ctx, const char *name)
{
	AUTO_FREE char *path = inst_home(&ctx->inst, "%s", name);

	return fs_exists(path);
}

static unsigned files(struct ctx *ctx)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	unsigned n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		n += there(ctx, names[i]);
	return n;
}

static char *scratch(void)
{
	char *dir = xstrdup("/tmp/moorage-test-XXXXXX");

	assert_non_null(mkdtemp(dir));
	return dir;
}

static void drop(const char *dir)
{
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(fs_rm_rf(dir, &err), 0);
}

static void steps_run_in_order_and_leave_a_history(void **state)
{
	AUTO_FREE char *dir = scratch();
	AUTO_FREE char *history = path_join(dir, "lib/data/moorage/history");
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;
	struct ctx ctx;

	open_ctx(&ctx, dir);
	assert_int_equal(run_all(&ctx, &err), 0);
	assert_int_equal(files(&ctx), 4);
	assert_false(journal_exists(&ctx, "app"));
	assert_int_equal(fs_list(history, &names, &err), 0);
	assert_int_equal(names.count, 1);
	ctx_done(&ctx);
	drop(dir);
}

/* Runs in a child that is killed at the fault point; returns true if it was. */
static bool run_killed(const char *dir, unsigned step, const char *when)
{
	AUTO_FREE char *fault = path_join(dir, "lib/data/moorage/fault");
	AUTO_FREE char *text = xasprintf("test %u %s", step, when);
	AUTO_ERR err = ERR_INIT;
	int status;
	pid_t pid;

	assert_int_equal(fs_write_str(fault, text, 0644, &err), 0);
	pid = fork();
	if (pid == 0) {
		struct ctx ctx;

		open_ctx(&ctx, dir);
		_exit(run_all(&ctx, &err) < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void recover_and_check(const char *dir, unsigned step, const char *when)
{
	AUTO_ERR err = ERR_INIT;
	AUTO_STRBUF marks = STRBUF_INIT;
	AUTO_FREE char *path = path_join(dir, "home/marks");
	struct ctx ctx;
	bool forward;

	open_ctx(&ctx, dir);
	assert_true(journal_exists(&ctx, "app"));
	assert_int_equal(app_lock(&ctx, "app", APP_LOCK_NOW, &err), 0);
	assert_false(journal_exists(&ctx, "app"));
	forward = step >= 3;
	assert_int_equal(files(&ctx), forward ? 4 : 0);
	assert_true(fs_read_optional(path, 100, &marks, &err) >= 0);
	/* A step that may run only once never ran twice; killed before its effect it may not have. */
	assert_true(marks.len <= 1);
	if (forward && !(step == 4 && str_eq(when, "before")))
		assert_int_equal(marks.len, 1);
	ctx_done(&ctx);
}

static void kill_at_every_boundary_leaves_all_or_nothing(void **state)
{
	static const char *const whens[] = { "before", "effect", "after" };

	for (unsigned step = 1; step <= 5; step++) {
		for (size_t w = 0; w < ARRAY_SIZE(whens); w++) {
			AUTO_FREE char *dir = scratch();

			assert_true(run_killed(dir, step, whens[w]));
			recover_and_check(dir, step, whens[w]);
			drop(dir);
		}
	}
}

static void failure_before_commit_undoes(void **state)
{
	AUTO_FREE char *dir = scratch();
	AUTO_ERR err = ERR_INIT;
	struct operation *op;
	struct ctx ctx;

	open_ctx(&ctx, dir);
	assert_int_equal(app_lock(&ctx, "app", APP_LOCK_NOW, &err), 0);
	assert_int_equal(operation_begin(&ctx, "test", "app", NULL, NULL, &op, &err), 0);
	assert_int_equal(operation_add(op, &kinds[MAKE], file_arg("a"), &err), 0);
	assert_int_equal(operation_add(op, &kinds[FAIL], NULL, &err), 0);
	assert_int_equal(operation_run(op, &err), -ERR_FAILED);
	assert_string_equal(err_text(&err), "it did not work");
	assert_int_equal(files(&ctx), 0);
	assert_false(journal_exists(&ctx, "app"));
	ctx_done(&ctx);
	drop(dir);
}

static int run_one(struct ctx *ctx, const struct step_kind *kind, struct err *err)
{
	struct operation *op;

	assert_int_equal(app_lock(ctx, "app", APP_LOCK_NOW, err), 0);
	assert_int_equal(operation_begin(ctx, "test", "app", NULL, NULL, &op, err), 0);
	assert_int_equal(operation_add(op, kind, file_arg("a"), err), 0);
	assert_int_equal(operation_add(op, &kinds[MAKE], file_arg("b"), err), 0);
	return operation_run(op, err);
}

static void step_that_takes_too_long_is_stopped_and_undone(void **state)
{
	AUTO_FREE char *dir = scratch();
	AUTO_ERR err = ERR_INIT;
	struct ctx ctx;

	open_ctx(&ctx, dir);
	assert_int_equal(run_one(&ctx, &kinds[LATE], &err), -ERR_FAILED);
	assert_string_equal(err_text(&err), "sleep was stopped");
	assert_int_equal(files(&ctx), 0);
	assert_false(journal_exists(&ctx, "app"));
	ctx_done(&ctx);
	drop(dir);
}

static void limit_that_is_over_when_all_is_done_counts_no_more(void **state)
{
	AUTO_FREE char *dir = scratch();
	AUTO_ERR err = ERR_INIT;
	struct ctx ctx;

	open_ctx(&ctx, dir);
	assert_int_equal(run_one(&ctx, &kinds[IN_TIME], &err), 0);
	assert_int_equal(files(&ctx), 2);
	ctx_done(&ctx);
	drop(dir);
}

static void failing_script_after_commit_does_not_stop_the_rest(void **state)
{
	AUTO_FREE char *dir = scratch();
	AUTO_ERR err = ERR_INIT;
	struct operation *op;
	struct ctx ctx;

	open_ctx(&ctx, dir);
	assert_int_equal(app_lock(&ctx, "app", APP_LOCK_NOW, &err), 0);
	assert_int_equal(operation_begin(&ctx, "test", "app", NULL, NULL, &op, &err), 0);
	assert_int_equal(operation_add(op, &kinds[COMMIT], file_arg("c"), &err), 0);
	assert_int_equal(operation_add(op, &kinds[MAYFAIL], NULL, &err), 0);
	assert_int_equal(operation_add(op, &kinds[FINISH], file_arg("d"), &err), 0);
	assert_int_equal(operation_run(op, &err), -ERR_FAILED);
	assert_true(there(&ctx, "c"));
	assert_true(there(&ctx, "d"));
	assert_false(journal_exists(&ctx, "app"));
	ctx_done(&ctx);
	drop(dir);
}

static void must_step_failing_after_commit_is_tried_again(void **state)
{
	AUTO_FREE char *dir = scratch();
	AUTO_ERR err = ERR_INIT;
	struct operation *op;
	struct ctx ctx;

	open_ctx(&ctx, dir);
	assert_int_equal(app_lock(&ctx, "app", APP_LOCK_NOW, &err), 0);
	assert_int_equal(operation_begin(&ctx, "test", "app", NULL, NULL, &op, &err), 0);
	assert_int_equal(operation_add(op, &kinds[COMMIT], file_arg("c"), &err), 0);
	assert_int_equal(operation_add(op, &kinds[FAIL], NULL, &err), 0);
	assert_int_equal(operation_run(op, &err), -ERR_FAILED);
	assert_true(journal_exists(&ctx, "app"));
	assert_true(there(&ctx, "c"));
	ctx_done(&ctx);
	drop(dir);
}

static void dry_run_changes_nothing(void **state)
{
	AUTO_FREE char *dir = scratch();
	AUTO_FREE char *lib = path_join(dir, "lib");
	AUTO_ERR err = ERR_INIT;
	struct operation *op;
	struct ctx ctx;

	open_ctx(&ctx, dir);
	ctx.dry_run = true;
	assert_int_equal(operation_begin(&ctx, "test", "app", NULL, NULL, &op, &err), 0);
	assert_int_equal(operation_add(op, &kinds[MAKE], file_arg("a"), &err), 0);
	assert_int_equal(operation_run(op, &err), 0);
	assert_int_equal(files(&ctx), 0);
	assert_false(fs_exists(lib));
	ctx_done(&ctx);
	drop(dir);
}

static void torn_last_record_is_not_there(void **state)
{
	AUTO_FREE char *dir = scratch();
	AUTO_STRVEC apps = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;
	struct journal *j;
	json_t *records = NULL;
	json_t *one = json_pack("{s:s}", "t", "begin");
	AUTO_FREE char *path = path_join(dir, "lib/data/moorage/operations/app.journal");
	AUTO_STRBUF text = STRBUF_INIT;
	struct ctx ctx;

	open_ctx(&ctx, dir);
	strvec_push(&apps, "app");
	assert_int_equal(journal_create(&ctx, "id", &apps, &j, &err), 0);
	assert_int_equal(journal_append(j, one, true, &err), 0);
	assert_int_equal(journal_append(j, one, true, &err), 0);
	journal_free(j);
	assert_int_equal(fs_read(path, 1 << 20, &text, &err), 0);
	/* One byte of the second record differs. */
	text.buf[strcspn(text.buf, "\n") + 12] ^= 1;
	assert_int_equal(fs_write(path, text.buf, text.len, 0600, &err), 0);
	assert_int_equal(journal_open(&ctx, "app", &j, &records, &err), 0);
	assert_int_equal(json_array_size(records), 1);
	json_decref(records);
	json_decref(one);
	journal_free(j);
	ctx_done(&ctx);
	drop(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_run_in_order_and_leave_a_history),
		cmocka_unit_test(kill_at_every_boundary_leaves_all_or_nothing),
		cmocka_unit_test(failure_before_commit_undoes),
		cmocka_unit_test(step_that_takes_too_long_is_stopped_and_undone),
		cmocka_unit_test(limit_that_is_over_when_all_is_done_counts_no_more),
		cmocka_unit_test(failing_script_after_commit_does_not_stop_the_rest),
		cmocka_unit_test(must_step_failing_after_commit_is_tried_again),
		cmocka_unit_test(dry_run_changes_nothing),
		cmocka_unit_test(torn_last_record_is_not_there),
	};

	output_set_quiet(true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
