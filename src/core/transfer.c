/* SPDX-License-Identifier: MIT */
#include "core/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/timing.h"
#include "core/operation.h"

/*
 * Reads what there is: > 0 bytes, 0 at the end, -ERR_FAILED after a signal or at DEADLINE (0:
 * none).
 */
static ssize_t read_some(int fd, char *data, size_t size, uint64_t deadline, struct err *err)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = fd, .events = POLLIN },
			{ .fd = operation_cancel_fd(), .events = POLLIN },
		};
		ssize_t n;

		if (operation_interrupted())
			return err_set(err, ERR_FAILED, "interrupted");
		if (deadline && !ms_left(deadline))
			return err_set(err, ERR_FAILED, "it took too long");
		if (poll(fds, ARRAY_SIZE(fds), deadline ? (int)ms_left(deadline) : -1) <= 0 ||
			!fds[0].revents)
			continue;
		n = read(fd, data, size);
		if (n >= 0)
			return n;
		if (errno != EINTR && errno != EAGAIN)
			return err_sys(err, "read");
	}
}

static int collect(int fd, struct strbuf *said, uint64_t timeout_ms, struct err *err)
{
	uint64_t deadline = timeout_ms ? now_ms() + timeout_ms : 0;
	char data[8192];
	ssize_t n;

	while ((n = read_some(fd, data, sizeof(data), deadline, err)) > 0)
		strbuf_add(said, data, (size_t)n);
	return (int)n;
}

int transfer_run(struct child *c, struct strbuf *said, struct child_status *ret, struct err *err)
{
	AUTO_ERR ignored = ERR_INIT;
	int ends[2];
	int waited;
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	c->err = ends[1];
	if (c->out == CHILD_INHERIT)
		c->out = ends[1];
	c->new_group = true;
	c->die_with_parent = true;
	r = child_start(c, err);
	close(ends[1]);
	if (r >= 0)
		r = collect(ends[0], said, c->timeout_ms, err);
	close(ends[0]);
	if (c->pid <= 0)
		return r;
	if (r < 0)
		c->timeout_ms = 1; /* its group is asked to end, then made to */
	waited = child_wait(c, ret, r < 0 ? &ignored : err);
	return r < 0 ? r : waited;
}

int transfer_save(int in, const char *path, uint64_t max, uint64_t *ret, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	uint64_t size = 0;
	char data[16 * 1024];
	ssize_t n;

	if (fd < 0)
		return err_sys(err, "create '%s'", path);
	while ((n = read_some(in, data, sizeof(data), 0, err)) > 0) {
		size += (uint64_t)n;
		if (size > max)
			return err_set(err, ERR_INVALID, "there are more than %llu bytes",
				(unsigned long long)max);
		if (fs_write_all(fd, data, (size_t)n) < 0)
			return err_sys(err, "write '%s'", path);
	}
	if (n < 0)
		return (int)n;
	*ret = size;
	return 0;
}
