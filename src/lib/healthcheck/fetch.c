/* SPDX-License-Identifier: MIT */
/* One GET to a container: HTTP over a socket of our own, HTTPS through curl. */
#include "lib/healthcheck/healthcheck.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/timing.h"
#include "lib/engine/http-parse.h"

enum { PIECE = 16 * 1024, POST_TIMEOUT_S = 10 };

static int wait_fd(int fd, short events, uint64_t deadline, struct err *err)
{
	struct pollfd p = { .fd = fd, .events = events };
	int r;

	do {
		uint64_t left = ms_left(deadline);

		if (!left)
			return err_set(err, ERR_TIMEOUT, "no answer in time");
		r = poll(&p, 1, (int)left);
	} while (r == 0 || (r < 0 && errno == EINTR));
	return r < 0 ? err_sys(err, "poll") : 0;
}

static int connect_to(int fd, const struct sockaddr_in *to, uint64_t deadline, struct err *err)
{
	int failed = 0;
	socklen_t len = sizeof(failed);
	int r;

	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return err_sys(err, "connect");
	r = wait_fd(fd, POLLOUT, deadline, err);
	if (r < 0)
		return r;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) < 0)
		return err_sys(err, "getsockopt");
	return failed ? err_sys_errno(err, failed, "connect") : 0;
}

static int send_all(int fd, const struct strbuf *data, uint64_t deadline, struct err *err)
{
	for (size_t done = 0; done < data->len;) {
		ssize_t n = send(fd, data->buf + done, data->len - done, MSG_NOSIGNAL);

		if (n >= 0) {
			done += (size_t)n;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return err_sys(err, "send");
		if (wait_fd(fd, POLLOUT, deadline, err) < 0)
			return -(int)err->kind;
	}
	return 0;
}

static int keep_body(void *ctx, const void *data, size_t len, struct err *err)
{
	struct strbuf *body = ctx;

	(void)err;
	strbuf_add(body, data, len);
	return body->truncated; /* enough */
}

static int feed(struct http_parser *p, const char *data, size_t len, struct strbuf *body,
	struct err *err)
{
	size_t done = 0;
	int event = HTTP_MORE;

	while (done < len) {
		size_t used;

		event = http_parser_feed(p, data + done, len - done, &used, keep_body, body, err);
		done += used;
		if (event != HTTP_HEAD)
			break;
	}
	return event;
}

static int receive(int fd, struct http_parser *p, struct strbuf *body, uint64_t deadline,
	struct err *err)
{
	char piece[PIECE];
	int event = HTTP_MORE;

	while (event == HTTP_MORE || event == HTTP_HEAD) {
		ssize_t n = recv(fd, piece, sizeof(piece), 0);

		if (n > 0)
			event = feed(p, piece, (size_t)n, body, err);
		else if (n == 0)
			event = http_parser_eof(p, err);
		else if (errno != EAGAIN && errno != EINTR)
			return err_sys(err, "read the answer");
		else
			event = wait_fd(fd, POLLIN, deadline, err) < 0 ? -(int)err->kind : event;
	}
	return event < 0 ? event : 0;
}

static bool has_header(const struct strvec *headers, const char *line)
{
	size_t len = strcspn(line, ":");

	for (size_t i = 0; i < headers->count; i++) {
		if (strcspn(headers->items[i], ":") == len &&
			strncasecmp(headers->items[i], line, len) == 0)
			return true;
	}
	return false;
}

/* The check's own headers, then those of HEADERS that it does not give itself. */
static void all_headers(const struct healthcheck_request *rq, const struct strvec *headers,
	struct strvec *ret)
{
	strvec_pushv(ret, rq->headers->items);
	for (size_t i = 0; i < headers->count; i++) {
		if (!has_header(rq->headers, headers->items[i]))
			strvec_push(ret, headers->items[i]);
	}
}

static void make_request(const char *address, const struct healthcheck_request *rq,
	const struct strvec *headers, struct strbuf *out)
{
	strbuf_addf(out, "GET %s HTTP/1.1\r\n", rq->path);
	if (!has_header(headers, "Host:"))
		strbuf_addf(out, "Host: %s:%u\r\n", address, rq->port);
	for (size_t i = 0; i < headers->count; i++)
		strbuf_addf(out, "%s\r\n", headers->items[i]);
	strbuf_addstr(out, "User-Agent: moorage\r\nAccept: */*\r\nConnection: close\r\n\r\n");
}

static int fetch_plain(const char *address, const struct healthcheck_request *rq,
	const struct strvec *headers, int *ret_status, struct strbuf *body, struct err *err)
{
	uint64_t deadline = now_ms() + rq->timeout_ms;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)rq->port) };
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	AUTO_HTTP_PARSER parser;
	AUTO_STRBUF request = STRBUF_INIT;
	int r;

	http_parser_init(&parser);
	if (fd < 0)
		return err_sys(err, "socket");
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return err_set(err, ERR_INVALID, "'%s' is no address to connect to", address);
	make_request(address, rq, headers, &request);
	http_parser_begin(&parser, false, false);
	r = connect_to(fd, &to, deadline, err);
	if (r >= 0)
		r = send_all(fd, &request, deadline, err);
	if (r >= 0)
		r = receive(fd, &parser, body, deadline, err);
	if (r < 0)
		return r;
	*ret_status = parser.status;
	return 0;
}

/* curl prints the status behind the body. */
static int take_status(struct strbuf *body, int *ret_status, struct err *err)
{
	const char *line = memrchr(body->buf, '\n', body->len);
	uint64_t status;
	int r;

	if (!line)
		return err_set(err, ERR_FAILED, "curl gave no answer");
	r = parse_uint(line + 1, 0, 999, &status, err);
	if (r < 0)
		return err_wrap(err, "read what curl says");
	*ret_status = (int)status;
	strbuf_setlen(body, (size_t)(line - body->buf));
	return 0;
}

static int fetch_curl(const char *address, const struct healthcheck_request *rq,
	const struct strvec *headers, int *ret_status, struct strbuf *body, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF text = STRBUF_CAPPED(HEALTHCHECK_BODY_MAX + 16);
	AUTO_STRBUF errors = STRBUF_CAPPED(4096);
	struct child_status st;
	int r;

	strvec_pushl(&c.argv, "curl", "-q", "-k", "-sS", "--globoff", "--path-as-is", "--noproxy",
		"*", "-w", "\n%{http_code}", NULL);
	strvec_push(&c.argv, "--max-filesize");
	strvec_pushf(&c.argv, "%d", HEALTHCHECK_BODY_MAX);
	strvec_push(&c.argv, "--max-time");
	strvec_pushf(&c.argv, "%u", (unsigned)(rq->timeout_ms / 1000 + 1));
	for (size_t i = 0; i < headers->count; i++)
		strvec_pushf(&c.argv, "-H%s", headers->items[i]);
	strvec_push(&c.argv, "--");
	strvec_pushf(&c.argv, "https://%s:%u%s", address, rq->port, rq->path);
	c.timeout_ms = rq->timeout_ms + 2000;
	c.die_with_parent = true;
	r = child_capture(&c, NULL, &text, &errors, &st, err);
	if (r < 0)
		return r;
	strbuf_trim(&errors);
	if (st.code)
		return err_set(err, ERR_FAILED, "%s", errors.len ? errors.buf : "curl failed");
	r = take_status(&text, ret_status, err);
	if (r >= 0)
		strbuf_add(body, text.buf, text.len);
	return r;
}

int healthcheck_fetch(const char *address, const struct healthcheck_request *rq,
	const struct strvec *headers, int *ret_status, struct strbuf *body, struct err *err)
{
	AUTO_STRVEC all = STRVEC_INIT;
	int r;

	all_headers(rq, headers, &all);
	if (str_eq(rq->scheme, "https"))
		r = fetch_curl(address, rq, &all, ret_status, body, err);
	else
		r = fetch_plain(address, rq, &all, ret_status, body, err);
	if (r < 0)
		return err_wrap(err, "GET %s://%s:%u%s", rq->scheme, address, rq->port, rq->path);
	return 0;
}

int healthcheck_post(const char *url, const char *text, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF input = STRBUF_INIT;
	AUTO_STRBUF out = STRBUF_CAPPED(4096);
	struct child_status st;
	int r;

	strbuf_addstr(&input, text);
	strvec_pushl(&c.argv, "curl", "-q", "-fsS", "--globoff", "-X", "POST", "--data-binary",
		"@-", NULL);
	strvec_pushf(&c.argv, "--max-time=%d", POST_TIMEOUT_S);
	strvec_pushl(&c.argv, "--", url, NULL);
	c.timeout_ms = (POST_TIMEOUT_S + 2) * 1000;
	r = child_capture(&c, &input, &out, &out, &st, err);
	if (r < 0)
		return r;
	strbuf_trim(&out);
	return st.code ? err_set(err, ERR_FAILED, "POST to the failure URL: %s", out.buf) : 0;
}
