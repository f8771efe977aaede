/* SPDX-License-Identifier: MIT */
#include "tools/hoist.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/strbuf.h"
#include "base/strvec.h"

/* The only entry of PATH if that is a folder and not a link to one, for free(), or NULL. */
static char *only_folder(const char *path)
{
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT; /* a folder that cannot be listed is not hoisted */
	AUTO_FREE char *child = NULL;
	struct stat st;

	if (fs_list(path, &names, &ignored) < 0 || names.count != 1)
		return NULL;
	child = path_join(path, names.items[0]);
	if (lstat(child, &st) < 0 || !S_ISDIR(st.st_mode))
		return NULL;
	return TAKE_PTR(child);
}

/* The folder LEVELS down, or as far as there are lone folders; sets LEVELS to that. */
static char *descend(size_t *levels)
{
	char *path = xstrdup(".");
	size_t done = 0;

	while (done < *levels) {
		char *child = only_folder(path);

		if (!child)
			break;
		free(path);
		path = child;
		done++;
	}
	*levels = done;
	return path;
}

size_t hoist_levels(size_t max)
{
	size_t levels = max;

	free(descend(&levels));
	return levels;
}

/* A name that neither the top folder nor what will move there has; for free(). */
static char *free_name(const struct strvec *names)
{
	for (unsigned int i = 0;; i++) {
		AUTO_FREE char *name = xasprintf(".strip-%u", i);

		if (!strvec_has(names, name) && !fs_exists(name))
			return TAKE_PTR(name);
	}
}

int hoist(size_t levels, struct err *err)
{
	AUTO_FREE char *top = NULL;
	AUTO_FREE char *from = NULL;
	AUTO_FREE char *aside = NULL;
	AUTO_STRVEC names = STRVEC_INIT;
	int r;

	if (!levels)
		return 0;
	top = only_folder(".");
	from = descend(&levels);
	r = fs_list(from, &names, err);
	if (r < 0)
		return r;
	aside = free_name(&names);
	if (rename(from, aside) < 0)
		return err_sys(err, "move folder '%s'", from);
	r = top ? fs_rm_rf(top, err) : 0;
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *path = path_join(aside, names.items[i]);

		if (rename(path, names.items[i]) < 0)
			r = err_sys(err, "move '%s'", path);
	}
	if (r >= 0 && rmdir(aside) < 0)
		r = err_sys(err, "remove folder '%s'", aside);
	return r;
}
