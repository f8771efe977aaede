/* SPDX-License-Identifier: MIT */
/* A file that was not changed is written as it was; an added key is found and removed again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "lib/sshkeys/sshkeys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_add(struct sshkeys *k, const char *name)
{
	static char type[] = "ssh-ed25519";
	static char base64[] =
		"AAAAC3NzaC1lZDI1NTE5AAAAIOrWUDqMJC4xVV8viwUkqx+fB/BM+DnkEsjllo4IsK/3";
	static char comment[] = "";
	struct sshkey key = { .type = type, .base64 = base64, .comment = comment };
	struct sshkeys_new add = { .name = name,
		.key = &key,
		.fingerprint = "SHA256:x",
		.home = "/home/dokku",
		.allow_same_name = true,
		.allow_same_key = true };
	AUTO_ERR err = ERR_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_SSHKEYS again = SSHKEYS_INIT;

	if (sshkeys_add(k, &add, &err) < 0)
		return;
	sshkeys_write(k, &text);
	if (sshkeys_parse(text.buf, text.len, &again, &err) < 0)
		return;
	if (!sshkeys_find_name(&again, name) || !again.lines[again.count - 1].key.type ||
		!sshkeys_remove_name(&again, name) || sshkeys_find_name(&again, name))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	AUTO_FREE char *name = xstrndup(text, size);
	AUTO_SSHKEYS k = SSHKEYS_INIT;
	AUTO_SSHKEY key = SSHKEY_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_STRBUF list = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	if (sshkey_parse(text, size, &key, &err) < 0)
		err_clear(&err);
	if (sshkeys_parse(text, size, &k, &err) < 0)
		return 0;
	sshkeys_write(&k, &out);
	if (out.len != size || (size && memcmp(out.buf, text, size) != 0))
		abort();
	sshkeys_list_json(&k, NULL, &list);
	if (sshkeys_list_text(&k, NULL, &list, &err) < 0 || sshkeys_first_bad_line(&k) > k.count)
		abort();
	check_add(&k, name);
	return 0;
}
