/* SPDX-License-Identifier: MIT */
/* What is read of an archive lies inside it; what was written is read back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/tar/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	AUTO_STRBUF tar = STRBUF_INIT;
	const char *file = NULL;
	size_t len = 0;

	if (tar_first_file(text, size, &file, &len) &&
		(file < text || len > size || (size_t)(file - text) > size - len))
		abort();
	tar_add_dir(&tar, "folder", 0755, (struct tar_owner){ 0, 0 });
	tar_add_file(&tar, "file", 0644, (struct tar_owner){ 1, 2 }, data, size);
	tar_end(&tar);
	if (!tar_first_file(tar.buf, tar.len, &file, &len) || len != size ||
		(size && memcmp(file, data, size) != 0))
		abort();
	return 0;
}
