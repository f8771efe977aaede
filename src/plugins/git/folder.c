/* SPDX-License-Identifier: MIT */
#include "plugins/git/folder.h"

#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/timing.h"
#include "core/applock.h"
#include "core/deploy.h"
#include "core/output.h"
#include "core/source.h"
#include "core/staged.h"
#include "core/state_step.h"
#include "core/trigger.h"
#include "lib/git/git.h"
#include "lib/git/refline.h"
#include "plugins/git/git.h"
#include "plugins/git/steps.h"

/* What git calls a tree without files. */
static const char empty_tree[] = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

char *git_workspace(const struct operation *op)
{
	AUTO_FREE char *pid = staged_pid();

	return xasprintf("/tmp/dokku-%s-git_from_directory.%s", pid, op->id);
}

/* --- the working folder --- */

int git_plan_workspace(struct operation *op, struct err *err)
{
	AUTO_FREE char *dir = git_workspace(op);

	return git_add(op, "git:workspace", json_pack("{s:s}", "dir", dir), err);
}

void git_describe_workspace(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "make the folder %s", step_arg(step, "dir"));
}

int git_run_workspace(struct operation *op, struct step *step, struct err *err)
{
	/* mkdir() refuses a folder that somebody else has put there. */
	if (mkdir(step_arg(step, "dir"), 0700) < 0)
		return err_sys(err, "create '%s'", step_arg(step, "dir"));
	return 0;
}

int git_undo_workspace(struct operation *op, struct step *step, struct err *err)
{
	return fs_rm_rf(step_arg(step, "dir"), err);
}

/* --- the commit --- */

static int check_author(const char *what, const char *value, struct err *err)
{
	if (!has_control(value) && utf8_valid(value, strlen(value)) &&
		value[strspn(value, " .,:;<>\"\\'")] != '\0')
		return 0;
	return err_set(err, ERR_USAGE, "'%s' cannot be the %s of a commit", value, what);
}

int git_plan_commit(struct operation *op, const char *app, const struct git_commit *c,
	struct err *err)
{
	AUTO_FREE char *dir = git_workspace(op);
	const char *name = *c->name ? c->name : "Dokku";
	const char *email = *c->email ? c->email : "automated@dokku.sh";
	int r = check_author("author", name, err);

	if (r >= 0)
		r = check_author("e-mail address", email, err);
	if (r < 0)
		return r;
	return git_add(op, "git:commit",
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "app", app, "dir", dir, "name", name,
			"email", email, "type", c->type ? c->type : "", "metadata",
			c->metadata ? c->metadata : ""),
		err);
}

void git_describe_commit(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "commit what was fetched for %s", step_arg(step, "app"));
}

/* Git on the repository REPO with the step's tree as its work tree and an index beside that. */
static void tree_child(struct child *c, const struct step *step, const char *repo)
{
	AUTO_FREE char *tree = path_join(step_arg(step, "dir"), "tree");

	git_child(c, tree);
	strvec_pushf(&c->env, "GIT_DIR=%s", repo);
	strvec_pushf(&c->env, "GIT_WORK_TREE=%s", tree);
	strvec_pushf(&c->env, "GIT_INDEX_FILE=%s/index", step_arg(step, "dir"));
	strvec_pushf(&c->env, "GIT_AUTHOR_NAME=%s", step_arg(step, "name"));
	strvec_pushf(&c->env, "GIT_AUTHOR_EMAIL=%s", step_arg(step, "email"));
	strvec_pushf(&c->env, "GIT_COMMITTER_NAME=%s", step_arg(step, "name"));
	strvec_pushf(&c->env, "GIT_COMMITTER_EMAIL=%s", step_arg(step, "email"));
}

/* Runs git for the id it prints. */
static int get_id(struct child *c, struct strbuf *out, struct err *err)
{
	int r = git_output(c, out, err);

	strbuf_trim(out);
	if (r >= 0 && !git_oid_valid(out->buf))
		r = err_set(err, ERR_FAILED, "git printed no id");
	return r;
}

static int write_tree(const struct step *step, const char *repo, struct strbuf *out,
	struct err *err)
{
	AUTO_CHILD add = CHILD_INIT;
	AUTO_CHILD write = CHILD_INIT;
	int r;

	tree_child(&add, step, repo);
	strvec_pushl(&add.argv, "add", "--all", ".", NULL);
	r = git_quiet(&add, err);
	if (r < 0)
		return r;
	tree_child(&write, step, repo);
	strvec_push(&write.argv, "write-tree");
	return get_id(&write, out, err);
}

static int tree_of(const struct step *step, const char *repo, const char *rev, struct strbuf *out,
	struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;

	tree_child(&c, step, repo);
	strvec_pushl(&c.argv, "rev-parse", "--verify", NULL);
	strvec_pushf(&c.argv, "%s^{tree}", rev);
	return get_id(&c, out, err);
}

/* PARENT "": the first one. */
static int make_commit(const struct step *step, const char *repo, const char *tree,
	const char *parent, struct strbuf *out, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;

	tree_child(&c, step, repo);
	strvec_pushl(&c.argv, "commit-tree", "-m", NULL);
	if (*parent) {
		strvec_pushf(&c.argv, "Automated commit @ %lld", (long long)wall_seconds());
		strvec_pushl(&c.argv, "-p", parent, NULL);
	} else {
		strvec_push(&c.argv, "Initial commit");
	}
	strvec_push(&c.argv, tree);
	return get_id(&c, out, err);
}

/* The first commit of an app decides its deploy branch for good. */
static int keep_branch(struct operation *op, const char *app, const char *branch, struct err *err)
{
	json_t *changes = json_array();
	int r;

	out_verbose("Detected branch, setting deploy-branch to %s", branch);
	r = state_change(op->ctx, changes, "git", app, "deploy-branch", branch, err);
	if (r >= 0)
		return state_plan(op, changes, err);
	json_decref(changes);
	return r;
}

static int commit(struct operation *op, const struct step *step, const char *parent,
	struct strbuf *rev, struct err *err)
{
	AUTO_FREE char *repo = inst_home(&op->ctx->inst, "%s", step_arg(step, "app"));
	AUTO_STRBUF tree = STRBUF_INIT;
	AUTO_STRBUF old = STRBUF_INIT;
	int r = write_tree(step, repo, &tree, err);

	if (r >= 0 && *parent)
		r = tree_of(step, repo, parent, &old, err);
	if (r < 0)
		return r;
	if (str_eq(tree.buf, empty_tree))
		return err_set(err, ERR_INVALID, "There are no files in it");
	if (str_eq(tree.buf, old.buf))
		return err_user(err, ERR_FAILED, 1,
			"No changes detected, skipping git commit\n"
			"Call 'ps:rebuild' on app to rebuild the app from existing source");
	return make_commit(step, repo, tree.buf, parent, rev, err);
}

int git_run_commit(struct operation *op, struct step *step, struct err *err)
{
	struct ctx *ctx = op->ctx;
	const char *app = step_arg(step, "app");
	const char *type = step_arg(step, "type");
	AUTO_FREE char *branch = git_deploy_branch(ctx, app, "master");
	AUTO_FREE char *ref = xasprintf("refs/heads/%s", branch);
	AUTO_FREE char *tree = path_join(step_arg(step, "dir"), "tree");
	AUTO_STRBUF parent = STRBUF_INIT;
	AUTO_STRBUF rev = STRBUF_INIT;
	struct deploy_found found = { .type = *type ? type : NULL,
		.metadata = step_arg(step, "metadata") };
	int r = trigger_fire(ctx, err, "git-from-directory", app, tree, step_arg(step, "name"),
		step_arg(step, "email"), NULL);

	if (r < 0)
		return r;
	out_info1("Updating git repository with specified build context");
	r = source_strip_git(tree, err);
	if (r >= 0 && !git_repo_exists(ctx, app))
		r = git_repo_init(ctx, app, err);
	if (r >= 0)
		r = git_resolve(ctx, app, ref, &parent, err);
	if (r >= 0)
		r = commit(op, step, parent.buf, &rev, err);
	if (r >= 0)
		r = fs_rm_rf(step_arg(step, "dir"), err);
	if (r >= 0 && !parent.len)
		r = keep_branch(op, app, branch, err);
	found.rev = rev.buf;
	return r < 0 ? r : deploy_plan_found(op, app, &found, err);
}

/* --- the trigger git-from-directory --- */

void git_describe_copy(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "copy %s", step_arg(step, "from"));
}

int git_run_copy(struct operation *op, struct step *step, struct err *err)
{
	AUTO_FREE char *tree = path_join(step_arg(step, "dir"), "tree");

	return fs_copy_tree(step_arg(step, "from"), tree, err);
}

static int plan_directory(struct operation *op, const char *app, const void *memory,
	struct err *err)
{
	const struct trigger_call *call = memory;
	AUTO_FREE char *dir = git_workspace(op);
	struct git_commit c = { .name = trigger_arg(call, 2), .email = trigger_arg(call, 3) };
	int r = git_plan_workspace(op, err);

	if (r >= 0)
		r = git_add(op, "git:copy",
			json_pack("{s:s, s:s}", "dir", dir, "from", trigger_arg(call, 1)), err);
	return r < 0 ? r : git_plan_commit(op, app, &c, err);
}

int git_on_from_directory(struct trigger_call *call, struct err *err)
{
	const char *app = trigger_arg(call, 0);
	int r = trigger_need_app(call, err);

	if (r >= 0 && !fs_is_dir(trigger_arg(call, 1)))
		r = err_set(err, ERR_NOT_FOUND, "there is no folder '%s'", trigger_arg(call, 1));
	if (r >= 0)
		r = app_lock(call->ctx, app, APP_LOCK_WAIT, err);
	return r < 0 ? r : deploy_fetched(call->ctx, app, "git-hook", plan_directory, call, err);
}
