/* SPDX-License-Identifier: MIT */
#include "core/phase_args.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "lib/words/words.h"

static bool is_tini(json_t *entrypoint)
{
	static const char *const places[] = { "/tini", "/bin/tini", "/usr/bin/tini",
		"/usr/local/bin/tini" };
	const char *first = json_string_value(json_array_get(entrypoint, 0));
	const char *second = json_string_value(json_array_get(entrypoint, 1));

	if (json_array_size(entrypoint) != 2 || !first || !second || !str_eq(second, "--"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (str_eq(first, places[i]))
			return true;
	}
	return false;
}

static void add_script(const struct phase_command *c, struct strbuf *out)
{
	strbuf_addf(out, "set -e; set -o pipefail || true; %s", c->trace ? "set -x; " : "");
	if (c->herokuish)
		strbuf_addstr(out, "if [ -d /app ]; then export HOME=/app; cd /app; fi; "
				   "for file in /app/.profile.d/*; do if [ -f \"$file\" ]; then . "
				   "\"$file\"; fi; done; ");
	if (*c->command == '/') {
		AUTO_FREE char *program = xstrndup(c->command, strcspn(c->command, " "));

		strbuf_addf(out,
			"if [ ! -x \"%s\" ]; then echo specified binary is not executable; exit 1; "
			"fi; ",
			program);
	}
	strbuf_addf(out, "%s || exit 1;", c->command);
}

int phase_words(const struct phase_command *c, struct strvec *ret, struct err *err)
{
	AUTO_STRBUF script = STRBUF_INIT;

	if (!c->herokuish && json_array_size(c->entrypoint) && !is_tini(c->entrypoint))
		return words_posix(c->command, strlen(c->command), ret, err);
	add_script(c, &script);
	strvec_pushl(ret, c->shell, "-c", script.buf, NULL);
	return 0;
}

static bool is_dropped(const char *flag)
{
	static const char *const names[] = { "--cpus", "--gpus", "--memory", "--memory-reservation",
		"--memory-swap", "--publish", "--restart", "-p" };
	const char *rest;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		rest = str_after(flag, names[i]);
		if (rest && (!*rest || *rest == '='))
			return true;
	}
	return false;
}

void phase_filter_flags(struct strvec *flags)
{
	for (size_t i = 0; i < flags->count;) {
		const char *flag = flags->items[i];
		bool all = str_eq(flag, "--publish-all") || str_eq(flag, "-P");
		bool with_value;

		if (!all && !is_dropped(flag)) {
			i++;
			continue;
		}
		with_value = !all && !strchr(flag, '=');
		strvec_remove(flags, i);
		if (with_value && i < flags->count)
			strvec_remove(flags, i);
	}
}
