/* SPDX-License-Identifier: MIT */
#include "core/build_record.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/timing.h"
#include "core/output.h"
#include "core/state.h"

enum { RECORD_MAX = 64 * 1024 };

static const struct {
	const char *source;
	const char *kind;
} sources[] = {
	{ "git-hook", "build" },
	{ "ps:rebuild", "build" },
	{ "git:sync", "build" },
	{ "git:from-archive", "build" },
	{ "git:from-image", "build" },
	{ "git:load-image", "build" },
	{ "ps:restart", "deploy" },
	{ "ps:start", "deploy" },
	{ "deploy", "deploy" },
	{ "config-redeploy", "deploy" },
	{ "unknown", "deploy" },
};

void build_record_done(struct build_record *r)
{
	free(r->id);
	free(r->app);
	free(r->kind);
	free(r->started_at);
	free(r->finished_at);
	free(r->status);
	free(r->source);
	*r = (struct build_record)BUILD_RECORD_INIT;
}

void build_records_done(struct build_records *all)
{
	for (size_t i = 0; i < all->count; i++)
		build_record_done(&all->items[i]);
	free(all->items);
	*all = (struct build_records)BUILD_RECORDS_INIT;
}

bool build_id_valid(const char *id)
{
	size_t len = strlen(id);

	return len && len <= BUILD_ID_MAX &&
	       strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static char *folder(struct ctx *ctx, const char *app)
{
	return inst_lib(&ctx->inst, "data/builds/%s", app);
}

static char *record_path(struct ctx *ctx, const char *app, const char *id)
{
	return inst_lib(&ctx->inst, "data/builds/%s/%s.json", app, id);
}

char *build_log_path(struct ctx *ctx, const char *app, const char *id)
{
	return inst_lib(&ctx->inst, "data/builds/%s/%s.log", app, id);
}

/* --- time --- */

/* Now, with a fraction: two builds may begin within one second. */
static char *now_text(void)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	return xasprintf("%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ", tm.tm_year + 1900, tm.tm_mon + 1,
		tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, now.tv_nsec / 1000);
}

/* Seconds since the epoch of an RFC 3339 time in UTC, -1 when it is none. */
static int64_t seconds_of(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

	return rest && (*rest == '.' || *rest == 'Z') ? (int64_t)timegm(&tm) : -1;
}

/* The digits behind the point, "" when there are none. */
static const char *fraction_of(const char *text)
{
	const char *point = text ? strchr(text, '.') : NULL;

	return point ? point + 1 : "";
}

int64_t build_record_seconds(const struct build_record *r)
{
	int64_t start = seconds_of(r->started_at);
	int64_t end = r->finished_at ? seconds_of(r->finished_at) : wall_seconds();

	return start >= 0 && end > start ? end - start : 0;
}

/* --- files --- */

json_t *build_record_json(const struct build_record *r)
{
	json_t *all = json_pack("{s:s, s:s, s:s, s:I, s:s}", "id", r->id, "app", r->app, "kind",
		r->kind, "pid", (json_int_t)r->pid, "started_at", r->started_at);

	if (r->finished_at)
		json_object_set_new(all, "finished_at", json_string(r->finished_at));
	json_object_set_new(all, "status", json_string(r->status));
	json_object_set_new(all, "source", json_string(r->source));
	if (r->has_exit_code)
		json_object_set_new(all, "exit_code", json_integer(r->exit_code));
	return all;
}

static int save(struct ctx *ctx, const struct build_record *r, struct err *err)
{
	AUTO_FREE char *path = record_path(ctx, r->app, r->id);
	AUTO_FREE char *text = NULL;
	json_t *all = build_record_json(r);

	text = json_dumps(all, JSON_INDENT(2));
	json_decref(all);
	return fs_write_str(path, text ? text : "{}", 0644, err);
}

static char *take(json_t *all, const char *key)
{
	const char *value = json_string_value(json_object_get(all, key));

	return xstrdup(value ? value : "");
}

static int parse(const struct strbuf *text, const char *app, const char *id,
	struct build_record *ret, struct err *err)
{
	json_t *all = json_loadb(text->buf, text->len, 0, NULL);
	json_t *code = json_object_get(all, "exit_code");
	json_t *end = json_object_get(all, "finished_at");

	if (!json_is_object(all)) {
		json_decref(all);
		return err_set(err, ERR_INVALID, "build record %s/%s is not a JSON object", app,
			id);
	}
	*ret = (struct build_record){
		.id = xstrdup(id),
		.app = xstrdup(app),
		.kind = take(all, "kind"),
		.pid = json_integer_value(json_object_get(all, "pid")),
		.started_at = take(all, "started_at"),
		.finished_at = xstrdup_null(json_string_value(end)),
		.status = take(all, "status"),
		.source = take(all, "source"),
		.has_exit_code = json_is_integer(code),
		.exit_code = json_integer_value(code),
	};
	json_decref(all);
	return 0;
}

int build_record_load(struct ctx *ctx, const char *app, const char *id, struct build_record *ret,
	struct err *err)
{
	AUTO_FREE char *path = record_path(ctx, app, id);
	AUTO_STRBUF text = STRBUF_INIT;
	int r;

	if (!build_id_valid(id))
		return 0;
	r = fs_read_optional(path, RECORD_MAX, &text, err);
	if (r > 0)
		r = parse(&text, app, id, ret, err) < 0 ? -(int)err->kind : 1;
	return r;
}

static int newest_first(const void *a, const void *b)
{
	const struct build_record *x = a;
	const struct build_record *y = b;
	int64_t sx = seconds_of(x->started_at);
	int64_t sy = seconds_of(y->started_at);
	int order;

	if (sx != sy)
		return sx < sy ? 1 : -1;
	order = strcmp(fraction_of(y->started_at), fraction_of(x->started_at));
	return order ? order : strcmp(y->id, x->id);
}

static void load_one(struct ctx *ctx, const char *app, const char *file, struct build_records *ret)
{
	AUTO_FREE char *id = xstrndup(file, strlen(file) - strlen(".json"));
	struct build_record record = BUILD_RECORD_INIT;
	AUTO_ERR err = ERR_INIT;
	int r = build_record_load(ctx, app, id, &record, &err);

	if (r < 0)
		out_warn("Skipping unreadable build record %s/%s: %s", app, file, err.msg.buf);
	if (r <= 0)
		return;
	ret->items = xreallocarray(ret->items, ret->count + 1, sizeof(*ret->items));
	ret->items[ret->count++] = record;
}

int build_records_load(struct ctx *ctx, const char *app, struct build_records *ret, struct err *err)
{
	AUTO_FREE char *dir = folder(ctx, app);
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_list(dir, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		if (str_ends(names.items[i], ".json") && names.items[i][0] != '.')
			load_one(ctx, app, names.items[i], ret);
	}
	if (ret->count)
		qsort(ret->items, ret->count, sizeof(*ret->items), newest_first);
	return r;
}

/* --- life --- */

int build_record_start(struct ctx *ctx, const char *app, const char *id, int64_t pid,
	const char *source, struct err *err)
{
	AUTO_BUILD_RECORD record = BUILD_RECORD_INIT;
	size_t i = 0;

	if (!build_id_valid(id))
		return err_set(err, ERR_INVALID, "'%.100s' is not a build id", id);
	while (i + 1 < ARRAY_SIZE(sources) && !str_eq(sources[i].source, source))
		i++;
	record = (struct build_record){
		.id = xstrdup(id),
		.app = xstrdup(app),
		.kind = xstrdup(sources[i].kind),
		.pid = pid,
		.started_at = now_text(),
		.status = xstrdup("running"),
		.source = xstrdup(sources[i].source),
	};
	return save(ctx, &record, err);
}

int build_record_end(struct ctx *ctx, struct build_record *record, const char *status,
	int exit_code, struct err *err)
{
	free(record->status);
	free(record->finished_at);
	record->status = xstrdup(status);
	record->finished_at = now_text();
	record->has_exit_code = true;
	record->exit_code = exit_code;
	return save(ctx, record, err);
}

int build_record_finish(struct ctx *ctx, const char *app, const char *id, int exit_code,
	bool canceled, struct err *err)
{
	const char *status = !exit_code ? "succeeded" : canceled ? "canceled" : "failed";
	AUTO_BUILD_RECORD record = BUILD_RECORD_INIT;
	int r = build_record_load(ctx, app, id, &record, err);

	if (r > 0 && str_eq(record.status, "running"))
		r = build_record_end(ctx, &record, status, exit_code, err);
	return r < 0 ? r : build_records_prune(ctx, app, err);
}

bool build_record_alive(const struct build_record *r)
{
	if (r->pid <= 0 || r->pid > INT32_MAX)
		return false;
	return kill((pid_t)r->pid, 0) == 0 || errno == EPERM;
}

static bool is_abandoned(const struct build_record *r)
{
	return str_eq(r->status, "running") && !build_record_alive(r);
}

const char *build_record_status(const struct build_record *r)
{
	return is_abandoned(r) ? "abandoned" : r->status;
}

static int64_t retention_of(struct ctx *ctx, const char *scope)
{
	AUTO_FREE char *value = state_get_or(ctx, "builds", scope, "retention", "");
	AUTO_ERR ignored = ERR_INIT;
	uint64_t n;

	if (!*value)
		return 0;
	if (parse_uint(value, 1, INT32_MAX, &n, &ignored) >= 0)
		return (int64_t)n;
	out_warn("Ignoring builds retention '%s' for %s: it is not a positive integer", value,
		scope);
	return 0;
}

int64_t build_retention(struct ctx *ctx, const char *app)
{
	int64_t n = str_eq(app, SCOPE_GLOBAL) ? 0 : retention_of(ctx, app);

	if (!n)
		n = retention_of(ctx, SCOPE_GLOBAL);
	return n ? n : BUILD_RETENTION;
}

static int remove_files(struct ctx *ctx, const struct build_record *r, struct err *err)
{
	AUTO_FREE char *record = record_path(ctx, r->app, r->id);
	AUTO_FREE char *log = build_log_path(ctx, r->app, r->id);
	int result = fs_unlink(record, err);

	return result < 0 ? result : fs_unlink(log, err);
}

int build_records_prune(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_BUILD_RECORDS all = BUILD_RECORDS_INIT;
	int64_t keep = build_retention(ctx, app);
	int r = build_records_load(ctx, app, &all, err);

	for (size_t i = 0; r >= 0 && i < all.count; i++) {
		struct build_record *record = &all.items[i];

		if (is_abandoned(record))
			r = build_record_end(ctx, record, "failed", -1, err);
		else if (str_eq(record->status, "running"))
			continue;
		if (r >= 0 && keep-- <= 0)
			r = remove_files(ctx, record, err);
	}
	return r;
}
