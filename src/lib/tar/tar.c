/* SPDX-License-Identifier: MIT */
#include "lib/tar/tar.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK = 512, NAME_MAX_SHORT = 100 };

enum { TYPE_FILE = '0', TYPE_DIR = '5', TYPE_LONG_NAME = 'L' };

struct member {
	const char *name;
	int type;
	mode_t mode;
	struct tar_owner owner;
	size_t size;
};

static void octal(char *field, size_t size, unsigned long long value)
{
	snprintf(field, size, "%0*llo", (int)size - 1, value);
}

static void add_head(struct strbuf *tar, const struct member *m)
{
	char head[BLOCK] = "";
	size_t len = strlen(m->name);
	unsigned sum = 0;

	memcpy(head, m->name, len < NAME_MAX_SHORT ? len : NAME_MAX_SHORT);
	octal(head + 100, 8, m->mode & 07777);
	octal(head + 108, 8, m->owner.uid & 07777777);
	octal(head + 116, 8, m->owner.gid & 07777777);
	octal(head + 124, 12, m->size);
	octal(head + 136, 12, 0);
	memset(head + 148, ' ', 8);
	head[156] = (char)m->type;
	memcpy(head + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(head); i++)
		sum += (unsigned char)head[i];
	snprintf(head + 148, 8, "%06o", sum);
	strbuf_add(tar, head, sizeof(head));
}

static void add_data(struct strbuf *tar, const void *data, size_t len)
{
	static const char zeros[BLOCK];

	strbuf_add(tar, data, len);
	strbuf_add(tar, zeros, (BLOCK - len % BLOCK) % BLOCK);
}

static void add_member(struct strbuf *tar, const struct member *m)
{
	size_t len = strlen(m->name);
	struct member name = { "././@LongLink", TYPE_LONG_NAME, 0, { 0, 0 }, len + 1 };

	if (len > NAME_MAX_SHORT) {
		add_head(tar, &name);
		add_data(tar, m->name, len + 1);
	}
	add_head(tar, m);
}

void tar_add_file(struct strbuf *tar, const char *name, mode_t mode, struct tar_owner owner,
	const void *data, size_t len)
{
	struct member m = { name, TYPE_FILE, mode, owner, len };

	add_member(tar, &m);
	add_data(tar, data, len);
}

void tar_add_dir(struct strbuf *tar, const char *name, mode_t mode, struct tar_owner owner)
{
	struct member m = { name, TYPE_DIR, mode, owner, 0 };

	add_member(tar, &m);
}

void tar_end(struct strbuf *tar)
{
	static const char zeros[2 * BLOCK];

	strbuf_add(tar, zeros, sizeof(zeros));
}

/* --- reading --- */

/* A field of octal digits with blanks around them, at most 11 digits. */
static bool read_octal(const char *field, size_t size, size_t *ret)
{
	size_t value = 0;
	size_t i = 0;

	while (i < size && field[i] == ' ')
		i++;
	if (i == size || field[i] < '0' || field[i] > '7')
		return false;
	for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
		value = value * 8 + (size_t)(field[i] - '0');
	*ret = value;
	return true;
}

bool tar_first_file(const char *data, size_t len, const char **ret, size_t *ret_len)
{
	while (len >= BLOCK && *data) {
		char type = data[156];
		size_t size;
		size_t padded;

		if (!read_octal(data + 124, 12, &size) || size > len - BLOCK)
			return false;
		if (type == TYPE_FILE || type == '\0') {
			*ret = data + BLOCK;
			*ret_len = size;
			return true;
		}
		padded = size + (BLOCK - size % BLOCK) % BLOCK;
		if (padded > len - BLOCK)
			return false;
		data += BLOCK + padded;
		len -= BLOCK + padded;
	}
	return false;
}
