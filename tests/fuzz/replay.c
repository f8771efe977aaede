/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over every file of a folder: the corpus as a regression test. */
#include <stdint.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/fs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	if (argc != 2 || fs_list(argv[1], &names, &err) < 0 || !names.count) {
		fprintf(stderr, "usage: %s FOLDER (with at least one file)\n", argv[0]);
		return 1;
	}
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(argv[1], names.items[i]);
		AUTO_STRBUF data = STRBUF_INIT;
		AUTO_FREE uint8_t *exact = NULL;

		if (fs_read(path, 1 << 20, &data, &err) < 0) {
			fprintf(stderr, "%s\n", err_text(&err));
			return 1;
		}
		/* An exact-size copy, so that the sanitizer sees a read past the end. */
		exact = xmalloc(data.len);
		for (size_t b = 0; b < data.len; b++)
			exact[b] = (uint8_t)data.buf[b];
		LLVMFuzzerTestOneInput(exact, data.len);
	}
	printf("%zu inputs\n", names.count);
	return 0;
}
