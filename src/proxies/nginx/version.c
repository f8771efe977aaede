/* SPDX-License-Identifier: MIT */
/* Which nginx this is: asked once per program file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/parse.h"
#include "proxies/nginx/nginx.h"

enum { ANSWER_MAX = 4096, ASK_TIMEOUT_MS = 10000 };

/* "1.22.1" and what may follow. */
static bool parse(const char *text, struct nginx_version *ret)
{
	return sscanf(text, "%4u.%4u.%4u", &ret->major, &ret->minor, &ret->patch) == 3;
}

/* What the answer is remembered under: it changes when the program does. */
static char *fingerprint(struct ctx *ctx, struct err *err)
{
	struct stat st;

	if (stat(ctx->inst.nginx_bin, &st) < 0) {
		err_user(err, ERR_NOT_FOUND, 1, "Could not find nginx binary at '%s'.",
			ctx->inst.nginx_bin);
		return NULL;
	}
	return xasprintf("%s %lld.%09ld %lld ", ctx->inst.nginx_bin, (long long)st.st_mtim.tv_sec,
		st.st_mtim.tv_nsec, (long long)st.st_size);
}

static int ask(struct ctx *ctx, struct strbuf *out, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF text = STRBUF_CAPPED(ANSWER_MAX);
	struct child_status st;
	const char *number;
	int r;

	strvec_pushl(&c.argv, ctx->inst.nginx_bin, "-v", NULL);
	c.timeout_ms = ASK_TIMEOUT_MS;
	r = child_capture(&c, NULL, &text, &text, &st, err);
	if (r >= 0)
		r = child_check(&c, &st, err);
	if (r < 0)
		return r;
	number = strchr(text.buf, '/');
	if (!number)
		return err_set(err, ERR_INVALID, "'%s -v' does not say its version",
			ctx->inst.nginx_bin);
	strbuf_add(out, number + 1, strcspn(number + 1, " \n"));
	return 0;
}

int nginx_version(struct ctx *ctx, struct nginx_version *ret, struct err *err)
{
	AUTO_FREE char *mark = fingerprint(ctx, err);
	AUTO_FREE char *path = inst_lib(&ctx->inst, "data/moorage/nginx-version");
	AUTO_STRBUF known = STRBUF_INIT;
	AUTO_STRBUF answer = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT; /* it can be asked again */
	const char *number;
	int r;

	if (!mark)
		return -(int)err->kind;
	number = fs_read_optional(path, ANSWER_MAX, &known, &ignored) > 0
			 ? str_after(known.buf, mark)
			 : NULL;
	if (number && parse(number, ret))
		return 0;
	r = ask(ctx, &answer, err);
	if (r < 0)
		return r;
	if (!parse(answer.buf, ret))
		return err_set(err, ERR_INVALID, "unknown nginx version '%.100s'", answer.buf);
	strbuf_set(&known, mark);
	strbuf_addf(&known, "%s\n", answer.buf);
	err_clear(&ignored);
	(void)!fs_write_str(path, known.buf, 0644, &ignored);
	return 0;
}

static bool at_least(const struct nginx_version *v, unsigned major, unsigned minor, unsigned patch)
{
	if (v->major != major)
		return v->major > major;
	if (v->minor != minor)
		return v->minor > minor;
	return v->patch >= patch;
}

bool nginx_has_http2_directive(const struct nginx_version *v)
{
	return at_least(v, 1, 25, 1);
}

bool nginx_has_http2_push(const struct nginx_version *v)
{
	return at_least(v, 1, 13, 9) && !at_least(v, 1, 25, 0);
}
