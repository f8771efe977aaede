/* SPDX-License-Identifier: MIT */
/*
 * Every call of lib/engine against a real Docker Engine.
 *
 * usage: test-engine-live SOCKET IMAGE [REGISTRY]
 * IMAGE is one with a shell and the usual commands (busybox), REGISTRY ("127.0.0.1:5000")
 * one to push to; without it only the failures of push and pull are tried. What the run makes is
 * named after its process id and removed again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/timing.h"
#include "lib/engine/attach.h"
#include "lib/engine/containers.h"
#include "lib/engine/engine.h"
#include "lib/engine/exec.h"
#include "lib/engine/images.h"
#include "lib/engine/networks.h"
#include "lib/engine/volumes.h"

struct live {
	struct engine e;
	struct err err;
	const char *image;
	const char *registry;
	char name[64];
};

#define OK(call) ok(l, (call), #call)

static void ok(struct live *l, int r, const char *what)
{
	if (r < 0)
		fail_msg("%s: %s", what, err_text(&l->err));
}

static void refused(struct live *l, int r, enum err_kind kind)
{
	assert_int_equal(r, -(int)kind);
	assert_int_equal(l->err.kind, kind);
	err_clear(&l->err);
}

/* Creates a container that runs a shell command, for free(). */
static char *make(struct live *l, const char *command, bool tty, bool in)
{
	json_auto_t *config = json_pack("{s:s, s:[s,s,s], s:b, s:b, s:b, s:b, s:b, s:{s:s}}",
		"Image", l->image, "Cmd", "sh", "-c", command, "Tty", (int)tty, "OpenStdin",
		(int)in, "StdinOnce", (int)in, "AttachStdout", 1, "AttachStderr", 1, "Labels",
		"live", l->name);
	char *id = NULL;

	OK(engine_container_create(&l->e, l->name, config, &id, &l->err));
	return id;
}

static void drop(struct live *l, const char *id)
{
	OK(engine_container_remove(&l->e, id, true, true, &l->err));
}

/* A fresh temporary file with TEXT in it. */
static int file_with(const char *text)
{
	char path[] = "/tmp/moorage-live-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void read_all(int fd, struct strbuf *out)
{
	char chunk[4096];
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		strbuf_add(out, chunk, (size_t)n);
}

/* Output of a program as an open pipe, for build contexts. */
static int pipe_from(struct child *c, struct err *err)
{
	c->out = CHILD_PIPE;
	assert_int_equal(child_start(c, err), 0);
	return c->out;
}

static void end(struct child *c, struct err *err)
{
	struct child_status status;

	close(c->out);
	assert_int_equal(child_wait(c, &status, err), 0);
	assert_int_equal(status.code, 0);
	child_done(c);
}

static int setup(void **state)
{
	struct live *l = *state;

	snprintf(l->name, sizeof(l->name), "moorage-live-%d", (int)getpid());
	return 0;
}

/* What a failed test has left; after one that passed there is nothing. */
static int teardown(void **state)
{
	static const char *const nets[] = { "-a", "-b" };
	struct live *l = *state;

	err_clear(&l->err);
	(void)!engine_container_remove(&l->e, l->name, true, true, &l->err);
	(void)!engine_volume_remove(&l->e, l->name, true, &l->err);
	for (size_t i = 0; i < ARRAY_SIZE(nets); i++) {
		AUTO_FREE char *net = xasprintf("%s%s", l->name, nets[i]);

		(void)!engine_network_remove(&l->e, net, &l->err);
	}
	err_clear(&l->err);
	return 0;
}

static void engine_tells_about_itself(void **state)
{
	struct live *l = *state;
	json_auto_t *version = NULL;
	json_auto_t *info = NULL;

	OK(engine_ping(&l->e, &l->err));
	OK(engine_version(&l->e, &version, &l->err));
	OK(engine_info(&l->e, &info, &l->err));
	assert_non_null(json_object_get(version, "ApiVersion"));
	assert_non_null(json_object_get(info, "DockerRootDir"));
	assert_true(engine_api(&l->e, &l->err) >= ENGINE_API_MIN);
}

static void container_lives_and_dies(void **state)
{
	struct live *l = *state;
	AUTO_FREE char *id =
		make(l, "trap 'exit 7' TERM; while :; do sleep 0.05; done", false, false);
	AUTO_FREE char *other = xasprintf("%s.renamed", l->name);
	json_auto_t *filters = json_pack("{s:[s+]}", "label", "live=", l->name);
	json_auto_t *update = json_pack("{s:{s:s, s:i}}", "RestartPolicy", "Name", "on-failure",
		"MaximumRetryCount", 3);
	json_auto_t *list = NULL;
	json_auto_t *seen = NULL;
	json_auto_t *top = NULL;
	int code = -1;

	refused(l, engine_container_kill(&l->e, id, NULL, &l->err), ERR_EXISTS);
	OK(engine_container_start(&l->e, id, &l->err));
	OK(engine_container_start(&l->e, id, &l->err));
	refused(l, engine_container_remove(&l->e, id, false, false, &l->err), ERR_EXISTS);
	OK(engine_container_list(&l->e, false, filters, &list, &l->err));
	assert_int_equal(json_array_size(list), 1);
	OK(engine_container_rename(&l->e, id, other, &l->err));
	OK(engine_container_update(&l->e, id, update, &l->err));
	OK(engine_container_inspect(&l->e, other, &seen, &l->err));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json_object_get(seen,
										    "HostConfig"),
								    "RestartPolicy"),
				 "MaximumRetryCount")),
		3);
	assert_non_null(engine_container_address(seen, NULL));
	OK(engine_container_top(&l->e, id, NULL, &top, &l->err));
	assert_true(json_array_size(json_object_get(top, "Processes")) >= 1);
	refused(l, engine_container_wait(&l->e, id, NULL, 50, &code, &l->err), ERR_TIMEOUT);
	OK(engine_container_stop(&l->e, id, 10, &l->err));
	OK(engine_container_stop(&l->e, id, 10, &l->err));
	OK(engine_container_wait(&l->e, id, NULL, 10000, &code, &l->err));
	assert_int_equal(code, 7);
	OK(engine_container_restart(&l->e, id, 10, &l->err));
	OK(engine_container_kill(&l->e, id, "SIGKILL", &l->err));
	OK(engine_container_wait(&l->e, id, "not-running", 10000, &code, &l->err));
	assert_int_equal(code, 137);
	drop(l, id);
	refused(l, engine_container_inspect(&l->e, id, &seen, &l->err), ERR_NOT_FOUND);
}

static void names_are_unique_and_images_must_exist(void **state)
{
	struct live *l = *state;
	AUTO_FREE char *id = make(l, "true", false, false);
	json_auto_t *config = json_pack("{s:s}", "Image", l->image);
	json_auto_t *nothing = json_pack("{s:s}", "Image", "moorage-live-no-such-image:1");
	char *other = NULL;

	refused(l, engine_container_create(&l->e, l->name, config, &other, &l->err), ERR_EXISTS);
	refused(l, engine_container_create(&l->e, NULL, nothing, &other, &l->err), ERR_NOT_FOUND);
	assert_null(other);
	drop(l, id);
}

struct logs {
	struct strbuf out;
	struct strbuf err;
};

static int to_logs(void *ctx, int stream, const void *data, size_t len, struct err *err)
{
	struct logs *logs = ctx;

	strbuf_add(stream == STREAM_STDERR ? &logs->err : &logs->out, data, len);
	return 0;
}

static void logs_come_apart(void **state)
{
	struct live *l = *state;
	struct engine_log_opts opts = { .follow = true, .out = true, .err = true, .tail = -1 };

	for (int tty = 0; tty < 2; tty++) {
		struct logs logs = { .out = STRBUF_INIT, .err = STRBUF_INIT };
		AUTO_FREE char *id = make(l, "echo one; sleep 0.2; echo two >&2", tty, false);

		opts.follow = true;
		opts.tail = -1;
		OK(engine_container_start(&l->e, id, &l->err));
		OK(engine_container_logs(&l->e, id, &opts, to_logs, &logs, &l->err));
		assert_string_equal(logs.out.buf, tty ? "one\r\ntwo\r\n" : "one\n");
		assert_string_equal(logs.err.buf, tty ? "" : "two\n");
		strbuf_clear(&logs.out);
		strbuf_clear(&logs.err);
		opts.follow = false;
		opts.tail = 1;
		OK(engine_container_logs(&l->e, id, &opts, to_logs, &logs, &l->err));
		assert_string_equal(logs.out.buf, tty ? "two\r\n" : "");
		assert_string_equal(logs.err.buf, tty ? "" : "two\n");
		strbuf_done(&logs.out);
		strbuf_done(&logs.err);
		drop(l, id);
	}
}

static void run_carries_all_three_streams(void **state)
{
	struct live *l = *state;
	AUTO_STRBUF big = STRBUF_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_STRBUF err = STRBUF_INIT;
	AUTO_FREE char *id = make(l, "echo to-err >&2; cat; exit 5", false, true);
	struct engine_io io = { .out = file_with(""), .err = file_with("") };
	int code = -1;

	for (int i = 0; i < 100000; i++)
		strbuf_addf(&big, "line %d\n", i);
	io.in = file_with(big.buf);
	OK(engine_container_run(&l->e, id, &io, NULL, &code, &l->err));
	assert_int_equal(code, 5);
	read_all(io.out, &out);
	read_all(io.err, &err);
	assert_int_equal(out.len, big.len);
	assert_true(memcmp(out.buf, big.buf, big.len) == 0);
	assert_string_equal(err.buf, "to-err\n");
	drop(l, id);
	close(io.in);
	close(io.out);
	close(io.err);
}

static void run_reports_a_program_that_does_not_exist(void **state)
{
	struct live *l = *state;
	json_auto_t *config = json_pack("{s:s, s:[s]}", "Image", l->image, "Cmd", "/no/such/one");
	struct engine_io io = { .in = -1, .out = -1, .err = -1 };
	char *id = NULL;
	int code = -1;

	OK(engine_container_create(&l->e, NULL, config, &id, &l->err));
	assert_true(engine_container_run(&l->e, id, &io, NULL, &code, &l->err) < 0);
	assert_non_null(strstr(l->err.msg.buf, "/no/such/one"));
	err_clear(&l->err);
	drop(l, id);
	free(id);
}

/* A terminal on our side: output arrives, the size gets through, the mode is restored. */
static void run_with_a_terminal(void **state)
{
	struct live *l = *state;
	struct winsize size = { .ws_row = 33, .ws_col = 77 };
	struct termios before;
	struct termios after;
	AUTO_FREE char *id =
		make(l, "sleep 0.3; stty size; read x; echo got-$x; exit 4", true, true);
	AUTO_STRBUF text = STRBUF_INIT;
	struct engine_io io = { .err = -1, .tty = true };
	char chunk[4096];
	int code = -1;
	int master;
	int slave;
	ssize_t n;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
	assert_int_equal(tcgetattr(slave, &before), 0);
	assert_int_equal(write(master, "word\n", 5), 5);
	io.in = io.out = slave;
	OK(engine_container_run(&l->e, id, &io, NULL, &code, &l->err));
	assert_int_equal(code, 4);
	assert_int_equal(tcgetattr(slave, &after), 0);
	assert_int_equal(before.c_lflag, after.c_lflag);
	fcntl(master, F_SETFL, O_NONBLOCK);
	while ((n = read(master, chunk, sizeof(chunk))) > 0)
		strbuf_add(&text, chunk, (size_t)n);
	assert_non_null(strstr(text.buf, "33 77"));
	assert_non_null(strstr(text.buf, "got-word"));
	close(master);
	close(slave);
	drop(l, id);
}

/* A child that sends SIG to us when it reads that the container is ready. */
static pid_t signal_when_ready(int from, int sig)
{
	char said[256] = "";
	size_t len = 0;
	pid_t us = getpid();
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	while (!strstr(said, "ready") && len < sizeof(said) - 1) {
		ssize_t n = read(from, said + len, sizeof(said) - 1 - len);

		if (n <= 0)
			_exit(1);
		len += (size_t)n;
	}
	kill(us, sig);
	_exit(0);
}

static void a_signal_ends_a_terminal_session_and_restores_the_terminal(void **state)
{
	struct live *l = *state;
	AUTO_FREE char *id = make(l, "echo ready; sleep 20", true, true);
	struct engine_io io = { .err = -1, .tty = true };
	struct termios before;
	struct termios after;
	pid_t pid;
	int code = -1;
	int master;
	int slave;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(slave, &before), 0);
	io.in = io.out = slave;
	pid = signal_when_ready(master, SIGTERM);
	refused(l, engine_container_run(&l->e, id, &io, NULL, &code, &l->err), ERR_FAILED);
	assert_int_equal(tcgetattr(slave, &after), 0);
	assert_int_equal(before.c_lflag, after.c_lflag);
	waitpid(pid, NULL, 0);
	close(master);
	close(slave);
	drop(l, id);
}

static void run_with_auto_remove_still_gives_the_code(void **state)
{
	struct live *l = *state;
	json_auto_t *config = json_pack("{s:s, s:[s,s,s], s:{s:b}}", "Image", l->image, "Cmd", "sh",
		"-c", "exit 42", "HostConfig", "AutoRemove", 1);
	struct engine_io io = { .in = -1, .out = -1, .err = -1 };
	json_t *gone = NULL;
	char *id = NULL;
	int code = -1;

	OK(engine_container_create(&l->e, NULL, config, &id, &l->err));
	OK(engine_container_run(&l->e, id, &io, "removed", &code, &l->err));
	assert_int_equal(code, 42);
	refused(l, engine_container_inspect(&l->e, id, &gone, &l->err), ERR_NOT_FOUND);
	free(id);
}

static void signals_are_forwarded(void **state)
{
	struct live *l = *state;
	AUTO_FREE char *id = make(l, "trap 'exit 9' INT; echo ready; while :; do sleep 0.05; done",
		false, false);
	struct engine_io io = { .in = -1, .err = -1, .forward_signals = true };
	int code = -1;
	int out[2];
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	io.out = out[1];
	pid = signal_when_ready(out[0], SIGINT);
	OK(engine_container_run(&l->e, id, &io, NULL, &code, &l->err));
	assert_int_equal(code, 9);
	waitpid(pid, NULL, 0);
	close(out[0]);
	close(out[1]);
	drop(l, id);
}

static void attach_follows_a_running_container(void **state)
{
	struct live *l = *state;
	AUTO_FREE char *id = make(l, "sleep 0.5; echo late", false, false);
	AUTO_STRBUF out = STRBUF_INIT;
	struct engine_io io = { .in = -1, .out = file_with(""), .err = -1 };

	OK(engine_container_start(&l->e, id, &l->err));
	OK(engine_container_attach(&l->e, id, &io, &l->err));
	read_all(io.out, &out);
	assert_string_equal(out.buf, "late\n");
	close(io.out);
	drop(l, id);
}

static void exec_runs_beside(void **state)
{
	struct live *l = *state;
	AUTO_FREE char *id = make(l, "sleep 60", false, false);
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" },
		(char[]){ "echo $V-$(pwd)-$(id -u); cat >&2; exit 3" }, NULL };
	char *env[] = { (char[]){ "V=x y" }, NULL };
	char *missing[] = { (char[]){ "/no/such" }, NULL };
	char *slow[] = { (char[]){ "sleep" }, (char[]){ "5" }, NULL };
	char *stty[] = { (char[]){ "sh" }, (char[]){ "-c" },
		(char[]){ "test -t 1 && echo terminal" }, NULL };
	struct engine_exec x = { .argv = argv, .env = env, .workdir = "/tmp", .user = "65534" };
	struct engine_io io = { .in = -1, .out = file_with(""), .err = -1, .tty = true };
	AUTO_STRBUF input = STRBUF_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_STRBUF err_out = STRBUF_INIT;
	uint64_t start_ms;
	int code = -1;

	refused(l, engine_exec_capture(&l->e, id, &x, NULL, &out, NULL, 0, &code, &l->err),
		ERR_EXISTS);
	OK(engine_container_start(&l->e, id, &l->err));
	for (int i = 0; i < 50000; i++)
		strbuf_addstr(&input, "0123456789");
	OK(engine_exec_capture(&l->e, id, &x, &input, &out, &err_out, 20000, &code, &l->err));
	assert_int_equal(code, 3);
	assert_string_equal(out.buf, "x y-/tmp-65534\n");
	assert_int_equal(err_out.len, input.len);
	x = (struct engine_exec){ .argv = missing };
	OK(engine_exec_capture(&l->e, id, &x, NULL, &out, &err_out, 0, &code, &l->err));
	assert_in_range(code, 126, 127);
	x.argv = slow;
	start_ms = now_ms();
	refused(l, engine_exec_capture(&l->e, id, &x, NULL, &out, NULL, 100, &code, &l->err),
		ERR_TIMEOUT);
	assert_true(now_ms() - start_ms < 3000);
	x.argv = stty;
	OK(engine_exec_run(&l->e, id, &x, &io, &code, &l->err));
	assert_int_equal(code, 0);
	strbuf_clear(&out);
	read_all(io.out, &out);
	assert_string_equal(out.buf, "terminal\r\n");
	close(io.out);
	drop(l, id);
}

static int to_file(void *ctx, const void *data, size_t len, struct err *err)
{
	return fs_write_all(*(int *)ctx, data, len) < 0 ? err_sys(err, "write") : 0;
}

static void archives_and_commit(void **state)
{
	struct live *l = *state;
	AUTO_FREE char *id = make(l, "cat /tmp/copy/greeting", false, false);
	AUTO_FREE char *image = NULL;
	AUTO_FREE char *ref = xasprintf("%s/a:v1", l->name);
	AUTO_FREE char *repo = xasprintf("%s/a", l->name);
	struct child tar = CHILD_INIT;
	struct engine_commit opts = { .repo = repo, .tag = "v1", .message = "a & b" };
	char *changes[] = { (char[]){ "ENV A=\"b c\"" }, (char[]){ "LABEL live=1" }, NULL };
	json_auto_t *seen = NULL;
	int copy = file_with("");
	AUTO_STRBUF text = STRBUF_INIT;

	strvec_pushl(&tar.argv, "sh", "-c",
		"d=$(mktemp -d) && mkdir $d/copy && echo hello >$d/copy/greeting && "
		"tar -C $d -c copy && rm -r $d",
		NULL);
	OK(engine_archive_put_fd(&l->e, id, "/tmp", pipe_from(&tar, &l->err), &l->err));
	end(&tar, &l->err);
	OK(engine_archive_get(&l->e, id, "/tmp/copy/greeting", to_file, &copy, &l->err));
	read_all(copy, &text);
	assert_true(text.len >= 1024);
	assert_string_equal(text.buf, "greeting");
	OK(engine_archive_put(&l->e, id, "/root", text.buf, text.len, &l->err));
	refused(l, engine_archive_get(&l->e, id, "/no/such", to_file, &copy, &l->err),
		ERR_NOT_FOUND);
	opts.changes = changes;
	OK(engine_container_commit(&l->e, id, &opts, &image, &l->err));
	OK(engine_image_inspect(&l->e, ref, &seen, &l->err));
	assert_string_equal(json_string_value(json_object_get(seen, "Id")), image);
	assert_string_equal(json_string_value(
				    json_object_get(json_object_get(json_object_get(seen, "Config"),
							    "Labels"),
					    "live")),
		"1");
	OK(engine_image_remove(&l->e, ref, false, false, &l->err));
	close(copy);
	drop(l, id);
}

static void count(void *ctx, const json_t *message)
{
	if (json_object_get(message, "stream"))
		(*(int *)ctx)++;
}

static void count_status(void *ctx, const json_t *message)
{
	if (json_object_get(message, "status"))
		(*(int *)ctx)++;
}

static void make_context(const struct live *l, struct child *c, const char *line)
{
	strvec_pushl(&c->argv, "sh", "-c",
		"d=$(mktemp -d) && printf 'FROM %s\\n%s\\n' \"$0\" \"$1\" >$d/Dockerfile && "
		"head -c 3000000 /dev/urandom >$d/big && tar -C $d -c . && rm -r $d",
		l->image, line, NULL);
}

static void images_are_built_tagged_listed_removed(void **state)
{
	struct live *l = *state;
	AUTO_FREE char *ref = xasprintf("%s/built:1", l->name);
	AUTO_FREE char *repo = xasprintf("%s/other", l->name);
	AUTO_FREE char *other = xasprintf("%s:two", repo);
	AUTO_FREE char *label = xasprintf("live=%s", l->name);
	AUTO_FREE char *labels = xasprintf("{\"live\": \"%s\"}", l->name);
	AUTO_FREE char *id = NULL;
	const struct engine_param params[] = { { "t", ref }, { "labels", labels }, {} };
	json_auto_t *filters = json_pack("{s:[s]}", "label", label);
	struct child good = CHILD_INIT;
	struct child bad = CHILD_INIT;
	json_auto_t *list = NULL;
	json_auto_t *history = NULL;
	json_auto_t *pruned = NULL;
	int steps = 0;

	make_context(l, &good, "RUN echo built");
	OK(engine_image_build(&l->e, pipe_from(&good, &l->err), params, NULL, count, &steps, &id,
		&l->err));
	end(&good, &l->err);
	assert_true(steps > 1);
	OK(engine_image_tag(&l->e, ref, repo, "two", &l->err));
	OK(engine_image_list(&l->e, false, filters, &list, &l->err));
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "Id")), id);
	OK(engine_image_history(&l->e, id, &history, &l->err));
	assert_true(json_array_size(history) >= 2);
	OK(engine_image_remove(&l->e, ref, false, false, &l->err));
	OK(engine_image_remove(&l->e, other, false, false, &l->err));
	OK(engine_image_prune(&l->e, filters, &pruned, &l->err));
	refused(l, engine_image_remove(&l->e, ref, false, false, &l->err), ERR_NOT_FOUND);
	make_context(l, &bad, "RUN exit 12");
	refused(l,
		engine_image_build(&l->e, pipe_from(&bad, &l->err), params, NULL, NULL, NULL, NULL,
			&l->err),
		ERR_FAILED);
	end(&bad, &l->err);
}

static void images_are_saved_loaded_imported(void **state)
{
	struct live *l = *state;
	AUTO_FREE char *repo = xasprintf("%s/imported", l->name);
	AUTO_FREE char *ref = xasprintf("%s:x", repo);
	AUTO_FREE char *get = xasprintf("/images/%s%%2Fimported:x/get", l->name);
	AUTO_TARGET t = HTTP_TARGET_INIT;
	struct engine_request rq = { .method = "GET", .target = &t };
	struct child tar = CHILD_INIT;
	json_auto_t *seen = NULL;
	int archive = file_with("");
	int loaded = 0;

	strvec_pushl(&tar.argv, "tar", "-C", "/etc", "-c", "hostname", NULL);
	OK(engine_image_import(&l->e, pipe_from(&tar, &l->err), repo, "x", NULL, &l->err));
	end(&tar, &l->err);
	target_path(&t, get);
	OK(engine_stream(&l->e, &rq, to_file, &archive, &l->err));
	OK(engine_image_remove(&l->e, ref, false, false, &l->err));
	lseek(archive, 0, SEEK_SET);
	OK(engine_image_load(&l->e, archive, count, &loaded, &l->err));
	assert_int_equal(loaded, 1);
	OK(engine_image_inspect(&l->e, ref, &seen, &l->err));
	OK(engine_image_remove(&l->e, ref, false, false, &l->err));
	close(archive);
}

static void pull_and_push_report_failure(void **state)
{
	struct live *l = *state;
	AUTO_FREE char *ref = xasprintf("127.0.0.1:9/%s", l->name);
	json_auto_t *auth = json_pack("{s:s, s:s}", "username", "u", "password", "p");

	assert_true(engine_image_pull(&l->e, ref, NULL, auth, NULL, NULL, &l->err) < 0);
	assert_non_null(strstr(l->err.msg.buf, "127.0.0.1:9"));
	err_clear(&l->err);
	OK(engine_image_tag(&l->e, l->image, ref, NULL, &l->err));
	assert_true(engine_image_push(&l->e, ref, "latest", NULL, NULL, NULL, &l->err) < 0);
	err_clear(&l->err);
	OK(engine_image_remove(&l->e, ref, false, false, &l->err));
}

static void images_go_through_a_registry(void **state)
{
	struct live *l = *state;
	AUTO_FREE char *repo = xasprintf("%s/%s/a", l->registry, l->name);
	AUTO_FREE char *ref = xasprintf("%s:latest", repo);
	json_auto_t *auth = json_pack("{s:s, s:s}", "username", "u", "password", "p");
	json_auto_t *seen = NULL;
	int messages = 0;

	OK(engine_image_tag(&l->e, l->image, repo, NULL, &l->err));
	OK(engine_image_push(&l->e, repo, "latest", NULL, NULL, NULL, &l->err));
	OK(engine_image_remove(&l->e, ref, false, false, &l->err));
	OK(engine_image_pull(&l->e, repo, NULL, auth, count_status, &messages, &l->err));
	assert_true(messages > 1);
	OK(engine_image_inspect(&l->e, ref, &seen, &l->err));
	OK(engine_image_remove(&l->e, ref, false, false, &l->err));
}

static void networks_connect_containers(void **state)
{
	struct live *l = *state;
	AUTO_FREE char *a = xasprintf("%s-a", l->name);
	AUTO_FREE char *b = xasprintf("%s-b", l->name);
	json_auto_t *net_a = json_pack("{s:s}", "Name", a);
	json_auto_t *net_b = json_pack("{s:s}", "Name", b);
	json_auto_t *config = json_pack("{s:s, s:[s,s], s:{s:s}, s:{s:{s:{}, s:{s:[s]}}}}", "Image",
		l->image, "Cmd", "sleep", "60", "HostConfig", "NetworkMode", a, "NetworkingConfig",
		"EndpointsConfig", a, b, "Aliases", "here");
	char *aliases[] = { (char[]){ "again" }, NULL };
	json_auto_t *filters = json_pack("{s:[s]}", "name", l->name);
	json_auto_t *list = NULL;
	json_auto_t *seen = NULL;
	json_auto_t *net = NULL;
	AUTO_FREE char *net_id = NULL;
	char *id = NULL;

	OK(engine_network_create(&l->e, net_a, &net_id, &l->err));
	OK(engine_network_create(&l->e, net_b, NULL, &l->err));
	refused(l, engine_network_create(&l->e, net_a, NULL, &l->err), ERR_EXISTS);
	OK(engine_container_create(&l->e, l->name, config, &id, &l->err));
	OK(engine_container_start(&l->e, id, &l->err));
	OK(engine_container_inspect(&l->e, id, &seen, &l->err));
	assert_non_null(engine_container_address(seen, a));
	assert_non_null(engine_container_address(seen, b));
	OK(engine_network_list(&l->e, filters, &list, &l->err));
	assert_int_equal(json_array_size(list), 2);
	OK(engine_network_inspect(&l->e, a, &net, &l->err));
	assert_int_equal(json_object_size(json_object_get(net, "Containers")), 1);
	OK(engine_network_disconnect(&l->e, b, id, false, &l->err));
	OK(engine_network_connect(&l->e, b, id, aliases, &l->err));
	refused(l, engine_network_remove(&l->e, a, &l->err), ERR_REMOTE);
	drop(l, id);
	OK(engine_network_remove(&l->e, a, &l->err));
	OK(engine_network_remove(&l->e, b, &l->err));
	refused(l, engine_network_remove(&l->e, b, &l->err), ERR_NOT_FOUND);
	free(id);
}

static void volumes_come_and_go(void **state)
{
	struct live *l = *state;
	json_auto_t *config = json_pack("{s:s}", "Name", l->name);
	json_auto_t *filters = json_pack("{s:[s]}", "name", l->name);
	json_auto_t *list = NULL;
	json_auto_t *seen = NULL;

	OK(engine_volume_create(&l->e, config, &l->err));
	OK(engine_volume_create(&l->e, config, &l->err));
	OK(engine_volume_list(&l->e, filters, &list, &l->err));
	assert_int_equal(json_array_size(list), 1);
	OK(engine_volume_inspect(&l->e, l->name, &seen, &l->err));
	assert_non_null(json_object_get(seen, "Mountpoint"));
	OK(engine_volume_remove(&l->e, l->name, false, &l->err));
	refused(l, engine_volume_remove(&l->e, l->name, false, &l->err), ERR_NOT_FOUND);
}

static void one_connection_serves_many_calls(void **state)
{
	struct live *l = *state;
	int fd;

	OK(engine_ping(&l->e, &l->err));
	fd = l->e.conn.fd;
	for (int i = 0; i < 50; i++) {
		json_auto_t *list = NULL;

		OK(engine_container_list(&l->e, true, NULL, &list, &l->err));
	}
	assert_true(fd >= 0);
	assert_int_equal(l->e.conn.fd, fd);
}

int main(int argc, char **argv)
{
	struct live live = { .err = ERR_INIT };
#define LIVE(test)                                                                                 \
	{                                                                                          \
#test, test, setup, teardown, &live                                                \
	}
	const struct CMUnitTest tests[] = {
		LIVE(engine_tells_about_itself),
		LIVE(container_lives_and_dies),
		LIVE(names_are_unique_and_images_must_exist),
		LIVE(logs_come_apart),
		LIVE(run_carries_all_three_streams),
		LIVE(run_reports_a_program_that_does_not_exist),
		LIVE(run_with_a_terminal),
		LIVE(a_signal_ends_a_terminal_session_and_restores_the_terminal),
		LIVE(run_with_auto_remove_still_gives_the_code),
		LIVE(signals_are_forwarded),
		LIVE(attach_follows_a_running_container),
		LIVE(exec_runs_beside),
		LIVE(archives_and_commit),
		LIVE(images_are_built_tagged_listed_removed),
		LIVE(images_are_saved_loaded_imported),
		LIVE(pull_and_push_report_failure),
		LIVE(networks_connect_containers),
		LIVE(volumes_come_and_go),
		LIVE(one_connection_serves_many_calls),
	};
	const struct CMUnitTest with_registry[] = {
		LIVE(images_go_through_a_registry),
	};
	int failed;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: %s SOCKET IMAGE [REGISTRY]\n", argv[0]);
		return 2;
	}
	live.image = argv[2];
	engine_open(&live.e, argv[1]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	live.registry = argv[3];
	if (live.registry)
		failed += cmocka_run_group_tests(with_registry, NULL, NULL);
	engine_done(&live.e);
	err_done(&live.err);
	return failed ? 1 : 0;
}
