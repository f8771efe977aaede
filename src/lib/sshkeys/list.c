/* SPDX-License-Identifier: MIT */
#include "base/fs.h"
#include "lib/jsonc/jsonc.h"
#include "lib/sshkeys/sshkeys.h"

static bool listed(const struct sshkeys_line *l, const char *name)
{
	return l->name && (!name || str_eq(l->name, name));
}

int sshkeys_list_text(const struct sshkeys *k, const char *name, struct strbuf *out,
	struct err *err)
{
	bool any = false;

	for (size_t i = 0; i < k->count; i++) {
		const struct sshkeys_line *l = &k->lines[i];

		if (!listed(l, name))
			continue;
		any = true;
		strbuf_addf(out, "%s NAME=\"%s\" SSHCOMMAND_ALLOWED_KEYS=\"%s\"\n", l->fingerprint,
			l->name, l->options);
	}
	if (!any && name)
		return err_set(err, ERR_NOT_FOUND, "there is no ssh key named '%s'", name);
	if (!any)
		strbuf_addch(out, '\n');
	return 0;
}

/* KEY: "VALUE", with SPACE behind the colon. */
static void add_member(struct strbuf *out, const char *key, const char *value, const char *space)
{
	strbuf_addf(out, "\"%s\":%s", key, space);
	jsonc_quote_plain(out, value);
}

void sshkeys_list_json(const struct sshkeys *k, const char *name, struct strbuf *out)
{
	const char *space = name ? "" : " ";
	bool any = false;

	strbuf_addch(out, '[');
	for (size_t i = 0; i < k->count; i++) {
		const struct sshkeys_line *l = &k->lines[i];

		if (!listed(l, name))
			continue;
		strbuf_addf(out, "%s{%s", any ? "," : "", space);
		add_member(out, "fingerprint", l->fingerprint, space);
		strbuf_addf(out, ",%s", space);
		add_member(out, "name", l->name, space);
		strbuf_addf(out, ",%s", space);
		add_member(out, "SSHCOMMAND_ALLOWED_KEYS", l->options, space);
		strbuf_addf(out, ",%s", space);
		add_member(out, "public-key", l->public_key, space);
		strbuf_addf(out, "%s}", space);
		any = true;
	}
	strbuf_addstr(out, "]\n");
}
