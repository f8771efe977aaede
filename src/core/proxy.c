/* SPDX-License-Identifier: MIT */
#include "core/proxy.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/label_proxy.h"
#include "core/output.h"
#include "core/state.h"
#include "core/trigger.h"

char *proxy_type(struct ctx *ctx, const char *app)
{
	return state_computed(ctx, "proxy", app, "type", "nginx");
}

bool proxy_is_enabled(struct ctx *ctx, const char *app)
{
	return !state_is_true(ctx, "proxy", app, "disabled");
}

static const struct proxy *find_driver(const char *name)
{
	for (const struct proxy *const *p = proxies; *p; p++) {
		if (str_eq((*p)->name, name))
			return *p;
	}
	return NULL;
}

int proxy_of(struct ctx *ctx, const char *app, const struct proxy **ret, struct err *err)
{
	AUTO_FREE char *type = proxy_type(ctx, app);

	*ret = NULL;
	if (!proxy_is_enabled(ctx, app))
		return 0;
	*ret = find_driver(type);
	if (*ret)
		return 0;
	return err_set(err, ERR_NOT_FOUND,
		"%s selects the proxy '%s', which does not exist here; choose another one with "
		"proxy:set %s type <name>",
		app, type, app);
}

int proxy_apply(struct ctx *ctx, const char *app, struct err *err)
{
	const struct proxy *driver = NULL;
	int r = proxy_of(ctx, app, &driver, err);

	if (r < 0) {
		if (!trigger_has_external(ctx, "proxy-build-config"))
			return r;
		err_clear(err);
		r = 0;
	}
	for (const struct proxy *const *p = proxies; r >= 0 && *p; p++) {
		if (*p != driver)
			r = (*p)->clear(ctx, app, err);
	}
	if (r >= 0 && driver)
		r = driver->apply(ctx, app, err);
	return r < 0 ? r : trigger_fire(ctx, err, "proxy-build-config", app, NULL);
}

/* --- proxies that read labels --- */

int proxy_container_flags(struct ctx *ctx, const char *app, const char *process, bool early,
	struct strvec *flags, struct err *err)
{
	int r = 0;

	for (const struct proxy *const *p = proxies; r >= 0 && *p; p++) {
		if ((*p)->labels && (*p)->labels->early == early)
			r = label_proxy_flags(ctx, (*p)->labels, app, process, flags, err);
	}
	return r;
}

/* The row of the app's proxy, whether it is enabled or not; NULL for other kinds. */
static const struct label_proxy *label_proxy_of(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *type = proxy_type(ctx, app);
	const struct proxy *driver = find_driver(type);

	return driver ? driver->labels : NULL;
}

bool proxy_brings_tls(struct ctx *ctx, const char *app)
{
	const struct label_proxy *p = label_proxy_of(ctx, app);

	return p && label_proxy_brings_tls(ctx, p);
}

void proxy_deployed(struct ctx *ctx, const char *app)
{
	const struct label_proxy *p = label_proxy_of(ctx, app);

	if (p)
		label_proxy_deployed(ctx, p, app);
}

/* --- copies: "<operation>\n", then for each driver "<name> <length>\n<bytes>\n" --- */

enum { COPY_BYTES_MAX = 64 * 1024 * 1024 };

static char *copies_dir(struct ctx *ctx, const char *app)
{
	return inst_lib(&ctx->inst, "data/moorage/proxy/%s", app);
}

int proxy_drop_copies(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *dir = copies_dir(ctx, app);

	return fs_rm_rf(dir, err);
}

static char *copy_path(struct operation *op, const struct step *step)
{
	AUTO_FREE char *dir = copies_dir(op->ctx, step_arg(step, "app"));

	return path_join(dir, step_arg(step, "copy"));
}

/* 1 and TEXT without its first line when the copy is there and this operation's. */
static int read_copy(struct operation *op, const struct step *step, struct strbuf *ret,
	struct err *err)
{
	AUTO_FREE char *path = copy_path(op, step);
	AUTO_FREE char *mark = xasprintf("%s\n", op->id);
	AUTO_STRBUF text = STRBUF_INIT;
	int r = fs_read_optional(path, COPY_BYTES_MAX, &text, err);

	if (r <= 0)
		return r;
	if (!str_starts(text.buf, mark))
		return 0;
	strbuf_add(ret, text.buf + strlen(mark), text.len - strlen(mark));
	return 1;
}

/* One that this operation has made already is from before the change; it is left alone. */
static int make_copy(struct operation *op, const struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	AUTO_FREE char *dir = copies_dir(op->ctx, app);
	AUTO_FREE char *path = copy_path(op, step);
	AUTO_STRBUF text = STRBUF_INIT;
	int r = read_copy(op, step, &text, err);

	if (r != 0)
		return r;
	strbuf_addf(&text, "%s\n", op->id);
	for (const struct proxy *const *p = proxies; r >= 0 && *p; p++) {
		AUTO_STRBUF kept = STRBUF_INIT;

		r = (*p)->keep(op->ctx, app, &kept, err);
		strbuf_addf(&text, "%s %zu\n", (*p)->name, kept.len);
		strbuf_add(&text, kept.buf, kept.len);
		strbuf_addch(&text, '\n');
	}
	if (r >= 0)
		r = fs_mkdir_p(dir, 0755, err);
	return r < 0 ? r : fs_write(path, text.buf, text.len, 0640, err);
}

/* Takes one driver's part off the front of TEXT from AT on; returns where the next begins. */
static int next_part(const struct strbuf *text, size_t at, char **ret_name, struct strbuf *ret,
	size_t *ret_next, struct err *err)
{
	const char *line = text->buf + at;
	size_t name = strcspn(line, " \n");
	size_t end = strcspn(line, "\n");
	AUTO_FREE char *digits = name < end ? xstrndup(line + name + 1, end - name - 1) : NULL;
	uint64_t len;

	if (!digits || parse_uint(digits, 0, COPY_BYTES_MAX, &len, err) < 0 ||
		at + end + 1 + len + 1 > text->len)
		return err_set(err, ERR_INVALID, "the kept proxy configuration is damaged");
	*ret_name = xstrndup(line, name);
	strbuf_add(ret, line + end + 1, len);
	*ret_next = at + end + 1 + len + 1;
	return 0;
}

static int put_back_all(struct operation *op, const struct step *step, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	size_t at = 0;
	int r = read_copy(op, step, &text, err);

	while (r >= 0 && at < text.len) {
		AUTO_FREE char *name = NULL;
		AUTO_STRBUF kept = STRBUF_INIT;
		const struct proxy *driver;

		r = next_part(&text, at, &name, &kept, &at, err);
		driver = r < 0 ? NULL : find_driver(name);
		if (driver)
			r = driver->put_back(op->ctx, step_arg(step, "app"), &kept, err);
	}
	return r < 0 ? r : 0;
}

/* --- steps --- */

static void describe_switch(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "lead requests for %s to where it listens now", step_arg(step, "app"));
}

static int run_apply(struct operation *op, struct step *step, struct err *err)
{
	int r = make_copy(op, step, err);

	return r < 0 ? r : proxy_apply(op->ctx, step_arg(step, "app"), err);
}

static int undo_apply(struct operation *op, struct step *step, struct err *err)
{
	return put_back_all(op, step, err);
}

static void describe_settle(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "see that the proxy follows if %s has to be left as it was",
		step_arg(step, "app"));
}

static int run_settle(struct operation *op, struct step *step, struct err *err)
{
	return 0;
}

/* Only where there was something; and what fails now has failed before for that reason. */
static int undo_settle(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	bool output_was_quiet = output_is_quiet();
	AUTO_ERR why = ERR_INIT;

	if (!json_is_true(json_object_get(step->args, "served")))
		return 0;
	output_set_quiet(true);
	if (proxy_apply(op->ctx, app, &why) < 0)
		out_warn("The proxy keeps what it has for %s: %s", app, err_text(&why));
	output_set_quiet(output_was_quiet);
	return 0;
}

static void describe_tell(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "run the %s handlers of plugins", step_arg(step, "trigger"));
}

static int run_tell(struct operation *op, struct step *step, struct err *err)
{
	return trigger_fire(op->ctx, err, step_arg(step, "trigger"), step_arg(step, "app"), NULL);
}

const struct step_kind proxy_steps[] = {
	{ "proxy:switch", STEP_COMMIT, describe_switch, run_apply, undo_apply },
	{ "proxy:rebuild", 0, describe_switch, run_apply, undo_apply },
	{ "proxy:settle", STEP_QUIET, describe_settle, run_settle, undo_settle },
	{ "proxy:tell", STEP_ONCE, describe_tell, run_tell, NULL },
	{},
};

/* A bounded number of copies: an app's next operation writes over those of the last one. */
static int plan(struct operation *op, const struct step_kind *kind, const char *app,
	struct err *err)
{
	AUTO_FREE char *copy = xasprintf("step-%zu", op->count + 1);

	return operation_add(op, kind, json_pack("{s:s, s:s}", "app", app, "copy", copy), err);
}

int proxy_plan_switch(struct operation *op, const char *app, struct err *err)
{
	return plan(op, &proxy_steps[0], app, err);
}

int proxy_plan_rebuild(struct operation *op, const char *app, struct err *err)
{
	return plan(op, &proxy_steps[1], app, err);
}

int proxy_plan_settle(struct operation *op, const char *app, struct err *err)
{
	bool served = false;

	for (const struct proxy *const *p = proxies; *p; p++) {
		AUTO_STRBUF kept = STRBUF_INIT;
		int r = (*p)->keep(op->ctx, app, &kept, err);

		if (r < 0)
			return r;
		served |= kept.len > 0;
	}
	return operation_add(op, &proxy_steps[2],
		json_pack("{s:s, s:b}", "app", app, "served", (int)served), err);
}

int proxy_plan_tell(struct operation *op, const char *trigger, const char *app, struct err *err)
{
	if (!trigger_is_heard(op->ctx, trigger))
		return 0;
	return operation_add(op, &proxy_steps[3],
		json_pack("{s:s, s:s}", "trigger", trigger, "app", app), err);
}
