/* SPDX-License-Identifier: MIT */
/*
 * Whatever the archive: listing and unpacking end with an answer or an error, a refused archive
 * leaves nothing, and in an accepted one no link leads out. Input: the archive; the checksums of
 * tar headers are put right, or no change to a name would get past them.
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

/* DEPTH folders up is the tree's root. Counts for dangling links as well. */
static void want_short_climb(const char *path, size_t depth)
{
	char target[4096];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *p = target;

	if (n <= 0 || *p == '/')
		abort();
	target[n] = '\0';
	for (; str_starts(p, "../") || str_eq(p, "..") || str_starts(p, "./");
		p += strspn(p, "/")) {
		if (p[1] == '.' && !depth--)
			abort();
		p += strcspn(p, "/");
	}
}

/* ROOT: the tree's real path. Depth is bounded by the rule on member names. */
static void want_inside(const char *root, const char *dir, size_t depth)
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
			want_inside(root, path, depth + 1);
		} else if (S_ISLNK(st.st_mode)) {
			want_short_climb(path, depth);
			real = realpath(path, NULL);
			if (real && !str_starts(real, root))
				abort();
		} else if (!S_ISREG(st.st_mode)) {
			abort();
		}
	}
}

static void fix_checksums(uint8_t *data, size_t size)
{
	enum { BLOCK = 512, MAGIC = 257, SUM = 148 };

	for (; size >= BLOCK; data += BLOCK, size -= BLOCK) {
		AUTO_FREE char *text = NULL;
		unsigned int sum = 0;

		if (memcmp(data + MAGIC, "ustar", 5) != 0)
			continue;
		for (size_t i = 0; i < 8; i++)
			data[SUM + i] = ' ';
		for (size_t i = 0; i < BLOCK; i++)
			sum += data[i];
		text = xasprintf("%06o", sum);
		for (size_t i = 0; i < 7; i++)
			data[SUM + i] = (uint8_t)text[i];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unpack u = { .max_files = 200, .max_bytes = 1 << 20, .strip_common = size % 2 == 0 };
	struct unpack_result done;
	char dir[] = "/tmp/moorage-fuzz-XXXXXX";
	AUTO_CLOSE int fd = memfd_create("archive", MFD_CLOEXEC);
	AUTO_FREE uint8_t *fixed = xmalloc(size + 1);
	AUTO_FREE char *dest = NULL;
	AUTO_ERR err = ERR_INIT;
	json_t *list = NULL;

	setlocale(LC_CTYPE, "C.UTF-8");
	for (size_t i = 0; i < size; i++)
		fixed[i] = data[i];
	fix_checksums(fixed, size);
	if (fs_write_all(fd, fixed, size) < 0 || !mkdtemp(dir))
		abort();
	lseek(fd, 0, SEEK_SET);
	if (unpack_list(&u, fd, &list, &err) >= 0)
		json_decref(list);
	err_clear(&err);
	lseek(fd, 0, SEEK_SET);
	dest = path_join(dir, "d");
	if (unpack_extract(&u, fd, dest, &done, &err) >= 0)
		want_inside(dest, dest, 0);
	else if (fs_exists(dest))
		abort();
	err_clear(&err);
	if (fs_rm_rf(dest, &err) < 0 || rmdir(dir) < 0)
		abort(); /* something landed beside the destination */
	return 0;
}
