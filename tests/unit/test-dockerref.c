/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/strbuf.h"
#include "lib/dockerref/dockerref.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void assert_ref(const char *s, const char *full, const char *familiar)
{
	AUTO_DOCKERREF r = DOCKERREF_INIT;
	AUTO_STRBUF long_form = STRBUF_INIT;
	AUTO_STRBUF short_form = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	if (dockerref_parse(s, &r, &err) < 0)
		fail_msg("%s: %s", s, err_text(&err));
	dockerref_add_full(&r, &long_form);
	dockerref_add_familiar(&r, &short_form);
	assert_string_equal(long_form.buf, full);
	assert_string_equal(short_form.buf, familiar);
}

static void assert_bad(const char *s)
{
	AUTO_DOCKERREF r = DOCKERREF_INIT;
	AUTO_ERR err = ERR_INIT;

	if (dockerref_parse(s, &r, &err) != -ERR_INVALID)
		fail_msg("'%s' was taken", s);
	assert_true(err.msg.len > 0);
	assert_null(r.domain);
	assert_null(r.path);
}

static void short_names_belong_to_the_hub(void **state)
{
	(void)state;
	assert_ref("ruby", "docker.io/library/ruby", "ruby");
	assert_ref("ruby:3.2", "docker.io/library/ruby:3.2", "ruby:3.2");
	assert_ref("dokku/app-1:latest", "docker.io/dokku/app-1:latest", "dokku/app-1:latest");
	assert_ref("docker.io/ruby", "docker.io/library/ruby", "ruby");
	assert_ref("docker.io/library/ruby", "docker.io/library/ruby", "ruby");
	assert_ref("index.docker.io/ruby:1", "docker.io/library/ruby:1", "ruby:1");
	assert_ref("docker.io/library/a/b", "docker.io/library/a/b", "library/a/b");
	assert_ref("a__b--c.d_e", "docker.io/library/a__b--c.d_e", "a__b--c.d_e");
}

static void registries_are_told_from_paths(void **state)
{
	(void)state;
	assert_ref("localhost/app", "localhost/app", "localhost/app");
	assert_ref("localhost:5000/app:v1", "localhost:5000/app:v1", "localhost:5000/app:v1");
	assert_ref("example.org/a/b", "example.org/a/b", "example.org/a/b");
	assert_ref("Registry/app", "Registry/app", "Registry/app");
	assert_ref("[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app");
	assert_ref("10.0.0.1/app", "10.0.0.1/app", "10.0.0.1/app");
	assert_ref("host/app", "docker.io/host/app", "host/app");
	/* Without a slash it is a name and a tag, as everywhere in Docker. */
	assert_ref("localhost:5000", "docker.io/library/localhost:5000", "localhost:5000");
}

static void ambiguous_short_names_keep_the_domain(void **state)
{
	(void)state;
	assert_ref("docker.io/a.b/c", "docker.io/a.b/c", "docker.io/a.b/c");
	assert_ref("docker.io/localhost/c", "docker.io/localhost/c", "docker.io/localhost/c");
	assert_ref("docker.io/library/" HEX64, "docker.io/library/" HEX64,
		"docker.io/library/" HEX64);
}

static void digests_and_tags_are_kept(void **state)
{
	(void)state;
	assert_ref("ruby@sha256:" HEX64, "docker.io/library/ruby@sha256:" HEX64,
		"ruby@sha256:" HEX64);
	assert_ref("r.io/a:1@sha256:" HEX64, "r.io/a:1@sha256:" HEX64, "r.io/a:1@sha256:" HEX64);
}

static void latest_is_added_only_to_a_bare_name(void **state)
{
	AUTO_DOCKERREF bare = DOCKERREF_INIT;
	AUTO_DOCKERREF pinned = DOCKERREF_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(dockerref_parse("ruby", &bare, &err), 0);
	assert_null(bare.tag);
	dockerref_complete(&bare);
	assert_string_equal(bare.tag, "latest");
	assert_int_equal(dockerref_parse("ruby@sha256:" HEX64, &pinned, &err), 0);
	dockerref_complete(&pinned);
	assert_null(pinned.tag);
}

static void malformed_names_are_refused(void **state)
{
	static const char *const bad[] = { "", ":", "/", "a/", "/a", "a//b", "-a", "a-", "a..b",
		"a___b", "a._b", "Ruby", "a/B", "a b", "a\n", "a:", "a:-x", "a:.x", "a:x/y", "a@",
		"a@sha256:abc", "a@sha256:" HEX64 "0", "a@md5:" HEX64, "a:t@",
		"https://example.org/a", "example.org:port/a", "example.org:/a", "-x.org/a",
		"x-.org/a", "x..org/a", "[::1/a", "[]/a", "a;rm", "a$(x)", "../a", "--privileged",
		HEX64, "sha256:" HEX64, "gr\xc3\xbc\xc3\x9f" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_bad(bad[i]);
}

static void lengths_are_bounded(void **state)
{
	AUTO_STRBUF path = STRBUF_INIT;
	AUTO_STRBUF tag = STRBUF_INIT;
	AUTO_DOCKERREF r = DOCKERREF_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	strbuf_addstr(&path, "r.io/");
	for (int i = 0; i < DOCKERREF_MAX_PATH; i++)
		strbuf_addch(&path, 'a');
	assert_int_equal(dockerref_parse(path.buf, &r, &err), 0);
	strbuf_addch(&path, 'a');
	assert_bad(path.buf);
	for (int i = 0; i < DOCKERREF_MAX_TAG; i++)
		strbuf_addch(&tag, '1');
	assert_true(dockerref_tag_valid(tag.buf));
	strbuf_addch(&tag, '1');
	assert_false(dockerref_tag_valid(tag.buf));
}

static void ids_are_told_from_names(void **state)
{
	(void)state;
	assert_true(dockerref_is_id(HEX64));
	assert_true(dockerref_is_id("sha256:" HEX64));
	assert_false(dockerref_is_id(HEX64 "0"));
	assert_false(dockerref_is_id("ruby"));
	assert_true(dockerref_digest_valid("sha512:" HEX64 HEX64));
	assert_false(dockerref_digest_valid("sha512:" HEX64));
	assert_false(dockerref_digest_valid(HEX64));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_names_belong_to_the_hub),
		cmocka_unit_test(registries_are_told_from_paths),
		cmocka_unit_test(ambiguous_short_names_keep_the_domain),
		cmocka_unit_test(digests_and_tags_are_kept),
		cmocka_unit_test(latest_is_added_only_to_a_bare_name),
		cmocka_unit_test(malformed_names_are_refused),
		cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(ids_are_told_from_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
