/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/netrc/netrc.h"

static void assert_login(const char *text, const char *host, const char *name, const char *password)
{
	AUTO_NETRC_LOGIN login = NETRC_LOGIN_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(netrc_find(text, strlen(text), host, &login, &err), 1);
	assert_string_equal(login.name, name);
	assert_string_equal(login.password, password);
}

static void assert_none(const char *text, const char *host)
{
	AUTO_NETRC_LOGIN login = NETRC_LOGIN_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(netrc_find(text, strlen(text), host, &login, &err), 0);
	assert_null(login.name);
}

static void assert_refused(const char *text, const char *line)
{
	AUTO_NETRC_LOGIN login = NETRC_LOGIN_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(netrc_find(text, strlen(text), "a", &login, &err), -ERR_INVALID);
	assert_non_null(strstr(err.msg.buf, line));
	err_clear(&err);
	assert_int_equal(netrc_set(text, strlen(text), "a", "b", "c", &out, &err), -ERR_INVALID);
	assert_int_equal(out.len, 0);
}

static void assert_set(const char *text, const char *host, const char *name, const char *password,
	const char *expected)
{
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(netrc_set(text, strlen(text), host, name, password, &out, &err), 0);
	assert_string_equal(out.buf, expected);
}

static void assert_unset(const char *text, const char *host, int found, const char *expected)
{
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(netrc_unset(text, strlen(text), host, &out, &err), found);
	assert_string_equal(out.buf, expected);
}

static void an_entry_is_found_in_any_layout(void **state)
{
	assert_login("machine a login b password c", "a", "b", "c");
	assert_login("machine a\n\tlogin b\n\taccount x\n\tpassword c\n", "a", "b", "c");
	assert_login("machine A.Example login b password c\n", "a.example", "b", "c");
	assert_login("# machine a login x password y\nmachine a login b password c # rest\n", "a",
		"b", "c");
	assert_login("machine a password c login b\n", "a", "b", "c");
	assert_login("machine a login b password c\nmachine a login d password e\n", "a", "b", "c");
	assert_login("machine a login b\nmachine z\n", "a", "b", "");
}

static void other_hosts_and_the_default_are_not_the_host(void **state)
{
	assert_none("", "a");
	assert_none("machine aa login b password c\n", "a");
	assert_none("default login b password c\n", "a");
	assert_none("login b password c\n", "a");
}

static void quotes_take_blanks_and_escapes(void **state)
{
	assert_login("machine a login \"b c\" password \"d\\\"\\\\ #e\"\n", "a", "b c", "d\"\\ #e");
	assert_login("machine a login b password \"c\\td\"\n", "a", "b", "c\td");
}

static void a_macro_is_passed_over(void **state)
{
	assert_login("machine z login y password x\nmacdef init\nmachine a login no password no\n\n"
		     "machine a login b password c\n",
		"a", "b", "c");
}

static void a_malformed_file_is_refused_with_its_line(void **state)
{
	assert_refused("machine a\nlogin \"b\n", "line 2");
	assert_refused("machine a login", "line 1");
	assert_refused("\n\nmachine", "line 3");
}

static void a_new_entry_goes_to_the_end_but_before_the_default(void **state)
{
	assert_set("", "h", "n", "p", "machine h\n  login n\n  password p\n");
	assert_set("machine a login b password c", "h", "n", "p",
		"machine a login b password c\nmachine h\n  login n\n  password p\n");
	assert_set("machine a login b password c\ndefault login d password e\n", "h", "n", "p",
		"machine a login b password c\nmachine h\n  login n\n  password p\n"
		"default login d password e\n");
	assert_set("macdef init\nx", "h", "n", "p",
		"macdef init\nx\n\nmachine h\n  login n\n  password p\n");
}

static void an_entry_takes_the_place_of_all_of_its_host(void **state)
{
	assert_set("# mine\nmachine h login x password y\n# kept\nmachine a login b password c\n"
		   "machine H login z password z\n",
		"h", "n", "p",
		"# mine\nmachine h\n  login n\n  password p\n# kept\n"
		"machine a login b password c\n");
}

static void words_that_need_quotes_get_them(void **state)
{
	assert_set("", "h", "n o", "a\"b\\c#d",
		"machine h\n  login \"n o\"\n  password \"a\\\"b\\\\c#d\"\n");
}

static void unset_takes_just_the_host(void **state)
{
	assert_unset("machine h login x password y\nmachine a login b password c\n", "h", 1,
		"machine a login b password c\n");
	assert_unset("machine a login b password c\n", "h", 0, "machine a login b password c\n");
	assert_unset("machine h login x password y machine a login b password c\n", "h", 1,
		" machine a login b password c\n");
}

static void words_for_the_file_are_plain(void **state)
{
	char big[NETRC_WORD_MAX + 2];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_false(netrc_word_valid(big));
	big[NETRC_WORD_MAX] = '\0';
	assert_true(netrc_word_valid(big));
	assert_false(netrc_word_valid(""));
	assert_false(netrc_word_valid("a\nb"));
	assert_true(netrc_word_valid("p w"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_is_found_in_any_layout),
		cmocka_unit_test(other_hosts_and_the_default_are_not_the_host),
		cmocka_unit_test(quotes_take_blanks_and_escapes),
		cmocka_unit_test(a_macro_is_passed_over),
		cmocka_unit_test(a_malformed_file_is_refused_with_its_line),
		cmocka_unit_test(a_new_entry_goes_to_the_end_but_before_the_default),
		cmocka_unit_test(an_entry_takes_the_place_of_all_of_its_host),
		cmocka_unit_test(words_that_need_quotes_get_them),
		cmocka_unit_test(unset_takes_just_the_host),
		cmocka_unit_test(words_for_the_file_are_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
