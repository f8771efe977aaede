/* SPDX-License-Identifier: MIT */
/* Who may come in by ssh. Written as sshcommand writes it; see core/keyfile.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/keyfile.h"
#include "core/output.h"
#include "core/plugin.h"

static int check_input(const struct strbuf *text, struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;

	if (strlen(text->buf) == text->len)
		strvec_split(&lines, text->buf, "\r\n");
	if (!text->len)
		return err_set(err, ERR_INVALID, "Empty key was specified");
	if (lines.count > 1)
		return err_set(err, ERR_INVALID,
			"Too many keys provided, set one per invocation of "
			"dokku ssh-keys:add <NAME> <KEY_FILE>");
	return 0;
}

/* The key is in; a file that sshd stumbles over is still worth a failure. */
static int verify_file(struct ctx *ctx, struct err *err)
{
	AUTO_SSHKEYS keys = SSHKEYS_INIT;
	size_t line;
	int r = keyfile_read(ctx->inst.dokku_root, &keys, err);

	if (r < 0)
		return r;
	line = sshkeys_first_bad_line(&keys);
	if (!line)
		return 0;
	return err_set(err, ERR_INVALID,
		"%s/.ssh/authorized_keys line %zu failed ssh-keygen check.", ctx->inst.dokku_root,
		line);
}

static int run_add(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_FREE char *fingerprint = NULL;
	struct keyfile_add add = { .home = ctx->inst.dokku_root, .name = args_pos(args, 0) };
	int r = sshkey_name_check(add.name, err);

	if (r >= 0)
		r = keyfile_input(args_pos(args, 1), &text, err);
	if (r >= 0)
		r = check_input(&text, err);
	if (r < 0)
		return r;
	add.text = text.buf;
	add.len = text.len;
	r = keyfile_add(&add, &fingerprint, err);
	if (r == -ERR_INVALID)
		return err_user(err, ERR_INVALID, 1,
			"Key specified in is not a valid ssh public key");
	if (r < 0)
		return r;
	out_line("%s", fingerprint);
	return verify_file(ctx, err);
}

static int run_list(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_SSHKEYS keys = SSHKEYS_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	const char *format = args_value(args, "format", "text");
	const char *name = *args_pos(args, 0) ? args_pos(args, 0) : NULL;
	int r;

	if (!str_eq(format, "text") && !str_eq(format, "json"))
		return err_set(err, ERR_USAGE,
			"Invalid output format specified, supported formats: json, text");
	r = keyfile_read(ctx->inst.dokku_root, &keys, err);
	if (r < 0)
		return r;
	if (!keys.count)
		return err_set(err, ERR_NOT_FOUND, "No public keys found.");
	if (str_eq(format, "json"))
		sshkeys_list_json(&keys, name, &text);
	else
		r = sshkeys_list_text(&keys, name, &text, err);
	if (r >= 0)
		fwrite(text.buf, 1, text.len, stdout);
	return r;
}

static int run_remove(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *fingerprint = args_value(args, "fingerprint", NULL);
	const char *name = args_pos(args, 0);
	AUTO_SSHKEYS keys = SSHKEYS_INIT;
	int r;

	if (fingerprint && !*fingerprint)
		return err_set(err, ERR_USAGE,
			"A fingerprint is required to remove a key, ie: dokku ssh-keys:remove "
			"--fingerprint FINGERPRINT");
	if (!fingerprint && !*name)
		return err_set(err, ERR_USAGE,
			"A name is required to remove a key, ie: dokku ssh-keys:remove <name>");
	if (fingerprint && *name)
		return err_set(err, ERR_USAGE, "Give either a name or a fingerprint, not both");
	r = keyfile_read(ctx->inst.dokku_root, &keys, err);
	if (r < 0)
		return r;
	if (!keys.count)
		return err_set(err, ERR_NOT_FOUND, "No public keys found.");
	r = keyfile_remove(ctx->inst.dokku_root, fingerprint ? NULL : name, fingerprint, err);
	return r < 0 ? r : 0; /* none of that name: as in Dokku no failure */
}

static const struct flag list_flags[] = {
	{ "format", 0, FLAG_VALUE, "text|json", "Output format" },
	{},
};

static const struct flag remove_flags[] = {
	{ "fingerprint", 0, FLAG_VALUE, "<fingerprint>", "Remove the key with this fingerprint" },
	{},
};

static const char add_usage[] =
	"A name is required to add a key, ie: dokku ssh-keys:add <name> [<path-to-public-key>]";

static const struct command commands[] = {
	{ "ssh-keys:add", "<name> [<path>]", "Let a public key, from a file or a pipe, come in",
		CMD_ROOT, 1, 2, NULL, run_add, add_usage },
	{ "ssh-keys:list", "[--format text|json] [<name>]", "List who may come in", CMD_READ, 0, 1,
		list_flags, run_list, NULL },
	{ "ssh-keys:remove", "<name>|--fingerprint <fingerprint>", "Let a key come in no longer",
		CMD_ROOT, 0, 1, remove_flags, run_remove, NULL },
	{},
};

extern const struct plugin plugin_ssh_keys;
const struct plugin plugin_ssh_keys = {
	.name = "ssh-keys",
	.summary = "Manage the SSH keys that may come in",
	.report_flags = REPORT_NONE,
	.commands = commands,
};
