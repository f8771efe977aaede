/* SPDX-License-Identifier: MIT */
#include "core/docker_create.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"

/* Variables that would change what the docker program itself does. */
static bool steers_the_client(const char *key)
{
	static const char *const prefixes[] = { "DOCKER_", "LD_", "GO", "HTTP_PROXY", "HTTPS_PROXY",
		"NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_", "XDG_" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (str_starts(key, prefixes[i]))
			return true;
	}
	return str_eq(key, "PATH") || str_eq(key, "HOME") || str_eq(key, "TMPDIR");
}

/*
 * Values reach the client through its environment, those that would steer it through an env-file
 * in memory, so that none is in its argv.
 */
static int pass_env(const struct docker_create *d, struct child *c, int file_fd,
	struct strvec *ret_flags, struct err *err)
{
	for (size_t i = 0; i < d->flags->count; i++) {
		const char *key = str_after(d->flags->items[i], "--env=");
		const char *value = key && !strchr(key, '=') ? env_get(d->env, key) : NULL;

		if (!value) {
			strvec_push(ret_flags, d->flags->items[i]);
		} else if (!steers_the_client(key)) {
			strvec_push(ret_flags, d->flags->items[i]);
			strvec_pushf(&c->env, "%s=%s", key, value);
		} else if (strchr(value, '\n')) {
			return err_set(err, ERR_INVALID,
				"variable %s holds a line break, which cannot be handed to the "
				"docker program",
				key);
		} else if (dprintf(file_fd, "%s=%s\n", key, value) < 0) {
			return err_sys(err, "write the env-file");
		}
	}
	return 0;
}

int docker_create(struct ctx *ctx, const struct docker_create *d, char **ret_id, struct err *err)
{
	AUTO_CLOSE int file = memfd_create("env", MFD_CLOEXEC);
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRVEC flags = STRVEC_INIT;
	AUTO_STRBUF out = STRBUF_CAPPED(4096);
	AUTO_STRBUF errors = STRBUF_CAPPED(16 * 1024);
	struct child_status st;
	int r;

	if (file < 0)
		return err_sys(err, "memfd_create");
	r = pass_env(d, &c, file, &flags, err);
	if (r < 0)
		return r;
	strvec_pushl(&c.argv, ctx->inst.docker_bin, NULL);
	strvec_pushf(&c.argv, "--host=unix://%s", ctx->inst.engine_socket);
	strvec_pushl(&c.argv, "container", "create", NULL);
	strvec_pushf(&c.argv, "--env-file=/proc/self/fd/%d", file);
	strvec_pushv(&c.argv, flags.items);
	strvec_push(&c.argv, d->image);
	strvec_pushv(&c.argv, d->command->items);
	c.keep_fds[0] = file;
	lseek(file, 0, SEEK_SET);
	r = child_capture(&c, NULL, &out, &errors, &st, err);
	if (r < 0)
		return r;
	strbuf_trim(&out);
	strbuf_trim(&errors);
	if (st.code || !out.len)
		return err_set(err, ERR_REMOTE, "docker container create: %s", errors.buf);
	*ret_id = strbuf_detach(&out);
	return 0;
}
