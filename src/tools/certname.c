/* SPDX-License-Identifier: MIT */
#include "tools/certname.h"

#include <ctype.h>
#include <openssl/bio.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/alloc.h"

static void bio_done(BIO **bio)
{
	BIO_free_all(*bio);
}

static void general_names_done(GENERAL_NAMES **names)
{
	GENERAL_NAMES_free(*names);
}

static bool label_valid(const char *s, size_t len)
{
	if (!len || len > 63 || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c > 0x7e || (!isalnum(c) && c != '-' && c != '_'))
			return false;
	}
	return true;
}

bool certname_host_valid(const char *s, size_t len)
{
	size_t start = 0;

	if (len > HOST_NAME_MAX_LEN)
		return false;
	if (len > 2 && s[0] == '*' && s[1] == '.')
		start = 2;
	for (;;) {
		const char *dot = memchr(s + start, '.', len - start);
		size_t n = dot ? (size_t)(dot - s) - start : len - start;

		if (!label_valid(s + start, n))
			return false;
		if (!dot)
			return true;
		start += n + 1;
	}
}

/* OpenSSL's own escapes leave nothing unprintable; this does not depend on it. */
static int add_printable(struct strbuf *out, const char *s, size_t len, struct err *err)
{
	if (len > CERTNAME_TEXT_MAX)
		return err_set(err, ERR_INVALID,
			"a name in the certificate is longer than %d bytes", CERTNAME_TEXT_MAX);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x20 || c > 0x7e)
			strbuf_addf(out, "\\%02X", c);
		else
			strbuf_addch(out, (char)c);
	}
	return 0;
}

static int add_bio(struct strbuf *out, BIO *bio, struct err *err)
{
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);

	return len > 0 ? add_printable(out, data, (size_t)len, err) : 0;
}

int certname_oneline(const X509_NAME *name, struct strbuf *out, struct err *err)
{
	CLEANUP(bio_done) BIO *bio = BIO_new(BIO_s_mem());

	if (!bio || X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE) < 0)
		return err_set(err, ERR_INVALID, "a name in the certificate does not parse");
	return add_bio(out, bio, err);
}

int certname_list(const X509_NAME *name, struct strbuf *out, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	char *line = X509_NAME_oneline(name, NULL, 0);
	const char *p = line;
	int r;

	if (!line)
		return err_set(err, ERR_INVALID, "a name in the certificate does not parse");
	p += *p == '/';
	r = add_printable(&text, p, strlen(p), err);
	OPENSSL_free(line);
	if (r < 0)
		return r;
	strbuf_trim(&text);
	for (p = text.buf; *p; p++) {
		if (*p == '/')
			strbuf_addstr(out, "; ");
		else
			strbuf_addch(out, *p);
	}
	return 0;
}

static void add_host(struct strvec *hosts, const char *s, size_t len)
{
	AUTO_FREE char *host = xstrndup(s, len);

	for (char *p = host; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	strvec_push_take(hosts, TAKE_PTR(host));
}

/* The last common name counts, up to the first comma or slash: it is meant to be a host name. */
static int add_common_name(const X509 *cert, struct strvec *hosts, struct strvec *shown,
	struct err *err)
{
	CLEANUP(bio_done) BIO *bio = BIO_new(BIO_s_mem());
	AUTO_STRBUF text = STRBUF_INIT;
	const X509_NAME *name = X509_get_subject_name(cert);
	const ASN1_STRING *value;
	int at = -1;
	int r;

	for (int i = -1; (i = X509_NAME_get_index_by_NID(name, NID_commonName, i)) >= 0;)
		at = i;
	if (at < 0)
		return 0;
	value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	if (!bio || ASN1_STRING_print_ex(bio, value, ASN1_STRFLGS_RFC2253) < 0)
		return err_set(err, ERR_INVALID, "the certificate's common name does not parse");
	r = add_bio(&text, bio, err);
	if (r < 0)
		return r;
	strbuf_setlen(&text, strcspn(text.buf, ",/"));
	strbuf_trim(&text);
	if (!text.len)
		return 0;
	if (certname_host_valid(text.buf, text.len))
		add_host(hosts, text.buf, text.len);
	strvec_push(shown, text.buf);
	return 0;
}

int certname_hosts(const X509 *cert, struct strvec *hosts, struct strvec *shown, struct err *err)
{
	int critical = 0;
	CLEANUP(general_names_done)
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, &critical, NULL);
	int count = names ? sk_GENERAL_NAME_num(names) : 0;
	int r;

	if (!names && critical != -1)
		return err_set(err, ERR_INVALID,
			"the certificate's alternative names do not parse");
	if (count > CERTNAME_HOSTS_MAX)
		return err_set(err, ERR_INVALID,
			"the certificate has more than %d alternative names", CERTNAME_HOSTS_MAX);
	r = add_common_name(cert, hosts, shown, err);
	if (r < 0)
		return r;
	for (int i = 0; i < count; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const char *s;
		size_t len;

		if (name->type != GEN_DNS)
			continue;
		s = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
		len = (size_t)ASN1_STRING_length(name->d.dNSName);
		if (!certname_host_valid(s, len))
			continue; /* "a.example\0.b.example" and the like: no host at all */
		add_host(hosts, s, len);
		strvec_push_take(shown, xstrndup(s, len));
	}
	strvec_sort_unique(hosts);
	strvec_sort_unique(shown);
	return 0;
}
