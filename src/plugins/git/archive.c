/* SPDX-License-Identifier: MIT */
/* git:from-archive: an archive from a URL or from standard input becomes a commit. */
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/applock.h"
#include "core/deploy.h"
#include "core/output.h"
#include "core/state.h"
#include "core/transfer.h"
#include "core/trigger.h"
#include "lib/git/remote.h"
#include "plugins/git/folder.h"
#include "plugins/git/git.h"
#include "plugins/git/steps.h"

static const char from_stdin[] = "--";

/* What the plan of a deploy goes by. */
struct request {
	const char *url;   /* whole, or "--" */
	const char *shown; /* without a password */
	const char *type;
	struct git_commit commit;
};

/* --- fetching --- */

static int limit_of(struct ctx *ctx, const char *name, const char *fallback, uint64_t *ret,
	struct err *err)
{
	AUTO_FREE char *value = state_get_or(ctx, "git", SCOPE_GLOBAL, name, fallback);
	int r = parse_uint(value, 1, UINT64_C(1) << 50, ret, err);

	return r < 0 ? err_wrap(err, "property %s of git", name) : 0;
}

void git_describe_fetch_archive(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "fetch %s", step_arg(step, "url"));
}

/* curl's settings, from its standard input: a URL may hold a password. */
static int give_url(int fd, const char *url, struct err *err)
{
	CLEANUP(strbuf_erase) struct strbuf text = STRBUF_INIT;

	strbuf_addstr(&text, "url = \"");
	for (; *url; url++) {
		if (*url == '"' || *url == '\\')
			strbuf_addch(&text, '\\');
		strbuf_addch(&text, *url);
	}
	strbuf_addstr(&text, "\"\n");
	if (fs_write_all(fd, text.buf, text.len) < 0)
		return err_sys(err, "write to curl");
	return 0;
}

static int start_curl(struct child *c, const char *url, int said, struct err *err)
{
	int r;

	strvec_pushl(&c->argv, "curl", "--disable", "--silent", "--show-error", "--fail",
		"--location", "--max-redirs", "10", "--globoff", "--proto", "=http,https",
		"--proto-redir", "=http,https", "--connect-timeout", "30", "--speed-limit", "1",
		"--speed-time", "60", "--max-time", "3600", "--config", "-", NULL);
	c->in = CHILD_PIPE;
	c->out = CHILD_PIPE;
	c->err = said;
	c->new_group = true;
	c->die_with_parent = true;
	r = child_start(c, err);
	if (r < 0)
		return r;
	/* A pipe holds more than the longest address. */
	r = give_url(c->in, url, err);
	close(TAKE_FD(c->in));
	return r;
}

static int curl_failed(int said, int code, struct err *err)
{
	char text[2048] = "";
	ssize_t n = pread(said, text, sizeof(text) - 1, 0);
	size_t len = n > 0 ? (size_t)n : 0;

	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return err_set(err, ERR_FAILED, "curl failed (exit code %d)%s%s", code, len ? ": " : "",
		text);
}

static int download(const char *url, const char *path, uint64_t max, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_CLOSE int said = memfd_create("curl", MFD_CLOEXEC);
	AUTO_ERR ignored = ERR_INIT;
	struct child_status st;
	uint64_t size;
	int waited;
	int r;

	if (said < 0)
		return err_sys(err, "make a file for messages");
	r = start_curl(&c, url, said, err);
	if (r >= 0)
		r = transfer_save(c.out, path, max, &size, err);
	if (c.pid <= 0)
		return r;
	if (c.out >= 0)
		close(TAKE_FD(c.out));
	if (r < 0)
		c.timeout_ms = 1;
	waited = child_wait(&c, &st, r < 0 ? &ignored : err);
	if (r < 0 || waited < 0)
		return r < 0 ? r : waited;
	return st.code ? curl_failed(said, st.code, err) : 0;
}

static int save_stdin(const char *path, uint64_t max, struct err *err)
{
	uint64_t size;
	int r = transfer_save(STDIN_FILENO, path, max, &size, err);

	if (r >= 0)
		out_line("%llu", (unsigned long long)size);
	return r;
}

int git_run_fetch_archive(struct operation *op, struct step *step, struct err *err)
{
	const struct request *request = op->memory;
	const char *type = step_arg(step, "type");
	AUTO_FREE char *path = path_join(step_arg(step, "dir"), "archive");
	bool is_stdin = str_eq(step_arg(step, "url"), from_stdin);
	uint64_t max;
	int r = limit_of(op->ctx, "archive-max-size", GIT_ARCHIVE_MAX_SIZE, &max, err);

	if (r < 0)
		return r;
	if (is_stdin)
		out_info1("Fetching %s file from stdin", type);
	else
		out_info1("Downloading %s file from %s", type, step_arg(step, "url"));
	r = is_stdin ? save_stdin(path, max, err) : download(request->url, path, max, err);
	if (r == -ERR_INVALID)
		return err_user(err, ERR_INVALID, 1,
			"Archive exceeds maximum allowed size of %llu bytes",
			(unsigned long long)max);
	return r < 0 ? err_wrap(err, "Unable to fetch the archive") : 0;
}

/* --- unpacking --- */

void git_describe_unpack(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "unpack the %s file", step_arg(step, "type"));
}

/* Runs our unpacker, which knows what an archive may not hold. */
static int extract(struct ctx *ctx, const char *archive, const char *type, const char *to,
	struct strbuf *answer, struct err *err)
{
	AUTO_CLOSE int in = open(archive, O_RDONLY | O_CLOEXEC);
	AUTO_STRBUF said = STRBUF_CAPPED(4096);
	AUTO_CHILD c = CHILD_INIT;
	struct child_status st;
	uint64_t files;
	uint64_t bytes;
	int r = limit_of(ctx, "archive-max-files", GIT_ARCHIVE_MAX_FILES, &files, err);

	if (r >= 0)
		r = limit_of(ctx, "archive-max-size", GIT_ARCHIVE_MAX_SIZE, &bytes, err);
	if (r < 0 || in < 0)
		return r < 0 ? r : err_sys(err, "open '%s'", archive);
	strvec_push_take(&c.argv, path_join(ctx->inst.libexec_dir, "moorage-archive"));
	strvec_pushl(&c.argv, "extract", "--strip-common", "--type", type, NULL);
	strvec_pushf(&c.argv, "--max-files=%llu", (unsigned long long)files);
	strvec_pushf(&c.argv, "--max-bytes=%llu", (unsigned long long)bytes);
	strvec_push(&c.argv, to);
	c.in = in;
	r = child_capture(&c, NULL, answer, &said, &st, err);
	strbuf_trim(&said);
	if (r >= 0 && st.code)
		r = err_set(err, ERR_INVALID, "Unable to unpack the archive: %s", said.buf);
	return r;
}

static void tell(const char *type, const char *answer)
{
	json_t *obj = json_loads(answer, 0, NULL);
	json_int_t common = json_integer_value(json_object_get(obj, "common"));
	json_int_t stripped = json_integer_value(json_object_get(obj, "stripped"));

	json_decref(obj);
	if (str_eq(type, "tar"))
		out_verbose("Stripping %lld worth of directories from tarball", (long long)common);
	else if (str_eq(type, "tar.gz"))
		out_verbose("Extracting gzipped tarball");
	else
		out_verbose("Extracting zipball");
	if (stripped > common)
		out_verbose("Stripping top-level archive folder components");
	else
		out_verbose("Moving unarchived files and folders into place");
}

int git_run_unpack(struct operation *op, struct step *step, struct err *err)
{
	const char *type = step_arg(step, "type");
	AUTO_FREE char *archive = path_join(step_arg(step, "dir"), "archive");
	AUTO_FREE char *tree = path_join(step_arg(step, "dir"), "tree");
	AUTO_STRBUF answer = STRBUF_CAPPED(4096);
	int r;

	out_info1("Generating build context");
	r = extract(op->ctx, archive, type, tree, &answer, err);
	if (r < 0)
		return r;
	tell(type, answer.buf);
	return fs_unlink(archive, err);
}

/* --- the command --- */

static int plan(struct operation *op, const char *app, const void *memory, struct err *err)
{
	const struct request *request = memory;
	AUTO_FREE char *dir = git_workspace(op);
	int r = git_plan_workspace(op, err);

	if (r >= 0)
		r = git_add(op, "git:fetch-archive",
			json_pack("{s:s, s:s, s:s}", "dir", dir, "url", request->shown, "type",
				request->type),
			err);
	if (r >= 0)
		r = git_add(op, "git:unpack",
			json_pack("{s:s, s:s}", "dir", dir, "type", request->type), err);
	return r < 0 ? r : git_plan_commit(op, app, &request->commit, err);
}

static int check_type(const char *type, struct err *err)
{
	static const char *const types[] = { "tar", "tar.gz", "zip" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (str_eq(type, types[i]))
			return 0;
	}
	return err_user(err, ERR_USAGE, 1,
		"Invalid archive type specified, valid archive types include: tar, tar.gz, zip");
}

static int check_url(const char *url, struct git_remote *ret, struct err *err)
{
	int r = 0;

	if (str_eq(url, from_stdin)) {
		ret->url = xstrdup(url);
		return 0;
	}
	r = git_remote_parse(url, ret, err);
	if (r >= 0 && !ret->root)
		r = err_set(err, ERR_INVALID, "the address is neither http:// nor https://");
	return r < 0 ? err_wrap(err, "Unable to fetch the archive") : 0;
}

/* NOTE: the app's deploy-source is to be noted. */
static int from_archive(struct ctx *ctx, const char *app, struct request *request, bool note,
	struct err *err)
{
	AUTO_GIT_REMOTE remote = GIT_REMOTE_INIT;
	int r = check_type(request->type, err);

	if (r >= 0)
		r = check_url(request->url, &remote, err);
	if (r < 0)
		return r;
	request->shown = remote.url;
	if (note) {
		request->commit.type = request->type;
		request->commit.metadata = remote.url;
		r = trigger_fire(ctx, err, "git-from-archive", app, remote.url, request->type,
			request->commit.name, request->commit.email, NULL);
	}
	if (r < 0)
		return r;
	r = deploy_fetched(ctx, app, "git:from-archive", plan, request, err);
	if (r < 0 || !note)
		return r;
	return trigger_fire(ctx, err, "deploy-source-set", app, request->type, remote.url, NULL);
}

int git_run_from_archive(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	struct request request = {
		.url = args_pos(args, 1),
		.type = args_value(args, "archive-type", "tar"),
		.commit = { .name = args_pos(args, 2), .email = args_pos(args, 3) },
	};

	return from_archive(ctx, app, &request, true, err);
}

int git_on_from_archive(struct trigger_call *call, struct err *err)
{
	struct request request = {
		.url = trigger_arg(call, 1),
		.type = *trigger_arg(call, 2) ? trigger_arg(call, 2) : "tar",
		.commit = { .name = trigger_arg(call, 3), .email = trigger_arg(call, 4) },
	};
	int r = trigger_need_app(call, err);

	if (r >= 0)
		r = app_lock(call->ctx, trigger_arg(call, 0), APP_LOCK_WAIT, err);
	return r < 0 ? r : from_archive(call->ctx, trigger_arg(call, 0), &request, false, err);
}
