/* SPDX-License-Identifier: MIT */
/* storage:exec: a container of its own that has a storage entry at /data. */
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/engine_path.h"
#include "core/image.h"
#include "core/output.h"
#include "core/registry.h"
#include "core/storage.h"
#include "core/trigger.h"
#include "lib/engine/attach.h"
#include "lib/engine/images.h"
#include "lib/engine/volumes.h"
#include "schedulers/docker-local/driver.h"

struct request {
	struct storage_entry entry;
	const char *image;
	const char *user; /* "" for the entry's */
	bool tty;
	bool interactive;
	size_t command; /* where it begins in the arguments */
};

static void request_done(struct request *rq)
{
	storage_entry_done(&rq->entry);
}

/* --- what is asked for --- */

static int read_flags(const struct trigger_call *call, struct request *rq, struct err *err)
{
	size_t i = 3;

	for (; i < call->args->count && !str_eq(trigger_arg(call, i), "--"); i++) {
		const char *word = trigger_arg(call, i);

		if (str_eq(word, "--as-user"))
			rq->user = trigger_arg(call, ++i);
		else if (str_starts(word, "--tty="))
			rq->tty = str_eq(word, "--tty=true");
		else if (str_starts(word, "--interactive="))
			rq->interactive = str_eq(word, "--interactive=true");
		else
			return err_set(err, ERR_USAGE, "unknown flag: %.100s", word);
	}
	rq->command = i + 1;
	return 0;
}

static int read_request(const struct trigger_call *call, struct request *rq, struct err *err)
{
	int r = storage_entry_load(call->ctx, trigger_arg(call, 1), &rq->entry, err);

	if (r < 0)
		return r;
	if (!str_eq(rq->entry.scheduler, STORAGE_LOCAL))
		return err_set(err, ERR_USAGE,
			"storage entry \"%s\" has scheduler \"%s\", not docker-local",
			rq->entry.name, rq->entry.scheduler);
	rq->image = trigger_arg(call, 2);
	rq->user = "";
	return read_flags(call, rq, err);
}

/* The engine would make what is missing. */
static int check_there(struct ctx *ctx, const char *host, struct err *err)
{
	json_t *volume = NULL;
	int r;

	if (!*host)
		return err_set(err, ERR_INVALID, "storage entry is missing a host path");
	if (*host == '/') {
		if (!fs_exists(host))
			return err_set(err, ERR_NOT_FOUND, "host path %s does not exist", host);
		if (!fs_is_dir(host))
			return err_set(err, ERR_INVALID,
				"host path %s exists but is not a directory", host);
		return 0;
	}
	if (!storage_is_volume(host))
		return err_set(err, ERR_INVALID,
			"host path \"%s\" is neither absolute nor a valid docker volume token",
			host);
	r = engine_volume_inspect(ctx_engine(ctx), host, &volume, err);
	json_decref(volume);
	return r < 0 ? err_wrap(err, "docker named volume \"%s\" is not present", host) : 0;
}

/* --- the container --- */

static int add_user(struct ctx *ctx, const struct request *rq, struct strvec *flags,
	struct err *err)
{
	AUTO_FREE char *uid = NULL;
	uint64_t ignored;
	int r;

	if (*rq->user) {
		r = parse_uint(rq->user, 0, UINT32_MAX, &ignored, err);
		if (r < 0)
			return err_user(err, ERR_USAGE, 1,
				"--as-user takes a number, not \"%.100s\"", rq->user);
		strvec_pushf(flags, "--user=%s:%s", rq->user, rq->user);
		return 0;
	}
	if (!*rq->entry.chown || str_eq(rq->entry.chown, "false"))
		return 0;
	r = storage_owner(ctx, rq->entry.chown, &uid, err);
	if (r >= 0)
		strvec_pushf(flags, "--user=%s:%s", uid, uid);
	return r;
}

static int make_spec(const struct trigger_call *call, const struct request *rq, struct spec *ret,
	struct err *err)
{
	AUTO_SPEC s = SPEC_INIT;
	AUTO_FREE char *part = xasprintf("storage.%u", random_number());
	int r = add_user(call->ctx, rq, &s.flags, err);

	if (r < 0)
		return r;
	s.name = container_name(call->ctx, rq->entry.name, part);
	s.image = xstrdup(rq->image);
	strvec_pushl(&s.flags, "--rm", NULL);
	strvec_pushf(&s.flags, "--name=%s", s.name);
	if (rq->interactive || rq->tty)
		strvec_push(&s.flags, "--interactive");
	if (rq->tty)
		strvec_push(&s.flags, "--tty");
	labels_args(call->ctx, NULL, &s.flags);
	strvec_pushl(&s.flags, "--label=" LABEL_TYPE "=storage", "-v", NULL);
	strvec_pushf(&s.flags, "%s:/data", rq->entry.host_path);
	engine_path_flags(&call->ctx->inst, &s.flags);
	for (size_t i = rq->command; i < call->args->count; i++)
		strvec_push(&s.command, call->args->items[i]);
	if (!s.command.count)
		strvec_pushl(&s.command, "sh", "-c",
			"command -v bash >/dev/null 2>&1 && exec bash || exec sh", NULL);
	*ret = s;
	s = (struct spec)SPEC_INIT;
	return 0;
}

/* An image that is not there is pulled, as `docker run` does. */
static int need_image(struct ctx *ctx, const char *image, struct err *err)
{
	json_t *found = NULL;
	int r = engine_image_inspect(ctx_engine(ctx), image, &found, err);

	json_decref(found);
	if (r != -ERR_NOT_FOUND)
		return r;
	err_clear(err);
	out_stderr("Unable to find image '%s' locally, pulling it", image);
	r = registry_pull(ctx, NULL, image, false, err);
	return r < 0 ? err_wrap(err, "pull image '%s'", image) : 0;
}

static int run(struct ctx *ctx, const struct request *rq, const struct spec *s, int *ret_code,
	struct err *err)
{
	const struct engine_io io = {
		.in = rq->interactive || rq->tty ? STDIN_FILENO : -1,
		.out = STDOUT_FILENO,
		.err = STDERR_FILENO,
		.tty = rq->tty,
		.forward_signals = true,
	};
	AUTO_FREE char *id = NULL;
	AUTO_ERR ignored = ERR_INIT;
	int r = container_create(ctx, s, &id, err);

	if (r < 0)
		return r;
	out_flush();
	r = engine_container_run(ctx_engine(ctx), id, &io, "removed", ret_code, err);
	/* One that never started stays otherwise; the first error is what counts. */
	if (r < 0)
		(void)!container_remove(ctx, id, true, &ignored);
	return r;
}

int call_storage_exec(struct trigger_call *call, struct err *err)
{
	CLEANUP(request_done) struct request rq = { .image = "" };
	AUTO_SPEC spec = SPEC_INIT;
	int code = 0;
	int r;

	if (!is_call_for_local(call))
		return 0;
	r = read_request(call, &rq, err);
	if (r >= 0)
		r = check_there(call->ctx, rq.entry.host_path, err);
	if (r >= 0)
		r = need_image(call->ctx, rq.image, err);
	if (r >= 0)
		r = make_spec(call, &rq, &spec, err);
	if (r >= 0)
		r = run(call->ctx, &rq, &spec, &code, err);
	if (r < 0)
		return r;
	return code ? err_exit(err, code) : 0;
}
