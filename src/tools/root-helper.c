/* SPDX-License-Identifier: MIT */
/*
 * moorage-root: what still needs root, as fixed verbs behind one line of sudoers.
 *
 *   nginx-test                      tests the configured main configuration, no other
 *   nginx-reload | -start | -stop | -restart | -enable | -disable
 *   nginx-is-active                 exit code 0 or 3
 *   nginx-workers                   "master PID START", then "worker PID START running" or
 *                                   "... shutting-down" per worker; START in clock ticks since
 *                                   boot, which with the PID names a process for good
 *   chown-storage NAME UID          owner and group of a storage folder and all that is in it
 *   chmod-storage NAME MODE         mode of the folder itself
 *   remove-storage NAME             the folder and all that is in it; a missing one is fine
 *
 * Its caller is as untrusted as anybody: arguments are fixed words, one plain name and a number; the
 * environment is dropped; all paths come from a file that only root can write (KEY=VALUE lines:
 * nginx_bin, nginx_conf, nginx_pid, nginx_init, nginx_service, lib_root, storage_root; others are
 * not looked at). Exit code 0, or 1 with one line on stderr, or that of nginx or systemctl.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/strvec.h"
#include "tools/root.h"

#ifndef ROOT_CONF_PATH /* tests build a program of their own with another one */
#define ROOT_CONF_PATH "/etc/moorage/instance.conf"
#endif

enum { CONF_BYTES_MAX = 65536 };

void root_conf_done(struct root_conf *c)
{
	free(c->nginx_bin);
	free(c->nginx_conf);
	free(c->nginx_pid);
	free(c->nginx_init);
	free(c->nginx_service);
	free(c->storage_root);
}

static bool only_root_writes(const struct stat *st)
{
	return st->st_uid == 0 && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

int root_check_file(const char *path, struct err *err)
{
	AUTO_FREE char *folder = xstrndup(path, (size_t)(path_base(path) - path));
	struct stat st;

	if (stat(path, &st) < 0)
		return err_sys(err, "look at '%s'", path);
	if (!S_ISREG(st.st_mode) || !only_root_writes(&st))
		return err_set(err, ERR_DENIED, "'%s' can be written by others than root", path);
	if (stat(folder, &st) < 0)
		return err_sys(err, "look at '%s'", folder);
	if (!only_root_writes(&st))
		return err_set(err, ERR_DENIED, "folder '%s' can be written by others than root",
			folder);
	return 0;
}

static void replace(char **field, const char *value)
{
	free(*field);
	*field = xstrdup(value);
}

static bool plain_word(const char *s)
{
	return *s && *s != '-' && *s != '.' &&
	       !s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@-")];
}

static int take_setting(struct root_conf *c, const char *key, const char *value, struct err *err)
{
	struct {
		const char *key;
		char **field;
		bool path;
	} known[] = {
		{ "nginx_bin", &c->nginx_bin, true },
		{ "nginx_conf", &c->nginx_conf, true },
		{ "nginx_pid", &c->nginx_pid, true },
		{ "nginx_init", &c->nginx_init, false },
		{ "nginx_service", &c->nginx_service, false },
		{ "storage_root", &c->storage_root, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!str_eq(key, known[i].key))
			continue;
		if (known[i].path ? *value != '/' || has_control(value) : !plain_word(value))
			return err_set(err, ERR_INVALID, "setting '%s' has a bad value", key);
		replace(known[i].field, value);
	}
	return 0;
}

static int parse_conf(struct root_conf *c, char *text, struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_FREE char *lib_root = NULL;
	int r = 0;

	strvec_split_lines(&lines, text);
	for (size_t i = 0; r >= 0 && i < lines.count; i++) {
		char *equals = strchr(lines.items[i], '=');

		if (*lines.items[i] == '#' || !equals)
			continue;
		*equals = '\0';
		if (str_eq(lines.items[i], "lib_root"))
			replace(&lib_root, equals + 1);
		r = take_setting(c, lines.items[i], equals + 1, err);
	}
	if (r >= 0 && lib_root && !c->storage_root) {
		AUTO_FREE char *path = path_join(lib_root, "data/storage");

		r = take_setting(c, "storage_root", path, err);
	}
	return r;
}

int root_conf_load(const char *path, struct root_conf *ret, struct err *err)
{
	CLEANUP(root_conf_done) struct root_conf c = { 0 };
	AUTO_STRBUF text = STRBUF_INIT;
	int r;

	take_setting(&c, "nginx_bin", "/usr/sbin/nginx", err);
	take_setting(&c, "nginx_conf", "/etc/nginx/nginx.conf", err);
	take_setting(&c, "nginx_pid", "/run/nginx.pid", err);
	take_setting(&c, "nginx_init", "auto", err);
	take_setting(&c, "nginx_service", "nginx", err);
	if ((r = root_check_file(path, err)) < 0 ||
		(r = fs_read(path, CONF_BYTES_MAX, &text, err)) < 0 ||
		(r = parse_conf(&c, text.buf, err)) < 0)
		return r;
	if (!c.storage_root)
		replace(&c.storage_root, "/var/lib/dokku/data/storage");
	*ret = c;
	c = (struct root_conf){ 0 };
	return 0;
}

/* Nothing of the caller's but its standard streams and arguments. */
static int drop_surroundings(struct err *err)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return err_sys(err, "open '/dev/null'");
	}
	close_range(3, ~0U, 0);
	umask(022);
	if (geteuid() != 0)
		return err_set(err, ERR_DENIED, "moorage-root must run as root");
	if (clearenv() != 0 || setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1) < 0 ||
		setenv("LANG", "C.UTF-8", 1) < 0 || chdir("/") < 0)
		return err_sys(err, "set up the environment");
	return 0;
}

static int run(int argc, char **argv, struct err *err)
{
	CLEANUP(root_conf_done) struct root_conf c = { 0 };
	const char *verb = argc > 1 ? argv[1] : "";
	int r = drop_surroundings(err);

	if (r < 0 || (r = root_conf_load(ROOT_CONF_PATH, &c, err)) < 0)
		return r;
	if (argc == 2 && str_starts(verb, "nginx-"))
		return root_nginx(&c, str_after(verb, "nginx-"), err);
	if (argc == 4 && str_eq(verb, "chown-storage"))
		return root_storage_chown(&c, argv[2], argv[3], err);
	if (argc == 4 && str_eq(verb, "chmod-storage"))
		return root_storage_chmod(&c, argv[2], argv[3], err);
	if (argc == 3 && str_eq(verb, "remove-storage"))
		return root_storage_remove(&c, argv[2], err);
	return err_set(err, ERR_USAGE,
		"usage: moorage-root nginx-test|nginx-reload|nginx-start|"
		"nginx-stop|nginx-restart|nginx-is-active|nginx-enable|nginx-disable|nginx-workers|"
		"chown-storage NAME UID|chmod-storage NAME MODE|remove-storage NAME");
}

int main(int argc, char **argv)
{
	AUTO_ERR err = ERR_INIT;

	if (run(argc, argv, &err) >= 0)
		return 0;
	if (err.kind != ERR_SILENT)
		fprintf(stderr, "%s\n", err_text(&err));
	return err_exit_code(&err);
}
