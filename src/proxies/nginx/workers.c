/* SPDX-License-Identifier: MIT */
/*
 * Which worker processes nginx has, from /proc. A process is named for good by its id and the
 * clock ticks of its start. Text form: "<id>:<start>" words, the master first.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/timing.h"
#include "proxies/nginx/nginx.h"

enum { PROC_BYTES_MAX = 65536, POLL_MS = 5, AFRESH_ROUNDS = 20 };

struct proc {
	unsigned parent;
	unsigned long long start;
};

/* False when there is no such process, or only its zombie. */
static bool look(unsigned pid, struct proc *ret)
{
	AUTO_FREE char *path = xasprintf("/proc/%u/stat", pid);
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT; /* gone */
	const char *rest;
	char state;

	if (fs_read(path, PROC_BYTES_MAX, &text, &ignored) < 0)
		return false;
	rest = strrchr(text.buf, ')'); /* the name before it may hold anything */
	if (!rest)
		return false;
	if (sscanf(rest + 1,
		    " %c %u %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		    "%llu",
		    &state, &ret->parent, &ret->start) != 3)
		return false;
	return state != 'Z' && state != 'X';
}

/* "nginx: master process ..." */
static bool title_starts(unsigned pid, const char *with, bool *ret_leaving)
{
	AUTO_FREE char *path = xasprintf("/proc/%u/cmdline", pid);
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT; /* gone */

	if (fs_read(path, PROC_BYTES_MAX, &text, &ignored) < 0 || !str_starts(text.buf, with))
		return false;
	if (ret_leaving)
		*ret_leaving = strstr(text.buf, "shutting down") != NULL;
	return true;
}

/* 0 when nginx does not run. */
static unsigned find_master(struct ctx *ctx, struct proc *ret)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT; /* no pid file: not running */
	uint64_t pid;

	if (fs_read(ctx->inst.nginx_pid, 64, &text, &ignored) < 0)
		return 0;
	strbuf_trim(&text);
	if (parse_uint(text.buf, 2, INT32_MAX, &pid, &ignored) < 0 || !look((unsigned)pid, ret) ||
		!title_starts((unsigned)pid, "nginx: master", NULL))
		return 0;
	return (unsigned)pid;
}

bool nginx_runs(struct ctx *ctx)
{
	struct proc p;

	return find_master(ctx, &p) != 0;
}

/* Ids of processes that are not the master's, in ascending order. */
struct others {
	unsigned *items;
	size_t count;
};

static void others_done(struct others *o)
{
	free(o->items);
	*o = (struct others){ 0 };
}

static int by_id(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a;
	unsigned y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

static bool is_other(const struct others *o, size_t count, unsigned pid)
{
	return count && bsearch(&pid, o->items, count, sizeof(pid), by_id);
}

static void add_other(struct others *o, unsigned pid)
{
	o->items = xreallocarray(o->items, o->count + 1, sizeof(*o->items));
	o->items[o->count++] = pid;
}

/* Calls SEE for every worker of MASTER; those in OTHERS are not looked at, what is none is added. */
static void each_worker(unsigned master, struct others *others,
	void (*see)(void *cookie, unsigned pid, const struct proc *p, bool leaving), void *cookie)
{
	AUTO_STRVEC names = STRVEC_INIT;
	size_t known = others->count;
	AUTO_ERR ignored = ERR_INIT; /* /proc can be listed */

	if (fs_list("/proc", &names, &ignored) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		AUTO_ERR no_process = ERR_INIT;
		struct proc p;
		bool leaving;
		uint64_t pid;

		if (!isdigit((unsigned char)*names.items[i]) ||
			parse_uint(names.items[i], 2, INT32_MAX, &pid, &no_process) < 0 ||
			is_other(others, known, (unsigned)pid) || !look((unsigned)pid, &p))
			continue;
		if (p.parent != master)
			add_other(others, (unsigned)pid);
		else if (title_starts((unsigned)pid, "nginx: worker", &leaving))
			see(cookie, (unsigned)pid, &p, leaving);
	}
	if (others->count > known)
		qsort(others->items, others->count, sizeof(*others->items), by_id);
}

static void add_worker(void *cookie, unsigned pid, const struct proc *p, bool leaving)
{
	strbuf_addf(cookie, " %u:%llu", pid, p->start);
}

char *nginx_generation(struct ctx *ctx)
{
	AUTO_STRBUF out = STRBUF_INIT;
	CLEANUP(others_done) struct others others = { 0 };
	struct proc p;
	unsigned master = find_master(ctx, &p);

	if (!master)
		return xstrdup("");
	strbuf_addf(&out, "%u:%llu", master, p.start);
	each_worker(master, &others, add_worker, &out);
	return strbuf_detach(&out);
}

static bool lives(const char *word)
{
	struct proc p;
	unsigned pid;
	unsigned long long start;

	return sscanf(word, "%u:%llu", &pid, &start) == 2 && look(pid, &p) && p.start == start;
}

bool nginx_is_gone(struct ctx *ctx, const char *generation)
{
	AUTO_STRVEC words = STRVEC_INIT;

	strvec_split(&words, generation, " ");
	for (size_t i = 1; i < words.count; i++) {
		if (lives(words.items[i]))
			return false;
	}
	return true;
}

struct takeover {
	const struct strvec *old;
	bool fresh;    /* a worker that was not there before takes connections */
	bool old_open; /* one of the old ones does still */
};

static void see_takeover(void *cookie, unsigned pid, const struct proc *p, bool leaving)
{
	struct takeover *t = cookie;
	AUTO_FREE char *word = xasprintf("%u:%llu", pid, p->start);
	bool old = strvec_has(t->old, word);

	t->fresh |= !old && !leaving;
	t->old_open |= old && !leaving;
}

bool nginx_wait_taken_over(struct ctx *ctx, const char *generation, uint64_t timeout_ms)
{
	uint64_t deadline = now_ms() + timeout_ms;
	AUTO_STRVEC old = STRVEC_INIT;
	CLEANUP(others_done) struct others others = { 0 };

	strvec_split(&old, generation, " ");
	for (unsigned round = 1;; round++) {
		struct takeover t = { .old = &old };
		struct proc p;
		unsigned master = find_master(ctx, &p);

		/* An id may come to be another process's. */
		if (round % AFRESH_ROUNDS == 0)
			others_done(&others);
		if (master)
			each_worker(master, &others, see_takeover, &t);
		if (master && t.fresh && !t.old_open)
			return true;
		if (!ms_left(deadline))
			return false;
		sleep_ms(POLL_MS);
	}
}
