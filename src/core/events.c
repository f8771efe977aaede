/* SPDX-License-Identifier: MIT */
#include "core/events.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/timing.h"
#include "core/staged.h"

enum { LINE_MAX_BYTES = 8192 };

const char *const event_names[] = {
	"app-create",
	"app-destroy",
	"app-exists",
	"app-json-get-content",
	"app-json-process-deploy-parallelism",
	"app-list",
	"app-maybe-create",
	"app-restart",
	"app-urls",
	"builder-build",
	"builder-create-dokku-image",
	"builder-detect",
	"builder-dokku-image",
	"builder-get-property",
	"builder-herokuish-allowed",
	"builder-image-is-cnb",
	"builder-image-is-herokuish",
	"builder-release",
	"buildpack-stack-name",
	"caddy-template-source",
	"certs-exists",
	"certs-force",
	"check-deploy",
	"checks-get-property",
	"config-export",
	"config-get",
	"config-get-global",
	"core-post-deploy",
	"core-post-extract",
	"cron-entries",
	"cron-get-property",
	"cron-write",
	"dependencies",
	"deploy",
	"deploy-source-set",
	"deployed-app-image-repo",
	"deployed-app-image-tag",
	"deployed-app-repository",
	"docker-args-build",
	"docker-args-deploy",
	"docker-args-process-build",
	"docker-args-process-deploy",
	"docker-args-process-run",
	"docker-args-run",
	"domains-add",
	"domains-disable",
	"domains-enable",
	"domains-list",
	"domains-urls",
	"domains-vhost-enabled",
	"git-deploy-branch",
	"git-from-archive",
	"git-from-directory",
	"git-from-image",
	"git-get-property",
	"git-has-code",
	"git-post-pull",
	"git-pre-pull",
	"git-revision",
	"haproxy-template-source",
	"logs-get-property",
	"network-build-config",
	"network-clear-config",
	"network-config-exists",
	"network-get-ipaddr",
	"network-get-listeners",
	"network-get-property",
	"network-get-static-listeners",
	"network-write-ipaddr",
	"network-write-port",
	"nginx-app-template-source",
	"nginx-dokku-template-source",
	"nginx-hostname",
	"nginx-pre-reload",
	"openresty-template-source",
	"ports-clear",
	"ports-configure",
	"ports-get",
	"ports-get-available",
	"ports-get-property",
	"ports-set-detected",
	"post-app-clone",
	"post-app-clone-setup",
	"post-app-rename",
	"post-app-rename-setup",
	"post-build-buildpack",
	"post-build-dockerfile",
	"post-build-lambda",
	"post-build-pack",
	"post-certs-remove",
	"post-certs-update",
	"post-config-update",
	"post-container-create",
	"post-create",
	"post-delete",
	"post-deploy",
	"post-domains-update",
	"post-extract",
	"post-proxy-ports-update",
	"post-release-builder",
	"post-release-lambda",
	"post-stack-set",
	"post-stop",
	"pre-build-buildpack",
	"pre-build-dockerfile",
	"pre-build-lambda",
	"pre-build-pack",
	"pre-delete",
	"pre-deploy",
	"pre-disable-vhost",
	"pre-enable-vhost",
	"pre-receive-app",
	"pre-release-buildpack",
	"pre-release-dockerfile",
	"pre-release-lambda",
	"pre-release-pack",
	"pre-restore",
	"pre-start",
	"procfile-exists",
	"procfile-get-command",
	"proxy-build-config",
	"proxy-clear-config",
	"proxy-disable",
	"proxy-enable",
	"proxy-is-enabled",
	"proxy-type",
	"ps-can-scale",
	"ps-current-scale",
	"ps-set-scale",
	"receive-app",
	"receive-branch",
	"release-and-deploy",
	"report",
	"resource-get-property",
	"retire-container-failed",
	"scheduler-app-status",
	"scheduler-deploy",
	"scheduler-detect",
	"scheduler-enter",
	"scheduler-inspect",
	"scheduler-is-deployed",
	"scheduler-logs",
	"scheduler-logs-failed",
	"scheduler-post-delete",
	"scheduler-post-deploy-process",
	"scheduler-post-run",
	"scheduler-pre-restore",
	"scheduler-register-retired",
	"scheduler-retire",
	"scheduler-run",
	"scheduler-run-list",
	"scheduler-run-logs",
	"scheduler-run-stop",
	"scheduler-stop",
	"storage-list",
	"traefik-template-source",
	"uninstall",
	"update",
	"user-auth",
	"user-auth-app",
	NULL,
};

bool events_are_on(void)
{
	const char *value = getenv("DOKKU_EVENTS");

	return value && *value;
}

bool events_takes(const char *trigger)
{
	if (!events_are_on())
		return false;
	for (const char *const *name = event_names; *name; name++) {
		if (str_eq(*name, trigger))
			return true;
	}
	return false;
}

char *events_path(struct ctx *ctx)
{
	return path_join(ctx->inst.logs_dir, "events.log");
}

/* --- the text --- */

/* As syslog's daemon writes control characters: a line stays one line. */
static void add_plain(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			strbuf_addf(out, "#%03o", (unsigned)(unsigned char)*text);
		else
			strbuf_addch(out, *text);
	}
}

/* SCHEDULER APP COUNT then so many K=V: the values may be secrets. */
static bool is_variable(const char *trigger, const struct strvec *args, size_t i)
{
	AUTO_ERR ignored = ERR_INIT;
	uint64_t count;

	return str_eq(trigger, "scheduler-run") && i >= 3 &&
	       parse_uint(args->items[2], 0, 100000, &count, &ignored) >= 0 && i - 3 < count;
}

static void add_variable(struct strbuf *out, const char *pair)
{
	AUTO_FREE char *name = xstrndup(pair, strcspn(pair, "="));

	add_plain(out, name);
	strbuf_addch(out, '=');
}

static void add_env(struct strbuf *out, const char *name)
{
	const char *value = getenv(name);

	strbuf_addf(out, " %s=", name);
	add_plain(out, value ? value : "");
}

static void add_message(const char *trigger, const struct strvec *args, struct strbuf *out)
{
	strbuf_addf(out, "INVOKED: %s( ", trigger);
	for (size_t i = 0; i < args->count; i++) {
		if (i)
			strbuf_addch(out, ' ');
		if (is_variable(trigger, args, i))
			add_variable(out, args->items[i]);
		else
			add_plain(out, args->items[i]);
	}
	strbuf_addstr(out, " )");
	add_env(out, "NAME");
	add_env(out, "FINGERPRINT");
	add_env(out, "DOKKU_PID");
}

/* "Jul  3 16:09:48 host dokku-event[123]: " */
static void add_head(struct strbuf *out)
{
	time_t now = (time_t)wall_seconds();
	struct tm tm;
	char date[64] = "";
	char host[256] = "";

	if (localtime_r(&now, &tm))
		(void)!strftime(date, sizeof(date), "%b %e %H:%M:%S", &tm);
	if (gethostname(host, sizeof(host) - 1) < 0)
		host[0] = '\0';
	host[strcspn(host, ".")] = '\0';
	strbuf_addf(out, "%s %s dokku-event[%d]: ", date, host, (int)getpid());
}

/* --- where to --- */

static bool is_daemons(const struct ctx *ctx)
{
	return !*ctx->inst.label && fs_exists("/etc/rsyslog.d/99-dokku.conf") &&
	       fs_exists("/dev/log");
}

static void append(struct ctx *ctx, const char *text, size_t len)
{
	AUTO_FREE char *path = events_path(ctx);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0664);

	/* In one call, so that lines of programs that run at once do not mix. */
	if (fd >= 0)
		(void)!write(fd, text, len);
}

void events_log(struct ctx *ctx, const char *trigger, const struct strvec *args)
{
	AUTO_STRBUF line = STRBUF_CAPPED(LINE_MAX_BYTES);
	bool daemons;

	if (!events_takes(trigger))
		return;
	ctx_publish_env(ctx); /* DOKKU_PID */
	daemons = is_daemons(ctx);
	if (!daemons)
		add_head(&line);
	add_message(trigger, args, &line);
	if (daemons) {
		openlog("dokku-event", LOG_PID, LOG_USER);
		syslog(LOG_NOTICE, "%s", line.buf);
		closelog();
		return;
	}
	if (line.truncated)
		strbuf_setlen(&line, line.len - 1);
	strbuf_addch(&line, '\n');
	append(ctx, line.buf, line.len);
}

void events_note(struct ctx *ctx, const char *trigger, ...)
{
	AUTO_STRVEC args = STRVEC_INIT;
	const char *s;
	va_list ap;

	if (!events_takes(trigger))
		return;
	va_start(ap, trigger);
	while ((s = va_arg(ap, const char *)))
		strvec_push(&args, s);
	va_end(ap);
	events_log(ctx, trigger, &args);
}
