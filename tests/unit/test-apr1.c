/* SPDX-License-Identifier: MIT */
/* Digests from RFC 1321; password lines from the manuals of openssl and Apache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "lib/apr1/apr1.h"
#include "lib/apr1/md5.h"

static void check_md5(const char *text, const char *want)
{
	uint8_t sum[MD5_SIZE];
	AUTO_STRBUF hex = STRBUF_INIT;
	struct md5 m;

	md5_init(&m);
	md5_add(&m, text, strlen(text));
	md5_end(&m, sum);
	for (int i = 0; i < MD5_SIZE; i++)
		strbuf_addf(&hex, "%02x", sum[i]);
	assert_string_equal(hex.buf, want);
}

static void digests_are_those_of_the_standard(void **state)
{
	(void)state;
	check_md5("", "d41d8cd98f00b204e9800998ecf8427e");
	check_md5("abc", "900150983cd24fb0d6963f7d28e17f72");
	check_md5("message digest", "f96b697d7cb7938d525a2f31aaf161d0");
	check_md5("123456789012345678901234567890123456789012345678901234567890123456789012345678"
		  "90",
		"57edf4a22be3c955ac49da2e2107b67a");
}

static void check_apr1(const char *password, const char *salt, const char *want)
{
	AUTO_STRBUF got = STRBUF_INIT;

	apr1_hash(password, salt, &got);
	assert_string_equal(got.buf, want);
}

static void passwords_hash_as_htpasswd_does(void **state)
{
	(void)state;
	check_apr1("password", "xxxxxxxx", "$apr1$xxxxxxxx$dxHfLAsjHkDRmG83UXe8K0");
	check_apr1("myPassword", "r31.....", "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/");
}

static void only_eight_characters_of_a_salt_count(void **state)
{
	(void)state;
	check_apr1("password", "xxxxxxxxy", "$apr1$xxxxxxxx$dxHfLAsjHkDRmG83UXe8K0");
	check_apr1("password", "xxxxxxxx$y", "$apr1$xxxxxxxx$dxHfLAsjHkDRmG83UXe8K0");
}

static void salts_differ_and_are_plain_characters(void **state)
{
	AUTO_STRBUF one = STRBUF_INIT;
	AUTO_STRBUF two = STRBUF_INIT;

	(void)state;
	apr1_salt(&one);
	apr1_salt(&two);
	assert_int_equal(one.len, APR1_SALT_SIZE);
	assert_string_not_equal(one.buf, two.buf);
	assert_null(strpbrk(one.buf, "$: \n\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_those_of_the_standard),
		cmocka_unit_test(passwords_hash_as_htpasswd_does),
		cmocka_unit_test(only_eight_characters_of_a_salt_count),
		cmocka_unit_test(salts_differ_and_are_plain_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
