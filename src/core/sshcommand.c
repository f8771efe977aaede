/* SPDX-License-Identifier: MIT */
/*
 * `sshcommand`: users whose ssh keys run one command. Operators' scripts and plugins call it; the
 * rules for keys are those of ssh-keys:*.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "core/keyfile.h"
#include "core/output.h"
#include "core/program.h"
#include "core/version.h"

struct call {
	int argc; /* behind the verb */
	char **argv;
};

struct verb {
	const char *name;
	const char *args;
	const char *summary;
	int min;
	int max;
	int (*run)(const struct call *call, struct err *err);
};

/* The user's home, for free(). */
static int home_of(const char *user, char **ret, struct err *err)
{
	const struct passwd *pw = getpwnam(user);

	if (!pw)
		return err_set(err, ERR_NOT_FOUND, "There is no user '%.100s'", user);
	*ret = xstrdup(pw->pw_dir);
	return 0;
}

static bool is_off(const char *variable)
{
	const char *value = getenv(variable);

	return value && str_eq(value, "false");
}

static int add_user(const char *user, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	struct child_status st;
	int r;

	strvec_pushl(&c.argv, "useradd", "--create-home", "--user-group", "--shell", "/bin/bash",
		"--", user, NULL);
	r = child_run(&c, &st, err);
	return r < 0 ? r : child_check(&c, &st, err);
}

static int write_command(const struct passwd *pw, const char *command, struct err *err)
{
	AUTO_FREE char *path = path_join(pw->pw_dir, ".sshcommand");
	AUTO_FREE char *text = xasprintf("%s\n", command);
	int r = fs_write_str(path, text, 0644, err);

	if (r >= 0 && lchown(path, pw->pw_uid, pw->pw_gid) < 0)
		return err_sys(err, "give '%s' its owner", path);
	return r;
}

static int run_create(const struct call *call, struct err *err)
{
	const char *user = call->argv[0];
	const struct passwd *pw = getpwnam(user);
	int r;

	if (!pw) {
		r = add_user(user, err);
		if (r < 0)
			return r;
		pw = getpwnam(user);
	}
	if (!pw)
		return err_set(err, ERR_FAILED, "The user '%.100s' was not created", user);
	r = keyfile_create(pw->pw_dir, pw->pw_uid, pw->pw_gid, err);
	return r < 0 ? r : write_command(pw, call->argv[1], err);
}

static int run_acl_add(const struct call *call, struct err *err)
{
	AUTO_FREE char *home = NULL;
	AUTO_FREE char *fingerprint = NULL;
	AUTO_STRBUF text = STRBUF_INIT;
	struct keyfile_add add = {
		.name = call->argv[1],
		.allow_same_name = is_off("SSHCOMMAND_CHECK_DUPLICATE_NAME"),
		.allow_same_key = is_off("SSHCOMMAND_CHECK_DUPLICATE_FINGERPRINT"),
	};
	int r = home_of(call->argv[0], &home, err);

	if (r >= 0)
		r = sshkey_name_check(add.name, err);
	if (r >= 0)
		r = keyfile_input(call->argc > 2 ? call->argv[2] : NULL, &text, err);
	if (r < 0)
		return r;
	add.home = home;
	add.text = text.buf;
	add.len = text.len;
	r = keyfile_add(&add, &fingerprint, err);
	if (r < 0)
		return r;
	out_line("%s", fingerprint);
	return 0;
}

static int run_acl_remove(const struct call *call, struct err *err)
{
	AUTO_FREE char *home = NULL;
	int r = home_of(call->argv[0], &home, err);

	return r < 0 ? r : keyfile_remove(home, call->argv[1], NULL, err);
}

static int run_acl_remove_fingerprint(const struct call *call, struct err *err)
{
	AUTO_FREE char *home = NULL;
	int r = home_of(call->argv[0], &home, err);

	return r < 0 ? r : keyfile_remove(home, NULL, call->argv[1], err);
}

static int check_list(const char *user, const struct sshkeys *keys, bool there, struct err *err)
{
	const char *ignore = getenv("SSHCOMMAND_IGNORE_LIST_WARNINGS");
	size_t bad = sshkeys_first_bad_line(keys);

	if (ignore && str_eq(ignore, "true"))
		return 0;
	if (!there)
		return err_set(err, ERR_NOT_FOUND, "authorized_keys not found for %s", user);
	if (!keys->count)
		return err_set(err, ERR_NOT_FOUND, "authorized_keys is empty for %s", user);
	if (bad)
		return err_set(err, ERR_INVALID, "authorized_keys of %s: line %zu is not a key",
			user, bad);
	return 0;
}

static int run_list(const struct call *call, struct err *err)
{
	const char *name = call->argc > 1 && *call->argv[1] ? call->argv[1] : NULL;
	bool json = call->argc > 2 && str_eq(call->argv[2], "json");
	AUTO_FREE char *home = NULL;
	AUTO_SSHKEYS keys = SSHKEYS_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	int r = home_of(call->argv[0], &home, err);

	if (r >= 0)
		r = keyfile_read(home, &keys, err);
	if (r >= 0)
		r = check_list(call->argv[0], &keys, r > 0, err);
	if (r < 0)
		return r;
	if (json)
		sshkeys_list_json(&keys, name, &text);
	else
		r = sshkeys_list_text(&keys, name, &text, err);
	if (r >= 0)
		fwrite(text.buf, 1, text.len, stdout);
	return r;
}

static int run_version(const struct call *call, struct err *err)
{
	out_line("sshcommand %s", MOORAGE_VERSION);
	return 0;
}

static int run_help(const struct call *call, struct err *err);

static const struct verb verbs[] = {
	{ "acl-add", "<user> <name> [<file>]", "Let a public key in, from a file or a pipe", 2, 3,
		run_acl_add },
	{ "acl-remove", "<user> <name>", "Let the keys of a name in no longer", 2, 2,
		run_acl_remove },
	{ "acl-remove-by-fingerprint", "<user> <fingerprint>", "Let one key in no longer", 2, 2,
		run_acl_remove_fingerprint },
	{ "create", "<user> <command>", "Make a user whose keys run one command", 2, 2,
		run_create },
	{ "help", "", "Print this list", 0, 1, run_help },
	{ "list", "<user> [<name>] [json]", "List the keys of a user", 1, 3, run_list },
	{ "version", "", "Print the version", 0, 0, run_version },
};

static int run_help(const struct call *call, struct err *err)
{
	out_line("Usage: sshcommand COMMAND\n\nCommands:");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		AUTO_FREE char *left = xasprintf("%s %s", verbs[i].name, verbs[i].args);

		printf("    %-50s  %s\n", left, verbs[i].summary);
	}
	return 0;
}

static int run_verb(int argc, char **argv, struct err *err)
{
	struct call call = { argc > 2 ? argc - 2 : 0, argv + 2 };

	if (argc < 2 || str_eq(argv[1], "-h") || str_eq(argv[1], "--help"))
		return run_help(&call, err);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		const struct verb *v = &verbs[i];

		if (!str_eq(v->name, argv[1]))
			continue;
		if (call.argc < v->min || call.argc > v->max)
			return err_set(err, ERR_USAGE, "Usage: sshcommand %s %s", v->name, v->args);
		return v->run(&call, err);
	}
	return err_set(err, ERR_USAGE, "No such command: %.100s; see sshcommand help", argv[1]);
}

int sshcommand_main(int argc, char **argv, const struct plugin *const *plugins)
{
	AUTO_ERR err = ERR_INIT;
	int r = run_verb(argc, argv, &err);

	out_flush();
	if (r < 0)
		out_stderr("%s", err_text(&err));
	out_flush();
	return r < 0 ? err_exit_code(&err) : 0;
}
