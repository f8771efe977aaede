/* SPDX-License-Identifier: MIT */
#include "plugins/backup/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/output.h"

enum { SAID_MAX = 64 * 1024, ANSWER_MAX = 512 * 1024 * 1024 };

const char *json_text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static void tool(struct ctx *ctx, struct child *c, const char *verb)
{
	strvec_pushf(&c->argv, "%s/moorage-backup", ctx->inst.libexec_dir);
	strvec_push(&c->argv, verb);
	c->die_with_parent = true;
}

/* --- writing --- */

int writer_open(struct ctx *ctx, int fd, bool gzip, struct writer *w, struct err *err)
{
	*w = (struct writer){ .child = CHILD_INIT, .said = -1 };
	tool(ctx, &w->child, "create");
	strvec_push(&w->child.argv, "--fd");
	strvec_pushf(&w->child.argv, "%d", fd);
	if (gzip)
		strvec_push(&w->child.argv, "--gzip");
	w->child.in = w->child.out = w->child.err = CHILD_PIPE;
	w->child.keep_fds[0] = fd;
	if (child_start(&w->child, err) < 0)
		return -(int)err->kind;
	w->to = fdopen(w->child.in, "w");
	w->from = fdopen(w->child.out, "r");
	w->said = w->child.err;
	w->child.in = w->child.out = w->child.err = CHILD_NULL;
	return w->to && w->from ? 0 : err_sys(err, "talk to moorage-backup");
}

static void close_pipes(struct writer *w)
{
	if (w->to)
		fclose(w->to);
	if (w->from)
		fclose(w->from);
	if (w->said >= 0)
		close(w->said);
	w->to = w->from = NULL;
	w->said = -1;
}

void writer_done(struct writer *w)
{
	AUTO_ERR ignored = ERR_INIT; /* the failure that led here is the one to tell */
	struct child_status st;

	if (w->child.pid > 0) {
		close_pipes(w);
		(void)!child_wait(&w->child, &st, &ignored);
	}
	child_done(&w->child);
}

/* Its last words, or else that it ended. */
static int failed(struct writer *w, struct err *err)
{
	AUTO_STRBUF said = STRBUF_CAPPED(SAID_MAX);
	char chunk[1024];
	ssize_t n;

	if (w->to)
		fclose(TAKE_PTR(w->to));
	while ((n = read(w->said, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR)) {
		if (n > 0)
			strbuf_add(&said, chunk, (size_t)n);
	}
	strbuf_trim(&said);
	return err_set(err, ERR_FAILED, "%s", said.len ? said.buf : "moorage-backup has ended");
}

/* Sends COMMAND, which is taken over, and takes the answer. */
static int ask(struct writer *w, json_t *command, struct err *err)
{
	AUTO_FREE char *line = NULL;
	json_t *answer;
	json_t *text;
	size_t alloc = 0;
	size_t i;
	bool sent = json_dumpf(command, w->to, JSON_COMPACT) == 0 && putc('\n', w->to) != EOF &&
		    fflush(w->to) == 0;

	json_decref(command);
	if (!sent || getline(&line, &alloc, w->from) < 0)
		return failed(w, err);
	answer = json_loads(line, 0, NULL);
	if (!json_is_object(answer)) {
		json_decref(answer);
		return failed(w, err);
	}
	json_array_foreach (json_object_get(answer, "left_out"), i, text)
		out_warn("Left out: %s", json_string_value(text));
	w->files += (uint64_t)json_integer_value(json_object_get(answer, "files"));
	w->bytes += (uint64_t)json_integer_value(json_object_get(answer, "bytes"));
	json_decref(answer);
	return 0;
}

int writer_tree(struct writer *w, const char *path, const char *name, const char *const *skip,
	struct err *err)
{
	json_t *list = json_array();

	for (const char *const *s = skip; s && *s; s++)
		json_array_append_new(list, json_string(*s));
	return ask(w, json_pack("{s:s, s:s, s:o}", "tree", path, "as", name, "skip", list), err);
}

int writer_text(struct writer *w, const char *name, const char *text, struct err *err)
{
	return ask(w, json_pack("{s:s, s:s}", "text", text, "as", name), err);
}

int writer_end(struct writer *w, struct err *err)
{
	struct child_status st;
	int r;

	w->files = w->bytes = 0;
	r = ask(w, json_pack("{s:b}", "end", 1), err);
	if (r < 0)
		return r;
	close_pipes(w);
	r = child_wait(&w->child, &st, err);
	return r < 0 ? r : child_check(&w->child, &st, err);
}

/* --- reading --- */

int archive_read_all(struct ctx *ctx, int fd, const char *dest, uint64_t max_bytes, json_t **ret,
	struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF answer = STRBUF_CAPPED(ANSWER_MAX);
	AUTO_STRBUF said = STRBUF_CAPPED(SAID_MAX);
	struct child_status st;
	json_error_t where;
	int r;

	tool(ctx, &c, dest ? "extract" : "list");
	if (max_bytes)
		strvec_pushf(&c.argv, "--max-bytes=%llu", (unsigned long long)max_bytes);
	if (dest)
		strvec_push(&c.argv, dest);
	c.in = fd;
	out_flush();
	r = child_capture(&c, NULL, &answer, &said, &st, err);
	if (r < 0)
		return r;
	strbuf_trim(&said);
	if (st.code)
		return said.len ? err_set(err, ERR_INVALID, "%s", said.buf)
				: child_check(&c, &st, err);
	*ret = json_loads(answer.buf, 0, &where);
	return *ret ? 0 : err_set(err, ERR_INVALID, "moorage-backup: %s", where.text);
}
