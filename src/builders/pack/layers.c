/* SPDX-License-Identifier: MIT */
#include "builders/pack/layers.h"

#include <string.h>

#include "lib/toml/toml.h"

enum { BLOCK = 512, SIZE_AT = 124, SIZE_LEN = 12, TYPE_AT = 156 };

static size_t octal(const char *field)
{
	size_t n = 0;

	for (size_t i = 0; i < SIZE_LEN && field[i] >= '0' && field[i] <= '7'; i++)
		n = n * 8 + (size_t)(field[i] - '0');
	return n;
}

bool pack_first_file(const struct strbuf *tar, struct strbuf *ret)
{
	size_t at = 0;

	while (tar->len - at >= BLOCK && tar->buf[at]) {
		size_t size = octal(tar->buf + at + SIZE_AT);
		char type = tar->buf[at + TYPE_AT];

		at += BLOCK;
		if (size > tar->len - at)
			return false;
		if (type == '0' || type == '\0') {
			strbuf_add(ret, tar->buf + at, size);
			return true;
		}
		size = (size + BLOCK - 1) / BLOCK * BLOCK;
		if (size > tar->len - at)
			return false;
		at += size;
	}
	return false;
}

bool pack_process_types(const struct strbuf *text, struct strvec *ret)
{
	AUTO_ERR ignored = ERR_INIT;
	json_t *root = NULL;
	json_t *item;
	size_t i;

	if (toml_parse(text->buf, text->len, &root, &ignored) < 0)
		return false;
	json_array_foreach (json_object_get(root, "processes"), i, item) {
		const char *type = json_string_value(json_object_get(item, "type"));

		if (type)
			strvec_push(ret, type);
	}
	json_decref(root);
	return true;
}
