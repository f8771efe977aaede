/* SPDX-License-Identifier: MIT */
#include "builders/dockerfile/expose.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"

/* "53/udp" is udp:53:53, 443 is https, everything else http. */
static void add(const char *word, struct port_maps *ret)
{
	bool udp = strstr(word, "udp") != NULL;
	AUTO_FREE char *number = xstrndup(word, strcspn(word, "/"));
	AUTO_ERR ignored = ERR_INIT;
	uint64_t port;

	if (parse_uint(number, 1, 65535, &port, &ignored) < 0)
		return;
	port_maps_add(ret,
		udp           ? "udp"
		: port == 443 ? "https"
			      : "http",
		(unsigned)port, (unsigned)port);
}

void expose_of_dockerfile(const char *text, struct port_maps *ret)
{
	AUTO_STRVEC lines = STRVEC_INIT;

	strvec_split_lines(&lines, text);
	for (size_t i = 0; i < lines.count; i++) {
		const char *rest = str_after(lines.items[i], "EXPOSE ");
		AUTO_STRVEC words = STRVEC_INIT;

		if (rest)
			strvec_split(&words, rest, " \t\r");
		if (words.count)
			add(words.items[0], ret);
	}
}

void expose_of_image(json_t *ports, struct port_maps *ret)
{
	AUTO_STRVEC keys = STRVEC_INIT;
	const char *key;
	json_t *value;

	json_object_foreach (ports, key, value)
		strvec_push(&keys, key);
	strvec_sort(&keys);
	for (size_t i = 0; i < keys.count; i++)
		add(keys.items[i], ret);
}
