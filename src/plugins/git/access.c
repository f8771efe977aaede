/* SPDX-License-Identifier: MIT */
/* How repositories on other hosts are reached: their keys, our key, names and passwords. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/parse.h"
#include "core/output.h"
#include "lib/netrc/netrc.h"
#include "plugins/git/git.h"

enum {
	KNOWN_HOSTS_MAX = 4 << 20,
	SCAN_MAX = 64 << 10,
	SCAN_MS = 60 * 1000,
	HOST_MAX = 255,
};

/* Files of the user, changed by one command at a time. */
static int lock_files(struct ctx *ctx, struct err *err)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/moorage/locks");
	AUTO_FREE char *path = inst_lib(&ctx->inst, "data/moorage/access.lock");
	int r = fs_mkdir_p(dir, 0755, err);

	return r < 0 ? r : lock_take(path, "", UINT64_MAX, err);
}

static int make_ssh_folder(struct ctx *ctx, struct err *err)
{
	AUTO_FREE char *dir = inst_home(&ctx->inst, ".ssh");

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_sys(err, "create '%s'", dir);
	return 0;
}

/* A name that may stand in the files and on a command line. */
static int check_host(const char *host, struct err *err)
{
	size_t len = strlen(host);

	if (!len)
		return err_user(err, ERR_USAGE, 1, "Please supply a git host");
	if (len > HOST_MAX || host[0] == '-' || host[strcspn(host, " /,@*?!|\\\"'#")] != '\0' ||
		has_control(host))
		return err_set(err, ERR_USAGE, "'%.255s' is not the name of a host", host);
	return 0;
}

/* --- git:allow-host --- */

/* "host", "host:port" or "[host]:port", the last as in known_hosts. */
static int split_port(const char *text, char **ret_host, uint64_t *ret_port, struct err *err)
{
	const char *colon = strrchr(text, ':');
	const char *close = strchr(text, ']');
	bool bracket = text[0] == '[' && close && (!close[1] || close + 1 == colon);

	*ret_port = 22;
	if (bracket) {
		*ret_host = xstrndup(text + 1, (size_t)(close - text - 1));
		return close[1] ? parse_uint(colon + 1, 1, 65535, ret_port, err) : 0;
	}
	if (!colon || strchr(text, ':') != colon) {
		*ret_host = xstrdup(text);
		return 0;
	}
	*ret_host = xstrndup(text, (size_t)(colon - text));
	return parse_uint(colon + 1, 1, 65535, ret_port, err);
}

static bool is_key_line(const char *line)
{
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_STRBUF key = STRBUF_INIT;

	if (has_control(line) || line[0] == '#')
		return false;
	strvec_split(&words, line, " ");
	return words.count == 3 &&
	       base64_decode(words.items[2], strlen(words.items[2]), &key, NULL);
}

static int scan(const char *host, uint64_t port, struct strvec *ret, struct err *err)
{
	AUTO_STRBUF out = STRBUF_CAPPED(SCAN_MAX);
	AUTO_STRBUF said = STRBUF_CAPPED(SCAN_MAX);
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_CHILD c = CHILD_INIT;
	struct child_status st;
	int r;

	strvec_pushl(&c.argv, "ssh-keyscan", "-T", "15", "-t", "rsa,ecdsa,ed25519", "-p", NULL);
	strvec_pushf(&c.argv, "%llu", (unsigned long long)port);
	strvec_pushl(&c.argv, "--", host, NULL);
	c.timeout_ms = SCAN_MS;
	r = child_capture(&c, NULL, &out, &said, &st, err);
	if (r < 0)
		return r;
	strvec_split_lines(&lines, out.buf);
	for (size_t i = 0; i < lines.count; i++) {
		if (is_key_line(lines.items[i]))
			strvec_push(ret, lines.items[i]);
	}
	if (ret->count)
		return 0;
	return err_set(err, ERR_FAILED, "No SSH server answered with its keys at %s, port %llu",
		host, (unsigned long long)port);
}

/* Adds the lines that are not there yet. */
static int add_known(struct ctx *ctx, const struct strvec *lines, struct err *err)
{
	AUTO_FREE char *path = inst_home(&ctx->inst, ".ssh/known_hosts");
	AUTO_CLOSE int lock = lock_files(ctx, err);
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRVEC known = STRVEC_INIT;
	bool changed = false;
	int r = lock < 0 ? lock : make_ssh_folder(ctx, err);

	if (r >= 0)
		r = fs_read_optional(path, KNOWN_HOSTS_MAX, &text, err);
	if (r < 0)
		return r;
	strvec_split_lines(&known, text.buf);
	if (text.len && text.buf[text.len - 1] != '\n')
		strbuf_addch(&text, '\n');
	for (size_t i = 0; i < lines->count; i++) {
		if (strvec_has(&known, lines->items[i]))
			continue;
		strbuf_addf(&text, "%s\n", lines->items[i]);
		changed = true;
	}
	return changed ? fs_write(path, text.buf, text.len, 0600, err) : 0;
}

int git_run_allow_host(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *given = args_pos(args, 0);
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_FREE char *host = NULL;
	uint64_t port;
	int r = split_port(given, &host, &port, err);

	if (r >= 0)
		r = check_host(host, err);
	if (r >= 0)
		r = scan(host, port, &lines, err);
	if (r >= 0)
		r = add_known(ctx, &lines, err);
	if (r >= 0)
		out_info1("%s added to known hosts", given);
	return r;
}

/* --- the deploy key --- */

static const char *const key_names[] = { "id_ed25519", "id_rsa" };

/* The public part of the key there is, NULL when there is none; for free(). */
static char *public_key_path(struct ctx *ctx)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_names); i++) {
		AUTO_FREE char *path = inst_home(&ctx->inst, ".ssh/%s.pub", key_names[i]);

		if (fs_is_file(path))
			return TAKE_PTR(path);
	}
	return NULL;
}

/* Runs ssh-keygen with ARGS, what it prints to OUT. */
static int keygen(const struct strvec *args, struct strbuf *out, struct err *err)
{
	AUTO_STRBUF said = STRBUF_CAPPED(4096);
	AUTO_CHILD c = CHILD_INIT;
	struct child_status st;
	int r;

	strvec_push(&c.argv, "ssh-keygen");
	strvec_pushv(&c.argv, args->items);
	c.timeout_ms = SCAN_MS;
	r = child_capture(&c, NULL, out, &said, &st, err);
	strbuf_trim(&said);
	if (r >= 0 && st.code)
		r = err_set(err, ERR_FAILED, "ssh-keygen failed (exit code %d): %s", st.code,
			said.buf);
	return r;
}

/* In a folder of its own, so that a pair is complete when its public part appears. */
static int make_pair(struct ctx *ctx, const char *work, const char *private, const char *public,
	struct err *err)
{
	AUTO_FREE char *new_private = path_join(work, "key");
	AUTO_FREE char *new_public = path_join(work, "key.pub");
	AUTO_STRBUF printed = STRBUF_CAPPED(4096);
	AUTO_STRVEC args = STRVEC_INIT;
	char host[HOST_MAX + 1] = "";
	int r;

	(void)gethostname(host, sizeof(host) - 1);
	strvec_pushl(&args, "-q", "-t", "ed25519", "-N", "", "-f", new_private, "-C", NULL);
	strvec_pushf(&args, "%s@%s", ctx->inst.user, host);
	r = keygen(&args, &printed, err);
	if (r >= 0)
		r = fs_rename(new_private, private, err);
	return r < 0 ? r : fs_rename(new_public, public, err);
}

/* A private key somebody has put there is not replaced. */
static int derive_public(const char *private, const char *public, struct err *err)
{
	AUTO_STRBUF printed = STRBUF_CAPPED(16 * 1024);
	AUTO_STRVEC args = STRVEC_INIT;
	int r;

	strvec_pushl(&args, "-y", "-P", "", "-f", private, NULL);
	r = keygen(&args, &printed, err);
	return r < 0 ? r : fs_write(public, printed.buf, printed.len, 0644, err);
}

static int make_key(struct ctx *ctx, const char *private, const char *public, struct err *err)
{
	AUTO_FREE char *work = inst_home(&ctx->inst, ".ssh/.tmp-deploy-key");
	int r = make_ssh_folder(ctx, err);

	if (r >= 0 && fs_exists(private))
		return derive_public(private, public, err);
	if (r >= 0)
		r = fs_rm_rf(work, err); /* of one that was killed */
	if (r >= 0 && mkdir(work, 0700) < 0)
		r = err_sys(err, "create '%s'", work);
	if (r >= 0)
		r = make_pair(ctx, work, private, public, err);
	if (r >= 0)
		return fs_rm_rf(work, err);
	return r;
}

int git_run_generate_key(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_CLOSE int lock = lock_files(ctx, err);
	AUTO_FREE char *there = public_key_path(ctx);
	AUTO_FREE char *private = inst_home(&ctx->inst, ".ssh/%s", key_names[0]);
	AUTO_FREE char *public = inst_home(&ctx->inst, ".ssh/%s.pub", key_names[0]);
	int r;

	if (lock < 0)
		return lock;
	if (there) {
		if (!output_is_quiet())
			out_exclaim("A deploy key already exists for this host");
		return 0;
	}
	r = make_key(ctx, private, public, err);
	if (r >= 0)
		out_info1("Deploy key saved in %s; git:public-key prints what other hosts need",
			private);
	return r;
}

int git_run_public_key(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *path = public_key_path(ctx);
	AUTO_STRBUF text = STRBUF_INIT;
	int r;

	if (!path)
		return err_user(err, ERR_NOT_FOUND, 1,
			"There is no deploy key associated with the %s user.\n"
			"Generate an ssh key with the following command:\n"
			"  dokku git:generate-deploy-key\n"
			"As an alternative, configure the netrc authentication via the git:auth "
			"command",
			ctx->inst.user);
	r = fs_read(path, 64 * 1024, &text, err);
	if (r < 0)
		return r;
	strbuf_chomp(&text);
	out_line("%s", text.buf);
	return 0;
}

/* --- names and passwords --- */

struct login {
	const char *host;
	const char *name; /* "": none given */
	struct strbuf password;
};

static void login_done(struct login *l)
{
	strbuf_erase(&l->password);
}

/* The first line of standard input, where that is no terminal and no device. */
static int read_password(struct strbuf *out, struct err *err)
{
	struct stat st;
	char c;

	if (fstat(STDIN_FILENO, &st) < 0 ||
		!(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || S_ISREG(st.st_mode)))
		return 0;
	for (;;) {
		ssize_t n = read(STDIN_FILENO, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read the password");
		if (n == 0 || c == '\n' || out->truncated)
			return 0;
		strbuf_addch(out, c);
	}
}

static int read_login(const struct args *args, struct login *l, struct err *err)
{
	int r = 0;

	l->host = args_pos(args, 0);
	l->name = args_pos(args, 1);
	strbuf_addstr(&l->password, args_pos(args, 2));
	r = check_host(l->host, err);
	if (r >= 0 && *l->name && !l->password.len)
		r = read_password(&l->password, err);
	if (r < 0 || !*l->name)
		return r;
	if (!l->password.len)
		return err_set(err, ERR_USAGE, "Missing password for netrc auth entry");
	if (!netrc_word_valid(l->name) || !netrc_word_valid(l->password.buf) ||
		strlen(l->password.buf) != l->password.len)
		return err_set(err, ERR_USAGE,
			"Name and password may hold no control characters and at most %d bytes",
			NETRC_WORD_MAX);
	return 0;
}

static char *netrc_path(struct ctx *ctx)
{
	return inst_home(&ctx->inst, ".netrc");
}

static int read_netrc(struct ctx *ctx, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *path = netrc_path(ctx);

	return fs_read_optional(path, NETRC_MAX, out, err);
}

static int change_netrc(struct ctx *ctx, const struct login *l, struct err *err)
{
	AUTO_FREE char *path = netrc_path(ctx);
	AUTO_CLOSE int lock = lock_files(ctx, err);
	CLEANUP(strbuf_erase) struct strbuf old = STRBUF_INIT;
	CLEANUP(strbuf_erase) struct strbuf text = STRBUF_INIT;
	int there = lock < 0 ? lock : read_netrc(ctx, &old, err);
	int r = there;

	if (r >= 0)
		r = *l->name ? netrc_set(old.buf, old.len, l->host, l->name, l->password.buf, &text,
				       err)
			     : netrc_unset(old.buf, old.len, l->host, &text, err);
	if (r < 0 || (!there && !*l->name))
		return r;
	return fs_write(path, text.buf, text.len, 0600, err);
}

int git_run_auth(struct ctx *ctx, const struct args *args, struct err *err)
{
	CLEANUP(login_done) struct login l = { .password = STRBUF_CAPPED(NETRC_WORD_MAX + 1) };
	int r = read_login(args, &l, err);

	if (r < 0)
		return r;
	out_info1(*l.name ? "Setting netrc auth entry for host %s"
			  : "Removing netrc auth entry for host %s",
		l.host);
	return change_netrc(ctx, &l, err);
}

int git_run_auth_status(struct ctx *ctx, const struct args *args, struct err *err)
{
	CLEANUP(login_done) struct login l = { .password = STRBUF_CAPPED(NETRC_WORD_MAX + 1) };
	CLEANUP(strbuf_erase) struct strbuf text = STRBUF_INIT;
	AUTO_NETRC_LOGIN now = NETRC_LOGIN_INIT;
	int r = read_login(args, &l, err);

	if (r >= 0)
		r = read_netrc(ctx, &text, err);
	if (r >= 0)
		r = netrc_find(text.buf, text.len, l.host, &now, err);
	if (r < 0)
		return r;
	if (!*l.name)
		return r == 0 ? 0 : err_exit(err, 1);
	return r && str_eq(now.name, l.name) && str_eq(now.password, l.password.buf)
		       ? 0
		       : err_exit(err, 1);
}
