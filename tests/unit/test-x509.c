/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tools/certname.h"

static void host_names_follow_the_rules(void **state)
{
	static const char *const good[] = {
		"localhost",
		"a.example",
		"*.example.com",
		"A-1.b_c.example",
		"xn--bcher-kva.example",
	};
	static const char *const bad[] = {
		"",
		".",
		"a.",
		".a",
		"a..b",
		"*",
		"*.",
		"*.*.a",
		"a.*.b",
		"-a.b",
		"a-.b",
		"a b",
		"a/b",
		"a\nb",
		"b\xc3\xbc.de",
		"a,b",
		"a;b",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(certname_host_valid(good[i], strlen(good[i])));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(certname_host_valid(bad[i], strlen(bad[i])));
	assert_false(certname_host_valid("a.com\0.evil.org", 15));
}

static void host_name_limits_are_exact(void **state)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	(void)state;
	for (int i = 0; i < 63; i++)
		strbuf_addch(&sb, 'a');
	assert_true(certname_host_valid(sb.buf, 63));
	strbuf_addch(&sb, 'a');
	assert_false(certname_host_valid(sb.buf, 64));
	strbuf_clear(&sb);
	while (sb.len < HOST_NAME_MAX_LEN)
		strbuf_addstr(&sb, sb.len % 2 ? "." : "b");
	assert_int_equal(sb.len, HOST_NAME_MAX_LEN);
	assert_true(certname_host_valid(sb.buf, sb.len));
	strbuf_addstr(&sb, ".b");
	assert_false(certname_host_valid(sb.buf, sb.len));
}

/* A certificate of names only; X509_free() it. */
static X509 *cert_named(const char *cn, int cn_len, const char *alt, int alt_len)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	GENERAL_NAME *general = GENERAL_NAME_new();
	ASN1_IA5STRING *s = ASN1_IA5STRING_new();

	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", V_ASN1_UTF8STRING,
				 (const unsigned char *)cn, cn_len, -1, 0),
		1);
	assert_int_equal(ASN1_STRING_set(s, alt, alt_len), 1);
	GENERAL_NAME_set0_value(general, GEN_DNS, s);
	sk_GENERAL_NAME_push(names, general);
	assert_int_equal(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0), 1);
	GENERAL_NAMES_free(names);
	return cert;
}

static void a_nul_does_not_shorten_a_name(void **state)
{
	X509 *cert = cert_named("bank.example\0.evil.example", 26, "a.com\0.evil.org", 15);
	AUTO_STRVEC hosts = STRVEC_INIT;
	AUTO_STRVEC shown = STRVEC_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(certname_hosts(cert, &hosts, &shown, &err), 0);
	assert_int_equal(hosts.count, 0);
	assert_int_equal(shown.count, 1);
	assert_string_equal(shown.items[0], "bank.example\\00.evil.example");
	assert_int_equal(certname_list(X509_get_subject_name(cert), &text, &err), 0);
	assert_string_equal(text.buf, "CN=bank.example\\x00.evil.example");
	X509_free(cert);
}

static void hosts_are_sorted_unique_and_lower_case(void **state)
{
	X509 *cert = cert_named("WWW.Example.com", -1, "a.example.com", 13);
	AUTO_STRVEC hosts = STRVEC_INIT;
	AUTO_STRVEC shown = STRVEC_INIT;
	AUTO_FREE char *all = NULL;
	AUTO_FREE char *text = NULL;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(certname_hosts(cert, &hosts, &shown, &err), 0);
	assert_int_equal(certname_hosts(cert, &hosts, &shown, &err), 0);
	all = strvec_joined(&hosts, " ");
	text = strvec_joined(&shown, " ");
	assert_string_equal(all, "a.example.com www.example.com");
	assert_string_equal(text, "WWW.Example.com a.example.com");
	X509_free(cert);
}

static void alternative_names_that_do_not_parse_are_an_error(void **state)
{
	X509 *cert = cert_named("a", -1, "b", 1);
	X509_EXTENSION *ext = X509_get_ext(cert, 0);
	ASN1_OCTET_STRING *junk = ASN1_OCTET_STRING_new();
	AUTO_STRVEC hosts = STRVEC_INIT;
	AUTO_STRVEC shown = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	ASN1_OCTET_STRING_set(junk, (const unsigned char *)"\x30\x7f", 2);
	X509_EXTENSION_set_data(ext, junk);
	assert_int_equal(certname_hosts(cert, &hosts, &shown, &err), -ERR_INVALID);
	assert_int_equal(hosts.count + shown.count, 0);
	ASN1_OCTET_STRING_free(junk);
	X509_free(cert);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_names_follow_the_rules),
		cmocka_unit_test(host_name_limits_are_exact),
		cmocka_unit_test(a_nul_does_not_shorten_a_name),
		cmocka_unit_test(hosts_are_sorted_unique_and_lower_case),
		cmocka_unit_test(alternative_names_that_do_not_parse_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
