/* SPDX-License-Identifier: MIT */
#include "core/source.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/git_remote.h"
#include "core/git_repo.h"
#include "core/staged.h"
#include "core/state.h"
#include "lib/git/git.h"

enum { TREE_DEPTH_MAX = 200 };

char *source_dir(const struct operation *op)
{
	AUTO_FREE char *pid = staged_pid();

	return xasprintf("/tmp/dokku-%s-git_build_app_repo.%s", pid, op->id);
}

/* --- check-out --- */

/*
 * The files alone. Their index is where no file of a revision can be; DIR/.git is removed by whoever
 * gives the tree its last shape.
 */
static int add_files(const char *repo, const char *dir, const char *rev, struct err *err)
{
	AUTO_FREE char *git = path_join(dir, ".git");
	AUTO_CHILD c = CHILD_INIT;

	if (mkdir(git, 0755) < 0)
		return err_sys(err, "create '%s'", git);
	git_child(&c, repo);
	strvec_pushf(&c.env, "GIT_INDEX_FILE=%s/index", git);
	strvec_pushl(&c.argv, "--git-dir=.", NULL);
	strvec_pushf(&c.argv, "--work-tree=%s", dir);
	strvec_pushl(&c.argv, "read-tree", "--reset", "-u", rev, NULL);
	return git_quiet(&c, err);
}

/* A work tree that git knows: submodules need it. */
static int add_worktree(const char *repo, const char *dir, const char *rev, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	int r = fs_rm_rf(dir, err);

	if (r < 0)
		return r;
	if (mkdir(dir, 0755) < 0)
		return err_sys(err, "create '%s'", dir);
	git_child(&c, repo);
	strvec_pushl(&c.argv, "worktree", "add", "--detach", "--force", dir, rev, NULL);
	return git_quiet(&c, err);
}

/* A repository of its own, with the revision as head of the deploy branch. */
static int add_clone(struct ctx *ctx, const char *app, const char *repo, const char *dir,
	const char *rev, struct err *err)
{
	AUTO_FREE char *branch = git_deploy_branch(ctx, app, "master");
	AUTO_CHILD clone = CHILD_INIT;
	AUTO_CHILD checkout = CHILD_INIT;
	int r;

	git_child(&clone, "/");
	strvec_pushl(&clone.argv, "clone", "-q", "--no-checkout", "--no-hardlinks", repo, dir,
		NULL);
	r = git_quiet(&clone, err);
	if (r < 0)
		return r;
	git_child(&checkout, dir);
	strvec_pushl(&checkout.argv, "checkout", "-q", "-B", branch, rev, NULL);
	return git_quiet(&checkout, err);
}

static int add_submodules(struct ctx *ctx, const char *dir, struct err *err)
{
	AUTO_CHILD sync = CHILD_INIT;
	AUTO_CHILD update = CHILD_INIT;
	int r;

	git_child(&sync, dir);
	strvec_pushl(&sync.argv, "submodule", "sync", "--recursive", NULL);
	r = git_quiet(&sync, err);
	if (r < 0)
		return r;
	git_child(&update, dir);
	git_remote_env(ctx, NULL, &update);
	strvec_pushl(&update.argv, "submodule", "update", "--init", "--recursive", NULL);
	return git_remote_run(&update, err);
}

static bool is_folder(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Removes everything named .git in DIR and below. */
static int strip_at(const char *dir, int depth, struct err *err)
{
	AUTO_FREE char *git = path_join(dir, ".git");
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_rm_rf(git, err);

	if (depth > TREE_DEPTH_MAX)
		return err_set(err, ERR_INVALID, "the source has more than %d nested folders",
			TREE_DEPTH_MAX);
	if (r >= 0)
		r = fs_list(dir, &names, err);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *path = path_join(dir, names.items[i]);

		if (is_folder(path))
			r = strip_at(path, depth + 1, err);
	}
	return r;
}

int source_strip_git(const char *dir, struct err *err)
{
	return strip_at(dir, 0, err);
}

/* What git remembers of a work tree in the repository. */
static int forget_worktree(const char *repo, const char *dir, struct err *err)
{
	AUTO_FREE char *all = path_join(repo, "worktrees");
	AUTO_FREE char *one = path_join(all, path_base(dir));
	int r = fs_rm_rf(one, err);

	(void)rmdir(all); /* stays while there are others */
	return r;
}

int source_checkout(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	const char *dir = step_arg(step, "dir");
	AUTO_FREE char *repo = inst_home(&op->ctx->inst, "%s", app);
	AUTO_FREE char *keep = state_computed(op->ctx, "git", app, "keep-git-dir", "false");
	AUTO_FREE char *modules = path_join(dir, ".gitmodules");
	bool keeps = str_eq(keep, "true");
	bool has_modules;
	int r;

	/* mkdir() refuses a folder that somebody else has put there. */
	if (mkdir(dir, 0755) < 0)
		return err_sys(err, "create '%s'", dir);
	r = keeps ? add_clone(op->ctx, app, repo, dir, step_arg(step, "rev"), err)
		  : add_files(repo, dir, step_arg(step, "rev"), err);
	has_modules = fs_exists(modules);
	if (r >= 0 && has_modules && !keeps)
		r = add_worktree(repo, dir, step_arg(step, "rev"), err);
	if (r >= 0 && has_modules)
		r = add_submodules(op->ctx, dir, err);
	if (r >= 0 && !keeps) {
		AUTO_FREE char *git = path_join(dir, ".git");

		r = has_modules ? source_strip_git(dir, err) : fs_rm_rf(git, err);
		if (r >= 0)
			r = forget_worktree(repo, dir, err);
	}
	return r < 0 ? err_wrap(err, "check out the source of '%s'", app) : 0;
}

int source_remove(struct operation *op, struct step *step, struct err *err)
{
	const char *dir = step_arg(step, "dir");
	AUTO_FREE char *repo = inst_home(&op->ctx->inst, "%s", step_arg(step, "app"));
	AUTO_FREE char *root = xasprintf("%s.root", dir);
	AUTO_FREE char *image = xasprintf("%s.image", dir);
	int r = fs_rm_rf(dir, err);

	if (r >= 0)
		r = fs_rm_rf(root, err);
	if (r >= 0)
		r = fs_rm_rf(image, err);
	return r < 0 ? r : forget_worktree(repo, dir, err);
}
