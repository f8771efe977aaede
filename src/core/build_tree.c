/* SPDX-License-Identifier: MIT */
#include "core/build_tree.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "core/source_file.h"
#include "core/state.h"
#include "lib/procfile/procfile.h"

enum { BUILD_FILE_MAX = 4 << 20 };

int build_tree_place(struct ctx *ctx, const char *app, const char *dir,
	const struct build_file *file, struct err *err)
{
	AUTO_FREE char *path = state_computed(ctx, file->plugin, app, file->property, file->name);
	AUTO_FREE char *from = path_join(dir, path);
	AUTO_FREE char *to = path_join(dir, file->name);
	AUTO_STRBUF text = STRBUF_INIT;
	int r;

	if (str_eq(path, file->name))
		return 0;
	r = source_read(dir, path, BUILD_FILE_MAX, &text, err);
	if (r < 0)
		return err_wrap(err, "%s", file->property);
	if (r == 0)
		return fs_rm_rf(to, err);
	r = fs_unlink(to, err);
	if (r >= 0)
		r = fs_write(to, text.buf, text.len, 0644, err);
	return r < 0 ? r : fs_unlink(from, err);
}

int build_tree_drop_release(const char *dir, struct err *err)
{
	AUTO_FREE char *path = path_join(dir, "Procfile");
	AUTO_PROCFILE file = PROCFILE_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRBUF rest = STRBUF_INIT;
	int r = source_read(dir, "Procfile", PROCFILE_TEXT_MAX, &text, err);

	if (r > 0)
		r = procfile_parse(text.buf, text.len, &file, err);
	if (r < 0 || !procfile_find(&file, "release"))
		return r < 0 ? r : 0;
	for (size_t i = 0; i < file.count; i++) {
		const struct procfile_entry *e = &file.entries[i];

		if (!str_eq(e->name, "release"))
			strbuf_addf(&rest, "%s: %s\n", e->name, e->command);
	}
	r = fs_unlink(path, err);
	return r < 0 || !rest.len ? r : fs_write(path, rest.buf, rest.len, 0644, err);
}
