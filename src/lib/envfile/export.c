/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "lib/envfile/envfile.h"
#include "lib/jsonc/jsonc.h"
#include "lib/words/words.h"

static const struct {
	const char *name;
	enum env_format format;
} formats[] = {
	{ "docker-args", ENV_DOCKER_ARGS },
	{ "docker-args-keys", ENV_DOCKER_ARGS_KEYS },
	{ "envfile", ENV_ENVFILE },
	{ "exports", ENV_EXPORTS },
	{ "json", ENV_JSON },
	{ "json-list", ENV_JSON_LIST },
	{ "pack-keys", ENV_PACK_KEYS },
	{ "pretty", ENV_PRETTY },
	{ "shell", ENV_SHELL },
};

int env_format_parse(const char *name, enum env_format *ret, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (str_eq(formats[i].name, name)) {
			*ret = formats[i].format;
			return 0;
		}
	}
	return err_user(err, ERR_USAGE, 1, "Unknown export format: %s", name);
}

const char *env_export_suffix(enum env_format format)
{
	return format == ENV_SHELL ? " " : "\n";
}

/* PREFIX KEY='value' of each, SEP between them. */
static void export_quoted(const struct env *e, const char *prefix, const char *sep,
	struct strbuf *out)
{
	for (size_t i = 0; i < e->count; i++) {
		strbuf_addf(out, "%s%s%s=", i ? sep : "", prefix, e->vars[i].key);
		quote_single(out, e->vars[i].value);
	}
}

static void export_keys(const struct env *e, const char *prefix, struct strbuf *out)
{
	for (size_t i = 0; i < e->count; i++)
		strbuf_addf(out, "%s%s%s", i ? " " : "", prefix, e->vars[i].key);
}

static void export_json(const struct env *e, struct strbuf *out)
{
	strbuf_addch(out, '{');
	for (size_t i = 0; i < e->count; i++) {
		if (i)
			strbuf_addch(out, ',');
		jsonc_quote(out, e->vars[i].key);
		strbuf_addch(out, ':');
		jsonc_quote(out, e->vars[i].value);
	}
	strbuf_addch(out, '}');
}

static void export_json_list(const struct env *e, struct strbuf *out)
{
	if (!e->count) {
		strbuf_addstr(out, "null"); /* as Dokku prints an empty list */
		return;
	}
	for (size_t i = 0; i < e->count; i++) {
		strbuf_addstr(out, i ? "},{" : "[{");
		strbuf_addstr(out, "\"name\":");
		jsonc_quote(out, e->vars[i].key);
		strbuf_addstr(out, ",\"value\":");
		jsonc_quote(out, e->vars[i].value);
	}
	strbuf_addstr(out, "}]");
}

void env_pretty(const struct env *e, const char *prefix, struct strbuf *out)
{
	size_t width = 0;

	for (size_t i = 0; i < e->count; i++) {
		size_t n = strlen(e->vars[i].key);

		width = n > width ? n : width;
	}
	for (size_t i = 0; i < e->count; i++) {
		AUTO_STRBUF value = STRBUF_INIT;

		strbuf_addstr(&value, e->vars[i].value);
		strbuf_trim(&value);
		strbuf_addf(out, "%s%s%s:%*s  %s", i ? "\n" : "", prefix, e->vars[i].key,
			(int)(width - strlen(e->vars[i].key)), "", value.buf);
		strbuf_erase(&value);
	}
}

static void export_envfile(const struct env *e, struct strbuf *out)
{
	env_write(e, out);
	strbuf_setlen(out, out->len - 1);
}

void env_export(const struct env *e, enum env_format format, struct strbuf *out)
{
	switch (format) {
	case ENV_EXPORTS:
		export_quoted(e, "export ", "\n", out);
		break;
	case ENV_ENVFILE:
		export_envfile(e, out);
		break;
	case ENV_DOCKER_ARGS:
		export_quoted(e, "--env=", " ", out);
		break;
	case ENV_DOCKER_ARGS_KEYS:
		export_keys(e, "--env=", out);
		break;
	case ENV_SHELL:
		export_quoted(e, "", " ", out);
		break;
	case ENV_PRETTY:
		env_pretty(e, "", out);
		break;
	case ENV_JSON:
		export_json(e, out);
		break;
	case ENV_JSON_LIST:
		export_json_list(e, out);
		break;
	case ENV_PACK_KEYS:
		export_keys(e, "--env ", out);
		break;
	}
}
