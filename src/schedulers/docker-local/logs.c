/* SPDX-License-Identifier: MIT */
/* Logs of containers, several merged: one process reads each, line by line. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/output.h"
#include "schedulers/docker-local/driver.h"

enum { LOG_LINE_MAX = 64 * 1024 };

static const int colors[] = { 36, 33, 32, 35, 31 };

struct source {
	char *id;
	char *name; /* "web.1" */
	int color;
	bool quiet;
	struct engine_log_opts opts;
};

struct sources {
	struct source *items;
	size_t count;
};

static void sources_done(struct sources *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->items[i].id);
		free(s->items[i].name);
	}
	free(s->items);
}

static void add_source(struct sources *s, const struct log_request *rq, const char *id,
	const char *name)
{
	s->items = xreallocarray(s->items, s->count + 1, sizeof(*s->items));
	s->items[s->count] = (struct source){
		.id = xstrdup(id),
		.name = xstrdup(name),
		.color = colors[s->count % ARRAY_SIZE(colors)],
		.quiet = rq->quiet,
		.opts = {
			.follow = rq->follow,
			.timestamps = !rq->quiet,
			.out = true,
			.err = true,
			.tail = rq->lines,
		},
	};
	s->count++;
}

/* --- one log --- */

struct lines {
	const struct source *source;
	struct strbuf part[3]; /* the beginning of a line, of each stream */
};

/*
 * "<time> app[web.1]: text": the time is coloured with the name, as Dokku does. One write for each
 * line, so that several readers do not mix theirs.
 */
static int print_line(const struct source *s, const char *line, size_t len)
{
	AUTO_STRBUF out = STRBUF_INIT;
	const char *end = s->quiet ? NULL : memchr(line, 'Z', len);

	if (end && (size_t)(end - line) + 1 < len && end[1] == ' ') {
		size_t head = (size_t)(end - line) + 2;

		strbuf_addf(&out, "\x1b[%dm", s->color);
		strbuf_add(&out, line, head);
		strbuf_addf(&out, "app[%s]:\x1b[0m ", s->name);
		strbuf_add(&out, line + head, len - head);
	} else {
		strbuf_add(&out, line, len);
	}
	strbuf_addch(&out, '\n');
	return fs_write_all(STDOUT_FILENO, out.buf, out.len);
}

static int take_piece(void *ctx, int stream, const void *data, size_t len, struct err *err)
{
	struct lines *l = ctx;
	struct strbuf *part = &l->part[stream >= 0 && stream <= 2 ? stream : 1];
	const char *p = data;

	(void)err;
	while (len) {
		const char *nl = memchr(p, '\n', len);
		size_t n = nl ? (size_t)(nl - p) : len;

		strbuf_add(part, p, n);
		if (nl || part->len >= LOG_LINE_MAX) {
			if (print_line(l->source, part->buf, part->len) < 0)
				return 1; /* the reader went away */
			strbuf_clear(part);
		}
		p += n + (nl != NULL);
		len -= n + (nl != NULL);
	}
	return 0;
}

static int read_one(struct ctx *ctx, void *arg, struct strbuf *out, struct err *err)
{
	struct source *s = arg;
	struct lines l = { .source = s };
	struct engine *engine = ctx_engine(ctx);
	int r;

	(void)out;
	for (size_t i = 0; i < ARRAY_SIZE(l.part); i++)
		strbuf_init(&l.part[i], 0);
	/* An app that says nothing for days must not keep us here once the reader has left. */
	engine->hangup_fd = STDOUT_FILENO;
	r = engine_container_logs(engine, s->id, &s->opts, take_piece, &l, err);
	engine->hangup_fd = -1;
	for (size_t i = 0; i < ARRAY_SIZE(l.part); i++) {
		if (l.part[i].len && r >= 0)
			(void)!print_line(s, l.part[i].buf, l.part[i].len);
		strbuf_done(&l.part[i]);
	}
	return r < 0 ? r : 0;
}

/* --- all of them --- */

static int show(struct ctx *ctx, struct sources *s, struct err *err)
{
	struct job *jobs = xcalloc(s->count + 1, sizeof(*jobs));
	int r = 0;

	for (size_t i = 0; i < s->count; i++)
		jobs[i] = (struct job){ .run = read_one, .arg = &s->items[i] };
	/* Without --tail they come one after the other, in order. */
	if (s->count && s->items[0].opts.follow) {
		r = jobs_run(ctx, jobs, s->count, err);
	} else {
		out_flush();
		for (size_t i = 0; i < s->count; i++) {
			strbuf_init(&jobs[i].out, 0);
			strbuf_init(&jobs[i].wire, 0);
			jobs[i].err = (struct err)ERR_INIT;
			jobs[i].result = read_one(ctx, &s->items[i], &jobs[i].out, &jobs[i].err);
		}
	}
	for (size_t i = 0; r >= 0 && i < s->count; i++) {
		if (jobs[i].result < 0)
			out_warn("Log of %s (%.12s): %s", s->items[i].name, s->items[i].id,
				err_text(&jobs[i].err));
	}
	jobs_done(jobs, s->count);
	free(jobs);
	return r;
}

int local_logs(struct ctx *ctx, const struct log_request *rq, struct err *err)
{
	AUTO_UNITS units = UNITS_INIT;
	struct sources sources = { 0 };
	int r = units_load(ctx, rq->app, rq->process, &units, err);

	for (size_t i = 0; r >= 0 && i < units.count; i++) {
		AUTO_FREE char *name =
			xasprintf("%s.%u", units.items[i].process, units.items[i].index);

		add_source(&sources, rq, units.items[i].id, name);
	}
	if (r >= 0)
		r = show(ctx, &sources, err);
	sources_done(&sources);
	return r;
}

int local_run_logs(struct ctx *ctx, const struct log_request *rq, const char *container,
	struct err *err)
{
	struct sources sources = { 0 };
	json_t *list = NULL;
	int r = list_ours(ctx, rq->app, "run", true, &list, err);

	for (size_t i = 0; r >= 0 && i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *name = listed_name(item);
		const char *id = json_string_value(json_object_get(item, "Id"));
		const char *dot = strrchr(name, '.');

		if (id && (!container || !*container || str_eq(name, container)))
			add_source(&sources, rq, id, dot ? dot + 1 : name);
	}
	json_decref(list);
	if (r >= 0 && container && *container && !sources.count)
		r = err_user(err, ERR_NOT_FOUND, 1, "Run container %s does not exist", container);
	if (r >= 0)
		r = show(ctx, &sources, err);
	sources_done(&sources);
	return r;
}

/* --- failed ones --- */

static int add_failed(struct ctx *ctx, struct sources *s, const char *line, struct strvec *keep,
	struct err *err)
{
	const struct log_request rq = { .quiet = true, .lines = -1 };
	AUTO_STRVEC fields = STRVEC_INIT;
	json_t *inspected = NULL;
	int r;

	strvec_split(&fields, line, " ");
	if (!fields.count)
		return 0;
	r = container_look(ctx, fields.items[0], &inspected, err);
	json_decref(inspected);
	if (r == 0)
		out_warn("App container %s no longer running", fields.items[0]);
	if (r <= 0)
		return r;
	strvec_push(keep, line);
	add_source(s, &rq, fields.items[0], fields.count > 1 ? fields.items[1] : "");
	return 0;
}

int local_logs_failed(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_STRVEC keep = STRVEC_INIT;
	struct sources sources = { 0 };
	int r = failed_load(ctx, app, &lines, err);

	for (size_t i = 0; r >= 0 && i < lines.count; i++)
		r = add_failed(ctx, &sources, lines.items[i], &keep, err);
	if (r >= 0 && keep.count != lines.count)
		r = failed_save(ctx, app, &keep, err);
	if (r >= 0 && !sources.count)
		out_warn("No failed containers found");
	if (r >= 0)
		r = show(ctx, &sources, err);
	sources_done(&sources);
	return r;
}
