/* SPDX-License-Identifier: MIT */
/*
 * nginx as a service: through systemd or an init script where there is one, otherwise by signals to
 * the process that the pid file names, provided that it runs the configured program.
 */
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/strvec.h"
#include "base/timing.h"
#include "tools/root.h"

enum {
	STOP_WAIT_MS = 5000,
	POLL_MS = 20,
	PROC_BYTES_MAX = 65536,
	RUN_TIMEOUT_MS = 60000,
};

enum init { INIT_SYSTEMD, INIT_SYSV, INIT_SIGNAL };

/* A process as /proc has it. */
struct proc {
	pid_t parent;
	uint64_t start; /* clock ticks since boot */
	char state;
};

/* Runs it with our streams; a failure of its own has been said by it. */
static int run_argv(struct child *c, struct err *err)
{
	struct child_status st;
	int r;

	c->timeout_ms = RUN_TIMEOUT_MS;
	c->new_group = true;
	r = child_run(c, &st, err);
	if (r < 0)
		return r;
	if (st.timed_out || st.signal)
		return child_check(c, &st, err);
	return st.code ? err_exit(err, st.code) : 0;
}

/* The program runs as root, so nobody else may have a say in what it is or reads first. */
static int run_nginx(const struct root_conf *c, bool test, struct err *err)
{
	AUTO_CHILD child = CHILD_INIT;
	int r;

	if ((r = root_check_file(c->nginx_bin, err)) < 0 ||
		(r = root_check_file(c->nginx_conf, err)) < 0)
		return r;
	strvec_pushl(&child.argv, c->nginx_bin, "-c", c->nginx_conf, test ? "-t" : NULL, NULL);
	return run_argv(&child, err);
}

static char *init_script(const struct root_conf *c)
{
	return path_join("/etc/init.d", c->nginx_service);
}

static int find_init(const struct root_conf *c, enum init *ret, struct err *err)
{
	AUTO_FREE char *script = init_script(c);

	if (str_eq(c->nginx_init, "systemd"))
		*ret = INIT_SYSTEMD;
	else if (str_eq(c->nginx_init, "sysv"))
		*ret = INIT_SYSV;
	else if (str_eq(c->nginx_init, "signal"))
		*ret = INIT_SIGNAL;
	else if (!str_eq(c->nginx_init, "auto"))
		return err_set(err, ERR_INVALID,
			"setting 'nginx_init' is none of auto, systemd, sysv and signal");
	else if (fs_is_dir("/run/systemd/system"))
		*ret = INIT_SYSTEMD;
	else
		*ret = fs_is_exec(script) ? INIT_SYSV : INIT_SIGNAL;
	return 0;
}

static int by_systemd(const struct root_conf *c, const char *verb, struct err *err)
{
	AUTO_CHILD child = CHILD_INIT;

	strvec_pushl(&child.argv, "systemctl", verb, NULL);
	if (str_eq(verb, "is-active"))
		strvec_push(&child.argv, "--quiet");
	strvec_push(&child.argv, c->nginx_service);
	return run_argv(&child, err);
}

static int by_script(const struct root_conf *c, const char *verb, struct err *err)
{
	AUTO_CHILD child = CHILD_INIT;
	AUTO_FREE char *script = init_script(c);
	int r;

	if (str_eq(verb, "enable") || str_eq(verb, "disable")) {
		strvec_pushl(&child.argv, "update-rc.d", c->nginx_service, verb, NULL);
		return run_argv(&child, err);
	}
	r = root_check_file(script, err);
	if (r < 0)
		return r;
	strvec_pushl(&child.argv, script, verb, NULL);
	return run_argv(&child, err);
}

/* Fields 3, 4 and 22 of /proc/PID/stat; the name before them may hold anything. */
static bool parse_stat(const char *text, struct proc *ret)
{
	AUTO_STRVEC fields = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT; /* what does not parse is no process */
	const char *end = strrchr(text, ')');
	uint64_t parent;

	if (!end)
		return false;
	strvec_split(&fields, end + 1, " \n");
	if (fields.count < 20 || strlen(fields.items[0]) != 1 ||
		parse_uint(fields.items[1], 0, INT32_MAX, &parent, &ignored) < 0 ||
		parse_uint(fields.items[19], 0, UINT64_MAX, &ret->start, &ignored) < 0)
		return false;
	ret->parent = (pid_t)parent;
	ret->state = fields.items[0][0];
	return true;
}

static bool proc_look(pid_t pid, struct proc *ret)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/stat", (int)pid);
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT; /* gone meanwhile */

	return fs_read(path, PROC_BYTES_MAX, &text, &ignored) >= 0 && parse_stat(text.buf, ret) &&
	       ret->state != 'Z' && ret->state != 'X';
}

/* A program that was upgraded under its running process is still it. */
static bool runs_program(pid_t pid, const char *program)
{
	AUTO_FREE char *link = xasprintf("/proc/%d/exe", (int)pid);
	AUTO_FREE char *real = realpath(program, NULL);
	char exe[4096];
	ssize_t n = readlink(link, exe, sizeof(exe) - 1);
	const char *rest;

	if (n < 0 || !real)
		return false;
	exe[n] = '\0';
	rest = str_after(exe, real);
	return rest && (!*rest || str_eq(rest, " (deleted)"));
}

/* The master's pid, or 0 when nginx does not run. */
static pid_t find_master(const struct root_conf *c)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT; /* no readable pid file: not running */
	struct proc p;
	uint64_t pid;

	if (fs_read(c->nginx_pid, 64, &text, &ignored) < 0)
		return 0;
	strbuf_trim(&text);
	if (parse_uint(text.buf, 2, INT32_MAX, &pid, &ignored) < 0 || !proc_look((pid_t)pid, &p) ||
		!runs_program((pid_t)pid, c->nginx_bin))
		return 0;
	return (pid_t)pid;
}

static bool wait_gone(pid_t pid, uint64_t start)
{
	uint64_t deadline = now_ms() + STOP_WAIT_MS;
	struct proc p;

	while (proc_look(pid, &p) && p.start == start) {
		if (!ms_left(deadline))
			return false;
		sleep_ms(POLL_MS);
	}
	return true;
}

/* Lets requests finish for a while, then does not. */
static int stop_master(const struct root_conf *c, struct err *err)
{
	static const int signals[] = { SIGQUIT, SIGTERM };
	pid_t master = find_master(c);
	struct proc p;

	if (!master || !proc_look(master, &p))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (kill(master, signals[i]) < 0 && errno != ESRCH)
			return err_sys(err, "signal nginx");
		if (wait_gone(master, p.start))
			return 0;
	}
	return err_set(err, ERR_TIMEOUT, "nginx (process %d) does not stop", (int)master);
}

static int by_signal(const struct root_conf *c, const char *verb, struct err *err)
{
	pid_t master = find_master(c);
	int r;

	if (str_eq(verb, "is-active"))
		return master ? 0 : err_exit(err, ROOT_EXIT_INACTIVE);
	if (str_eq(verb, "stop"))
		return stop_master(c, err);
	if (str_eq(verb, "restart")) {
		r = stop_master(c, err);
		return r < 0 ? r : run_nginx(c, false, err);
	}
	if (str_eq(verb, "start"))
		return master ? 0 : run_nginx(c, false, err);
	if (!str_eq(verb, "reload"))
		return err_set(err, ERR_FAILED,
			"cannot %s nginx: no init system runs on this machine", verb);
	if (!master)
		return err_set(err, ERR_FAILED, "nginx is not running (by '%s')", c->nginx_pid);
	if (kill(master, SIGHUP) < 0)
		return err_sys(err, "signal nginx");
	return 0;
}

/* "running" or "shutting-down" for a worker, NULL for other processes (cache manager and so on). */
static const char *worker_state(pid_t pid)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/cmdline", (int)pid);
	AUTO_STRBUF title = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT; /* gone meanwhile */

	if (fs_read(path, PROC_BYTES_MAX, &title, &ignored) < 0 ||
		!str_starts(title.buf, "nginx: worker process"))
		return NULL;
	return strstr(title.buf, "shutting down") ? "shutting-down" : "running";
}

static int print_workers(const struct root_conf *c, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	pid_t master = find_master(c);
	struct proc p;
	int r;

	if (!master || !proc_look(master, &p))
		return err_set(err, ERR_FAILED, "nginx is not running (by '%s')", c->nginx_pid);
	printf("master %d %llu\n", (int)master, (unsigned long long)p.start);
	r = fs_list("/proc", &names, err);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_ERR ignored = ERR_INIT; /* not a process */
		const char *state;
		uint64_t pid;

		if (!isdigit((unsigned char)*names.items[i]) ||
			parse_uint(names.items[i], 2, INT32_MAX, &pid, &ignored) < 0 ||
			!proc_look((pid_t)pid, &p) || p.parent != master)
			continue;
		state = worker_state((pid_t)pid);
		if (state)
			printf("worker %d %llu %s\n", (int)pid, (unsigned long long)p.start, state);
	}
	if (r >= 0 && fflush(stdout) == EOF)
		r = err_sys(err, "write the answer");
	return r;
}

int root_nginx(const struct root_conf *c, const char *verb, struct err *err)
{
	static const char *const verbs[] = { "reload", "start", "stop", "restart", "is-active",
		"enable", "disable" };
	enum init init = INIT_SIGNAL;
	size_t i = 0;
	int r;

	if (str_eq(verb, "test"))
		return run_nginx(c, true, err);
	if (str_eq(verb, "workers"))
		return print_workers(c, err);
	while (i < ARRAY_SIZE(verbs) && !str_eq(verb, verbs[i]))
		i++;
	if (i == ARRAY_SIZE(verbs))
		return err_set(err, ERR_USAGE, "unknown verb for nginx");
	r = find_init(c, &init, err);
	if (r < 0)
		return r;
	if (init == INIT_SYSTEMD)
		return by_systemd(c, verb, err);
	/* Init scripts know no is-active; the pid file does. */
	if (init == INIT_SYSV && !str_eq(verb, "is-active"))
		return by_script(c, verb, err);
	return by_signal(c, verb, err);
}
