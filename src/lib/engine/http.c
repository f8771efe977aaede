/* SPDX-License-Identifier: MIT */
#include "lib/engine/http.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/timing.h"

enum {
	READ_SIZE = 16 * 1024,
	RETRY_FIRST_MS = 5,
	RETRY_MAX_MS = 200,
	BACKLOG_WAIT_MS = 5000, /* for a listener whose queue is full */
};

/* How far a request got when its connection turned out to be closed. */
enum { SENT = 0, CLOSED_EARLY = 1 };

void http_conn_init(struct http_conn *c, const char *socket_path)
{
	*c = (struct http_conn){ .socket_path = socket_path,
		.cancel_fd = -1,
		.hangup_fd = -1,
		.fd = -1,
		.in = STRBUF_INIT };
	http_parser_init(&c->parser);
}

void http_close(struct http_conn *c)
{
	int saved = errno;

	if (c->fd >= 0)
		close(TAKE_FD(c->fd));
	strbuf_clear(&c->in);
	c->in_pos = 0;
	errno = saved;
}

void http_conn_done(struct http_conn *c)
{
	http_close(c);
	strbuf_done(&c->in);
	http_parser_done(&c->parser);
}

void http_set_deadline(struct http_conn *c, uint64_t deadline_ms)
{
	c->deadline_ms = deadline_ms;
}

bool http_alive(struct http_conn *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	if (c->fd < 0)
		return false;
	/* Between two calls the peer has nothing to say: readable means closed, or confused. */
	if (poll(&p, 1, 0) == 0)
		return true;
	http_close(c);
	return false;
}

/*
 * Waits for EVENTS on the connection or, if OTHER_FD >= 0, until that is readable. *RET_EVENTS is
 * what the connection is ready for, 0 if only the other one is.
 */
static int wait_for(struct http_conn *c, short events, int other_fd, short *ret_events,
	struct err *err)
{
	for (;;) {
		struct pollfd fds[4] = {
			{ .fd = c->fd, .events = events },
			{ .fd = c->cancel_fd, .events = POLLIN },
			{ .fd = other_fd, .events = POLLIN },
			{ .fd = c->hangup_fd, .events = 0 },
		};
		int n = poll(fds, 4, c->deadline_ms ? (int)ms_left(c->deadline_ms) : -1);

		if (n < 0 && errno != EINTR)
			return err_sys(err, "wait for the Docker Engine");
		if (n > 0 && (fds[1].revents || fds[3].revents))
			return err_set(err, ERR_FAILED,
				"interrupted while waiting for the Docker Engine");
		if (n > 0) {
			*ret_events = fds[0].revents;
			return 0;
		}
		if (c->deadline_ms && now_ms() >= c->deadline_ms)
			return err_set(err, ERR_TIMEOUT,
				"the Docker Engine did not answer in time");
	}
}

enum { RECV_NOTHING, RECV_DATA, RECV_CLOSED };

/* Receives once, without waiting. */
static int receive(struct http_conn *c, struct err *err)
{
	char chunk[READ_SIZE];
	ssize_t n = recv(c->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n > 0) {
		strbuf_add(&c->in, chunk, (size_t)n);
		return RECV_DATA;
	}
	if (n == 0 || errno == ECONNRESET || errno == EPIPE)
		return RECV_CLOSED;
	if (errno == EAGAIN || errno == EINTR)
		return RECV_NOTHING;
	return err_sys(err, "read from the Docker Engine");
}

static int try_connect(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(addr.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -1;
	return TAKE_FD(fd);
}

static int connect_failed(const struct http_conn *c, int sys_errno, struct err *err)
{
	char text[128];

	if (sys_errno == EACCES || sys_errno == EPERM)
		return err_set(err, ERR_DENIED, "no permission to use the Docker Engine on '%s'",
			c->socket_path);
	return err_set(err, ERR_REMOTE, "no Docker Engine answers on '%s' (%s)", c->socket_path,
		strerror_r(sys_errno, text, sizeof(text)));
}

/* Sleeps MS, but not beyond a call of cancel_fd. */
static int pause_ms(const struct http_conn *c, uint64_t ms, struct err *err)
{
	struct pollfd p = { .fd = c->cancel_fd, .events = POLLIN };

	if (poll(&p, 1, (int)ms) > 0)
		return err_set(err, ERR_FAILED, "interrupted while waiting for the Docker Engine");
	return 0;
}

static int open_connection(struct http_conn *c, struct err *err)
{
	uint64_t start = now_ms();
	uint64_t nap = RETRY_FIRST_MS;

	for (;;) {
		uint64_t limit = c->connect_wait_ms;
		int failed;

		c->fd = try_connect(c->socket_path);
		if (c->fd >= 0)
			return 0;
		failed = errno;
		if (failed == EAGAIN)
			limit = limit > BACKLOG_WAIT_MS ? limit : BACKLOG_WAIT_MS;
		else if (failed != ECONNREFUSED && failed != ENOENT)
			limit = 0;
		if (c->deadline_ms && limit > 0) {
			uint64_t left = c->deadline_ms > start ? c->deadline_ms - start : 0;

			limit = limit < left ? limit : left;
		}
		if (now_ms() - start >= limit)
			return connect_failed(c, failed, err);
		if (pause_ms(c, nap, err) < 0)
			return -(int)err->kind;
		nap = nap * 2 < RETRY_MAX_MS ? nap * 2 : RETRY_MAX_MS;
	}
}

/* True once the answer's first line, come early, says that the request is refused. */
static bool refused_early(const struct http_conn *c)
{
	return c->in.len >= 12 && (c->in.buf[9] == '4' || c->in.buf[9] == '5');
}

/*
 * Takes in what the peer says while the request is still being sent. 1 when it does not want the
 * rest (c->unfinished is set), else 0.
 */
static int take_early(struct http_conn *c, struct err *err)
{
	int r = receive(c, err);

	if (r < 0)
		return r;
	if (r == RECV_CLOSED || refused_early(c)) {
		c->unfinished = true;
		return 1;
	}
	if (c->in.len > HTTP_EARLY_MAX)
		return err_set(err, ERR_REMOTE,
			"the Docker Engine answers at length before it has read the request");
	return 0;
}

/*
 * Sends all of DATA while taking in what the peer says meanwhile, so that neither side can block
 * the other. 0: sent; 1: the peer does not want the rest (c->unfinished is set).
 */
static int send_all(struct http_conn *c, const char *data, size_t len, size_t *sent,
	struct err *err)
{
	while (len) {
		short events = 0;
		ssize_t n = send(c->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		int r;

		if (n > 0) {
			data += n;
			len -= (size_t)n;
			*sent += (size_t)n;
			continue;
		}
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
			c->unfinished = true;
			return 1;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return err_sys(err, "write to the Docker Engine");
		r = wait_for(c, POLLIN | POLLOUT, -1, &events, err);
		if (r < 0)
			return r;
		r = events & POLLIN ? take_early(c, err) : 0;
		if (r)
			return r;
	}
	return 0;
}

static int send_chunk(struct http_conn *c, const char *data, size_t len, size_t *sent,
	struct err *err)
{
	AUTO_STRBUF head = STRBUF_INIT;
	int r;

	strbuf_addf(&head, "%zx\r\n", len);
	r = send_all(c, head.buf, head.len, sent, err);
	if (r == 0 && len)
		r = send_all(c, data, len, sent, err);
	return r ? r : send_all(c, "\r\n", 2, sent, err);
}

/* Like send_all, for a body that comes from a descriptor. */
static int send_from_fd(struct http_conn *c, int fd, size_t *sent, struct err *err)
{
	char chunk[READ_SIZE];

	for (;;) {
		short events = 0;
		ssize_t n;
		int r = wait_for(c, POLLIN, fd, &events, err);

		if (r < 0)
			return r;
		if (events) {
			r = take_early(c, err);
			if (r)
				return r;
			continue;
		}
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_sys(err, "read what is to be sent to the Docker Engine");
		r = send_chunk(c, chunk, (size_t)n, sent, err);
		if (r || n == 0)
			return r;
	}
}

static void format_head(const struct http_request *rq, struct strbuf *out)
{
	strbuf_addf(out, "%s %s HTTP/1.1\r\nHost: docker\r\n", rq->method, rq->target);
	if (rq->upgrade)
		strbuf_addstr(out, "Connection: Upgrade\r\nUpgrade: tcp\r\n");
	if (rq->header)
		strbuf_addf(out, "%s\r\n", rq->header);
	if (rq->content_type)
		strbuf_addf(out, "Content-Type: %s\r\n", rq->content_type);
	if (rq->content_type && rq->body_from_fd)
		strbuf_addstr(out, "Transfer-Encoding: chunked\r\n");
	else if (rq->content_type)
		strbuf_addf(out, "Content-Length: %zu\r\n", rq->body_len);
	else if (strcmp(rq->method, "GET") != 0 && strcmp(rq->method, "HEAD") != 0)
		strbuf_addstr(out, "Content-Length: 0\r\n");
	strbuf_addstr(out, "\r\n");
}

static int send_request(struct http_conn *c, const struct http_request *rq, size_t *sent,
	struct err *err)
{
	struct strbuf head = STRBUF_INIT;
	int r;

	format_head(rq, &head);
	/* One write for the usual small request. */
	if (rq->content_type && !rq->body_from_fd && rq->body_len <= READ_SIZE)
		strbuf_add(&head, rq->body, rq->body_len);
	r = send_all(c, head.buf, head.len, sent, err);
	strbuf_erase(&head); /* it may hold credentials */
	if (r || !rq->content_type)
		return r;
	if (rq->body_from_fd)
		return send_from_fd(c, rq->body_fd, sent, err);
	return rq->body_len <= READ_SIZE ? 0 : send_all(c, rq->body, rq->body_len, sent, err);
}

/* Waits for more input. 0, or CLOSED_EARLY at the end of the connection. */
static int read_more(struct http_conn *c, struct err *err)
{
	for (;;) {
		short events = 0;
		int r = receive(c, err);

		if (r < 0)
			return r;
		if (r == RECV_DATA)
			return 0;
		if (r == RECV_CLOSED)
			return CLOSED_EARLY;
		r = wait_for(c, POLLIN, -1, &events, err);
		if (r < 0)
			return r;
	}
}

static int feed(struct http_conn *c, http_sink sink, void *ctx, struct err *err)
{
	size_t used = 0;
	int r = http_parser_feed(&c->parser, c->in.buf + c->in_pos, c->in.len - c->in_pos, &used,
		sink, ctx, err);

	c->in_pos += used;
	if (c->in_pos == c->in.len) {
		strbuf_clear(&c->in);
		c->in_pos = 0;
	}
	return r;
}

/* 0: the head is there; CLOSED_EARLY: the peer closed without a byte. */
static int read_head(struct http_conn *c, struct err *err)
{
	bool any = false;

	for (;;) {
		int r;

		any = any || c->in.len > c->in_pos;
		r = feed(c, NULL, NULL, err);
		if (r == HTTP_HEAD)
			return 0;
		if (r < 0)
			return r;
		r = read_more(c, err);
		if (r < 0)
			return r;
		if (r == CLOSED_EARLY)
			return any ? http_parser_eof(&c->parser, err) : CLOSED_EARLY;
	}
}

static bool repeatable(const struct http_request *rq)
{
	return strcmp(rq->method, "GET") == 0 || strcmp(rq->method, "HEAD") == 0;
}

static int attempt(struct http_conn *c, const struct http_request *rq, size_t *sent,
	struct err *err)
{
	int r = c->fd >= 0 ? 0 : open_connection(c, err);

	if (r < 0)
		return r;
	c->unfinished = false;
	http_parser_begin(&c->parser, strcmp(rq->method, "HEAD") == 0, rq->upgrade);
	r = send_request(c, rq, sent, err);
	/* A peer that stopped reading has usually said why. */
	return r < 0 ? r : read_head(c, err);
}

int http_begin(struct http_conn *c, const struct http_request *rq, struct err *err)
{
	bool reused = http_alive(c);
	size_t sent = 0;
	int r;

	c->deadline_ms = rq->deadline_ms;
	r = attempt(c, rq, &sent, err);
	if (r == CLOSED_EARLY && reused && (!sent || repeatable(rq))) {
		http_close(c);
		r = attempt(c, rq, &sent, err);
	}
	if (r == CLOSED_EARLY)
		r = err_set(err, ERR_REMOTE,
			"the Docker Engine closed the connection without an answer");
	if (r < 0)
		http_close(c);
	return r;
}

int http_take_over(struct http_conn *c, struct err *err)
{
	int r = feed(c, NULL, NULL, err);

	if (r == HTTP_UPGRADED) {
		c->deadline_ms = 0;
		return 0;
	}
	if (r >= 0)
		r = err_set(err, ERR_INVALID, "the Docker Engine did not hand over the connection");
	http_close(c);
	return r;
}

/* Reads to the end of the message; an enum http_event or < 0. */
static int read_body(struct http_conn *c, http_sink sink, void *ctx, struct err *err)
{
	for (;;) {
		int r = feed(c, sink, ctx, err);

		if (r != HTTP_MORE)
			return r;
		r = read_more(c, err);
		if (r == CLOSED_EARLY)
			return http_parser_eof(&c->parser, err);
		if (r < 0)
			return r;
	}
}

int http_body(struct http_conn *c, http_sink sink, void *ctx, struct err *err)
{
	int r = read_body(c, sink, ctx, err);

	if (r == HTTP_UPGRADED)
		r = err_set(err, ERR_INVALID, "the Docker Engine took over the connection");
	if (r != HTTP_DONE || c->unfinished || c->in.len || !http_parser_keep_alive(&c->parser))
		http_close(c);
	if (r < 0)
		return r;
	return r == HTTP_STOPPED ? 1 : 0;
}
