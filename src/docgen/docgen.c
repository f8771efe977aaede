/* SPDX-License-Identifier: MIT */
/*
 * docgen FOLDER: writes the manual page, the completions and the reference pages that follow from
 * the command tables: moorage.1, moorage.bash, _moorage, reference/index.md and
 * reference/<plugin>.md.
 */
#include <stdio.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/catalog.h"
#include "plugins/all.h"

static int write_text(const char *folder, const char *name,
	void (*make)(const struct plugin *const *, struct strbuf *), struct err *err)
{
	AUTO_FREE char *path = path_join(folder, name);
	AUTO_STRBUF text = STRBUF_INIT;

	make(builtin_plugins, &text);
	return fs_write_str(path, text.buf, 0644, err);
}

static bool has_page(const struct plugin *p)
{
	const struct plugin *one[] = { p, NULL };
	AUTO_CATALOG visible = CATALOG_INIT;

	catalog_load(&visible, one);
	return p->summary || visible.count;
}

static int write_index(const char *folder, struct err *err)
{
	AUTO_FREE char *path = path_join(folder, "reference/index.md");
	AUTO_STRBUF text = STRBUF_INIT;

	strbuf_addstr(&text,
		"# Reference\n\n"
		"Commands, flags and properties of all built-in plugins. These pages are "
		"made from the program's\ntables; to change them, change the tables.\n\n"
		"| plugin | |\n| --- | --- |\n");
	for (const struct plugin *const *p = builtin_plugins; *p; p++) {
		if (has_page(*p))
			strbuf_addf(&text, "| [%s](%s.md) | %s |\n", plugin_verb(*p),
				plugin_verb(*p), (*p)->summary ? (*p)->summary : "");
	}
	return fs_write_str(path, text.buf, 0644, err);
}

static int write_references(const char *folder, struct err *err)
{
	int r = write_index(folder, err);

	for (const struct plugin *const *p = builtin_plugins; r >= 0 && *p; p++) {
		AUTO_FREE char *path = xasprintf("%s/reference/%s.md", folder, plugin_verb(*p));
		AUTO_STRBUF text = STRBUF_INIT;

		catalog_reference(*p, &text);
		if (has_page(*p))
			r = fs_write_str(path, text.buf, 0644, err);
	}
	return r;
}

int main(int argc, char **argv)
{
	AUTO_ERR err = ERR_INIT;
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: docgen FOLDER\n");
		return 2;
	}
	r = write_text(argv[1], "moorage.1", catalog_man, &err);
	if (r >= 0)
		r = write_text(argv[1], "moorage.bash", catalog_bash, &err);
	if (r >= 0)
		r = write_text(argv[1], "_moorage", catalog_zsh, &err);
	if (r >= 0)
		r = write_references(argv[1], &err);
	if (r < 0)
		fprintf(stderr, "docgen: %s\n", err_text(&err));
	return r < 0;
}
