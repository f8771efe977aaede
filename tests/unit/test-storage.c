/* SPDX-License-Identifier: MIT */
/* Storage entries and mounts: texts, rules, and what containers get of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/proxy.h"
#include "core/scheduler.h"
#include "core/state.h"
#include "core/storage.h"
#include "lib/sha1/sha1.h"

/* No drivers: nothing here may need one. */
const struct scheduler *const schedulers[] = { NULL };
const struct proxy *const proxies[] = { NULL };

struct place {
	char dir[64];
	struct ctx ctx;
};

static int set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	AUTO_ERR err = ERR_INIT;
	AUTO_FREE char *home = NULL;
	AUTO_FREE char *conf = NULL;
	AUTO_FREE char *text = NULL;

	memcpy(p->dir, "/tmp/moorage-test-XXXXXX", 25);
	assert_non_null(mkdtemp(p->dir));
	home = xasprintf("%s/home/shop", p->dir);
	conf = path_join(p->dir, "instance.conf");
	text = xasprintf("dokku_root=%s/home\nlib_root=%s/lib\nnginx_control=direct\n", p->dir,
		p->dir);
	assert_int_equal(fs_mkdir_p(home, 0755, &err), 0);
	assert_int_equal(fs_write_str(conf, text, 0644, &err), 0);
	assert_int_equal(ctx_init(&p->ctx, conf, false, &err), 0);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(fs_rm_rf(p->dir, &err), 0);
	ctx_done(&p->ctx);
	free(p);
	return 0;
}

/* --- sha1 --- */

static void expect_sha1(const char *text, size_t times, const char *want)
{
	AUTO_STRBUF data = STRBUF_INIT;
	AUTO_STRBUF got = STRBUF_INIT;

	for (size_t i = 0; i < times; i++)
		strbuf_addstr(&data, text);
	sha1_hex(data.buf, data.len, &got);
	assert_string_equal(got.buf, want);
}

/* The examples of FIPS 180, and lengths around the end of a block from sha1sum. */
static void sha1_is_that_of_the_standard(void **state)
{
	expect_sha1("", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	expect_sha1("abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d");
	expect_sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		"84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	expect_sha1("a", 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
	expect_sha1("a", 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a");
	expect_sha1("a", 56, "c2db330f6083854c99d4b5bfb6e8f29f201be699");
	expect_sha1("a", 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d");
}

/* --- host:container --- */

static void text_becomes_a_mount_of_everything(void **state)
{
	AUTO_STORAGE_MOUNT m = { .phases = STRVEC_INIT };
	AUTO_FREE char *host = NULL;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(storage_legacy_parse("/tmp/x:/y:z,ro,noexec", &m, &host, &err), 0);
	assert_string_equal(host, "/tmp/x");
	/* printf %s /tmp/x | sha1sum */
	assert_string_equal(m.entry, "legacy-e7ad2368a9");
	assert_string_equal(m.path, "/y");
	assert_true(m.readonly);
	assert_string_equal(m.options, "z,noexec");
	assert_string_equal(m.process, "_default_");
	assert_int_equal(m.phases.count, 2);
	assert_true(storage_mount_in_phase(&m, "run"));
}

static void volume_has_a_name_of_its_own(void **state)
{
	AUTO_STORAGE_MOUNT m = { .phases = STRVEC_INIT };
	AUTO_FREE char *host = NULL;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(storage_legacy_parse("vol1:/v", &m, &host, &err), 0);
	/* printf %s vol:vol1 | sha1sum */
	assert_string_equal(m.entry, "legacy-3900d9fc7b");
	assert_string_equal(host, "vol1");
	assert_false(m.readonly);
}

static void text_that_is_no_mount_is_refused(void **state)
{
	static const char paths[] = "Storage path must be two valid paths divided by colon.";
	static const char volume[] = "Volume name must be two characters or more. ";
	static const struct {
		const char *text;
		const char *want;
	} rows[] = {
		{ "/a", paths },
		{ "/a:b", paths },
		{ "/a:", paths },
		{ ":/a", volume },
		{ "v:/a", volume },
		{ "-v:/a", volume },
		{ "./x:/a", volume },
		{ "vol:a", volume },
		{ "vol", volume },
		{ "", volume },
		{ "/a:b:/c", "attachment container path \"b\" must be absolute" },
		{ "/a:/b:x y", "unsupported volume options" },
		{ "/a:/b\n", "control" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct storage_mount m = { .phases = STRVEC_INIT };
		char *host = NULL;
		AUTO_ERR err = ERR_INIT;

		assert_int_equal(storage_legacy_parse(rows[i].text, &m, &host, &err), -ERR_USAGE);
		assert_non_null(strstr(err.msg.buf, rows[i].want));
		assert_null(host);
		assert_null(m.entry);
	}
}

/* --- entries --- */

static const char entry_text[] = "{\n"
				 "  \"name\": \"data\",\n"
				 "  \"scheduler\": \"docker-local\",\n"
				 "  \"host_path\": \"/srv/data\",\n"
				 "  \"chown\": \"heroku\",\n"
				 "  \"mode\": \"0755\",\n"
				 "  \"reclaim_policy\": \"Retain\",\n"
				 "  \"annotations\": {\n"
				 "    \"a.b/c\": \"1\",\n"
				 "    \"b\": \"2\"\n"
				 "  },\n"
				 "  \"labels\": {\n"
				 "    \"x\": \"y\"\n"
				 "  },\n"
				 "  \"schema_version\": 1\n"
				 "}";

static void entry_file_is_as_dokku_writes_it(void **state)
{
	struct place *p = *state;
	AUTO_FREE char *path = inst_lib(&p->ctx.inst, "data/storage-registry/entries/data.json");
	AUTO_STORAGE_ENTRY e = STORAGE_ENTRY_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(fs_write_str(path, entry_text, 0600, &err), 0);
	assert_int_equal(storage_entry_load(&p->ctx, "data", &e, &err), 0);
	assert_string_equal(e.chown, "heroku");
	assert_string_equal(e.size, "");
	assert_int_equal(storage_entry_save(&p->ctx, &e, &err), 0);
	assert_int_equal(fs_read(path, 4096, &text, &err), 0);
	assert_string_equal(text.buf, entry_text);
}

static void broken_entry_is_an_error_not_a_crash(void **state)
{
	static const char *const texts[] = { "", "[]", "{}", "{\"name\":1}", "{\"name\":\"a\"",
		"{\"name\":\"a\",\"mode\":[]}", "{\"name\":\"a\",\"labels\":{\"x\":1}}",
		"{\"name\":\"a\",\"labels\":\"x\"}", "{\"name\":\"a\\n\"}" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct storage_entry e = STORAGE_ENTRY_INIT;
		AUTO_ERR err = ERR_INIT;

		assert_int_equal(storage_entry_parse(texts[i], strlen(texts[i]), &e, &err),
			-ERR_INVALID);
		assert_null(e.name);
	}
}

static void names_lead_nowhere_else(void **state)
{
	struct place *p = *state;
	static const char *const names[] = { "../x", "a/b", "A", "", "-a", "a-", "a_b" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct storage_entry e = STORAGE_ENTRY_INIT;
		AUTO_ERR err = ERR_INIT;
		AUTO_ERR load_err = ERR_INIT;

		assert_int_equal(storage_name_check(names[i], false, &err), -ERR_USAGE);
		assert_false(storage_entry_exists(&p->ctx, names[i]));
		assert_int_equal(storage_entry_load(&p->ctx, names[i], &e, &load_err),
			-ERR_NOT_FOUND);
	}
}

static void name_has_a_limit_and_a_reserved_prefix(void **state)
{
	AUTO_ERR err = ERR_INIT;
	char name[STORAGE_NAME_MAX + 2];

	memset(name, 'a', sizeof(name));
	name[STORAGE_NAME_MAX] = '\0';
	assert_int_equal(storage_name_check(name, false, &err), 0);
	name[STORAGE_NAME_MAX] = 'a';
	name[STORAGE_NAME_MAX + 1] = '\0';
	assert_int_equal(storage_name_check(name, false, &err), -ERR_USAGE);
	err_clear(&err);
	assert_int_equal(storage_name_check("legacy-x", true, &err), 0);
	assert_int_equal(storage_name_check("legacy-x", false, &err), -ERR_USAGE);
}

static void modes_are_octal(void **state)
{
	static const struct {
		const char *mode;
		const char *want; /* NULL: refused */
	} rows[] = { { "", "" }, { "755", "0755" }, { "0755", "0755" }, { "1777", "1777" },
		{ "7", NULL }, { "888", NULL }, { "75 ", NULL }, { "00755", NULL },
		{ "rwx", NULL } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_FREE char *got = NULL;
		AUTO_ERR err = ERR_INIT;
		int r = storage_mode_check(rows[i].mode, &got, &err);

		assert_int_equal(r, rows[i].want ? 0 : -ERR_USAGE);
		if (rows[i].want)
			assert_string_equal(got, rows[i].want);
	}
}

/* --- mounts --- */

static void mount_line_is_as_dokku_writes_it(void **state)
{
	static const char text[] =
		"{\"entry_name\":\"data\",\"container_path\":\"/"
		"d\",\"phases\":[\"deploy\",\"run\"],"
		"\"process_type\":\"_default_\",\"subpath\":\"up\",\"readonly\":true,"
		"\"volume_options\":\"Z\",\"volume_chown\":\"heroku\"}";
	AUTO_STORAGE_MOUNT m = { .phases = STRVEC_INIT };
	AUTO_ERR err = ERR_INIT;
	AUTO_FREE char *got = NULL;
	json_t *object;

	assert_int_equal(storage_mount_parse(text, strlen(text), &m, &err), 0);
	object = storage_mount_json(&m);
	got = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	assert_string_equal(got, text);
}

static void put_entry(struct place *p, const char *name, const char *host)
{
	AUTO_STORAGE_ENTRY e = STORAGE_ENTRY_INIT;
	AUTO_ERR err = ERR_INIT;

	storage_entry_init(&e);
	storage_put(&e.name, name);
	storage_put(&e.scheduler, STORAGE_LOCAL);
	storage_put(&e.host_path, host);
	assert_int_equal(storage_entry_save(&p->ctx, &e, &err), 0);
}

static void put_mounts(struct place *p, const char *lines)
{
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(state_set(&p->ctx, "storage", "shop", "mounts", lines, &err), 0);
}

static void expect_args(struct place *p, const char *process, const char *phase, const char *want)
{
	AUTO_STRVEC flags = STRVEC_INIT;
	AUTO_FREE char *got = NULL;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(storage_args(&p->ctx, "shop", process, phase, &flags, &err), 0);
	got = strvec_joined(&flags, " ");
	assert_string_equal(got, want);
}

static void containers_get_what_is_for_their_phase(void **state)
{
	struct place *p = *state;

	put_entry(p, "data", "/srv/data");
	put_entry(p, "cache", "cachevol");
	put_mounts(p, "{\"entry_name\":\"data\",\"container_path\":\"/d\",\"phases\":[\"deploy\"],"
		      "\"readonly\":true,\"volume_options\":\"Z\"}\n\n"
		      "{\"entry_name\":\"cache\",\"container_path\":\"/c\",\"phases\":[\"run\"],"
		      "\"process_type\":\"_default_\"}\n");
	expect_args(p, "web", "deploy", "-v /srv/data:/d:ro,Z");
	expect_args(p, NULL, "run", "-v cachevol:/c");
	expect_args(p, "web", "build", "");
}

static void mount_of_a_process_type_wins_over_that_of_all(void **state)
{
	struct place *p = *state;

	put_entry(p, "all", "/srv/all");
	put_entry(p, "own", "/srv/own");
	put_mounts(p, "{\"entry_name\":\"all\",\"container_path\":\"/d\",\"phases\":[\"deploy\"],"
		      "\"process_type\":\"_default_\"}\n"
		      "{\"entry_name\":\"own\",\"container_path\":\"/d\",\"phases\":[\"deploy\"],"
		      "\"process_type\":\"worker\"}\n"
		      "{\"entry_name\":\"own\",\"container_path\":\"/o\",\"phases\":[\"deploy\"],"
		      "\"process_type\":\"worker\"}\n");
	expect_args(p, "web", "deploy", "-v /srv/all:/d");
	expect_args(p, "worker", "deploy", "-v /srv/own:/d -v /srv/own:/o");
	/* One that belongs to no type gets everything, once. */
	expect_args(p, NULL, "deploy", "-v /srv/all:/d -v /srv/own:/o");
}

static void part_of_an_entry(void **state)
{
	struct place *p = *state;

	put_entry(p, "data", "/srv/data");
	put_entry(p, "volume", "vol1");
	put_mounts(p,
		"{\"entry_name\":\"data\",\"container_path\":\"/d\",\"phases\":[\"deploy\"],"
		"\"subpath\":\"a/b\"}\n"
		"{\"entry_name\":\"volume\",\"container_path\":\"/v\",\"phases\":[\"deploy\"],"
		"\"subpath\":\"up\",\"readonly\":true}\n");
	expect_args(p, "web", "deploy",
		"-v /srv/data/a/b:/d "
		"--mount=type=volume,source=vol1,target=/v,volume-subpath=up,readonly");
}

static void missing_entry_is_named(void **state)
{
	struct place *p = *state;
	AUTO_STRVEC flags = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	put_mounts(p,
		"{\"entry_name\":\"gone\",\"container_path\":\"/d\",\"phases\":[\"deploy\"]}");
	assert_int_equal(storage_args(&p->ctx, "shop", "web", "deploy", &flags, &err),
		-ERR_NOT_FOUND);
	assert_non_null(strstr(err.msg.buf, "references missing entry \"gone\""));
	assert_int_equal(flags.count, 0);
}

static void mounts_outside_are_refused(void **state)
{
	static const struct {
		const char *path;
		const char *subpath;
		const char *options;
		const char *phase;
	} rows[] = {
		{ "d", "", "", "deploy" },
		{ "/d:/x", "", "", "deploy" },
		{ "/d", "../x", "", "deploy" },
		{ "/d", "/etc", "", "deploy" },
		{ "/d", "", "ro:x", "deploy" },
		{ "/d", "", "", "build" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_STORAGE_MOUNT m = { .phases = STRVEC_INIT };
		AUTO_ERR err = ERR_INIT;

		storage_mount_init(&m);
		storage_put(&m.entry, "data");
		storage_put(&m.path, rows[i].path);
		storage_put(&m.subpath, rows[i].subpath);
		storage_put(&m.options, rows[i].options);
		strvec_push(&m.phases, rows[i].phase);
		assert_int_equal(storage_mount_check(&m, &err), -ERR_USAGE);
	}
}

static void presets_stand_for_numbers(void **state)
{
	struct place *p = *state;
	AUTO_FREE char *uid = NULL;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(storage_owner(&p->ctx, "false", &uid, &err), 0);
	assert_string_equal(uid, "false");
	free(TAKE_PTR(uid));
	assert_int_equal(storage_owner(&p->ctx, "65536", &uid, &err), -ERR_USAGE);
	err_clear(&err);
	assert_int_equal(storage_owner(&p->ctx, "nobody", &uid, &err), -ERR_USAGE);
	assert_string_equal(err_text(&err), "Unsupported chown permissions");
}

#define PLACED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha1_is_that_of_the_standard),
		cmocka_unit_test(text_becomes_a_mount_of_everything),
		cmocka_unit_test(volume_has_a_name_of_its_own),
		cmocka_unit_test(text_that_is_no_mount_is_refused),
		PLACED(entry_file_is_as_dokku_writes_it),
		cmocka_unit_test(broken_entry_is_an_error_not_a_crash),
		PLACED(names_lead_nowhere_else),
		cmocka_unit_test(name_has_a_limit_and_a_reserved_prefix),
		cmocka_unit_test(modes_are_octal),
		cmocka_unit_test(mount_line_is_as_dokku_writes_it),
		PLACED(containers_get_what_is_for_their_phase),
		PLACED(mount_of_a_process_type_wins_over_that_of_all),
		PLACED(part_of_an_entry),
		PLACED(missing_entry_is_named),
		cmocka_unit_test(mounts_outside_are_refused),
		PLACED(presets_stand_for_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
