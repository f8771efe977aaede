/* SPDX-License-Identifier: MIT */
/* Which names of buildpacks are taken, and what they stand for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "core/buildpacks.h"

static void assert_url(const char *text, const char *expected)
{
	AUTO_FREE char *url = NULL;
	AUTO_ERR err = ERR_INIT;

	if (buildpack_url(text, &url, &err) < 0)
		fail_msg("'%s': %s", text, err_text(&err));
	assert_string_equal(url, expected);
}

static void assert_refused(const char *text, const char *why)
{
	AUTO_FREE char *url = NULL;
	AUTO_ERR err = ERR_INIT;

	if (buildpack_url(text, &url, &err) >= 0)
		fail_msg("'%s' was taken as '%s'", text, url);
	assert_null(url);
	assert_non_null(strstr(err_text(&err), why));
}

static void an_organisation_and_a_name_stand_for_a_repository(void **state)
{
	assert_url("heroku/nodejs", "https://github.com/heroku/heroku-buildpack-nodejs.git");
	assert_url("my-org/a_b-C9", "https://github.com/my-org/heroku-buildpack-a_b-C9.git");
	assert_url("heroku-community/apt", "https://github.com/heroku/heroku-buildpack-apt.git");
	assert_url("heroku-communityx/apt",
		"https://github.com/heroku-communityx/heroku-buildpack-apt.git");
	assert_url(" heroku/go ", "https://github.com/heroku/heroku-buildpack-go.git");
	assert_url("git/hub", "https://github.com/git/heroku-buildpack-hub.git");
}

static void urls_stay_as_they_are(void **state)
{
	static const char *const urls[] = {
		"https://github.com/heroku/heroku-buildpack-nodejs.git",
		"https://github.com/heroku/heroku-buildpack-nodejs.git#v171",
		"https://github.com/heroku/heroku-buildpack-nodejs",
		"http://example.com/a/b",
		"git://example.com/a/b.git",
		"git@github.com:heroku/heroku-buildpack-nodejs.git",
		"git@example.com/a/b",
		"http@example.com:a/b",
		"https://example.com:8080/b",
		"https://me:secret@example.com/a/b",
		"https://packs.s3.amazonaws.com/buildpacks/heroku/ruby.tgz",
		"https://example.com/a/b/c/d?e=f#g",
		"file:///srv/buildpacks/own",
		"file:///own#branch",
	};

	for (size_t i = 0; i < ARRAY_SIZE(urls); i++)
		assert_url(urls[i], urls[i]);
}

static void what_names_no_place_is_refused(void **state)
{
	static const char *const texts[] = {
		"nodejs",
		"heroku/",
		"/nodejs",
		"heroku/node.js",
		"a/b/c",
		"https://example.com/repository.git",
		"https://example.com",
		"https:///a/b",
		"https://example.com//b",
		"https://example.com/a/",
		"https:/example.com/a/b",
		"ssh://git@example.com/a/b",
		"ftp://example.com/a/b",
		"git@example.com:repository.git",
		"me@example.com:a/b",
		"gitx://example.com/a/b",
		"HTTPS://example.com/a/b",
		"file://host/folder",
		"file:///",
		"/srv/buildpacks/own",
		"../own/pack",
		"urn:cnb:registry:a/b",
		"heroku/a\nheroku/b",
		"https://example.com/a/b\nhttps://example.com/c/d",
		"https://example.com/a/b\x7f",
		"--upload-pack=x",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_refused(texts[i], "Invalid buildpack specified: ");
	assert_refused("", "Must specify a buildpack url or reference");
	assert_refused(" \t", "Must specify a buildpack url or reference");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_organisation_and_a_name_stand_for_a_repository),
		cmocka_unit_test(urls_stay_as_they_are),
		cmocka_unit_test(what_names_no_place_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
