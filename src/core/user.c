/* SPDX-License-Identifier: MIT */
#include "core/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"

bool user_trusts_env(void)
{
	const char *uid = getenv("SUDO_UID");

	return !uid || str_eq(uid, "0");
}

static int drop_to(const struct passwd *pw, struct err *err)
{
	if (initgroups(pw->pw_name, pw->pw_gid) < 0)
		return err_sys(err, "take the groups of user '%s'", pw->pw_name);
	if (setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0)
		return err_sys(err, "take the group of user '%s'", pw->pw_name);
	if (setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		return err_sys(err, "become user '%s'", pw->pw_name);
	setenv("HOME", pw->pw_dir, 1);
	setenv("USER", pw->pw_name, 1);
	setenv("LOGNAME", pw->pw_name, 1);
	if (chdir(pw->pw_dir) < 0 && chdir("/") < 0)
		return err_sys(err, "change to '/'");
	return 0;
}

static int run_through_sudo(struct ctx *ctx, char **argv, struct err *err)
{
	AUTO_STRVEC words = STRVEC_INIT;

	strvec_pushl(&words, "sudo", "-u", ctx->inst.user, "-E", "-H", ctx->inst.dokku_command,
		NULL);
	strvec_pushv(&words, argv + 1);
	setenv("SSH_USER", ctx->ssh_user, 1);
	unsetenv("DOKKU_PID");
	execvp("sudo", words.items);
	return err_set(err, ERR_DENIED,
		"This command runs as user %s; run it as root or install sudo (%s)", ctx->inst.user,
		strerror(errno));
}

int user_become(struct ctx *ctx, char **argv, struct err *err)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(ctx->inst.user);
	if (!pw)
		return err_set(err, ERR_NOT_FOUND,
			"There is no user '%s' on this machine; run the installer first",
			ctx->inst.user);
	if (geteuid() == pw->pw_uid)
		return 0;
	if (geteuid() == 0)
		return drop_to(pw, err);
	return run_through_sudo(ctx, argv, err);
}
