/* SPDX-License-Identifier: MIT */
/* The git plugin: its tables, and the commands about a repository as such. */
#include "plugins/git/git.h"
#include "plugins/git/steps.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/trigger.h"
#include "core/app_env.h"
#include "core/applock.h"
#include "core/deploy.h"
#include "core/git_repo.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/property.h"
#include "core/state.h"
#include "lib/git/git.h"
#include "lib/git/refline.h"

static int run_initialize(struct ctx *ctx, const struct args *args, struct err *err)
{
	out_info1_quiet("Initializing git repository for %s", args_pos(args, 0));
	return git_repo_init(ctx, args_pos(args, 0), err);
}

static int run_status(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *dir = inst_home(&ctx->inst, "%s", args_pos(args, 0));
	AUTO_CHILD c = CHILD_INIT;
	struct child_status st;
	int r;

	git_child(&c, dir);
	strvec_push(&c.argv, "status");
	out_flush();
	r = child_run(&c, &st, err);
	return r < 0 || !st.code ? r : err_exit(err, st.code);
}

/* The marker of a deploy; a deploy that is under way goes on. */
static int run_unlock(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	AUTO_FREE char *marker = deploy_marker(ctx, app);
	int r;

	if (!fs_exists(marker)) {
		out_info1("Deploy lock does not exist");
		return 0;
	}
	if (app_lock_is_taken(ctx, app) && !ctx->force)
		return err_set(err, ERR_BUSY,
			"A command is at work on %s: wait for it, or use --force. Removing the "
			"lock "
			"does not stop a deploy in progress.",
			app);
	r = fs_unlink(marker, err);
	if (r >= 0)
		out_info1("Deploy lock removed");
	return r;
}

/* --- report rows --- */

/* The id a ref of the repository stands for, read from its files. */
static void read_ref(struct ctx *ctx, const char *app, const char *ref, struct strbuf *out)
{
	AUTO_FREE char *loose = inst_home(&ctx->inst, "%s/%s", app, ref);
	AUTO_FREE char *packed = inst_home(&ctx->inst, "%s/packed-refs", app);
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT;

	if (fs_read_optional(loose, 4096, &text, &ignored) > 0) {
		strbuf_trim(&text);
		strbuf_addstr(out, git_oid_valid(text.buf) ? text.buf : "");
		return;
	}
	if (fs_read_optional(packed, STATE_FILE_MAX, &text, &ignored) <= 0)
		return;
	strvec_split_lines(&lines, text.buf);
	for (size_t i = 0; i < lines.count; i++) {
		const char *blank = strchr(lines.items[i], ' ');

		if (blank && str_eq(blank + 1, ref))
			strbuf_add(out, lines.items[i], (size_t)(blank - lines.items[i]));
	}
}

static int row_sha(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *path = inst_home(&ctx->inst, "%s/HEAD", app);
	AUTO_STRBUF head = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT;
	const char *ref;

	if (fs_read_optional(path, 4096, &head, &ignored) <= 0)
		return 0;
	strbuf_trim(&head);
	ref = str_after(head.buf, "ref: ");
	if (ref && git_ref_valid(ref))
		read_ref(ctx, app, ref, out);
	else if (git_oid_valid(head.buf))
		strbuf_addstr(out, head.buf);
	return 0;
}

static int row_last_updated(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *branch = git_deploy_branch(ctx, app, "master");
	AUTO_FREE char *path = inst_home(&ctx->inst, "%s/refs/heads/%s", app, branch);
	struct stat st;

	if (git_branch_valid(branch) && stat(path, &st) == 0)
		strbuf_addf(out, "%lld", (long long)st.st_mtim.tv_sec);
	return 0;
}

static int row_rev_env_var(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *name = git_rev_variable(ctx, app);

	strbuf_addstr(out, name);
	return 0;
}

static int max_files(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *value =
		state_get_or(ctx, "git", SCOPE_GLOBAL, "archive-max-files", GIT_ARCHIVE_MAX_FILES);

	strbuf_addstr(out, value);
	return 0;
}

static int max_size(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *value =
		state_get_or(ctx, "git", SCOPE_GLOBAL, "archive-max-size", GIT_ARCHIVE_MAX_SIZE);

	strbuf_addstr(out, value);
	return 0;
}

/* --- triggers --- */

static int on_deploy_branch(struct trigger_call *call, struct err *err)
{
	AUTO_FREE char *branch = git_deploy_branch(call->ctx, trigger_arg(call, 0), "master");

	strbuf_addf(call->out, "%s\n", branch);
	return 0;
}

static int on_get_property(struct trigger_call *call, struct err *err)
{
	AUTO_FREE char *value = NULL;

	if (!str_eq(trigger_arg(call, 1), "source-image"))
		return err_exit(err, 1);
	value = state_get_or(call->ctx, "git", trigger_arg(call, 0), "source-image", "");
	strbuf_addf(call->out, "%s\n", value);
	return 0;
}

static int on_has_code(struct trigger_call *call, struct err *err)
{
	AUTO_FREE char *own = git_deploy_branch(call->ctx, trigger_arg(call, 0), "master");
	AUTO_FREE char *ref =
		xasprintf("refs/heads/%s", *trigger_arg(call, 1) ? trigger_arg(call, 1) : own);
	AUTO_STRBUF oid = STRBUF_INIT;

	if (git_ref_valid(ref))
		read_ref(call->ctx, trigger_arg(call, 0), ref, &oid);
	return oid.len ? 0 : err_exit(err, 1);
}

static int on_revision(struct trigger_call *call, struct err *err)
{
	AUTO_FREE char *name = git_rev_variable(call->ctx, trigger_arg(call, 0));
	int r = *name ? app_env_get(call->ctx, trigger_arg(call, 0), name, call->out, err) : 0;

	if (r > 0)
		strbuf_addch(call->out, '\n');
	return r;
}

static int on_deploy_source_set(struct trigger_call *call, struct err *err)
{
	if (str_eq(trigger_arg(call, 1), "docker-image"))
		return 0;
	return state_unset(call->ctx, "git", trigger_arg(call, 0), "source-image", err);
}

static int on_receive_app(struct trigger_call *call, struct err *err)
{
	const char *app = trigger_arg(call, 0);
	const char *rev = trigger_arg(call, 1);
	int r = git_repo_exists(call->ctx, app) ? app_lock(call->ctx, app, APP_LOCK_WAIT, err) : 0;

	if (r < 0 || !git_repo_exists(call->ctx, app))
		return r;
	return deploy_source(call->ctx, app, *rev ? rev : NULL, "git-hook", err);
}

static int on_post_create(struct trigger_call *call, struct err *err)
{
	return git_repo_init(call->ctx, trigger_arg(call, 0), err);
}

/* --- life of an app --- */

static int take_over(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	extern const struct plugin plugin_git;
	int r = plugin_copy_settings(ctx, &plugin_git, old, new, err);

	/* The hook names the app. */
	return r < 0 || !git_repo_exists(ctx, new) ? r : git_repo_init(ctx, new, err);
}

static int drop(struct ctx *ctx, const char *app, struct err *err)
{
	extern const struct plugin plugin_git;
	AUTO_FREE char *data = inst_lib(&ctx->inst, "data/git/%s", app);
	AUTO_FREE char *ref = inst_lib(&ctx->inst, "data/moorage/refs/%s", app);
	int r = plugin_drop_settings(ctx, &plugin_git, app, err);

	if (r >= 0)
		r = fs_rm_rf(data, err);
	return r < 0 ? r : fs_unlink(ref, err);
}

/* A new branch for all is taken up by each app with its next push. */
static int after_set(struct ctx *ctx, const char *scope, const char *name, const char *value,
	struct err *err)
{
	if (!str_eq(name, "deploy-branch") || str_eq(scope, SCOPE_GLOBAL))
		return 0;
	return git_head_follow(ctx, scope, err);
}

static int check_branch(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	if (git_branch_valid(value))
		return 0;
	return err_set(err, ERR_INVALID, "'%s' cannot be the name of a branch", value);
}

static int check_variable(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	if (env_key_valid(value))
		return 0;
	return err_set(err, ERR_INVALID, "'%s' cannot be the name of a variable", value);
}

static int check_size(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	uint64_t n;

	return parse_uint(value, 1, UINT64_C(1) << 50, &n, err);
}

static const struct flag unlock_flags[] = {
	{ "force", 0, FLAG_BOOL, NULL, "Also while a command is at work" },
	{},
};

static const struct flag archive_flags[] = {
	{ "archive-type", 0, FLAG_VALUE, "tar|tar.gz|zip", "What it is (default tar)" },
	{},
};

static const struct flag image_flags[] = {
	{ "build-dir", 0, FLAG_VALUE, "dir", "Folder of this server that goes along as source" },
	{ "force", 0, FLAG_BOOL, NULL, "Pull the image also if it is there" },
	{},
};

static const struct flag load_flags[] = {
	{ "build-dir", 0, FLAG_VALUE, "dir", "Folder of this server that goes along as source" },
	{},
};

static const struct flag sync_flags[] = {
	{ "build", 0, FLAG_BOOL, NULL, "Deploy what was fetched" },
	{ "build-if-changes", 0, FLAG_BOOL, NULL, "Deploy if the deploy branch has moved" },
	{ "skip-deploy-branch", 0, FLAG_BOOL, NULL, "Leave the deploy branch's name alone" },
	{},
};

static const struct command commands[] = {
	{ "git-hook", "<app>", "Build what was pushed; called by the repository's hook",
		CMD_APP | CMD_HIDDEN, 1, 1, NULL, git_run_hook, NULL },
	{ "git-receive-pack", "<app>", "Take a push", CMD_HIDDEN | CMD_RAW, 1, 1, NULL,
		git_run_receive_pack, args_no_app_text },
	{ "git-upload-archive", "<app>", "Serve git archive", CMD_HIDDEN | CMD_RAW, 1, 1, NULL,
		git_run_upload_archive, args_no_app_text },
	{ "git-upload-pack", "<app>", "Serve a fetch", CMD_HIDDEN | CMD_RAW, 1, 1, NULL,
		git_run_upload_pack, args_no_app_text },
	{ "git:allow-host", "<host>", "Add the SSH keys of a host to the known ones", 0, 1, 1, NULL,
		git_run_allow_host, "Please supply a git host" },
	{ "git:auth", "<host> [<username> <password>]",
		"Store name and password for a host in .netrc, or remove them", 0, 1, 3, NULL,
		git_run_auth, "Please supply a git host" },
	{ "git:auth-status", "<host> [<username> <password>]",
		"Succeed if .netrc has this name and password, or no entry of the host", CMD_READ,
		1, 3, NULL, git_run_auth_status, "Please supply a git host" },
	{ "git:from-archive", "<app> <archive-url|--> [<git-username> <git-email>]",
		"Deploy what is in an archive, from a URL or standard input",
		CMD_APP | CMD_LOCK | CMD_DASHES, 2, 4, archive_flags, git_run_from_archive,
		"Please specify an archive url or -- to fetch the archive from stdin" },
	{ "git:from-image", "<app> <docker-image> [<git-username> <git-email>]", "Deploy an image",
		CMD_APP | CMD_LOCK, 2, 4, image_flags, git_run_from_image,
		"Please specify a docker image" },
	{ "git:generate-deploy-key", "", "Make the SSH key for private repositories", 0, 0, 0, NULL,
		git_run_generate_key, NULL },
	{ "git:initialize", "<app>", "Make the git repository of an app and its hook",
		CMD_APP | CMD_LOCK, 1, 1, NULL, run_initialize, NULL },
	{ "git:load-image", "<app> <docker-image> [<git-username> <git-email>]",
		"Deploy an image that docker save has written to standard input",
		CMD_APP | CMD_LOCK, 2, 4, load_flags, git_run_load_image,
		"Please specify a docker image" },
	{ "git:public-key", "", "Print the public part of the SSH key for private repositories",
		CMD_READ, 0, 0, NULL, git_run_public_key, NULL },
	{ "git:status", "<app>", "Show what git status says in an app's repository",
		CMD_APP | CMD_READ, 1, 1, NULL, run_status, NULL },
	{ "git:sync", "<app> <repository> [<git-ref>]",
		"Fetch a repository that is hosted elsewhere, and deploy it if wanted",
		CMD_APP | CMD_LOCK, 2, 3, sync_flags, git_run_sync,
		"Missing GIT_REMOTE parameter" },
	{ "git:unlock", "<app> [--force]", "Remove the deploy lock of an app", CMD_APP, 1, 1,
		unlock_flags, run_unlock, NULL },
	{},
};

enum {
	ARCHIVE = PROP_APP | PROP_HIDDEN_APP | PROP_GLOBAL | PROP_COMPUTED | PROP_COMPUTED_GLOBAL,
};

static const struct property properties[] = {
	{ "archive-max-files", ARCHIVE, GIT_ARCHIVE_MAX_FILES, "Most files an archive may hold",
		check_positive, max_files },
	{ "archive-max-size", ARCHIVE, GIT_ARCHIVE_MAX_SIZE, "Most bytes an archive may unpack to",
		check_size, max_size },
	{ "deploy-branch", PROP_BOTH, "master", "Branch whose pushes are deployed", check_branch,
		NULL },
	{ "keep-git-dir", PROP_BOTH, "false", "true: builds see a .git folder with the revision",
		check_bool, NULL },
	{ "rev-env-var", PROP_APP | PROP_HIDDEN_APP | PROP_KEEP_EMPTY, "GIT_REV",
		"Variable that holds the deployed revision; empty: none", check_variable, NULL },
	{ "source-image", PROP_APP, NULL, "Image the app was made from", NULL, NULL },
	{},
};

static const struct report_row rows[] = {
	{ "--git-last-updated-at", false, row_last_updated },
	{ "--git-rev-env-var", false, row_rev_env_var },
	{ "--git-sha", false, row_sha },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "deploy-source-set", on_deploy_source_set },
	{ "git-deploy-branch", on_deploy_branch },
	{ "git-from-archive", git_on_from_archive },
	{ "git-from-directory", git_on_from_directory },
	{ "git-from-image", git_on_from_image },
	{ "git-get-property", on_get_property },
	{ "git-has-code", on_has_code },
	{ "git-revision", on_revision },
	{ "post-create", on_post_create },
	{ "receive-app", on_receive_app },
	{},
};

extern const struct plugin plugin_git;
const struct plugin plugin_git = {
	.name = "git",
	.summary = "Manage deploys by git",
	.commands = commands,
	.properties = properties,
	.property_word = "key",
	.rows = rows,
	.after_set = after_set,
	.triggers = triggers,
	.steps = git_steps,
	.on_clone = take_over,
	.on_rename = take_over,
	.on_destroy = drop,
};
