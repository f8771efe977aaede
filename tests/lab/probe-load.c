/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/parse.h"

enum {
	ANSWER_MAX = 1 << 20,
	EVENTS_AT_ONCE = 64,
};

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_US UINT64_C(1000)

enum conn_state { CONN_CONNECTING, CONN_READING, CONN_ANSWERED, CONN_IDLE };

/* Connections are in one list, in the order of their requests: the first one times out first. */
struct conn {
	struct conn *next;
	struct conn *prev;
	int fd;
	enum conn_state state;
	bool reused;
	uint64_t due_ns;
	uint64_t sent_ns;
	uint64_t done_ns;
	int status;
	size_t body_at;
	struct strbuf answer;
};

struct load {
	const struct probe_options *opt;
	struct probe_stats *stats;
	int epoll;
	int signals;
	bool stopping;
	uint64_t start_ns;
	uint64_t next;    /* number of the next request */
	struct conn list; /* its head and tail, no connection itself */
	size_t open;
	struct strbuf request;
};

static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static uint64_t due_ns(const struct load *l, uint64_t number)
{
	return l->start_ns + number * NS_PER_S / l->opt->rate;
}

static uint64_t since_start_ms(const struct load *l)
{
	return (clock_ns() - l->start_ns) / NS_PER_MS;
}

static void conn_unlink(struct conn *c)
{
	c->prev->next = c->next;
	c->next->prev = c->prev;
}

static void conn_append(struct load *l, struct conn *c)
{
	c->prev = l->list.prev;
	c->next = &l->list;
	c->prev->next = c;
	l->list.prev = c;
}

static void conn_close(struct load *l, struct conn *c)
{
	conn_unlink(c);
	l->open--;
	close(c->fd);
	strbuf_done(&c->answer);
	free(c);
}

static void count_end(struct load *l, enum probe_end end, int detail)
{
	struct probe_stats *st = l->stats;

	st->ends[end]++;
	if (end != PROBE_OK && st->note_count < PROBE_NOTES_MAX)
		st->notes[st->note_count++] = (struct probe_note){ .at_ms = since_start_ms(l),
			.end = end,
			.detail = detail };
}

static void count_latency(struct load *l, const struct conn *c)
{
	struct probe_stats *st = l->stats;
	uint64_t us = (c->done_ns - c->due_ns) / NS_PER_US;

	if (st->latencies == st->latencies_alloc) {
		st->latencies_alloc = st->latencies_alloc ? st->latencies_alloc * 2 : 4096;
		st->latency_us =
			xrealloc(st->latency_us, st->latencies_alloc * sizeof(*st->latency_us));
	}
	st->latency_us[st->latencies++] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static void count_body(struct load *l, const struct conn *c)
{
	struct probe_stats *st = l->stats;
	const char *text = c->answer.buf + c->body_at;
	size_t len = strcspn(text, "\r\n");
	uint64_t at = (c->done_ns - l->start_ns) / NS_PER_MS;
	struct probe_body *body = NULL;

	if (len > 200)
		len = 200;
	for (size_t i = 0; i < st->body_count && !body; i++) {
		if (st->bodies[i].text.len == len && !memcmp(st->bodies[i].text.buf, text, len))
			body = &st->bodies[i];
	}
	if (!body && st->body_count == PROBE_BODIES_MAX) {
		st->other_bodies++;
		return;
	}
	if (!body) {
		body = &st->bodies[st->body_count++];
		*body = (struct probe_body){ .text = STRBUF_INIT, .first_ms = at };
		strbuf_add(&body->text, text, len);
	}
	body->count++;
	body->last_ms = at;
}

/* The answer in C is whole: count it. The connection is the caller's to close or to keep. */
static void conn_answered(struct load *l, struct conn *c)
{
	if (!l->stats->latencies)
		fprintf(stderr, "http-probe: first answer\n"); /* scripts wait for this line */
	l->stats->status[c->status]++;
	count_latency(l, c);
	if (c->status == 200)
		count_body(l, c);
	count_end(l, c->status == 200 ? PROBE_OK : PROBE_STATUS, c->status);
}

static void conn_failed(struct load *l, struct conn *c, enum probe_end end, int detail)
{
	count_end(l, end, detail);
	conn_close(l, c);
}

static void conn_watch(struct load *l, struct conn *c, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	epoll_ctl(l->epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

/* A request is a few hundred bytes: a fresh or idle socket takes it in one piece. */
static void conn_send(struct load *l, struct conn *c)
{
	ssize_t n = send(c->fd, l->request.buf, l->request.len, MSG_NOSIGNAL);

	if (n != (ssize_t)l->request.len) {
		conn_failed(l, c, c->reused ? PROBE_REUSED : PROBE_RESET, n < 0 ? errno : 0);
		return;
	}
	c->state = CONN_READING;
	conn_watch(l, c, EPOLLIN);
}

static void conn_connected(struct load *l, struct conn *c)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error)
		conn_failed(l, c, PROBE_CONNECT, error);
	else
		conn_send(l, c);
}

/* The Content-Length in the head, which ends at BODY_AT; false if there is none that parses. */
static bool content_length(const struct conn *c, uint64_t *ret)
{
	const char *line = c->answer.buf;
	AUTO_ERR err = ERR_INIT;

	while ((line = strstr(line, "\r\n")) && line + 4 < c->answer.buf + c->body_at) {
		line += 2;
		if (!strncasecmp(line, "Content-Length:", 15)) {
			AUTO_FREE char *value = NULL;

			line += 15 + strspn(line + 15, " \t");
			value = xstrndup(line, strcspn(line, "\r"));
			return parse_uint(value, 0, ANSWER_MAX, ret, &err) >= 0;
		}
	}
	return false;
}

/* True when the answer in C is whole; EOF says that no more will come. */
static bool conn_complete(struct conn *c, bool eof)
{
	const char *head_end;
	uint64_t length;

	if (!c->body_at) {
		head_end = strstr(c->answer.buf, "\r\n\r\n");
		if (!head_end || sscanf(c->answer.buf, "HTTP/1.%*1d %3d", &c->status) != 1 ||
			c->status < 100 || c->status >= PROBE_STATUS_MAX)
			return false;
		c->body_at = (size_t)(head_end - c->answer.buf) + 4;
	}
	if (content_length(c, &length))
		return c->answer.len - c->body_at >= length;
	return eof;
}

static void conn_eof(struct load *l, struct conn *c, int error)
{
	if (c->state == CONN_ANSWERED || c->state == CONN_IDLE) {
		conn_close(l, c);
	} else if (!c->answer.len) {
		conn_failed(l, c, c->reused ? PROBE_REUSED : PROBE_RESET, error);
	} else if (!error && conn_complete(c, true)) {
		c->done_ns = clock_ns();
		conn_answered(l, c);
		conn_close(l, c);
	} else {
		conn_failed(l, c, error ? PROBE_RESET : PROBE_SHORT, error);
	}
}

/*
 * Without keep-alive the server closes first, so that the closed connection's port waits there and
 * not here: at 500 requests a second this side would run out of ports within a minute.
 */
static void conn_read(struct load *l, struct conn *c)
{
	char chunk[16384];
	ssize_t n = read(c->fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_eof(l, c, n < 0 ? errno : 0);
		return;
	}
	if (c->state != CONN_READING)
		return;
	strbuf_add(&c->answer, chunk, (size_t)n);
	if (c->answer.truncated) {
		conn_failed(l, c, PROBE_SHORT, EMSGSIZE);
		return;
	}
	if (!conn_complete(c, false))
		return;
	c->done_ns = clock_ns();
	conn_answered(l, c);
	c->state = l->opt->keep_alive ? CONN_IDLE : CONN_ANSWERED;
}

/* Empties C for its next request, which is due at DUE. */
static void conn_prepare(struct load *l, struct conn *c, uint64_t due)
{
	c->due_ns = due;
	c->sent_ns = clock_ns();
	c->body_at = 0;
	strbuf_clear(&c->answer);
	conn_append(l, c);
}

static void open_new(struct load *l, uint64_t due)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct epoll_event ev = { .events = EPOLLOUT };
	struct conn *c;

	if (fd < 0) {
		count_end(l, PROBE_LOCAL, errno);
		return;
	}
	if (connect(fd, (const struct sockaddr *)&l->opt->addr, sizeof(l->opt->addr)) < 0 &&
		errno != EINPROGRESS) {
		count_end(l, errno == EADDRNOTAVAIL ? PROBE_LOCAL : PROBE_CONNECT, errno);
		close(fd);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->fd = fd;
	strbuf_init(&c->answer, ANSWER_MAX);
	conn_prepare(l, c, due);
	l->open++;
	ev.data.ptr = c;
	epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static struct conn *find_idle(struct load *l)
{
	for (struct conn *c = l->list.next; c != &l->list; c = c->next) {
		if (c->state == CONN_IDLE)
			return c;
	}
	return NULL;
}

/* Sends the next request; false when all kept-alive connections are busy. */
static bool send_next(struct load *l)
{
	uint64_t due = due_ns(l, l->next);
	uint64_t late_us = (clock_ns() - due) / NS_PER_US;
	struct conn *idle = l->opt->keep_alive ? find_idle(l) : NULL;

	if (!idle && l->opt->keep_alive && l->open >= l->opt->keep_alive)
		return false;
	if (late_us > l->stats->late_max_us)
		l->stats->late_max_us = late_us;
	l->next++;
	l->stats->sent++;
	if (!idle) {
		open_new(l, due);
		return true;
	}
	conn_unlink(idle);
	conn_prepare(l, idle, due);
	idle->reused = true;
	conn_send(l, idle);
	return true;
}

static void expire(struct load *l, uint64_t now)
{
	struct conn *c = l->list.next;

	while (c != &l->list && c->sent_ns + l->opt->timeout_ms * NS_PER_MS <= now) {
		struct conn *next = c->next;

		if (c->state == CONN_ANSWERED || (c->state == CONN_IDLE && l->stopping))
			conn_close(l, c);
		else if (c->state != CONN_IDLE)
			conn_failed(l, c, PROBE_TIMEOUT, 0);
		c = next;
	}
}

/* Nothing is asked any more: what is idle can go. */
static void close_idle(struct load *l)
{
	struct conn *next;

	for (struct conn *c = l->list.next; c != &l->list; c = next) {
		next = c->next;
		if (c->state == CONN_IDLE || c->state == CONN_ANSWERED)
			conn_close(l, c);
	}
}

static void wait_events(struct load *l, uint64_t until_ns)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	uint64_t now = clock_ns();
	uint64_t wait = until_ns > now ? until_ns - now : 0;
	struct timespec ts = { .tv_sec = (time_t)(wait / NS_PER_S),
		.tv_nsec = (long)(wait % NS_PER_S) };
	int n = epoll_pwait2(l->epoll, events, EVENTS_AT_ONCE, &ts, NULL);

	for (int i = 0; i < n; i++) {
		struct conn *c = events[i].data.ptr;

		if (!c)
			l->stopping = true;
		else if (c->state == CONN_CONNECTING)
			conn_connected(l, c);
		else
			conn_read(l, c);
	}
}

/* When there is something to do without an event. */
static uint64_t next_deadline(const struct load *l, bool blocked)
{
	uint64_t first = clock_ns() + NS_PER_S;

	if (!l->stopping && !blocked && due_ns(l, l->next) < first)
		first = due_ns(l, l->next);
	for (struct conn *c = l->list.next; c != &l->list; c = c->next) {
		uint64_t end = c->sent_ns + l->opt->timeout_ms * NS_PER_MS;

		if (c->state == CONN_IDLE)
			continue;
		return end < first ? end : first;
	}
	return first;
}

/*
 * All requests that are due within the time are sent, also by a process that was woken late: rate
 * times seconds, exactly. Only those that wait for a kept-alive connection at the end are not.
 */
static void send_due(struct load *l, bool *blocked)
{
	uint64_t now = clock_ns();
	uint64_t end = l->opt->run_ms ? l->start_ns + l->opt->run_ms * NS_PER_MS : UINT64_MAX;

	*blocked = false;
	while (!l->stopping && !*blocked && due_ns(l, l->next) <= now) {
		if (due_ns(l, l->next) >= end)
			l->stopping = true;
		else
			*blocked = !send_next(l);
	}
	if (*blocked && now >= end)
		l->stopping = true;
}

static void load_loop(struct load *l)
{
	for (;;) {
		bool blocked;

		send_due(l, &blocked);
		expire(l, clock_ns());
		if (l->stopping)
			close_idle(l);
		if (l->stopping && !l->open)
			return;
		wait_events(l, next_deadline(l, blocked));
	}
}

static int load_open(struct load *l, struct err *err)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };
	struct rlimit files;
	sigset_t set;

	/* A stalled server keeps rate x timeout connections open. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	l->signals = signalfd(-1, &set, SFD_CLOEXEC);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->signals < 0 || l->epoll < 0)
		return err_sys(err, "prepare for events");
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->signals, &ev) < 0)
		return err_sys(err, "watch for signals");
	return 0;
}

int probe_run(const struct probe_options *options, struct probe_stats *stats, struct err *err)
{
	struct load l = { .opt = options,
		.stats = stats,
		.epoll = -1,
		.signals = -1,
		.request = STRBUF_INIT };
	struct timespec wall;
	int r = load_open(&l, err);

	l.list.next = &l.list;
	l.list.prev = &l.list;
	if (r >= 0) {
		strbuf_addf(&l.request,
			"GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: http-probe\r\n"
			"Connection: %s\r\n\r\n",
			options->path, options->host, options->keep_alive ? "keep-alive" : "close");
		clock_gettime(CLOCK_REALTIME, &wall);
		stats->started_epoch_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000;
		l.start_ns = clock_ns();
		load_loop(&l);
		stats->ran_ms = since_start_ms(&l);
	}
	if (l.epoll >= 0)
		close(l.epoll);
	if (l.signals >= 0)
		close(l.signals);
	strbuf_done(&l.request);
	return r;
}

void probe_stats_done(struct probe_stats *stats)
{
	for (size_t i = 0; i < stats->body_count; i++)
		strbuf_done(&stats->bodies[i].text);
	free(stats->latency_us);
}
