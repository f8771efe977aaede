/* SPDX-License-Identifier: MIT */
#include "plugins/certs/certs.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "core/output.h"

enum { ANSWER_MAX = 1 << 20, TIMEOUT_MS = 120000, DEPTH_MAX = 16, FILES_MAX = 100 };

/* Runs it; what it says about a failure is the error. IN as in struct child. */
static int run_tool(struct child *c, struct strbuf *answer, struct err *err)
{
	AUTO_STRBUF said = STRBUF_CAPPED(64 * 1024);
	struct child_status st;
	int r;

	c->timeout_ms = TIMEOUT_MS;
	out_flush();
	r = child_capture(c, NULL, answer, &said, &st, err);
	if (r < 0)
		return r;
	strbuf_trim(&said);
	if (st.code == 0)
		return 0;
	return said.len ? err_set(err, ERR_INVALID, "%s", said.buf) : child_check(c, &st, err);
}

int cert_tool(struct ctx *ctx, const struct strvec *argv, json_t **ret, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF answer = STRBUF_CAPPED(ANSWER_MAX);
	json_error_t where;
	int r;

	strvec_pushf(&c.argv, "%s/moorage-x509", ctx->inst.libexec_dir);
	strvec_pushv(&c.argv, argv->items);
	r = run_tool(&c, &answer, err);
	if (r < 0)
		return r;
	*ret = json_loads(answer.buf, JSON_REJECT_DUPLICATES, &where);
	return *ret ? 0 : err_set(err, ERR_INVALID, "moorage-x509: %s", where.text);
}

/* Files below DIR whose names end in SUFFIX; hidden ones do not count. */
static int find_files(const char *dir, const char *suffix, int depth, struct strvec *ret,
	struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = depth > DEPTH_MAX ? 0 : fs_list(dir, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count && ret->count < FILES_MAX; i++) {
		AUTO_FREE char *path = path_join(dir, names.items[i]);

		if (*names.items[i] == '.')
			continue;
		if (fs_is_dir(path))
			r = find_files(path, suffix, depth + 1, ret, err);
		else if (str_ends(names.items[i], suffix) && fs_is_file(path))
			strvec_push(ret, path);
	}
	return r;
}

static int find_one(const char *dir, const char *suffix, char **ret, struct err *err)
{
	AUTO_STRVEC found = STRVEC_INIT;
	int r = find_files(dir, suffix, 0, &found, err);

	if (r < 0)
		return r;
	if (!found.count)
		return err_set(err, ERR_INVALID, "Tar archive is missing %s file", suffix);
	if (found.count > 1)
		return err_set(err, ERR_INVALID, "Tar archive contains more than one %s file",
			suffix);
	*ret = xstrdup(found.items[0]);
	return 0;
}

int cert_unpack(struct ctx *ctx, const char *dir, char **ret_crt, char **ret_key, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF answer = STRBUF_CAPPED(ANSWER_MAX);
	int r;

	strvec_pushf(&c.argv, "%s/moorage-archive", ctx->inst.libexec_dir);
	strvec_pushl(&c.argv, "extract", "--type", "tar", "--max-files", "100", "--max-bytes",
		"16777216", dir, NULL);
	c.in = CHILD_INHERIT;
	r = run_tool(&c, &answer, err);
	if (r >= 0)
		r = find_one(dir, ".crt", ret_crt, err);
	return r < 0 ? r : find_one(dir, ".key", ret_key, err);
}
