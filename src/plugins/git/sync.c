/* SPDX-License-Identifier: MIT */
/* git:sync: an app's repository follows one that is hosted elsewhere. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/build_capture.h"
#include "core/deploy.h"
#include "core/git_remote.h"
#include "core/output.h"
#include "core/state.h"
#include "core/trigger.h"
#include "lib/git/git.h"
#include "lib/git/refline.h"
#include "plugins/git/git.h"
#include "plugins/git/steps.h"

enum { REFS_TEXT_MAX = 64 << 20 };

/* Where the other side's refs land before any of ours moves. */
#define SYNC_REFS "refs/moorage/sync/"

enum build { BUILD_NO, BUILD_ALWAYS, BUILD_CHANGES };

struct request {
	struct git_remote remote;
	const char *ref; /* "": the deploy branch */
	enum build build;
	bool skip_branch;
	char **ret_rev; /* what is built; stays NULL when nothing is */
};

/* What the fetch step works on. */
struct fetch {
	struct operation *op;
	const char *app;
	const char *dir;
	const char *ref;
	const char *branch; /* the deploy branch */
	bool first;         /* it has no commits */
	bool sets_branch;   /* what is fetched becomes the deploy branch for good */
	enum build build;
	const struct request *request;
};

static char *dir_of(struct ctx *ctx, const char *app)
{
	return inst_home(&ctx->inst, "%s", app);
}

/* --- refs --- */

/* "<id> <name>" of each ref that was fetched. */
static int list_fetched(const char *dir, struct strvec *ret, struct err *err)
{
	AUTO_STRBUF text = STRBUF_CAPPED(REFS_TEXT_MAX);
	AUTO_CHILD c = CHILD_INIT;
	int r;

	git_child(&c, dir);
	strvec_pushl(&c.argv, "for-each-ref", "--format=%(objectname) %(refname)", SYNC_REFS, NULL);
	r = git_output(&c, &text, err);
	if (r >= 0 && text.truncated)
		r = err_set(err, ERR_INVALID, "the repository has too many refs");
	if (r >= 0)
		strvec_split_lines(ret, text.buf);
	return r;
}

/* One transaction of update-ref. */
static int update_refs(const char *dir, const struct strbuf *commands, struct err *err)
{
	AUTO_STRBUF said = STRBUF_CAPPED(16 * 1024);
	AUTO_CHILD c = CHILD_INIT;
	struct child_status st;
	int r;

	if (!commands->len)
		return 0;
	git_child(&c, dir);
	strvec_pushl(&c.argv, "update-ref", "--stdin", NULL);
	r = child_capture(&c, commands, &said, &said, &st, err);
	strbuf_trim(&said);
	if (r >= 0 && st.code)
		r = err_set(err, ERR_FAILED, "git update-ref failed: %s", said.buf);
	return r;
}

/*
 * Ends the waiting of what was fetched. With KEEP the refs take their places, but for the branch of
 * that name; without it nothing of them remains.
 */
static int take_refs(const char *dir, const char *keep, struct err *err)
{
	AUTO_FREE char *kept = xasprintf("heads/%s", keep ? keep : "");
	AUTO_STRVEC refs = STRVEC_INIT;
	AUTO_STRBUF commands = STRBUF_INIT;
	int r = fs_exists(dir) ? list_fetched(dir, &refs, err) : 0;

	for (size_t i = 0; r >= 0 && i < refs.count; i++) {
		const char *name = strchr(refs.items[i], ' ');
		const char *rest = name ? str_after(name + 1, SYNC_REFS) : NULL;

		if (!rest)
			continue;
		if (keep && !str_eq(rest, kept) && !str_eq(rest, "commit"))
			strbuf_addf(&commands, "update refs/%s %.*s\n", rest,
				(int)(name - refs.items[i]), refs.items[i]);
		strbuf_addf(&commands, "delete %s\n", name + 1);
	}
	return r < 0 ? r : update_refs(dir, &commands, err);
}

/* --- git:fetch --- */

void git_describe_fetch(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "fetch %s", step_arg(step, "url"));
}

static int run_git_fetch(const struct fetch *f, const struct strvec *specs, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;

	git_child(&c, f->dir);
	git_remote_env(f->op->ctx, &f->request->remote, &c);
	strvec_pushl(&c.argv, "fetch", "--quiet", "--force", "--no-tags", "--no-write-fetch-head",
		"--no-recurse-submodules", "--", f->request->remote.url, NULL);
	strvec_pushv(&c.argv, specs->items);
	return git_remote_run(&c, err);
}

static int fetch_refs(const struct fetch *f, struct err *err)
{
	AUTO_STRVEC specs = STRVEC_INIT;

	if (f->first || *f->ref)
		strvec_pushl(&specs, "+refs/heads/*:" SYNC_REFS "heads/*",
			"+refs/tags/*:" SYNC_REFS "tags/*", NULL);
	else
		strvec_pushf(&specs, "+refs/heads/%s:" SYNC_REFS "heads/%s", f->branch, f->branch);
	return run_git_fetch(f, &specs, err);
}

/* A commit that no branch or tag of the other side reaches; many servers hand it out still. */
static int fetch_commit(const struct fetch *f, struct strbuf *rev, struct err *err)
{
	AUTO_STRVEC specs = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT;

	strvec_pushf(&specs, "+%s:" SYNC_REFS "commit", f->ref);
	if (run_git_fetch(f, &specs, &ignored) < 0)
		return 0;
	return git_resolve(f->op->ctx, f->app, SYNC_REFS "commit", rev, err);
}

/* What the ref means on the other side: a branch, a tag, a commit. 1 when it means something. */
static int find_target(const struct fetch *f, const char *ref, bool *ret_branch, struct strbuf *rev,
	struct err *err)
{
	static const char *const places[] = { SYNC_REFS "heads/", SYNC_REFS "tags/", SYNC_REFS };
	const char *whole = str_after(ref, "refs/");
	bool is_hex = strlen(ref) >= 4 && ref[strspn(ref, "0123456789abcdef")] == '\0';
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(places); i++) {
		AUTO_FREE char *name = xasprintf("%s%s", places[i], i == 2 && whole ? whole : ref);

		r = git_resolve(f->op->ctx, f->app, name, rev, err);
		*ret_branch = r > 0 && i == 0 && git_branch_valid(ref);
	}
	if (r == 0 && is_hex)
		r = git_resolve(f->op->ctx, f->app, ref, rev, err);
	if (r == 0 && git_oid_valid(ref))
		r = fetch_commit(f, rev, err);
	return r;
}

/* Plans what moves our refs. BRANCH is the deploy branch from now on, if it is another one. */
static int plan_refs(const struct fetch *f, const char *branch, struct err *err)
{
	struct ctx *ctx = f->op->ctx;
	AUTO_FREE char *old = state_get_or(ctx, "git", f->app, "deploy-branch", "");
	int r = git_add(f->op, "git:take-refs",
		json_pack("{s:s, s:s, s:s}", "app", f->app, "keep", branch, "url",
			f->request->remote.url),
		err);

	if (r < 0 || !f->sets_branch)
		return r;
	return git_add(f->op, "git:use-branch",
		json_pack("{s:s, s:s, s:s}", "app", f->app, "branch", branch, "old", old), err);
}

static int plan_move(const struct fetch *f, const char *branch, const char *old, const char *rev,
	struct err *err)
{
	return git_add(f->op, "git:move-branch",
		json_pack("{s:s, s:s, s:s, s:s}", "app", f->app, "branch", branch, "old", old,
			"rev", rev),
		err);
}

static int plan_rest(const struct fetch *f, const char *branch, const char *rev, struct err *err)
{
	struct ctx *ctx = f->op->ctx;
	AUTO_FREE char *name = xasprintf("refs/heads/%s", branch);
	AUTO_FREE char *metadata = xasprintf("%s#%s", f->request->remote.url, rev);
	AUTO_STRBUF old = STRBUF_INIT;
	struct deploy_found found = { rev, branch, "git-sync", metadata };
	int r = git_resolve(ctx, f->app, name, &old, err);

	if (r >= 0)
		r = plan_refs(f, branch, err);
	if (r < 0)
		return r;
	if (f->build == BUILD_ALWAYS || (f->build == BUILD_CHANGES && !str_eq(old.buf, rev))) {
		*f->request->ret_rev = xstrdup(rev);
		return deploy_plan_found(f->op, f->app, &found, err);
	}
	if (f->build == BUILD_CHANGES)
		out_verbose("Skipping build as no changes were detected");
	r = plan_move(f, branch, old.len ? old.buf : GIT_NO_REVISION, rev, err);
	return r < 0 ? r : deploy_plan_nothing(f->op, f->app, err);
}

static int fetch(struct fetch *f, struct err *err)
{
	const char *wanted = *f->ref ? f->ref : f->branch;
	const char *branch = f->branch;
	AUTO_STRBUF rev = STRBUF_INIT;
	bool is_branch = false;
	int r = take_refs(f->dir, NULL, err);

	if (r >= 0)
		r = fetch_refs(f, err);
	if (r >= 0)
		r = find_target(f, wanted, &is_branch, &rev, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no branch, tag or commit '%s'%s",
			wanted, *f->ref ? "" : "; name one behind the address");
	if (r < 0)
		return r;
	f->sets_branch = f->first && is_branch && !f->request->skip_branch;
	if (f->sets_branch) {
		out_verbose("Detected branch, setting deploy-branch to %s", wanted);
		branch = wanted;
	} else if (f->first && is_branch) {
		out_verbose("Detected branch %s, skipping deploy-branch setting", wanted);
	}
	return plan_rest(f, branch, rev.buf, err);
}

int git_run_fetch(struct operation *op, struct step *step, struct err *err)
{
	const struct request *request = op->memory;
	const char *app = step_arg(step, "app");
	AUTO_FREE char *branch = git_deploy_branch(op->ctx, app, "master");
	AUTO_FREE char *name = xasprintf("refs/heads/%s", branch);
	AUTO_FREE char *dir = dir_of(op->ctx, app);
	AUTO_STRBUF head = STRBUF_INIT;
	struct fetch f = { .op = op,
		.app = app,
		.dir = dir,
		.ref = request->ref,
		.branch = branch,
		.build = request->build,
		.request = request };
	int r = git_branch_valid(branch)
			? git_resolve(op->ctx, app, name, &head, err)
			: err_set(err, ERR_INVALID,
				  "Invalid branch name '%s' specified via deploy-branch setting.",
				  branch);

	if (r < 0)
		return r;
	f.first = r == 0;
	if (f.first)
		out_info1_quiet("Cloning %s from %s#%s", app, request->remote.url, f.ref);
	else
		out_verbose("Fetching remote code for %s from %s#%s", app, request->remote.url,
			f.ref);
	if (!git_repo_exists(op->ctx, app))
		r = git_repo_init(op->ctx, app, err);
	if (r >= 0)
		r = fetch(&f, err);
	return r < 0 ? err_wrap(err, "Unable to fetch %s", request->remote.url) : 0;
}

int git_undo_fetch(struct operation *op, struct step *step, struct err *err)
{
	AUTO_FREE char *dir = dir_of(op->ctx, step_arg(step, "app"));

	return git_repo_exists(op->ctx, step_arg(step, "app")) ? take_refs(dir, NULL, err) : 0;
}

/* --- git:take-refs --- */

void git_describe_take_refs(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "take over branches and tags but %s", step_arg(step, "keep"));
}

int git_run_take_refs(struct operation *op, struct step *step, struct err *err)
{
	AUTO_FREE char *dir = dir_of(op->ctx, step_arg(step, "app"));
	AUTO_CHILD c = CHILD_INIT;
	int r;

	/* Relative addresses of submodules are relative to this one. */
	git_child(&c, dir);
	strvec_pushl(&c.argv, "config", "remote.origin.url", step_arg(step, "url"), NULL);
	r = git_quiet(&c, err);
	return r < 0 ? r : take_refs(dir, step_arg(step, "keep"), err);
}

/* Branches that are not deployed are no part of what a failed deploy gives back. */
/* --- git:use-branch --- */

void git_describe_use_branch(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "make %s the deploy branch", step_arg(step, "branch"));
}

static int use_branch(struct operation *op, const char *app, const char *branch, struct err *err)
{
	int r = *branch ? state_set(op->ctx, "git", app, "deploy-branch", branch, err)
			: state_unset(op->ctx, "git", app, "deploy-branch", err);

	return r < 0 ? r : git_head_follow(op->ctx, app, err);
}

int git_run_use_branch(struct operation *op, struct step *step, struct err *err)
{
	return use_branch(op, step_arg(step, "app"), step_arg(step, "branch"), err);
}

int git_undo_use_branch(struct operation *op, struct step *step, struct err *err)
{
	return use_branch(op, step_arg(step, "app"), step_arg(step, "old"), err);
}

/* --- git:move-branch --- */

void git_describe_move_branch(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "move %s to %.12s", step_arg(step, "branch"), step_arg(step, "rev"));
}

int git_run_move_branch(struct operation *op, struct step *step, struct err *err)
{
	AUTO_FREE char *name = xasprintf("refs/heads/%s", step_arg(step, "branch"));
	struct pushed_ref ref = { name, step_arg(step, "old"), step_arg(step, "rev") };

	return git_ref_move(op->ctx, step_arg(step, "app"), &ref, err);
}

/* --- the command --- */

static int plan(struct operation *op, const char *app, const void *memory, struct err *err)
{
	const struct request *request = memory;

	return git_add(op, "git:fetch",
		json_pack("{s:s, s:s, s:s}", "app", app, "url", request->remote.url, "ref",
			request->ref),
		err);
}

static int run_plain(struct ctx *ctx, const char *app, const struct request *request,
	struct err *err)
{
	struct operation *op;
	int r = git_ref_settle(ctx, app, err);

	if (r >= 0)
		r = operation_begin(ctx, "sync", app, NULL, NULL, &op, err);
	if (r < 0)
		return r;
	op->memory = request;
	r = plan(op, app, request, err);
	return operation_run_planned(op, r, err);
}

/* Without a build; recorded like one, as in Dokku, and possible while the app is locked. */
static int sync_only(struct ctx *ctx, const char *app, const struct request *request,
	struct err *err)
{
	struct build_capture capture = BUILD_CAPTURE_INIT;
	int r = build_capture_begin(ctx, app, "git:sync", &capture, err);

	if (r < 0)
		return r;
	r = run_plain(ctx, app, request, err);
	build_capture_end(&capture, err);
	return r < 0 ? -(int)err->kind : 0;
}

static int tell_others(struct ctx *ctx, const char *app, const struct request *request,
	const char *rev, struct err *err)
{
	AUTO_FREE char *metadata = xasprintf("%s#%s", request->remote.url, rev);
	int r = trigger_fire(ctx, err, "receive-app", app, rev, NULL);

	return r < 0 ? r
		     : trigger_fire(ctx, err, "deploy-source-set", app, "git-sync", metadata, NULL);
}

static int check_ref(const char *ref, struct err *err)
{
	if (ref[0] != '-' && !has_control(ref) && utf8_valid(ref, strlen(ref)) &&
		strlen(ref) <= GIT_REF_MAX)
		return 0;
	return err_set(err, ERR_USAGE, "this cannot be a branch, tag or commit");
}

static int sync_app(struct ctx *ctx, const char *app, const struct request *request,
	struct err *err)
{
	int r = request->build == BUILD_NO
			? sync_only(ctx, app, request, err)
			: deploy_fetched(ctx, app, "git:sync", plan, request, err);

	if (r < 0 || !*request->ret_rev)
		return r;
	return tell_others(ctx, app, request, *request->ret_rev, err);
}

int git_run_sync(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *rev = NULL;
	struct request request = {
		.remote = GIT_REMOTE_INIT,
		.ref = args_pos(args, 2),
		.build = args_has(args, "build-if-changes") ? BUILD_CHANGES
			 : args_has(args, "build")          ? BUILD_ALWAYS
							    : BUILD_NO,
		.skip_branch = args_has(args, "skip-deploy-branch"),
		.ret_rev = &rev,
	};
	int r = check_ref(request.ref, err);

	if (r >= 0)
		r = git_remote_parse(args_pos(args, 1), &request.remote, err);
	if (r >= 0)
		r = sync_app(ctx, args_pos(args, 0), &request, err);
	git_remote_done(&request.remote);
	return r;
}
