/* SPDX-License-Identifier: MIT */
#include "core/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/command.h"
#include "core/help.h"

void catalog_done(struct catalog *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->items[i].name);
		free(c->items[i].args);
		free(c->items[i].summary);
	}
	free(c->items);
	*c = (struct catalog)CATALOG_INIT;
}

static const struct command *row_of(const struct plugin *p, const char *name)
{
	for (const struct command *c = p->commands; c && c->name; c++) {
		if (str_eq(c->name, name))
			return c;
	}
	return NULL;
}

/* "name args,summary" as help prints it. */
static void add_row(struct catalog *c, const struct plugin *p, const char *row)
{
	size_t name = strcspn(row, " ,");
	size_t left = strcspn(row, ",");
	struct catalog_entry e = {
		.name = xstrndup(row, name),
		.args = xstrndup(row + name, left - name),
		.summary = xstrdup(row[left] ? row + left + 1 : ""),
	};
	const struct command *cmd = row_of(p, e.name);

	e.opts = cmd ? cmd->opts : NULL;
	e.flags = cmd ? cmd->flags : CMD_APP;
	c->items = xreallocarray(c->items, c->count + 1, sizeof(*c->items));
	c->items[c->count++] = e;
}

static void load_plugin(struct catalog *c, const struct plugin *p)
{
	AUTO_STRVEC rows = STRVEC_INIT;

	help_rows(p, &rows);
	for (size_t i = 0; i < rows.count; i++)
		add_row(c, p, rows.items[i]);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct catalog_entry *)a)->name,
		((const struct catalog_entry *)b)->name);
}

void catalog_load(struct catalog *c, const struct plugin *const *plugins)
{
	for (; *plugins; plugins++)
		load_plugin(c, *plugins);
	if (c->count)
		qsort(c->items, c->count, sizeof(*c->items), by_name);
}

/* --- manual page --- */

/* Text for roff: backslashes, hyphens and dots at line starts have a meaning there. */
static void roff(struct strbuf *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		strbuf_addstr(out, "\\&");
	for (; *text; text++) {
		if (*text == '\\')
			strbuf_addstr(out, "\\e");
		else if (*text == '-')
			strbuf_addstr(out, "\\-");
		else
			strbuf_addch(out, *text);
	}
}

static void man_flags(const struct flag *f, struct strbuf *out)
{
	for (; f && f->name; f++) {
		strbuf_addstr(out, ".RS\n.TP\n.B \\-\\-");
		roff(out, f->name);
		if (f->value) {
			strbuf_addch(out, ' ');
			roff(out, f->value);
		}
		strbuf_addch(out, '\n');
		roff(out, f->help ? f->help : "");
		strbuf_addstr(out, "\n.RE\n");
	}
}

static void man_entry(const struct catalog_entry *e, struct strbuf *out)
{
	strbuf_addstr(out, ".TP\n.B ");
	roff(out, e->name);
	strbuf_addstr(out, "\\fR");
	roff(out, e->args);
	strbuf_addch(out, '\n');
	roff(out, e->summary);
	strbuf_addch(out, '\n');
	man_flags(e->opts, out);
}

void catalog_man(const struct plugin *const *plugins, struct strbuf *out)
{
	AUTO_CATALOG all = CATALOG_INIT;

	catalog_load(&all, plugins);
	strbuf_addstr(out,
		".TH MOORAGE 1 \"\" \"moorage " MOORAGE_VERSION "\" \"User Commands\"\n"
		".SH NAME\nmoorage, dokku \\- a platform of your own: push an app, it runs\n"
		".SH SYNOPSIS\n.B dokku\n[\\fIglobal flags\\fR] \\fIcommand\\fR "
		"[\\fIapp\\fR] [\\fIarguments\\fR]\n"
		".SH DESCRIPTION\n"
		"Builds, starts, checks and routes apps that are pushed with git, on this "
		"machine.\n"
		".SH GLOBAL FLAGS\n");
	man_flags(command_global_flags, out);
	strbuf_addstr(out, ".SH COMMANDS\n");
	for (size_t i = 0; i < all.count; i++)
		man_entry(&all.items[i], out);
	strbuf_addstr(out,
		".SH EXIT STATUS\n0 success; 1 failure; 2 wrong flags; 20 the app does not exist; "
		"of \\fBrun\\fR and \\fBenter\\fR that of the command.\n"
		".SH FILES\n.TP\n.I /home/dokku\nOne folder per app.\n"
		".TP\n.I /var/lib/dokku\nSettings, data, plugins.\n"
		".TP\n.I /etc/moorage/instance.conf\nPaths and ports of this machine.\n");
}

/* --- completion --- */

/* "verb:set) <before>name name ...<after>" for every plugin with properties to set. */
static void set_cases(const struct plugin *const *plugins, const char *before, const char *after,
	struct strbuf *out)
{
	for (; *plugins; plugins++) {
		const struct property *prop = (*plugins)->properties;

		if (!plugin_has_set(*plugins))
			continue;
		strbuf_addf(out, "\t%s:set) %s", plugin_verb(*plugins), before);
		for (; prop && prop->name; prop++) {
			if (!(prop->flags & PROP_INTERNAL))
				strbuf_addf(out, "%s ", prop->name);
		}
		strbuf_addf(out, "%s ;;\n", after);
	}
}

void catalog_bash(const struct plugin *const *plugins, struct strbuf *out)
{
	AUTO_CATALOG all = CATALOG_INIT;

	catalog_load(&all, plugins);
	strbuf_addstr(out,
		"# bash completion for dokku and moorage; made from the command tables.\n"
		"_moorage() {\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} cmd=${COMP_WORDS[1]} flags='' takes_app=''\n"
		"\t# Commands hold colons, which bash takes for word breaks.\n"
		"\tif declare -F _get_comp_words_by_ref >/dev/null; then\n"
		"\t\tlocal words cword\n"
		"\t\t_get_comp_words_by_ref -n : cur words cword\n"
		"\t\tcmd=${words[1]}\n"
		"\t\tlocal COMP_CWORD=$cword\n"
		"\tfi\n"
		"\tcase $cmd in\n");
	for (size_t i = 0; i < all.count; i++) {
		const struct catalog_entry *e = &all.items[i];

		strbuf_addf(out, "\t%s) flags='", e->name);
		for (const struct flag *f = e->opts; f && f->name; f++)
			strbuf_addf(out, "--%s ", f->name);
		strbuf_addf(out, "' takes_app=%s ;;\n",
			e->flags & (CMD_APP | CMD_APP_OR_GLOBAL) ? "yes" : "''");
	}
	strbuf_addstr(out, "\tesac\n\tlocal properties=''\n\tcase $cmd in\n");
	set_cases(plugins, "properties='", "'", out);
	strbuf_addstr(out, "\tesac\n\tif [ \"$COMP_CWORD\" -le 1 ]; then\n"
			   "\t\tmapfile -t COMPREPLY < <(compgen -W '");
	for (size_t i = 0; i < all.count; i++)
		strbuf_addf(out, "%s%s", i ? " " : "", all.items[i].name);
	strbuf_addstr(out, "' -- \"$cur\")\n"
			   "\telif [[ $cur == -* ]]; then\n"
			   "\t\tmapfile -t COMPREPLY < <(compgen -W \"$flags\" -- \"$cur\")\n"
			   "\telif [ \"$COMP_CWORD\" -eq 3 ] && [ \"$properties\" ]; then\n"
			   "\t\tmapfile -t COMPREPLY < <(compgen -W \"$properties\" -- \"$cur\")\n"
			   "\telif [ \"$takes_app\" ]; then\n"
			   "\t\tmapfile -t COMPREPLY < <(compgen -W \"$(\"${COMP_WORDS[0]}\" "
			   "--quiet apps:list "
			   "2>/dev/null)\" -- \"$cur\")\n"
			   "\tfi\n"
			   "\tif declare -F __ltrim_colon_completions >/dev/null; then\n"
			   "\t\t__ltrim_colon_completions \"$cur\"\n"
			   "\tfi\n"
			   "}\n"
			   "complete -F _moorage dokku moorage\n");
}

/* Text inside single quotes of a zsh _describe list. */
static void zsh_text(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			strbuf_addstr(out, "'\\''");
		else if (*text == ':')
			strbuf_addstr(out, "\\:");
		else
			strbuf_addch(out, *text);
	}
}

void catalog_zsh(const struct plugin *const *plugins, struct strbuf *out)
{
	AUTO_CATALOG all = CATALOG_INIT;

	catalog_load(&all, plugins);
	strbuf_addstr(out, "#compdef dokku moorage\n"
			   "# zsh completion; made from the command tables.\n"
			   "_moorage() {\n\tlocal -a commands\n\tcommands=(\n");
	for (size_t i = 0; i < all.count; i++) {
		strbuf_addstr(out, "\t\t'");
		zsh_text(out, all.items[i].name);
		strbuf_addch(out, ':');
		zsh_text(out, all.items[i].summary);
		strbuf_addstr(out, "'\n");
	}
	strbuf_addstr(out, "\t)\n\tlocal properties=''\n\tcase ${words[2]} in\n");
	set_cases(plugins, "properties='", "'", out);
	strbuf_addstr(out, "\tesac\n"
			   "\tif (( CURRENT == 2 )); then\n"
			   "\t\t_describe -t commands 'command' commands\n"
			   "\telif (( CURRENT == 4 )) && [[ -n $properties ]]; then\n"
			   "\t\tcompadd -- ${=properties}\n"
			   "\telse\n"
			   "\t\tcompadd -- ${(f)\"$(dokku --quiet apps:list 2>/dev/null)\"}\n"
			   "\tfi\n}\n_moorage \"$@\"\n");
}

/* --- reference --- */

static void markdown_cell(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			strbuf_addch(out, '\\');
		strbuf_addch(out, *text);
	}
}

static void reference_command(const struct catalog_entry *e, struct strbuf *out)
{
	strbuf_addf(out, "### `%s%s`\n\n%s.\n\n", e->name, e->args, e->summary);
	if (!e->opts || !e->opts->name)
		return;
	strbuf_addstr(out, "| flag | meaning |\n| --- | --- |\n");
	for (const struct flag *f = e->opts; f->name; f++) {
		strbuf_addf(out, "| `--%s%s", f->name, f->value ? " " : "");
		markdown_cell(out, f->value ? f->value : "");
		strbuf_addstr(out, "` | ");
		markdown_cell(out, f->help ? f->help : "");
		strbuf_addstr(out, " |\n");
	}
	strbuf_addch(out, '\n');
}

static void reference_properties(const struct plugin *p, struct strbuf *out)
{
	bool any = false;

	for (const struct property *prop = p->properties; prop && prop->name; prop++) {
		if (prop->flags & PROP_INTERNAL)
			continue;
		if (!any)
			strbuf_addstr(out,
				"## Properties\n\n| property | scope | default | meaning "
				"|\n| --- | --- | --- | --- |\n");
		any = true;
		strbuf_addf(out, "| `%s` | %s%s%s | ", prop->name,
			prop->flags & PROP_APP ? "app" : "",
			(prop->flags & PROP_APP) && (prop->flags & PROP_GLOBAL) ? ", " : "",
			prop->flags & PROP_GLOBAL ? "global" : "");
		markdown_cell(out, prop->fallback ? prop->fallback : "");
		strbuf_addstr(out, " | ");
		markdown_cell(out, prop->help ? prop->help : "");
		strbuf_addstr(out, " |\n");
	}
	if (any)
		strbuf_addch(out, '\n');
}

void catalog_reference(const struct plugin *p, struct strbuf *out)
{
	AUTO_CATALOG all = CATALOG_INIT;
	const struct plugin *one[] = { p, NULL };

	catalog_load(&all, one);
	strbuf_addf(out, "# %s\n\n%s%s", plugin_verb(p), p->summary ? p->summary : "",
		p->summary ? ".\n\n" : "");
	if (all.count)
		strbuf_addstr(out, "## Commands\n\n");
	for (size_t i = 0; i < all.count; i++)
		reference_command(&all.items[i], out);
	reference_properties(p, out);
	while (out->len > 1 && out->buf[out->len - 2] == '\n')
		strbuf_setlen(out, out->len - 1);
}
