/* SPDX-License-Identifier: MIT */
/* Archives made in memory, as another program reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/child.h"
#include "lib/tar/tar.h"

/* What the tar program makes of it. */
static char *read_by_tar(const struct strbuf *tar, const char *option)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_ERR err = ERR_INIT;
	struct strbuf out = STRBUF_INIT;
	struct child_status st = { 0 };

	strvec_pushl(&c.argv, "tar", "--numeric-owner", "--file=-", option, NULL);
	strvec_pushl(&c.env, "LC_ALL=C", "TZ=UTC", NULL);
	assert_true(child_capture(&c, tar, &out, NULL, &st, &err) >= 0);
	assert_int_equal(st.code, 0);
	return strbuf_detach(&out);
}

static void owners_modes_and_sizes_are_kept(void **state)
{
	AUTO_STRBUF tar = STRBUF_INIT;
	char *list;

	tar_add_dir(&tar, "app", 0755, (struct tar_owner){ 0, 0 });
	tar_add_file(&tar, "app/.env", 0640, (struct tar_owner){ 32767, 2097151 }, "A=1\n", 4);
	tar_end(&tar);
	list = read_by_tar(&tar, "--list");
	assert_string_equal(list, "app\napp/.env\n");
	free(list);
	list = read_by_tar(&tar, "-tv");
	assert_non_null(strstr(list, "drwxr-xr-x 0/0"));
	assert_non_null(strstr(list, "-rw-r----- 32767/2097151"));
	assert_non_null(strstr(list, " 4 1970-01-01 00:00 app/.env\n"));
	free(list);
}

static void content_comes_back_as_it_was(void **state)
{
	char data[1025];
	AUTO_STRBUF tar = STRBUF_INIT;
	char *text;

	memset(data, 'x', sizeof(data) - 1);
	data[sizeof(data) - 1] = '\0';
	tar_add_file(&tar, "empty", 0644, (struct tar_owner){ 0, 0 }, "", 0);
	tar_add_file(&tar, "block", 0644, (struct tar_owner){ 0, 0 }, data, 512);
	tar_add_file(&tar, "more", 0644, (struct tar_owner){ 0, 0 }, data, 512);
	tar_end(&tar);
	assert_int_equal(tar.len % 512, 0);
	text = read_by_tar(&tar, "-xO");
	assert_string_equal(text, data);
	free(text);
}

static void a_name_may_be_longer_than_its_field(void **state)
{
	char name[301];
	AUTO_STRBUF tar = STRBUF_INIT;
	char *list;

	memset(name, 'K', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	tar_add_file(&tar, name, 0600, (struct tar_owner){ 0, 0 }, "v", 1);
	name[100] = '\0'; /* fills the field to its last byte */
	tar_add_file(&tar, name, 0600, (struct tar_owner){ 0, 0 }, "v", 1);
	tar_end(&tar);
	list = read_by_tar(&tar, "--list");
	assert_int_equal(strcspn(list, "\n"), 300);
	assert_int_equal(strlen(list + 301), 101);
	assert_int_equal(strspn(list + 301, "K"), 100);
	free(list);
}

static void the_first_regular_file_is_found(void **state)
{
	AUTO_STRBUF tar = STRBUF_INIT;
	const char *file = NULL;
	size_t len = 0;

	tar_add_dir(&tar, "etc", 0755, (struct tar_owner){ 0, 0 });
	tar_add_file(&tar, "etc/passwd", 0644, (struct tar_owner){ 0, 0 }, "root", 4);
	tar_add_file(&tar, "etc/more", 0644, (struct tar_owner){ 0, 0 }, "x", 1);
	tar_end(&tar);
	assert_true(tar_first_file(tar.buf, tar.len, &file, &len));
	assert_int_equal(len, 4);
	assert_memory_equal(file, "root", 4);
}

static void what_is_not_whole_has_no_file(void **state)
{
	AUTO_STRBUF tar = STRBUF_INIT;
	const char *file = NULL;
	size_t len = 0;

	tar_add_file(&tar, "file", 0644, (struct tar_owner){ 0, 0 }, "root", 4);
	assert_false(tar_first_file(tar.buf, 515, &file, &len));
	assert_true(tar_first_file(tar.buf, 516, &file, &len));
	memcpy(tar.buf + 124, "77777777777", 11);
	assert_false(tar_first_file(tar.buf, tar.len, &file, &len));
	memcpy(tar.buf + 124, "x", 1);
	assert_false(tar_first_file(tar.buf, tar.len, &file, &len));
	assert_false(tar_first_file("", 0, &file, &len));
	strbuf_clear(&tar);
	tar_add_dir(&tar, "folder", 0755, (struct tar_owner){ 0, 0 });
	tar_end(&tar);
	assert_false(tar_first_file(tar.buf, tar.len, &file, &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owners_modes_and_sizes_are_kept),
		cmocka_unit_test(content_comes_back_as_it_was),
		cmocka_unit_test(a_name_may_be_longer_than_its_field),
		cmocka_unit_test(the_first_regular_file_is_found),
		cmocka_unit_test(what_is_not_whole_has_no_file),
	};

	return cmocka_run_group_tests_name("tar", tests, NULL, NULL);
}
