/* SPDX-License-Identifier: MIT */
/* The file: parsing, editing, writing. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "lib/sshkeys/sshkeys.h"

static void line_done(struct sshkeys_line *l)
{
	free(l->text);
	free(l->fingerprint);
	free(l->name);
	free(l->options);
	free(l->public_key);
	sshkey_done(&l->key);
}

void sshkeys_done(struct sshkeys *k)
{
	for (size_t i = 0; i < k->count; i++)
		line_done(&k->lines[i]);
	free(k->lines);
	*k = (struct sshkeys)SSHKEYS_INIT;
}

/* Offset behind the options that P starts with: the first blank outside of double quotes. */
static size_t options_length(const char *p)
{
	bool quoted = false;
	size_t i;

	for (i = 0; p[i] && (quoted || (p[i] != ' ' && p[i] != '\t')); i++) {
		if (p[i] == '\\' && p[i + 1] == '"')
			i++;
		else if (p[i] == '"')
			quoted = !quoted;
	}
	return i;
}

/*
 * Splits the forced command's text at "FINGERPRINT=<fp> NAME=<name> `": sets the three borrowed
 * ends. The name stands between \" and \", or bare as very old versions wrote it.
 */
static bool split_command(const char *p, const char **fp_end, const char **name,
	const char **name_end)
{
	const char *end = strchr(p, ' ');

	if (!end || end == p || memchr(p, '"', (size_t)(end - p)))
		return false;
	*fp_end = end;
	*name = str_after(end, " NAME=\\\"");
	if (*name) {
		*name_end = strstr(*name, "\\\" `");
	} else {
		*name = str_after(end, " NAME=");
		*name_end = *name ? strstr(*name, " `") : NULL;
	}
	return *name_end && !memchr(*name, '"', (size_t)(*name_end - *name));
}

/* Behind the quote that closes the text at P, or NULL. */
static const char *behind_quote(const char *p)
{
	for (; *p; p++) {
		if (*p == '\\' && p[1] == '"')
			p++;
		else if (*p == '"')
			return p + 1;
	}
	return NULL;
}

/* Fills in the named parts if the line has our shape. */
static void parse_ours(struct sshkeys_line *l)
{
	const char *fp = str_after(l->text, "command=\"FINGERPRINT=");
	const char *fp_end;
	const char *name;
	const char *name_end;
	const char *rest;
	size_t n;

	if (!fp || !split_command(fp, &fp_end, &name, &name_end))
		return;
	rest = behind_quote(name_end + (*name_end == '\\' ? 2 : 0));
	if (!rest || (*rest != ',' && *rest != ' '))
		return;
	rest += *rest == ',';
	n = options_length(rest);
	if (!rest[n])
		return;
	l->fingerprint = xstrndup(fp, (size_t)(fp_end - fp));
	l->name = xstrndup(name, (size_t)(name_end - name));
	l->options = xstrndup(rest, n);
	rest += n;
	l->public_key = xstrdup(rest + strspn(rest, " \t"));
}

static struct sshkeys_line parse_line(const char *text, size_t len)
{
	struct sshkeys_line l = { .text = xstrndup(text, len) };
	AUTO_ERR not_a_key = ERR_INIT;
	const char *key;

	parse_ours(&l);
	if (*l.text == '#')
		return l;
	key = l.public_key ? l.public_key : l.text;
	if (sshkey_parse(key, strlen(key), &l.key, &not_a_key) < 0 && !l.public_key) {
		key = l.text + options_length(l.text);
		err_clear(&not_a_key);
		/* without a key in it the line is foreign, which is no failure */
		(void)!sshkey_parse(key, strlen(key), &l.key, &not_a_key);
	}
	return l;
}

static void append(struct sshkeys *k, struct sshkeys_line line)
{
	if (k->count == k->alloc) {
		k->alloc = size_add(k->alloc, k->alloc / 2 + 8);
		k->lines = xreallocarray(k->lines, k->alloc, sizeof(*k->lines));
	}
	k->lines[k->count++] = line;
}

int sshkeys_parse(const char *text, size_t len, struct sshkeys *ret, struct err *err)
{
	AUTO_SSHKEYS k = SSHKEYS_INIT;

	if (len > SSHKEYS_TEXT_MAX)
		return err_set(err, ERR_INVALID, "the file is longer than %d bytes",
			SSHKEYS_TEXT_MAX);
	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;

		if (k.count == SSHKEYS_LINES_MAX)
			return err_set(err, ERR_INVALID, "more than %d lines", SSHKEYS_LINES_MAX);
		if (memchr(text + at, '\0', n))
			return err_set(err, ERR_INVALID, "line %zu: NUL byte", k.count + 1);
		append(&k, parse_line(text + at, n));
		k.open_end = !end;
		at += n + 1;
	}
	*ret = k;
	k = (struct sshkeys)SSHKEYS_INIT;
	return 0;
}

void sshkeys_write(const struct sshkeys *k, struct strbuf *out)
{
	for (size_t i = 0; i < k->count; i++) {
		strbuf_addstr(out, k->lines[i].text);
		if (i + 1 < k->count || !k->open_end)
			strbuf_addch(out, '\n');
	}
}

size_t sshkeys_first_bad_line(const struct sshkeys *k)
{
	for (size_t i = 0; i < k->count; i++) {
		const char *text = k->lines[i].text;

		text += strspn(text, " \t\r");
		if (*text && *text != '#' && !k->lines[i].key.type)
			return i + 1;
	}
	return 0;
}

const struct sshkeys_line *sshkeys_find_name(const struct sshkeys *k, const char *name)
{
	for (size_t i = 0; i < k->count; i++) {
		if (k->lines[i].name && str_eq(k->lines[i].name, name))
			return &k->lines[i];
	}
	return NULL;
}

static bool has_key(const struct sshkeys *k, const struct sshkeys_new *add)
{
	for (size_t i = 0; i < k->count; i++) {
		const struct sshkeys_line *l = &k->lines[i];

		if (l->fingerprint && str_eq(l->fingerprint, add->fingerprint))
			return true;
		if (l->key.base64 && str_eq(l->key.base64, add->key->base64))
			return true;
	}
	return false;
}

/* What goes into the line beside name and key must not be able to end its quotes or its part. */
static int check_parts(const struct sshkeys_new *add, const char *options, struct err *err)
{
	if (!str_starts(add->fingerprint, "SHA256:") || strpbrk(add->fingerprint, " \"'\\`$") ||
		has_control(add->fingerprint))
		return err_set(err, ERR_INVALID, "the fingerprint is not a SHA256 one");
	if (add->home[0] != '/' || strpbrk(add->home, " \"'\\`$") || has_control(add->home))
		return err_set(err, ERR_INVALID, "the home folder '%s' cannot stand in a command",
			add->home);
	if (!*options || has_control(options) || options[options_length(options)])
		return err_set(err, ERR_INVALID, "the ssh key options are not one word");
	return 0;
}

static void build_line(const struct sshkeys_new *add, const char *options, struct strbuf *out)
{
	strbuf_addf(out,
		"command=\"FINGERPRINT=%s NAME=\\\"%s\\\" `cat %s/.sshcommand` "
		"$SSH_ORIGINAL_COMMAND\","
		"%s %s %s",
		add->fingerprint, add->name, add->home, options, add->key->type, add->key->base64);
	if (*add->key->comment)
		strbuf_addf(out, " %s", add->key->comment);
}

int sshkeys_add(struct sshkeys *k, const struct sshkeys_new *add, struct err *err)
{
	const char *options = add->options ? add->options : SSHKEYS_DEFAULT_OPTIONS;
	AUTO_STRBUF line = STRBUF_INIT;
	int r = sshkey_name_check(add->name, err);

	if (r >= 0)
		r = check_parts(add, options, err);
	if (r < 0)
		return r;
	if (!add->allow_same_name && sshkeys_find_name(k, add->name))
		return err_user(err, ERR_EXISTS, 1, "Duplicate ssh key name");
	if (!add->allow_same_key && has_key(k, add))
		return err_user(err, ERR_EXISTS, 1, "Duplicate ssh public key specified");
	build_line(add, options, &line);
	append(k, parse_line(line.buf, line.len));
	k->open_end = false;
	return 0;
}

static void remove_at(struct sshkeys *k, size_t at)
{
	line_done(&k->lines[at]);
	k->count--;
	if (at == k->count)
		k->open_end = false;
	memmove(k->lines + at, k->lines + at + 1, (k->count - at) * sizeof(*k->lines));
}

size_t sshkeys_remove_name(struct sshkeys *k, const char *name)
{
	size_t removed = 0;

	for (size_t i = k->count; i-- > 0;) {
		if (k->lines[i].name && str_eq(k->lines[i].name, name)) {
			remove_at(k, i);
			removed++;
		}
	}
	return removed;
}

size_t sshkeys_remove_fingerprint(struct sshkeys *k, const char *fingerprint)
{
	size_t removed = 0;

	for (size_t i = k->count; i-- > 0;) {
		if (k->lines[i].fingerprint && str_eq(k->lines[i].fingerprint, fingerprint)) {
			remove_at(k, i);
			removed++;
		}
	}
	return removed;
}
