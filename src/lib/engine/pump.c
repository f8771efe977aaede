/* SPDX-License-Identifier: MIT */
#include "lib/engine/pump.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/timing.h"

enum { PUMP_CHUNK = 16 * 1024 };

struct pump {
	struct http_conn *c;
	const struct engine_io *io;
	const struct pump_ops *ops;
	void *ctx;
	struct stream_decoder decoder;
	int in;              /* where input is read from; -1: not any more */
	bool half_closed;    /* the engine was told that there is no more input */
	struct strbuf queue; /* input on its way to the engine, from `sent` on */
	size_t sent;
	bool ended;
	/* the local terminal */
	int signal_fd;
	sigset_t old_mask;
	bool is_raw;
	struct termios old_mode;
};

/* Writes all of it, also to a descriptor that somebody made non-blocking. */
static int write_out(int fd, const char *data, size_t len, struct err *err)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = fd, .events = POLLOUT };

			poll(&p, 1, -1);
		} else if (n < 0 && errno != EINTR) {
			return err_sys(err, "write the container's output");
		} else if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int to_descriptors(void *ctx, int stream, const void *data, size_t len, struct err *err)
{
	const struct pump *p = ctx;
	int fd = stream == STREAM_STDERR ? p->io->err : p->io->out;

	return fd < 0 ? 0 : write_out(fd, data, len, err);
}

static void tell_size(const struct pump *p)
{
	struct winsize size;
	int fd = p->io->in >= 0 && isatty(p->io->in) ? p->io->in : p->io->out;

	if (!p->io->tty || !p->ops || !p->ops->resize || fd < 0)
		return;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
		p->ops->resize(p->ctx, size.ws_row, size.ws_col);
}

static int watch_signals(struct pump *p, struct err *err)
{
	sigset_t set;

	if (!p->io->tty && !p->io->forward_signals)
		return 0;
	sigemptyset(&set);
	if (p->io->tty)
		sigaddset(&set, SIGWINCH);
	/* Not forwarded, they are still taken: dying would leave a raw terminal behind. */
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	p->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (p->signal_fd < 0)
		return err_sys(err, "watch signals");
	sigprocmask(SIG_BLOCK, &set, &p->old_mask);
	return 0;
}

static void make_raw(struct pump *p)
{
	struct termios mode;

	if (!p->io->tty || p->in < 0 || !isatty(p->in) || tcgetattr(p->in, &p->old_mode) < 0)
		return;
	mode = p->old_mode;
	cfmakeraw(&mode);
	p->is_raw = tcsetattr(p->in, TCSANOW, &mode) == 0;
}

static void restore(struct pump *p)
{
	if (p->is_raw)
		tcsetattr(p->io->in, TCSADRAIN, &p->old_mode);
	if (p->signal_fd >= 0) {
		close(p->signal_fd);
		sigprocmask(SIG_SETMASK, &p->old_mask, NULL);
	}
	stream_done(&p->decoder);
	strbuf_erase(&p->queue);
}

static int take_signals(const struct pump *p, struct err *err)
{
	struct signalfd_siginfo info;

	while (read(p->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			tell_size(p);
		else if (!p->io->forward_signals)
			return err_set(err, ERR_FAILED, "interrupted by signal %u", info.ssi_signo);
		else if (p->ops && p->ops->signal)
			p->ops->signal(p->ctx, (int)info.ssi_signo);
	}
	return 0;
}

static int read_input(struct pump *p, struct err *err)
{
	char chunk[PUMP_CHUNK];
	ssize_t n = read(p->in, chunk, sizeof(chunk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	/* A terminal that went away reads as EIO: the end of input as well. */
	if (n < 0 && errno != EIO)
		return err_sys(err, "read the container's input");
	if (n <= 0) {
		p->in = -1;
		return 0;
	}
	strbuf_add(&p->queue, chunk, (size_t)n);
	return 0;
}

static int send_queue(struct pump *p, struct err *err)
{
	ssize_t n = send(p->c->fd, p->queue.buf + p->sent, p->queue.len - p->sent,
		MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
		/* The process reads no more; its output is still to come. */
		p->in = -1;
		p->sent = p->queue.len;
		p->half_closed = true;
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		return err_sys(err, "write to the Docker Engine");
	} else if (n > 0) {
		p->sent += (size_t)n;
	}
	if (p->sent == p->queue.len) {
		strbuf_clear(&p->queue);
		p->sent = 0;
	}
	return 0;
}

/* 0, 1 when the sink had enough, < 0. */
static int take_output(struct pump *p, struct err *err)
{
	char chunk[PUMP_CHUNK];
	ssize_t n = recv(p->c->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n > 0)
		return stream_feed(&p->decoder, chunk, (size_t)n, err);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0 && errno != ECONNRESET)
		return err_sys(err, "read from the Docker Engine");
	p->ended = true;
	return stream_end(&p->decoder, err);
}

static bool queue_empty(const struct pump *p)
{
	return p->sent == p->queue.len;
}

static int pump_once(struct pump *p, struct err *err)
{
	struct pollfd fds[4] = {
		{ .fd = p->c->fd, .events = queue_empty(p) ? POLLIN : POLLIN | POLLOUT },
		/* One piece of input at a time keeps the queue small. */
		{ .fd = queue_empty(p) ? p->in : -1, .events = POLLIN },
		{ .fd = p->signal_fd, .events = POLLIN },
		{ .fd = p->c->cancel_fd, .events = POLLIN },
	};
	uint64_t deadline = p->c->deadline_ms;
	int n = poll(fds, 4, deadline ? (int)ms_left(deadline) : -1);
	int r = 0;

	if (n < 0 && errno != EINTR)
		return err_sys(err, "wait for the Docker Engine");
	if (deadline && now_ms() >= deadline)
		return err_set(err, ERR_TIMEOUT, "the process did not end in time");
	if (n <= 0)
		return 0;
	if (fds[3].revents)
		return err_set(err, ERR_FAILED, "interrupted while waiting for the process");
	if (fds[2].revents)
		r = take_signals(p, err);
	if (r == 0 && fds[1].revents)
		r = read_input(p, err);
	if (r == 0 && fds[0].revents & POLLOUT)
		r = send_queue(p, err);
	if (r == 0 && fds[0].revents & (POLLIN | POLLHUP | POLLERR))
		r = take_output(p, err);
	return r;
}

static int pump_loop(struct pump *p, struct err *err)
{
	struct http_conn *c = p->c;
	int r = stream_feed(&p->decoder, c->in.buf + c->in_pos, c->in.len - c->in_pos, err);

	while (r == 0 && !p->ended) {
		if (p->in < 0 && queue_empty(p) && !p->half_closed) {
			shutdown(c->fd, SHUT_WR);
			p->half_closed = true;
		}
		r = pump_once(p, err);
	}
	return r;
}

int pump_run(struct http_conn *c, const struct engine_io *io, const struct pump_ops *ops, void *ctx,
	struct err *err)
{
	struct pump p = { .c = c,
		.io = io,
		.ops = ops,
		.ctx = ctx,
		.in = io->in,
		.signal_fd = -1,
		.queue = STRBUF_INIT };
	int r;

	stream_init(&p.decoder, io->tty, to_descriptors, &p);
	/* Without any input the engine was not asked to attach it: nothing to close. */
	p.half_closed = io->in < 0;
	r = watch_signals(&p, err);
	if (r == 0) {
		make_raw(&p);
		tell_size(&p);
		r = pump_loop(&p, err);
	}
	restore(&p);
	http_close(c);
	return r;
}

int pump_capture(struct http_conn *c, const struct strbuf *input, stream_sink sink, void *ctx,
	struct err *err)
{
	struct engine_io io = { .in = -1, .out = -1, .err = -1 };
	struct pump p = { .c = c, .io = &io, .in = -1, .signal_fd = -1, .queue = STRBUF_INIT };
	int r;

	stream_init(&p.decoder, false, sink, ctx);
	p.half_closed = !input;
	if (input)
		strbuf_add(&p.queue, input->buf, input->len);
	r = pump_loop(&p, err);
	restore(&p);
	http_close(c);
	return r;
}
