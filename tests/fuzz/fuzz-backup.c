/* SPDX-License-Identifier: MIT */
/*
 * Whatever the backup: looking into it and unpacking it find the same in it, and a refused one leaves
 * nothing. Input: the archive.
 */
#include <fcntl.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "tools/backup-read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static json_int_t number(const json_t *obj, const char *key)
{
	return json_integer_value(json_object_get(obj, key));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unpack u = { .type = UNPACK_TAR, .max_files = 200, .max_bytes = 1 << 20 };
	char dir[] = "/tmp/moorage-fuzz-XXXXXX";
	AUTO_CLOSE int fd = memfd_create("backup", MFD_CLOEXEC);
	AUTO_FREE char *dest = NULL;
	AUTO_ERR err = ERR_INIT;
	json_t *list = NULL;
	json_t *unpacked = NULL;

	setlocale(LC_CTYPE, "C.UTF-8");
	if (fs_write_all(fd, data, size) < 0 || !mkdtemp(dir))
		abort();
	lseek(fd, 0, SEEK_SET);
	if (backup_list(&u, fd, &list, &err) >= 0 &&
		(size_t)number(list, "files") != json_array_size(json_object_get(list, "members")))
		abort();
	err_clear(&err);
	lseek(fd, 0, SEEK_SET);
	dest = path_join(dir, "d");
	if (backup_extract(&u, fd, dest, &unpacked, &err) < 0 && fs_exists(dest))
		abort();
	err_clear(&err);
	if (list && unpacked && number(list, "files") != number(unpacked, "files"))
		abort();
	json_decref(list);
	json_decref(unpacked);
	if (fs_rm_rf(dest, &err) < 0 || rmdir(dir) < 0)
		abort(); /* something landed beside the destination */
	return 0;
}
