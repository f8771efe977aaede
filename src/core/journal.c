/* SPDX-License-Identifier: MIT */
#include "core/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"

enum { HISTORY_MAX = 100, CRC_CHARS = 8 };

struct journal {
	int fd;
	off_t end; /* where the next record goes */
	char *path;
};

static char *path_of(struct ctx *ctx, const char *app)
{
	return inst_lib(&ctx->inst, "data/moorage/operations/%s.journal", app);
}

bool journal_exists(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *path = path_of(ctx, app);

	return fs_exists(path);
}

int journal_list(struct ctx *ctx, struct strvec *ret, struct err *err)
{
	static const char suffix[] = ".journal";
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/moorage/operations");
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_is_dir(dir) ? fs_list(dir, &names, err) : 0;

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		size_t len = strlen(names.items[i]);

		if (str_ends(names.items[i], suffix))
			strvec_push_take(ret, xstrndup(names.items[i], len - strlen(suffix)));
	}
	return r < 0 ? r : 0;
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	if (j->fd >= 0)
		close(j->fd);
	free(j->path);
	free(j);
}

static int reserve(struct journal *j, struct err *err)
{
	int e = posix_fallocate(j->fd, 0, JOURNAL_BYTES);

	if (e)
		return err_sys_errno(err, e, "reserve space for the journal '%s'", j->path);
	if (fsync(j->fd) < 0)
		return err_sys(err, "sync '%s'", j->path);
	return 0;
}

static int link_others(struct ctx *ctx, const struct strvec *apps, const char *path,
	struct err *err)
{
	for (size_t i = 1; i < apps->count; i++) {
		AUTO_FREE char *other = path_of(ctx, apps->items[i]);

		if (link(path, other) < 0)
			return err_sys(err, "create '%s'", other);
	}
	return 0;
}

int journal_create(struct ctx *ctx, const char *id, const struct strvec *apps, struct journal **ret,
	struct err *err)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/moorage/operations");
	struct journal *j;
	int r = fs_mkdir_p(dir, 0755, err);

	if (r < 0)
		return r;
	j = xcalloc(1, sizeof(*j));
	j->path = path_of(ctx, apps->items[0]);
	j->fd = open(j->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (j->fd < 0)
		r = errno == EEXIST ? err_set(err, ERR_EXISTS,
					      "'%s' exists: an operation is unfinished", j->path)
				    : err_sys(err, "create '%s'", j->path);
	if (r == 0)
		r = reserve(j, err);
	if (r == 0)
		r = link_others(ctx, apps, j->path, err);
	if (r < 0) {
		if (j->fd >= 0)
			journal_discard(ctx, j, apps);
		else
			journal_free(j);
		return r;
	}
	*ret = j;
	return 0;
}

int journal_append(struct journal *j, json_t *record, bool durable, struct err *err)
{
	AUTO_FREE char *text = json_dumps(record, JSON_COMPACT);
	AUTO_FREE char *line = NULL;
	size_t len;
	size_t done = 0;

	if (!text)
		return err_set(err, ERR_BUG, "a journal record cannot be written as JSON");
	line = xasprintf("%08x %s\n", hash32(text, strlen(text)), text);
	len = strlen(line);
	if (j->end + (off_t)len > JOURNAL_BYTES)
		return err_set(err, ERR_BUG, "the journal '%s' is full", j->path);
	while (done < len) {
		ssize_t n = pwrite(j->fd, line + done, len - done, j->end + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "write '%s'", j->path);
		done += (size_t)n;
	}
	if (durable && fdatasync(j->fd) < 0)
		return err_sys(err, "sync '%s'", j->path);
	j->end += (off_t)len;
	return 0;
}

/* The record in a line of LEN bytes, or NULL when it is torn. */
static json_t *parse_line(const char *line, size_t len)
{
	char crc[CRC_CHARS + 1];
	char want[CRC_CHARS + 1];

	if (len <= CRC_CHARS + 1 || line[CRC_CHARS] != ' ')
		return NULL;
	memcpy(crc, line, CRC_CHARS);
	crc[CRC_CHARS] = '\0';
	snprintf(want, sizeof(want), "%08x", hash32(line + CRC_CHARS + 1, len - CRC_CHARS - 1));
	if (strcmp(crc, want) != 0)
		return NULL;
	return json_loadb(line + CRC_CHARS + 1, len - CRC_CHARS - 1, 0, NULL);
}

static json_t *parse_all(struct journal *j, const struct strbuf *text)
{
	json_t *records = json_array();
	const char *p = text->buf;
	const char *end = text->buf + text->len;

	while (p < end && *p) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		json_t *record = eol ? parse_line(p, (size_t)(eol - p)) : NULL;

		if (!record)
			break;
		json_array_append_new(records, record);
		p = eol + 1;
	}
	j->end = p - text->buf;
	return records;
}

int journal_open(struct ctx *ctx, const char *app, struct journal **ret, json_t **ret_records,
	struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	struct journal *j = xcalloc(1, sizeof(*j));
	int r;

	*ret = NULL;
	j->path = path_of(ctx, app);
	j->fd = open(j->path, O_RDWR | O_CLOEXEC);
	if (j->fd < 0) {
		r = errno == ENOENT ? 0 : err_sys(err, "open '%s'", j->path);
		journal_free(j);
		return r;
	}
	r = fs_read(j->path, JOURNAL_BYTES, &text, err);
	if (r < 0) {
		journal_free(j);
		return r;
	}
	*ret_records = parse_all(j, &text);
	*ret = j;
	return 0;
}

void journal_discard(struct ctx *ctx, struct journal *j, const struct strvec *apps)
{
	for (size_t i = apps->count; i-- > 0;) {
		AUTO_FREE char *path = path_of(ctx, apps->items[i]);

		unlink(path);
	}
	journal_free(j);
}

/* Keeps the newest ones. Best effort: the history is a convenience. */
static void prune_history(const char *dir)
{
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	if (fs_list(dir, &names, &err) < 0)
		return;
	for (size_t i = 0; i + HISTORY_MAX < names.count; i++) {
		AUTO_FREE char *path = path_join(dir, names.items[i]);

		unlink(path);
	}
}

int journal_finish(struct ctx *ctx, struct journal *j, const char *id, const struct strvec *apps,
	struct err *err)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/moorage/history");
	AUTO_FREE char *target = xasprintf("%s/%s.journal", dir, id);
	AUTO_ERR ignored = ERR_INIT;

	/* The history may not keep a finished operation from being finished: errors only lose it. */
	(void)!ftruncate(j->fd, j->end);
	if (fs_mkdir_p(dir, 0755, &ignored) == 0)
		(void)!link(j->path, target);
	for (size_t i = apps->count; i-- > 0;) {
		AUTO_FREE char *path = path_of(ctx, apps->items[i]);
		int r = fs_unlink(path, err);

		if (r < 0)
			return r;
	}
	journal_free(j);
	prune_history(dir);
	return 0;
}
