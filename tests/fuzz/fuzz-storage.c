/* SPDX-License-Identifier: MIT */
/* Texts of mounts and entries: what is accepted can be written and is read again as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/proxy.h"
#include "core/scheduler.h"
#include "core/storage.h"

/* No drivers: nothing here may need one. */
const struct scheduler *const schedulers[] = { NULL };
const struct proxy *const proxies[] = { NULL };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The object as text; it must be writable. */
static char *dumped(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	if (!text)
		abort();
	return text;
}

static void try_entry(const char *text, size_t len)
{
	AUTO_STORAGE_ENTRY e = STORAGE_ENTRY_INIT;
	AUTO_STORAGE_ENTRY again = STORAGE_ENTRY_INIT;
	AUTO_ERR err = ERR_INIT;
	AUTO_FREE char *one = NULL;
	AUTO_FREE char *two = NULL;

	if (storage_entry_parse(text, len, &e, &err) < 0) {
		if (e.name)
			abort();
		return;
	}
	one = dumped(storage_entry_json(&e));
	if (storage_entry_parse(one, strlen(one), &again, &err) < 0)
		abort();
	two = dumped(storage_entry_json(&again));
	if (!str_eq(one, two))
		abort();
}

static void try_mount(const char *text, size_t len)
{
	AUTO_STORAGE_MOUNT m = { .phases = STRVEC_INIT };
	AUTO_STORAGE_MOUNT again = { .phases = STRVEC_INIT };
	AUTO_ERR err = ERR_INIT;
	AUTO_FREE char *one = NULL;
	AUTO_FREE char *two = NULL;

	if (storage_mount_parse(text, len, &m, &err) < 0) {
		if (m.entry)
			abort();
		return;
	}
	one = dumped(storage_mount_json(&m));
	if (storage_mount_parse(one, strlen(one), &again, &err) < 0)
		abort();
	two = dumped(storage_mount_json(&again));
	if (!str_eq(one, two))
		abort();
}

/* What is accepted gives one -v flag that says the same. */
static void try_text(const char *text)
{
	AUTO_STORAGE_MOUNT m = { .phases = STRVEC_INIT };
	AUTO_FREE char *host = NULL;
	AUTO_FREE char *options = NULL;
	AUTO_FREE char *flag = NULL;
	AUTO_STORAGE_MOUNT again = { .phases = STRVEC_INIT };
	AUTO_FREE char *same_host = NULL;
	AUTO_ERR err = ERR_INIT;

	if (storage_legacy_parse(text, &m, &host, &err) < 0) {
		if (host || m.entry)
			abort();
		return;
	}
	options = storage_mount_options(&m);
	flag = xasprintf("%s:%s%s%s", host, m.path, *options ? ":" : "", options);
	if (storage_legacy_parse(flag, &again, &same_host, &err) < 0 || !str_eq(host, same_host) ||
		!str_eq(m.path, again.path) || !str_eq(m.options, again.options) ||
		m.readonly != again.readonly || !str_eq(m.entry, again.entry))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);

	try_entry((const char *)data, size);
	try_mount((const char *)data, size);
	try_text(text);
	return 0;
}
