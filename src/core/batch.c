/* SPDX-License-Identifier: MIT */
#include "core/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/timing.h"
#include "core/app.h"
#include "core/load.h"
#include "core/output.h"

enum { ADAPT_MS = 100, ADAPT_POLL_MS = 2 };

struct job {
	struct child child;
	const char *app; /* NULL: a free place */
};

struct batch {
	struct ctx *ctx;
	const char *verb;
	const char *command;
	const struct strvec *flags;
	struct job *jobs;
	size_t places;
	size_t running;
	bool serial;
	bool adaptive; /* beyond one per CPU, only while the machine is not busy */
	int failures;
	int first_code;
};

int batch_parallel(const char *text, int *ret, struct err *err)
{
	AUTO_ERR ignored = ERR_INIT;
	int64_t n;

	if (str_eq(text, "auto")) {
		*ret = BATCH_AUTO;
		return 0;
	}
	if (parse_int(text, INT32_MIN, INT32_MAX, &n, &ignored) < 0)
		return err_user(err, ERR_USAGE, 2,
			"invalid argument \"%s\" for \"--parallel\" flag: not a number", text);
	if (n < -1 || n > BATCH_PARALLEL_MAX)
		return err_set(err, ERR_USAGE, "Invalid value %d for --parallel flag", (int)n);
	*ret = (int)n;
	return 0;
}

static struct job *free_place(struct batch *b)
{
	for (size_t i = 0; i < b->places; i++) {
		if (!b->jobs[i].app)
			return &b->jobs[i];
	}
	return NULL;
}

static void note_failure(struct batch *b, const char *app, int code, const char *why)
{
	out_warn("Error running %s against %s%s: %s", b->verb, b->serial ? "app " : "", app, why);
	b->failures++;
	if (!b->first_code)
		b->first_code = code;
}

static void start(struct batch *b, const char *app)
{
	AUTO_ERR err = ERR_INIT;
	struct job *job = free_place(b);

	if (b->serial)
		out_info1("Running %s against app %s", b->verb, app);
	else
		out_info1("Running command against %s", app);
	out_flush();
	job->child = (struct child)CHILD_INIT;
	strvec_push(&job->child.argv, "/proc/self/exe");
	if (b->ctx->trace)
		strvec_push(&job->child.argv, "--trace");
	strvec_push(&job->child.argv, b->command);
	strvec_pushv(&job->child.argv, b->flags->items);
	if (b->ctx->dry_run)
		strvec_push(&job->child.argv, "--dry-run");
	strvec_push(&job->child.argv, app);
	if (child_start(&job->child, &err) < 0) {
		note_failure(b, app, 1, err_text(&err));
		child_done(&job->child);
		return;
	}
	job->app = app;
	b->running++;
}

/* The place of whichever child has ended; it is still to be waited for. NULL: none is left or, with
 * WNOHANG in FLAGS, none has ended. */
static struct job *ended(struct batch *b, int flags)
{
	for (;;) {
		siginfo_t info = { 0 };

		if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | flags) < 0) {
			if (errno == EINTR)
				continue;
			b->running = 0;
			return NULL;
		}
		if (!info.si_pid)
			return NULL;
		for (size_t i = 0; i < b->places; i++) {
			if (b->jobs[i].app && b->jobs[i].child.pid == info.si_pid)
				return &b->jobs[i];
		}
		/* Nobody's: an orphan that was given to us. */
		waitpid(info.si_pid, NULL, 0);
	}
}

/* False when nothing has ended. */
static bool reap(struct batch *b, int flags)
{
	AUTO_ERR err = ERR_INIT;
	struct child_status st = { 0 };
	struct job *job = ended(b, flags);

	if (!job)
		return false;
	if (child_wait(&job->child, &st, &err) < 0 || child_check(&job->child, &st, &err) < 0) {
		AUTO_FREE char *why =
			st.code ? xasprintf("exit code %d", st.code) : xstrdup(err_text(&err));

		note_failure(b, job->app, st.code ? st.code : 1, why);
	}
	child_done(&job->child);
	job->app = NULL;
	b->running--;
	return true;
}

/* Until another may be started. */
static void wait_for_place(struct batch *b)
{
	while (b->running == b->places)
		(void)reap(b, 0);
	while (b->adaptive && b->running >= machine_cpus()) {
		uint64_t deadline = now_ms() + ADAPT_MS;

		/* What was started just now does not count yet; what has nothing to do soon ends. */
		for (; ms_left(deadline); sleep_ms(ADAPT_POLL_MS)) {
			if (reap(b, WNOHANG))
				return;
		}
		if (!machine_is_busy())
			return;
	}
}

/* How many at once; says so as Dokku does. */
static size_t choose_places(struct batch *b, int parallel)
{
	if (parallel == BATCH_AUTO) {
		b->adaptive = true;
		return BATCH_PARALLEL_MAX;
	}
	if (parallel == -1) {
		parallel = (int)machine_cpus();
		out_warn("Setting --parallel=-1 value to CPU count of %d", parallel);
	}
	b->serial = parallel <= 1;
	if (b->serial)
		out_warn("Running %s in serial mode", b->verb);
	return parallel <= 1 ? 1 : (size_t)parallel;
}

int batch_run(struct ctx *ctx, const char *verb, const char *command, const struct strvec *flags,
	int parallel, struct err *err)
{
	struct batch b = { .ctx = ctx, .verb = verb, .command = command, .flags = flags };
	AUTO_STRVEC apps = STRVEC_INIT;
	AUTO_FREE struct job *jobs = NULL;
	int r;

	b.places = choose_places(&b, parallel);
	r = app_list(ctx, &apps, err);
	if (r < 0)
		return r;
	if (!apps.count)
		out_warn("%s", app_none_text);
	b.jobs = jobs = xcalloc(b.places, sizeof(*jobs));
	for (size_t i = 0; i < apps.count; i++) {
		wait_for_place(&b);
		start(&b, apps.items[i]);
	}
	while (b.running)
		(void)reap(&b, 0);
	if (!b.failures)
		return 0;
	if (b.serial)
		return err_user(err, ERR_FAILED, b.first_code, "%s command returned %d errors",
			verb, b.failures);
	return err_user(err, ERR_FAILED, b.first_code, "Encountered %d errors during parallel run",
		b.failures);
}
