/* SPDX-License-Identifier: MIT */
/*
 * The bytes up to the first NUL are a template, those after it the value of a variable and what the
 * template finds in files. Beyond memory errors: a template renders the same twice, a failure
 * leaves the output alone and says which template it was.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lib/gotemplate/gotemplate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_file(void *cookie, const char *path, size_t max, struct strbuf *out,
	struct err *err)
{
	const char *content = cookie;

	if (path[0] != 'f')
		return err_set(err, ERR_NOT_FOUND, "no '%s'", path);
	if (strlen(content) > max)
		return err_set(err, ERR_INVALID, "too large");
	strbuf_addstr(out, content);
	return 0;
}

static void check(bool fine)
{
	if (!fine)
		abort();
}

static void render_twice(const char *text, size_t len, const struct gotmpl_vars *vars,
	const struct gotmpl_host *host)
{
	AUTO_ERR err = ERR_INIT;
	AUTO_GOTMPL *t = NULL;
	AUTO_STRBUF first = STRBUF_INIT;
	AUTO_STRBUF second = STRBUF_INIT;
	int r;

	if (gotmpl_parse("fuzz", text, len, &t, &err) < 0) {
		check(!t && !strncmp(err.msg.buf, "template: fuzz:", 15));
		return;
	}
	r = gotmpl_render(t, vars, host, &first, &err);
	if (r < 0) {
		check(!first.len && !strncmp(err.msg.buf, "template: fuzz:", 15));
		return;
	}
	check(first.len <= GOTMPL_OUTPUT_MAX);
	check(gotmpl_render(t, vars, host, &second, &err) == r);
	check(first.len == second.len && !memcmp(first.buf, second.buf, first.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	size_t len = nul ? (size_t)(nul - data) : size;
	AUTO_FREE char *rest = nul ? xstrndup((const char *)nul + 1, size - len - 1) : xstrdup("");
	AUTO_GOTMPL_VARS vars = GOTMPL_VARS_INIT;
	AUTO_STRBUF expanded = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	struct gotmpl_host host = { .read = read_file, .cookie = rest, .input = rest };

	gotmpl_vars_set(&vars, "APP", "web");
	gotmpl_vars_set(&vars, "PORTS", "http:80:5000 https:443:5000");
	gotmpl_vars_set(&vars, "X", rest);
	if (gotmpl_vars_set_json(&vars, rest, strlen(rest), &err) < 0)
		err_clear(&err);
	render_twice((const char *)data, len, &vars, &host);
	if (gotmpl_expand_posix((const char *)data, len, &vars, &host, &expanded, &err) >= 0)
		render_twice(expanded.buf, expanded.len, &vars, &host);
	return 0;
}
