/* SPDX-License-Identifier: MIT */
/*
 * Whatever the archive: listing and unpacking end with an answer or an error, a refused archive
 * leaves nothing, and in an accepted one no link leads out. Input: the archive.
 */
#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "tools/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ROOT: the tree's real path. Depth is bounded by the rule on member names. */
static void want_inside(const char *root, const char *dir)
{
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	if (fs_list(dir, &names, &err) < 0)
		abort();
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(dir, names.items[i]);
		AUTO_FREE char *real = NULL;
		struct stat st;

		if (lstat(path, &st) < 0 || (st.st_mode & 07022 && !S_ISLNK(st.st_mode)))
			abort();
		if (S_ISDIR(st.st_mode)) {
			want_inside(root, path);
		} else if (S_ISLNK(st.st_mode)) {
			real = realpath(path, NULL);
			if (real && !str_starts(real, root))
				abort();
		} else if (!S_ISREG(st.st_mode)) {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unpack u = { .max_files = 200, .max_bytes = 1 << 20,
		.strip_common = size % 2 == 0 };
	struct unpack_result done;
	char dir[] = "/tmp/moorage-fuzz-XXXXXX";
	AUTO_CLOSE int fd = memfd_create("archive", MFD_CLOEXEC);
	AUTO_FREE char *dest = NULL;
	AUTO_ERR err = ERR_INIT;
	json_t *list = NULL;

	setlocale(LC_CTYPE, "C.UTF-8");
	if (fs_write_all(fd, data, size) < 0 || !mkdtemp(dir))
		abort();
	lseek(fd, 0, SEEK_SET);
	if (unpack_list(&u, fd, &list, &err) >= 0)
		json_decref(list);
	err_clear(&err);
	lseek(fd, 0, SEEK_SET);
	dest = path_join(dir, "d");
	if (unpack_extract(&u, fd, dest, &done, &err) >= 0)
		want_inside(dest, dest);
	else if (fs_exists(dest))
		abort();
	err_clear(&err);
	if (fs_rm_rf(dest, &err) < 0 || rmdir(dir) < 0)
		abort(); /* something landed beside the destination */
	return 0;
}
