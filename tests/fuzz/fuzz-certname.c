/* SPDX-License-Identifier: MIT */
/*
 * Texts of a certificate's names are printable ASCII, and hosts are host names, whatever the bytes.
 * Input: "D" and a certificate in DER, or any other byte (the string type of the names) and the
 * bytes of a name.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/certname.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want_printable(const char *s)
{
	for (; *s; s++) {
		if (*s < 0x20 || *s > 0x7e)
			abort();
	}
}

static void look_at(const X509 *cert)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRVEC hosts = STRVEC_INIT;
	AUTO_STRVEC shown = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	if (certname_list(X509_get_subject_name(cert), &text, &err) < 0 ||
		certname_oneline(X509_get_issuer_name(cert), &text, &err) < 0 ||
		certname_hosts(cert, &hosts, &shown, &err) < 0)
		want_printable(err_text(&err));
	if (strlen(text.buf) != text.len)
		abort();
	want_printable(text.buf);
	for (size_t i = 0; i < shown.count; i++)
		want_printable(shown.items[i]);
	for (size_t i = 0; i < hosts.count; i++) {
		if (!certname_host_valid(hosts.items[i], strlen(hosts.items[i])) ||
			strpbrk(hosts.items[i], " ,;'\"\\/{}$\n"))
			abort();
	}
}

static X509 *cert_of_name(int type, const uint8_t *s, int len)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	GENERAL_NAME *general = GENERAL_NAME_new();
	ASN1_IA5STRING *alt = ASN1_IA5STRING_new();

	X509_NAME_add_entry_by_NID(name, NID_organizationName, type, s, len, -1, 0);
	X509_NAME_add_entry_by_NID(name, NID_commonName, type, s, len, -1, 0);
	X509_set_issuer_name(cert, name);
	ASN1_STRING_set(alt, s, len);
	GENERAL_NAME_set0_value(general, GEN_DNS, alt);
	sk_GENERAL_NAME_push(names, general);
	X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0);
	GENERAL_NAMES_free(names);
	return cert;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int types[] = { V_ASN1_UTF8STRING, V_ASN1_PRINTABLESTRING, V_ASN1_T61STRING,
		V_ASN1_IA5STRING, V_ASN1_BMPSTRING, V_ASN1_UNIVERSALSTRING };
	const uint8_t *p = data + 1;
	X509 *cert;

	if (!size || size > 65536)
		return 0;
	cert = data[0] == 'D' ? d2i_X509(NULL, &p, (long)size - 1)
			      : cert_of_name(types[data[0] % ARRAY_SIZE(types)], p, (int)size - 1);
	if (cert)
		look_at(cert);
	X509_free(cert);
	ERR_clear_error();
	return 0;
}
