/* SPDX-License-Identifier: MIT */
#include "plugins/git/steps.h"

#include "base/fs.h"

const struct step_kind git_steps[] = {
	{ "git:workspace", STEP_QUIET, git_describe_workspace, git_run_workspace,
		git_undo_workspace },
	{ "git:fetch-archive", 0, git_describe_fetch_archive, git_run_fetch_archive, NULL },
	{ "git:unpack", 0, git_describe_unpack, git_run_unpack, NULL },
	{ "git:copy", 0, git_describe_copy, git_run_copy, NULL },
	{ "git:load-image", 0, git_describe_load, git_run_load, NULL },
	{ "git:image", 0, git_describe_image, git_run_image, NULL },
	{ "git:commit", 0, git_describe_commit, git_run_commit, NULL },
	{ "git:fetch", 0, git_describe_fetch, git_run_fetch, git_undo_fetch },
	{ "git:take-refs", STEP_QUIET, git_describe_take_refs, git_run_take_refs, NULL },
	{ "git:use-branch", 0, git_describe_use_branch, git_run_use_branch, git_undo_use_branch },
	{ "git:move-branch", STEP_COMMIT, git_describe_move_branch, git_run_move_branch, NULL },
	{},
};

int git_add(struct operation *op, const char *name, json_t *args, struct err *err)
{
	const struct step_kind *kind = git_steps;

	while (kind->name && !str_eq(kind->name, name))
		kind++;
	return operation_add(op, kind, args, err);
}
