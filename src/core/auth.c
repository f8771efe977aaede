/* SPDX-License-Identifier: MIT */
#include "core/auth.h"

#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "core/trigger.h"

/* What is not listed is denied. */
static const struct rule {
	enum right right;
	unsigned callers;
} rules[] = {
	{ RIGHT_USE, CALLER_ROOT | CALLER_LOCAL | CALLER_KEY | CALLER_ADMIN },
	{ RIGHT_OTHER, CALLER_ROOT | CALLER_LOCAL | CALLER_KEY | CALLER_ADMIN },
	{ RIGHT_KEYS, CALLER_ROOT | CALLER_ADMIN },
	{ RIGHT_STATE, CALLER_ROOT | CALLER_LOCAL | CALLER_ADMIN },
	{ RIGHT_ROOT, CALLER_ROOT },
};

enum right auth_right_of(const struct command *cmd)
{
	if (!cmd)
		return RIGHT_OTHER;
	if (str_eq(cmd->name, "ssh-keys:add") || str_eq(cmd->name, "ssh-keys:remove"))
		return RIGHT_KEYS;
	if (str_starts(cmd->name, "backup:"))
		return RIGHT_STATE;
	return cmd->flags & CMD_ROOT ? RIGHT_ROOT : RIGHT_USE;
}

enum caller auth_caller(const struct ctx *ctx)
{
	if (ctx->from_ssh)
		return strstr(ctx->ssh_name, "admin") ? CALLER_ADMIN : CALLER_KEY;
	return geteuid() == 0 ? CALLER_ROOT : CALLER_LOCAL;
}

bool auth_allows(enum caller caller, enum right right)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].right == right)
			return rules[i].callers & caller;
	}
	return false;
}

int auth_check(struct ctx *ctx, const struct command *cmd, const struct strvec *argv,
	struct err *err)
{
	AUTO_STRVEC args = STRVEC_INIT;

	if (!auth_allows(auth_caller(ctx), auth_right_of(cmd)))
		return auth_right_of(cmd) == RIGHT_STATE
			       ? err_set(err, ERR_DENIED,
					 "This command is for administrators: run it on the "
					 "machine, or with a key whose name has 'admin' in it")
			       : err_set(err, ERR_DENIED, "This command must be run as root");
	if (!trigger_has_external(ctx, "user-auth"))
		return 0;
	strvec_pushl(&args, ctx->ssh_user, ctx->ssh_name, NULL);
	strvec_pushv(&args, argv->items);
	if (trigger_fire_args(ctx, "user-auth", &args, err) < 0) {
		err_clear(err);
		return err_set(err, ERR_DENIED, "Access denied");
	}
	return 0;
}

int auth_filter_apps(struct ctx *ctx, const struct strvec *apps, struct strvec *ret,
	struct err *err)
{
	AUTO_STRVEC args = STRVEC_INIT;
	AUTO_STRVEC visible = STRVEC_INIT;
	AUTO_STRBUF out = STRBUF_CAPPED(1024 * 1024);
	AUTO_ERR ignored = ERR_INIT;

	if (!apps->count || !trigger_has_external(ctx, "user-auth-app")) {
		strvec_pushv(ret, apps->items);
		return 0;
	}
	strvec_pushl(&args, ctx->ssh_user, ctx->ssh_name, NULL);
	strvec_pushv(&args, apps->items);
	/* As in Dokku the exit status says nothing; what was printed counts. */
	(void)!trigger_capture_args(ctx, "user-auth-app", &args, NULL, &out, &ignored);
	strvec_split_lines(&visible, out.buf);
	for (size_t i = 0; i < apps->count; i++) {
		if (strvec_has(&visible, apps->items[i]))
			strvec_push(ret, apps->items[i]);
	}
	return 0;
}

bool auth_may_see_app(struct ctx *ctx, const char *app)
{
	AUTO_STRVEC one = STRVEC_INIT;
	AUTO_STRVEC visible = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	if (!trigger_has_external(ctx, "user-auth-app"))
		return true;
	strvec_push(&one, app);
	return auth_filter_apps(ctx, &one, &visible, &err) >= 0 && visible.count == 1;
}
