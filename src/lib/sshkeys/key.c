/* SPDX-License-Identifier: MIT */
/* One public key, and the rule for names. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/parse.h"
#include "lib/sshkeys/sshkeys.h"

static const char *const key_types[] = {
	"ssh-ed25519",
	"ssh-rsa",
	"ecdsa-sha2-nistp256",
	"ecdsa-sha2-nistp384",
	"ecdsa-sha2-nistp521",
	"sk-ssh-ed25519@openssh.com",
	"sk-ecdsa-sha2-nistp256@openssh.com",
	"ssh-dss",
};

void sshkey_done(struct sshkey *k)
{
	free(k->type);
	free(k->base64);
	free(k->comment);
	*k = (struct sshkey)SSHKEY_INIT;
}

static bool known_type(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_types); i++) {
		if (str_eq(key_types[i], type))
			return true;
	}
	return false;
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Strict: whole groups of four, at most two = at the very end. */
static bool base64_decode(const char *s, struct strbuf *out)
{
	size_t len = strlen(s);
	size_t digits =
		strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
	uint32_t bits = 0;

	if (!len || len % 4 || len - digits > 2 || strspn(s + digits, "=") != len - digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		bits = bits << 6 | (uint32_t)base64_digit(s[i]);
		if (i % 4)
			strbuf_addch(out, (char)(bits >> (6 - i % 4 * 2) & 0xff));
	}
	return true;
}

/* The blob begins with the type's name, its length in front, and holds more than that. */
static bool blob_is_of_type(const char *base64, const char *type)
{
	AUTO_STRBUF blob = STRBUF_INIT;
	size_t n = strlen(type);

	if (!base64_decode(base64, &blob) || blob.len <= n + 4)
		return false;
	return memcmp(blob.buf, "\0\0\0", 3) == 0 && (unsigned char)blob.buf[3] == n &&
	       memcmp(blob.buf + 4, type, n) == 0;
}

/* Cuts the next word off *P; for free(). */
static char *next_word(const char **p)
{
	size_t n = strcspn(*p, " \t");
	char *word = xstrndup(*p, n);

	*p += n;
	*p += strspn(*p, " \t");
	return word;
}

static int parse_line(const char *line, struct sshkey *k, struct err *err)
{
	const char *p = line;

	if (!*line)
		return err_set(err, ERR_INVALID, "the ssh public key is empty");
	if (strpbrk(line, "\n\r"))
		return err_set(err, ERR_INVALID, "more than one line where one key is expected");
	k->type = next_word(&p);
	if (!known_type(k->type))
		return err_set(err, ERR_INVALID,
			"the ssh public key does not start with a known type (options are not "
			"allowed)");
	k->base64 = next_word(&p);
	if (!blob_is_of_type(k->base64, k->type))
		return err_set(err, ERR_INVALID, "the ssh public key is not a whole %s key",
			k->type);
	if (!utf8_valid(p, strlen(p)) || has_control(p))
		return err_set(err, ERR_INVALID,
			"the ssh public key's comment holds control characters or invalid UTF-8");
	k->comment = xstrdup(p);
	return 0;
}

int sshkey_parse(const char *text, size_t len, struct sshkey *ret, struct err *err)
{
	struct sshkey k = SSHKEY_INIT;
	AUTO_STRBUF line = STRBUF_INIT;
	int r;

	if (len > SSHKEY_TEXT_MAX)
		return err_set(err, ERR_INVALID, "the ssh public key is longer than %d bytes",
			SSHKEY_TEXT_MAX);
	if (len && memchr(text, '\0', len))
		return err_set(err, ERR_INVALID, "the ssh public key holds a NUL byte");
	strbuf_add(&line, text, len);
	strbuf_trim(&line);
	r = parse_line(line.buf, &k, err);
	if (r < 0)
		sshkey_done(&k);
	else
		*ret = k;
	return r;
}

int sshkey_fingerprint(const struct sshkey *key, char **ret, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF in = STRBUF_INIT;
	AUTO_STRBUF out = STRBUF_CAPPED(SSHKEY_TEXT_MAX);
	AUTO_STRBUF said = STRBUF_CAPPED(1024);
	AUTO_STRVEC words = STRVEC_INIT;
	struct child_status st;
	int r;

	strbuf_addf(&in, "%s %s\n", key->type, key->base64);
	strvec_pushl(&c.argv, "ssh-keygen", "-E", "sha256", "-l", "-f", "-", NULL);
	strvec_push(&c.env, "LC_ALL=C");
	c.timeout_ms = 10000;
	r = child_capture(&c, &in, &out, &said, &st, err);
	if (r < 0)
		return r;
	strvec_split(&words, out.buf, " \n");
	if (st.code != 0 || words.count < 2 || !str_starts(words.items[1], "SHA256:")) {
		strbuf_trim(&said);
		err_set(err, ERR_INVALID, "ssh-keygen: exit code %d: %s", st.code, said.buf);
		return err_user(err, ERR_INVALID, 1, "Invalid ssh public key");
	}
	*ret = xstrdup(words.items[1]);
	return 0;
}

/* U+0080 to U+009F, in UTF-8. */
static bool has_c1_control(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s == 0xc2 && (unsigned char)s[1] >= 0x80 &&
			(unsigned char)s[1] <= 0x9f)
			return true;
	}
	return false;
}

int sshkey_name_check(const char *name, struct err *err)
{
	size_t len = strlen(name);

	if (!len)
		return err_set(err, ERR_INVALID, "the ssh key name is empty");
	if (len > SSHKEY_NAME_MAX)
		return err_set(err, ERR_INVALID, "the ssh key name is longer than %d bytes",
			SSHKEY_NAME_MAX);
	if (!utf8_valid(name, len))
		return err_set(err, ERR_INVALID, "the ssh key name is not valid UTF-8");
	if (has_control(name) || has_c1_control(name))
		return err_set(err, ERR_INVALID, "the ssh key name holds a control character");
	if (strpbrk(name, "\"'`\\$"))
		return err_set(err, ERR_INVALID, "the ssh key name holds one of \" ' ` \\ $");
	if (name[0] == ' ' || name[len - 1] == ' ')
		return err_set(err, ERR_INVALID, "the ssh key name starts or ends with a space");
	if (name[0] == '-')
		return err_set(err, ERR_INVALID, "the ssh key name starts with a dash");
	return 0;
}
