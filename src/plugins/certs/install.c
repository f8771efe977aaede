/* SPDX-License-Identifier: MIT */
/*
 * Certificate and key change places together: a folder beside the app's `tls` gets what `tls` holds,
 * with the new pair in it, and the two are exchanged. No moment exists in which a reload would find a
 * certificate with the key of another one, and what was there is still there to be put back.
 */
#include "plugins/certs/certs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/cert.h"
#include "core/domains.h"
#include "core/output.h"
#include "core/ports_step.h"
#include "core/proxy.h"
#include "core/state_step.h"
#include "core/trigger.h"

static const char *const pair[] = { "server.crt", "server.key", "server.csr" };

static char *tls_path(struct ctx *ctx, const char *app)
{
	return inst_home(&ctx->inst, "%s/tls", app);
}

/* In the app's folder, so that the exchange stays within one file system. */
static char *beside_path(struct ctx *ctx, const char *app)
{
	return inst_home(&ctx->inst, "%s/%s", app, cert_removing_to);
}

int cert_work_dir(struct ctx *ctx, const char *app, char **ret, struct err *err)
{
	AUTO_FREE char *id = operation_new_id();
	AUTO_FREE char *all = inst_lib(&ctx->inst, "data/moorage/certs/%s", app);
	AUTO_FREE char *dir = path_join(all, id);
	/* We hold the app's lock, so what is there was left by one that was killed. */
	int r = ctx->dry_run ? 0 : fs_rm_rf(all, err);

	if (r >= 0)
		r = fs_mkdir_p(dir, 0700, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(dir);
	return 0;
}

void cert_work_done(struct ctx *ctx, const char *app, const char *dir)
{
	AUTO_FREE char *beside = beside_path(ctx, app);
	AUTO_FREE char *top = inst_lib(&ctx->inst, "data/moorage/certs");
	AUTO_FREE char *all = path_join(top, app);
	AUTO_ERR err = ERR_INIT;

	if (operation_pending(ctx, app))
		return; /* recovery needs them */
	if (fs_rm_rf(dir, &err) < 0 || fs_rm_rf(beside, &err) < 0)
		out_error(&err);
	/* The folders above it go with the last one in them. */
	if (rmdir(all) == 0)
		(void)!rmdir(top);
}

/* --- the step --- */

static bool same_content(const char *a, const char *b)
{
	AUTO_STRBUF x = STRBUF_INIT;
	AUTO_STRBUF y = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT; /* what cannot be read is not the same */
	bool same = fs_read(a, CERT_BYTES_MAX, &x, &ignored) >= 0 &&
		    fs_read(b, CERT_BYTES_MAX, &y, &ignored) >= 0 && x.len == y.len &&
		    !memcmp(x.buf, y.buf, x.len);

	strbuf_erase(&x);
	strbuf_erase(&y);
	return same;
}

/* True once the new pair is what the app has. */
static bool is_installed(const char *tls, const char *dir)
{
	for (size_t i = 0; i < 2; i++) {
		AUTO_FREE char *there = path_join(tls, pair[i]);
		AUTO_FREE char *wanted = path_join(dir, pair[i]);

		if (!same_content(there, wanted))
			return false;
	}
	return true;
}

static int copy_secret(const char *from, const char *to, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int r = fs_read(from, CERT_BYTES_MAX, &text, err);

	if (r >= 0)
		r = fs_write(to, text.buf, text.len, 0640, err);
	strbuf_erase(&text);
	return r;
}

static int prepare_beside(const char *tls, const char *beside, const char *dir, struct err *err)
{
	int r = fs_rm_rf(beside, err);

	if (r >= 0)
		r = fs_is_dir(tls) ? fs_copy_tree(tls, beside, err) : fs_mkdir_p(beside, 0750, err);
	if (r >= 0 && chmod(beside, 0750) < 0)
		r = err_sys(err, "protect '%s'", beside);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(pair); i++) {
		AUTO_FREE char *from = path_join(dir, pair[i]);
		AUTO_FREE char *to = path_join(beside, pair[i]);

		/* A link (as some tools make) is replaced, what it points to is not written. */
		if (fs_exists(from))
			r = copy_secret(from, to, err);
	}
	return r;
}

static int exchange(const char *a, const char *b, struct err *err)
{
	if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) < 0)
		return err_sys(err, "exchange '%s' and '%s'", a, b);
	return 0;
}

static void describe_install(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "install the certificate and key of %s", step_arg(step, "app"));
}

static int run_install(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	const char *dir = step_arg(step, "dir");
	AUTO_FREE char *tls = tls_path(op->ctx, app);
	AUTO_FREE char *beside = beside_path(op->ctx, app);
	int r;

	if (is_installed(tls, dir))
		return 0;
	r = prepare_beside(tls, beside, dir, err);
	if (r < 0)
		return r;
	return fs_is_dir(tls) ? exchange(beside, tls, err) : fs_rename(beside, tls, err);
}

static int undo_install(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	AUTO_FREE char *tls = tls_path(op->ctx, app);
	AUTO_FREE char *beside = beside_path(op->ctx, app);
	int r = 0;

	if (is_installed(tls, step_arg(step, "dir"))) {
		if (!json_is_true(json_object_get(step->args, "had")))
			r = fs_rm_rf(tls, err);
		else if (fs_is_dir(beside))
			r = exchange(beside, tls, err);
	}
	if (r >= 0)
		r = fs_rm_rf(beside, err);
	return r < 0 ? r : fs_rm_rf(step_arg(step, "dir"), err);
}

static bool is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static bool is_real_dir(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void describe_hide(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "stop using the certificate and key of %s", step_arg(step, "app"));
}

/* The folder changes places with a link to where it then is: its paths lead to it all the time. */
static int run_hide(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	AUTO_FREE char *tls = tls_path(op->ctx, app);
	AUTO_FREE char *beside = beside_path(op->ctx, app);
	int r;

	if (!is_real_dir(tls))
		return 0;
	r = fs_rm_rf(beside, err);
	if (r >= 0 && symlink(cert_removing_to, beside) < 0)
		r = err_sys(err, "make the link '%s'", beside);
	return r < 0 ? r : exchange(beside, tls, err);
}

static int undo_hide(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	AUTO_FREE char *tls = tls_path(op->ctx, app);
	AUTO_FREE char *beside = beside_path(op->ctx, app);
	int r = is_link(tls) && is_real_dir(beside) ? exchange(beside, tls, err) : 0;

	return r < 0 || !is_link(beside) ? r : fs_unlink(beside, err);
}

static void describe_remove(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "remove the certificate and key of %s", step_arg(step, "app"));
}

static int run_remove(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	AUTO_FREE char *tls = tls_path(op->ctx, app);
	AUTO_FREE char *beside = beside_path(op->ctx, app);
	int r = is_link(tls) ? fs_unlink(tls, err) : 0;

	return r < 0 ? r : fs_rm_rf(beside, err);
}

const struct step_kind certs_steps[] = {
	{ "certs:install", 0, describe_install, run_install, undo_install },
	{ "certs:hide", 0, describe_hide, run_hide, undo_hide },
	{ "certs:remove", STEP_COMMIT, describe_remove, run_remove, NULL },
	{},
};

/* --- operations --- */

static int plan_rest(struct operation *op, const char *app, bool came, struct err *err)
{
	json_t *changes = json_array();
	int r = ports_change_for_cert(op->ctx, changes, app, came, err);

	if (r < 0) {
		json_decref(changes);
		return r;
	}
	r = state_plan(op, changes, err);
	if (r >= 0)
		r = proxy_plan_rebuild(op, app, err);
	if (r >= 0 && !came)
		r = operation_add(op, &certs_steps[2], json_pack("{s:s}", "app", app), err);
	return r;
}

static int run_change(struct ctx *ctx, const char *app, const struct step_kind *kind, json_t *args,
	bool came, struct err *err)
{
	struct operation *op;
	int r = operation_begin(ctx, came ? "certs-install" : "certs-remove", app, NULL, NULL, &op,
		err);

	if (r < 0) {
		json_decref(args);
		return r;
	}
	r = proxy_plan_settle(op, app, err);
	if (r >= 0)
		r = operation_add(op, kind, args, err);
	else
		json_decref(args);
	if (r >= 0)
		r = plan_rest(op, app, came, err);
	r = operation_run_planned(op, r, err);
	if (r < 0 || ctx->dry_run)
		return r;
	r = trigger_fire(ctx, err, came ? "post-certs-update" : "post-certs-remove", app, NULL);
	return r < 0 ? r : trigger_fire(ctx, err, "post-domains-update", app, NULL);
}

static bool is_covered(const json_t *hosts, const char *name)
{
	const json_t *host;
	size_t i;

	json_array_foreach (hosts, i, host) {
		if (json_is_string(host) && domain_matches(json_string_value(host), name))
			return true;
	}
	return false;
}

/* All names of the app are served with it, also those that it is not for. */
static int warn_uncovered(struct ctx *ctx, const char *app, const json_t *hosts, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = domains_enabled(ctx, app) ? domains_of(ctx, app, &names, err) : 0;

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		if (!str_eq(names.items[i], "_") && !is_covered(hosts, names.items[i]))
			out_warn("The certificate is not for %s: browsers will warn of it",
				names.items[i]);
	}
	return r < 0 ? r : 0;
}

static int check_pair(struct ctx *ctx, const char *app, const char *crt, const char *key,
	struct err *err)
{
	AUTO_STRVEC argv = STRVEC_INIT;
	json_t *answer;
	json_t *warning;
	size_t i;
	int r;

	strvec_pushl(&argv, "check", crt, key, NULL);
	r = cert_tool(ctx, &argv, &answer, err);
	if (r < 0)
		return r;
	json_array_foreach (json_object_get(answer, "warnings"), i, warning) {
		if (json_is_string(warning))
			out_warn("%s", json_string_value(warning));
	}
	r = warn_uncovered(ctx, app, json_object_get(answer, "hosts"), err);
	json_decref(answer);
	return r;
}

int cert_install(struct ctx *ctx, const char *app, const char *dir, const char *crt,
	const char *key, const char *csr, struct err *err)
{
	const char *const from[] = { crt, key, csr };
	AUTO_FREE char *tls = tls_path(ctx, app);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(pair); i++) {
		AUTO_FREE char *to = path_join(dir, pair[i]);

		if (from[i] && !str_eq(from[i], to))
			r = copy_secret(from[i], to, err);
	}
	/* What is checked is the copy, which nobody else changes. */
	if (r >= 0) {
		AUTO_FREE char *my_crt = path_join(dir, pair[0]);
		AUTO_FREE char *my_key = path_join(dir, pair[1]);

		r = check_pair(ctx, app, my_crt, my_key, err);
	}
	if (r < 0)
		return r;
	return run_change(ctx, app, &certs_steps[0],
		json_pack("{s:s, s:s, s:b}", "app", app, "dir", dir, "had", (int)fs_is_dir(tls)),
		true, err);
}

int cert_remove(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *tls = tls_path(ctx, app);

	if (!fs_is_dir(tls))
		return err_set(err, ERR_NOT_FOUND, "An app-specific SSL endpoint is not defined");
	return run_change(ctx, app, &certs_steps[1], json_pack("{s:s}", "app", app), false, err);
}
