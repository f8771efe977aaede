/* SPDX-License-Identifier: MIT */
#include "core/git_remote.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/fs.h"
#include "core/transfer.h"
#include "lib/words/words.h"

enum { SAID_MAX = 16 * 1024, FETCH_MS = 3600 * 1000 };

/* Ssh asks the user database for the home, not the environment. */
static bool is_home(const char *dir)
{
	const struct passwd *user = getpwuid(geteuid());

	return user && str_eq(user->pw_dir, dir);
}

static void add_file(struct ctx *ctx, const char *option, const char *name, struct strbuf *out)
{
	AUTO_FREE char *path = inst_home(&ctx->inst, ".ssh/%s", name);
	AUTO_FREE char *word = xasprintf("%s\"%s\"", option, path);

	if (!fs_exists(path))
		return;
	strbuf_addch(out, ' ');
	quote_single(out, word);
}

static void add_ssh(struct ctx *ctx, struct child *c)
{
	static const char *const keys[] = { "id_ed25519", "id_rsa" };
	AUTO_STRBUF command = STRBUF_INIT;

	strbuf_addstr(&command, "GIT_SSH_COMMAND=ssh -o BatchMode=yes -o ConnectTimeout=30 "
				"-o ServerAliveInterval=30 -o ServerAliveCountMax=4");
	if (!is_home(ctx->inst.dokku_root)) {
		add_file(ctx, "-oUserKnownHostsFile=", "known_hosts", &command);
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			add_file(ctx, "-oIdentityFile=", keys[i], &command);
	}
	strvec_push(&c->env, command.buf);
	strvec_push(&c->env, "GIT_SSH_VARIANT=ssh");
}

/* An own header and not the address: git hands that to its helper programs as an argument. */
static void add_login(const struct git_remote *remote, struct child *c)
{
	CLEANUP(strbuf_erase) struct strbuf pair = STRBUF_INIT;
	CLEANUP(strbuf_erase) struct strbuf header = STRBUF_INIT;

	strbuf_addf(&pair, "%s:%s", remote->user, remote->password);
	strbuf_addstr(&header, "GIT_CONFIG_VALUE_0=Authorization: Basic ");
	base64_encode(pair.buf, pair.len, &header);
	strvec_push(&c->env, "GIT_CONFIG_COUNT=1");
	strvec_pushf(&c->env, "GIT_CONFIG_KEY_0=http.%s.extraHeader", remote->root);
	strvec_push(&c->env, header.buf);
}

void git_remote_env(struct ctx *ctx, const struct git_remote *remote, struct child *c)
{
	strvec_pushf(&c->env, "HOME=%s", ctx->inst.dokku_root);
	strvec_pushl(&c->env, "LC_ALL=C.UTF-8", "GIT_ASKPASS", "SSH_ASKPASS", NULL);
	strvec_pushl(&c->env, "GIT_HTTP_LOW_SPEED_LIMIT=1", "GIT_HTTP_LOW_SPEED_TIME=120", NULL);
	add_ssh(ctx, c);
	if (remote && remote->user)
		add_login(remote, c);
	c->timeout_ms = FETCH_MS;
}

struct hint {
	const char *said;
	const char *help;
};

static const struct hint hints[] = {
	{ "Host key verification failed", "The host is not known: 'dokku git:allow-host <host>' "
					  "adds its keys." },
	{ "Permission denied (publickey", "The host did not accept the key of this server: "
					  "'dokku git:public-key' shows it, "
					  "'dokku git:generate-deploy-key' makes one." },
	{ "could not read Username", "The host wants a name and a password that it knows: "
				     "'dokku git:auth <host> <user> <password>' stores them." },
	{ "Authentication failed", "The host did not accept the name and password that "
				   "'dokku git:auth' has stored." },
};

static void add_hint(struct strbuf *said)
{
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++) {
		if (strstr(said->buf, hints[i].said)) {
			strbuf_addf(said, "\n%s", hints[i].help);
			return;
		}
	}
}

/* Ssh ends its lines as a terminal wants them. */
static void drop_returns(struct strbuf *said)
{
	size_t to = 0;

	for (size_t i = 0; i < said->len; i++) {
		if (said->buf[i] != '\r')
			said->buf[to++] = said->buf[i];
	}
	strbuf_setlen(said, to);
}

int git_remote_run(struct child *c, struct err *err)
{
	AUTO_STRBUF said = STRBUF_CAPPED(SAID_MAX);
	struct child_status st;
	int r = transfer_run(c, &said, &st, err);

	if (r < 0 || !st.code)
		return r;
	drop_returns(&said);
	strbuf_trim(&said);
	if (!said.len)
		return child_check(c, &st, err);
	add_hint(&said);
	return err_set(err, ERR_FAILED, "%s", said.buf);
}
