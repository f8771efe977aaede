/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/git/refline.h"
#include "lib/git/remote.h"

#define ZERO "0000000000000000000000000000000000000000"
#define ONE  "1111111111111111111111111111111111111111"
#define TWO  "2222222222222222222222222222222222222222"

static void assert_refused(const char *text)
{
	AUTO_GIT_REFLINES lines = GIT_REFLINES_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(git_reflines_parse(text, strlen(text), &lines, &err), -ERR_INVALID);
	assert_int_equal(lines.count, 0);
}

static void lines_of_a_push_are_read(void **state)
{
	static const char text[] =
		ZERO " " ONE " refs/heads/main\n" ONE " " TWO " refs/tags/v1.0\n";
	AUTO_GIT_REFLINES lines = GIT_REFLINES_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(git_reflines_parse(text, strlen(text), &lines, &err), 0);
	assert_int_equal(lines.count, 2);
	assert_true(git_oid_is_zero(lines.items[0].old));
	assert_string_equal(lines.items[0].rev, ONE);
	assert_string_equal(lines.items[0].ref, "refs/heads/main");
	assert_string_equal(lines.items[1].old, ONE);
	assert_string_equal(lines.items[1].ref, "refs/tags/v1.0");
}

static void anything_else_is_refused_with_its_line(void **state)
{
	static const char text[] = ZERO " " ONE " refs/heads/main\nrubbish\n";
	AUTO_GIT_REFLINES lines = GIT_REFLINES_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(git_reflines_parse(text, strlen(text), &lines, &err), -ERR_INVALID);
	assert_non_null(strstr(err.msg.buf, "line 2"));
	assert_refused(ZERO " refs/heads/main\n");
	assert_refused(ZERO "  " ONE " refs/heads/main\n");
	assert_refused(ZERO " " ONE " refs/heads/main \n");
	assert_refused(ZERO " 1111 refs/heads/main\n");
	assert_refused(ZERO " " ONE " main\n");
	assert_refused(ZERO " " ONE "\n");
	assert_refused("\n");
	assert_refused(ZERO " " ONE "111111111111111111111111 refs/heads/main\n");
	assert_refused("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA " ONE " refs/heads/main\n");
}

static void ref_names_follow_the_rules_of_git(void **state)
{
	assert_true(git_ref_valid("refs/heads/feature/x-1"));
	assert_true(git_ref_valid("refs/heads/@"));
	assert_false(git_ref_valid("heads/main"));
	assert_false(git_ref_valid("refs/heads/"));
	assert_false(git_ref_valid("refs//heads"));
	assert_false(git_ref_valid("refs/heads/.hidden"));
	assert_false(git_ref_valid("refs/heads/a..b"));
	assert_false(git_ref_valid("refs/heads/a.lock"));
	assert_false(git_ref_valid("refs/heads/a.lock/b"));
	assert_false(git_ref_valid("refs/heads/a."));
	assert_false(git_ref_valid("refs/heads/a@{b"));
	assert_false(git_ref_valid("refs/heads/a b"));
	assert_false(git_ref_valid("refs/heads/a~1"));
	assert_false(git_ref_valid("refs/heads/a\\b"));
	assert_false(git_ref_valid("refs/heads/a\x7f"));
}

static void branch_names_cannot_look_like_options(void **state)
{
	assert_true(git_branch_name_valid("main"));
	assert_true(git_branch_name_valid("release/1.0"));
	assert_false(git_branch_name_valid("-f"));
	assert_false(git_branch_name_valid("HEAD"));
	assert_false(git_branch_name_valid(""));
	assert_false(git_branch_name_valid("a b"));
}

static void assert_remote(const char *text, const char *url, const char *root, const char *user,
	const char *password)
{
	AUTO_GIT_REMOTE remote = GIT_REMOTE_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(git_remote_parse(text, &remote, &err), 0);
	assert_string_equal(remote.url, url);
	if (root)
		assert_string_equal(remote.root, root);
	else
		assert_null(remote.root);
	if (user) {
		assert_string_equal(remote.user, user);
		assert_string_equal(remote.password, password);
	} else {
		assert_null(remote.user);
		assert_null(remote.password);
	}
}

static void an_http_address_is_split_from_its_secrets(void **state)
{
	assert_remote("https://h.example/a.git", "https://h.example/a.git", "https://h.example/",
		NULL, NULL);
	assert_remote("https://u:p@h.example:8443/a.git", "https://h.example:8443/a.git",
		"https://h.example:8443/", "u", "p");
	assert_remote("http://t%40k:p%2Fw%25@h/a", "http://h/a", "http://h/", "t@k", "p/w%");
	assert_remote("https://token@h/a", "https://h/a", "https://h/", "token", "");
	assert_remote("https://u:p:q@x@h?a=b@c", "https://h?a=b@c", "https://h/", "u", "p:q@x");
	assert_remote("HTTPS://u:p@h", "HTTPS://h", "HTTPS://h/", "u", "p");
}

static void other_addresses_stay_but_for_an_ssh_password(void **state)
{
	assert_remote("ssh://git:p@h.example:2222/a", "ssh://git@h.example:2222/a", NULL, NULL,
		NULL);
	assert_remote("ssh://h/a", "ssh://h/a", NULL, NULL, NULL);
	assert_remote("git@h.example:a/b.git", "git@h.example:a/b.git", NULL, NULL, NULL);
	assert_remote("/srv/git/a", "/srv/git/a", NULL, NULL, NULL);
	assert_remote("file:///srv/git/a", "file:///srv/git/a", NULL, NULL, NULL);
	assert_remote("git://h/a", "git://h/a", NULL, NULL, NULL);
}

static void addresses_that_would_run_or_reach_something_else_are_refused(void **state)
{
	static const char *const bad[] = { "", "-u", "--upload-pack=touch x", "ext::sh -c id",
		"fd::17", "ftp://h/a", "javascript://h", "https://", "https://u:p@/a", "http:///a",
		"https://u%2@h/a", "https://u%zz@h/a", "https://u%00@h/a", "https://u%0a@h/a",
		"ssh://-oProxyCommand=x/a", "ssh://-u@h/a", "ssh:///a", "https://h/a\nb", "a\tb",
		"file://", "https://h/\xff" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		AUTO_GIT_REMOTE remote = GIT_REMOTE_INIT;
		AUTO_ERR err = ERR_INIT;

		assert_int_equal(git_remote_parse(bad[i], &remote, &err), -ERR_INVALID);
		assert_null(remote.url);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_http_address_is_split_from_its_secrets),
		cmocka_unit_test(other_addresses_stay_but_for_an_ssh_password),
		cmocka_unit_test(addresses_that_would_run_or_reach_something_else_are_refused),
		cmocka_unit_test(lines_of_a_push_are_read),
		cmocka_unit_test(anything_else_is_refused_with_its_line),
		cmocka_unit_test(ref_names_follow_the_rules_of_git),
		cmocka_unit_test(branch_names_cannot_look_like_options),
	};

	return cmocka_run_group_tests_name("git", tests, NULL, NULL);
}
