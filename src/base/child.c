/* SPDX-License-Identifier: MIT */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/proctree.h"
#include "base/timing.h"

extern char **environ;

enum { KILL_GRACE_MS = 2000, CANCEL_GRACE_MS = 10000, NAP_MS = 20 };

/* What the child reports when it could not become the program. */
struct exec_report {
	int what; /* index into exec_stages */
	int sys_errno;
};

static const char *const exec_stages[] = { "prepare", "enter the folder of", "execute" };

void child_done(struct child *c)
{
	strvec_done(&c->argv);
	strvec_done(&c->env);
	if (c->exec_fd >= 0)
		close(c->exec_fd);
	c->exec_fd = -1;
}

char *child_which(const char *name)
{
	const char *path = getenv("PATH");
	AUTO_STRVEC dirs = STRVEC_INIT;

	if (strchr(name, '/'))
		return fs_is_exec(name) ? xstrdup(name) : NULL;
	strvec_split(&dirs, path ? path : "/usr/local/bin:/usr/bin:/bin", ":");
	for (size_t i = 0; i < dirs.count; i++) {
		char *full = path_join(dirs.items[i], name);

		if (fs_is_exec(full))
			return full;
		free(full);
	}
	return NULL;
}

static void set_env(struct strvec *env, const char *item)
{
	size_t n = strcspn(item, "=");

	for (size_t i = env->count; i-- > 0;) {
		if (strncmp(env->items[i], item, n) == 0 && env->items[i][n] == '=')
			strvec_remove(env, i);
	}
	if (item[n] == '=')
		strvec_push(env, item);
}

static void build_env(const struct child *c, struct strvec *env)
{
	if (!c->clean_env)
		strvec_pushv(env, environ);
	for (size_t i = 0; i < c->env.count; i++)
		set_env(env, c->env.items[i]);
}

/* A plan for one of the three standard streams. */
struct stream {
	int *field;     /* of struct child */
	int child_end;  /* what the child dups onto 0, 1 or 2 */
	int parent_end; /* only for pipes */
	bool close_child_end;
};

static int plan_stream(struct stream *s, int *field, bool child_reads, struct err *err)
{
	int fds[2];

	*s = (struct stream){ .field = field, .child_end = *field, .parent_end = -1 };
	if (*field == CHILD_NULL) {
		s->child_end = open("/dev/null", O_RDWR | O_CLOEXEC);
		s->close_child_end = true;
		return s->child_end < 0 ? err_sys(err, "open '/dev/null'") : 0;
	}
	if (*field != CHILD_PIPE)
		return 0;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, "create a pipe");
	s->child_end = fds[child_reads ? 0 : 1];
	s->parent_end = fds[child_reads ? 1 : 0];
	s->close_child_end = true;
	return 0;
}

/* Only async-signal-safe calls from here to exec. */
NORETURN static void become(const struct child *c, const struct stream streams[3], const char *file,
	char *const *envp, int report_fd)
{
	struct exec_report report = { 0 };
	int fds[3];
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (c->new_group)
		setpgid(0, 0);
	if (c->die_with_parent)
		prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* Move sources out of the way first: one of them may sit on 0, 1 or 2. */
	for (int i = 0; i < 3; i++) {
		fds[i] = streams[i].child_end < 0 ? i : streams[i].child_end;
		if (fds[i] < 3 && fds[i] != i) {
			fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
			if (fds[i] < 0)
				goto fail;
		}
	}
	for (int i = 0; i < 3; i++) {
		if (fds[i] != i && dup2(fds[i], i) < 0)
			goto fail;
	}
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	for (int i = 0; i < 2; i++) {
		if (c->keep_fds[i] >= 0 && fcntl(c->keep_fds[i], F_SETFD, 0) < 0)
			goto fail;
	}
	report.what = 1;
	if (c->cwd && chdir(c->cwd) < 0)
		goto fail;
	report.what = 2;
	execve(file, c->argv.items, envp);
fail:
	report.sys_errno = errno;
	(void)!write(report_fd, &report, sizeof(report));
	_exit(127);
}

static void close_streams(struct stream streams[3], bool failed)
{
	for (int i = 0; i < 3; i++) {
		if (streams[i].close_child_end && streams[i].child_end >= 0)
			close(streams[i].child_end);
		if (failed && streams[i].parent_end >= 0)
			close(streams[i].parent_end);
		else if (streams[i].parent_end >= 0)
			*streams[i].field = streams[i].parent_end;
	}
}

static int await_exec(struct child *c, struct err *err)
{
	struct exec_report report;
	ssize_t n;

	do {
		n = read(c->exec_fd, &report, sizeof(report));
	} while (n < 0 && errno == EINTR);
	close(TAKE_FD(c->exec_fd));
	if (n != (ssize_t)sizeof(report))
		return 0;
	waitpid(c->pid, NULL, 0);
	c->pid = -1;
	return err_sys_errno(err, report.sys_errno, "%s '%s'", exec_stages[report.what],
		c->argv.items[0]);
}

static int spawn(struct child *c, struct stream streams[3], struct err *err)
{
	AUTO_FREE char *file = child_which(c->argv.items[0]);
	AUTO_STRVEC env = STRVEC_INIT;
	int report[2];

	if (!file)
		return err_set(err, ERR_NOT_FOUND, "program '%s' not found", c->argv.items[0]);
	build_env(c, &env);
	if (pipe2(report, O_CLOEXEC) < 0)
		return err_sys(err, "create a pipe");
	c->pid = fork();
	if (c->pid < 0) {
		close(report[0]);
		close(report[1]);
		return err_sys(err, "fork");
	}
	if (c->pid == 0)
		become(c, streams, file, env.items, report[1]);
	close(report[1]);
	if (c->new_group)
		setpgid(c->pid, c->pid);
	c->exec_fd = report[0];
	return await_exec(c, err);
}

int child_start(struct child *c, struct err *err)
{
	struct stream streams[3] = {
		{ .child_end = -1, .parent_end = -1 },
		{ .child_end = -1, .parent_end = -1 },
		{ .child_end = -1, .parent_end = -1 },
	};
	int r = plan_stream(&streams[0], &c->in, true, err);

	if (r == 0)
		r = plan_stream(&streams[1], &c->out, false, err);
	if (r == 0)
		r = plan_stream(&streams[2], &c->err, false, err);
	if (r == 0)
		r = spawn(c, streams, err);
	close_streams(streams, r < 0);
	return r;
}

static void decode(int raw, struct child_status *ret)
{
	if (WIFSIGNALED(raw)) {
		ret->signal = WTERMSIG(raw);
		ret->code = 128 + ret->signal;
	} else {
		ret->signal = 0;
		ret->code = WEXITSTATUS(raw);
	}
}

static void signal_child(const struct child *c, int sig)
{
	kill(c->new_group ? -c->pid : c->pid, sig);
}

/* Waits at most until the deadline; 1 when it ended, 0 when time is up. */
static int wait_until(const struct child *c, uint64_t deadline_ms, int *raw)
{
	uint64_t nap = 1;

	for (;;) {
		pid_t r = waitpid(c->pid, raw, deadline_ms ? WNOHANG : 0);

		if (r == c->pid)
			return 1;
		if (r < 0 && errno != EINTR)
			return -1;
		if (!deadline_ms)
			continue;
		if (now_ms() >= deadline_ms)
			return 0;
		sleep_ms(nap);
		if (nap < NAP_MS)
			nap *= 2;
	}
}

static bool is_cancelled(const struct child *c, int timeout_ms)
{
	struct pollfd fd = { .fd = c->cancel_fd, .events = POLLIN };

	return c->cancel_fd >= 0 && poll(&fd, 1, timeout_ms) > 0;
}

/* Waits until it has ended, is to be stopped, or time is up. */
static void watch(const struct child *c, uint64_t deadline_ms)
{
	AUTO_CLOSE int end = (int)syscall(SYS_pidfd_open, c->pid, 0);
	struct pollfd fds[2] = {
		{ .fd = c->cancel_fd, .events = POLLIN },
		{ .fd = end, .events = POLLIN },
	};

	if (end >= 0)
		(void)poll(fds, 2, deadline_ms ? (int)ms_left(deadline_ms) : -1);
	else
		(void)is_cancelled(c, NAP_MS);
}

/* SIGTERM, time to end, SIGKILL: to all of them. */
static int stop(const struct child *c, int *raw)
{
	AUTO_PROC_TREE tree = PROC_TREE_INIT;
	uint64_t deadline = now_ms() + CANCEL_GRACE_MS;
	bool ended = false;
	pid_t r;

	proc_tree_take(&tree, c->pid);
	(void)proc_tree_signal(&tree, SIGTERM);
	while ((!ended || proc_tree_signal(&tree, 0)) && ms_left(deadline)) {
		r = ended ? 0 : waitpid(c->pid, raw, WNOHANG);
		ended |= r == c->pid;
		if (r < 0 && errno != EINTR)
			return -1;
		sleep_ms(NAP_MS);
	}
	proc_tree_take(&tree, c->pid);
	(void)proc_tree_signal(&tree, SIGKILL);
	return ended ? 1 : wait_until(c, 0, raw);
}

/* As wait_until(); 2 when it was stopped because somebody wished so. */
static int wait_or_stop(const struct child *c, uint64_t deadline_ms, int *raw)
{
	if (c->cancel_fd < 0)
		return wait_until(c, deadline_ms, raw);
	for (;;) {
		pid_t r = waitpid(c->pid, raw, WNOHANG);

		if (r == c->pid)
			return 1;
		if (r < 0 && errno != EINTR)
			return -1;
		if (is_cancelled(c, 0))
			return stop(c, raw) < 0 ? -1 : 2;
		if (deadline_ms && !ms_left(deadline_ms))
			return 0;
		watch(c, deadline_ms);
	}
}

int child_wait(struct child *c, struct child_status *ret, struct err *err)
{
	int raw = 0;
	int r = wait_or_stop(c, c->timeout_ms ? now_ms() + c->timeout_ms : 0, &raw);

	*ret = (struct child_status){ .cancelled = r == 2 };
	if (r == 0) {
		ret->timed_out = true;
		signal_child(c, SIGTERM);
		r = wait_until(c, now_ms() + KILL_GRACE_MS, &raw);
		if (r == 0) {
			signal_child(c, SIGKILL);
			r = wait_until(c, 0, &raw);
		}
	}
	c->pid = -1;
	if (r < 0)
		return err_sys(err, "wait for '%s'", c->argv.items[0]);
	decode(raw, ret);
	return 0;
}

int child_run(struct child *c, struct child_status *ret, struct err *err)
{
	int r = child_start(c, err);

	return r < 0 ? r : child_wait(c, ret, err);
}

/* State of one capture. */
struct pump {
	const struct strbuf *input;
	size_t written;
	struct strbuf *out;
	struct strbuf *err_out;
};

static void feed(struct child *c, struct pump *p)
{
	size_t left = p->input->len - p->written;
	ssize_t n = write(c->in, p->input->buf + p->written, left);

	if (n > 0)
		p->written += (size_t)n;
	if ((n < 0 && errno != EINTR && errno != EAGAIN) || p->written == p->input->len)
		close(TAKE_FD(c->in));
}

static void drain(int *fd, struct strbuf *to)
{
	char chunk[16384];
	ssize_t n = read(*fd, chunk, sizeof(chunk));

	if (n > 0)
		strbuf_add(to, chunk, (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		close(TAKE_FD(*fd));
}

static void pump_streams(struct child *c, struct pump *p)
{
	uint64_t deadline = c->timeout_ms ? now_ms() + c->timeout_ms : 0;

	for (;;) {
		struct pollfd fds[4] = {
			{ .fd = p->input ? c->in : -1, .events = POLLOUT },
			{ .fd = c->out, .events = POLLIN },
			{ .fd = p->err_out ? c->err : -1, .events = POLLIN },
			{ .fd = c->cancel_fd, .events = POLLIN },
		};
		int wait = deadline ? (int)ms_left(deadline) : -1;

		if (fds[0].fd < 0 && fds[1].fd < 0 && fds[2].fd < 0)
			return;
		if (poll(fds, 4, wait) < 0 && errno != EINTR)
			return;
		if ((deadline && now_ms() >= deadline) || is_cancelled(c, 0))
			return;
		if (fds[0].fd >= 0 && fds[0].revents)
			feed(c, p);
		if (fds[1].fd >= 0 && fds[1].revents)
			drain(&c->out, p->out);
		if (fds[2].fd >= 0 && fds[2].revents)
			drain(&c->err, p->err_out);
	}
}

int child_capture(struct child *c, const struct strbuf *input, struct strbuf *out,
	struct strbuf *err_out, struct child_status *ret, struct err *err)
{
	struct pump p = { .input = input, .out = out, .err_out = err_out };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction before;
	uint64_t start = now_ms();
	int r;

	if (input)
		c->in = CHILD_PIPE;
	c->out = CHILD_PIPE;
	c->err = err_out ? CHILD_PIPE : CHILD_INHERIT;
	r = child_start(c, err);
	if (r < 0)
		return r;
	sigaction(SIGPIPE, &ignore, &before);
	if (input && !input->len)
		close(TAKE_FD(c->in));
	pump_streams(c, &p);
	sigaction(SIGPIPE, &before, NULL);
	if (input && c->in >= 0)
		close(TAKE_FD(c->in));
	if (c->out >= 0)
		close(TAKE_FD(c->out));
	if (err_out && c->err >= 0)
		close(TAKE_FD(c->err));
	if (c->timeout_ms) {
		uint64_t spent = now_ms() - start;

		c->timeout_ms = spent < c->timeout_ms ? c->timeout_ms - spent : 1;
	}
	return child_wait(c, ret, err);
}

int child_check(const struct child *c, const struct child_status *st, struct err *err)
{
	const char *name = path_base(c->argv.items[0]);

	if (st->timed_out)
		return err_set(err, ERR_TIMEOUT, "%s took longer than %llu s and was stopped", name,
			(unsigned long long)(c->timeout_ms / 1000));
	if (st->cancelled)
		return err_set(err, ERR_FAILED, "%s was stopped", name);
	if (st->signal)
		return err_set(err, ERR_FAILED, "%s was killed by signal %d", name, st->signal);
	if (st->code)
		return err_set(err, ERR_FAILED, "%s ended with exit code %d", name, st->code);
	return 0;
}
