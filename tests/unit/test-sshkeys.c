/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "lib/sshkeys/sshkeys.h"

/* Keys made for this test; the private halves were thrown away. */
#define BLOB_A "AAAAC3NzaC1lZDI1NTE5AAAAIOrWUDqMJC4xVV8viwUkqx+fB/BM+DnkEsjllo4IsK/3"
#define KEY_A  "ssh-ed25519 " BLOB_A
#define FP_A   "SHA256:ocEudAR6A2/NTkxKmYUF2vCRki03esoJ9MmmrPVsPa0"
#define KEY_B  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEqc3zIgQTBGvxwGXn9DZ7u2WxAtnN2SbkNGvEwnEHM"
#define FP_B   "SHA256:w525ACfJrP6P9RFXHaWtK8LX4BjpVbay/zDlkEescTs"

#define OPTIONS "no-agent-forwarding,no-user-rc,no-X11-forwarding,no-port-forwarding"
#define LINE(fp, name, key)                                                                        \
	"command=\"FINGERPRINT=" fp " NAME=\\\"" name                                              \
	"\\\" `cat /home/dokku/.sshcommand` $SSH_ORIGINAL_COMMAND\"," OPTIONS " " key

static void parse(const char *text, struct sshkeys *k)
{
	AUTO_ERR err = ERR_INIT;

	if (sshkeys_parse(text, strlen(text), k, &err) < 0)
		fail_msg("%s", err_text(&err));
}

static void check_text(const struct sshkeys *k, const char *want)
{
	AUTO_STRBUF out = STRBUF_INIT;

	sshkeys_write(k, &out);
	assert_string_equal(out.buf, want);
}

static void parses_a_line_into_its_parts(void **state)
{
	AUTO_SSHKEYS k = SSHKEYS_INIT;

	(void)state;
	parse(LINE(FP_A, "jane doe", KEY_A " me@host 1\n"), &k);
	assert_int_equal(k.count, 1);
	assert_string_equal(k.lines[0].fingerprint, FP_A);
	assert_string_equal(k.lines[0].name, "jane doe");
	assert_string_equal(k.lines[0].options, OPTIONS);
	assert_string_equal(k.lines[0].public_key, KEY_A " me@host 1");
	assert_string_equal(k.lines[0].key.type, "ssh-ed25519");
	assert_string_equal(k.lines[0].key.base64, BLOB_A);
	assert_string_equal(k.lines[0].key.comment, "me@host 1");
}

static void options_may_hold_quotes_and_blanks(void **state)
{
	AUTO_SSHKEYS k = SSHKEYS_INIT;

	(void)state;
	parse("command=\"FINGERPRINT=" FP_A
	      " NAME=old `cat /h/.sshcommand` $SSH_ORIGINAL_COMMAND\","
	      "from=\"10.0.0.1, 10.0.0.2\",environment=\"A=\\\"b\\\"\",no-pty " KEY_A "\n",
		&k);
	assert_string_equal(k.lines[0].name, "old");
	assert_string_equal(k.lines[0].options,
		"from=\"10.0.0.1, 10.0.0.2\",environment=\"A=\\\"b\\\"\",no-pty");
	assert_string_equal(k.lines[0].public_key, KEY_A);
}

static void foreign_lines_stay_byte_for_byte(void **state)
{
	static const char text[] = "# a comment\r\n\n  \t\n" KEY_A " plain\nno key at all\n"
				   "command=\"date\",no-pty " KEY_B
				   "\n\xff\xfe\n" LINE(FP_B, "b", KEY_B) "\nlast without newline";
	AUTO_SSHKEYS k = SSHKEYS_INIT;

	(void)state;
	parse(text, &k);
	assert_int_equal(k.count, 9);
	check_text(&k, text);
	assert_null(k.lines[3].name);
	assert_string_equal(k.lines[3].key.base64, BLOB_A);
	assert_null(k.lines[5].name);
	assert_string_equal(k.lines[5].key.type, "ssh-ed25519");
	assert_string_equal(k.lines[7].name, "b");
	assert_int_equal(sshkeys_first_bad_line(&k), 5);
	assert_int_equal(sshkeys_remove_name(&k, "b"), 1);
	assert_int_equal(k.count, 8);
}

static void nul_bytes_are_refused(void **state)
{
	AUTO_SSHKEYS k = SSHKEYS_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(sshkeys_parse("a\nb\0c\n", 6, &k, &err), -ERR_INVALID);
	assert_string_equal(err_text(&err), "line 2: NUL byte");
	assert_int_equal(k.count, 0);
}

/* Adds KEY_A under NAME to TEXT; the resulting file or "!message". */
static char *added(const char *text, const char *name, bool same_name, bool same_key)
{
	AUTO_SSHKEYS k = SSHKEYS_INIT;
	AUTO_SSHKEY key = SSHKEY_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	struct sshkeys_new add = { .name = name,
		.key = &key,
		.fingerprint = FP_A,
		.home = "/home/dokku",
		.allow_same_name = same_name,
		.allow_same_key = same_key };

	parse(text, &k);
	assert_int_equal(sshkey_parse(KEY_A " me\n", strlen(KEY_A " me\n"), &key, &err), 0);
	if (sshkeys_add(&k, &add, &err) < 0)
		strbuf_addf(&out, "!%d %s", (int)err.kind, err_text(&err));
	else
		sshkeys_write(&k, &out);
	return strbuf_detach(&out);
}

static void check_added(const char *text, const char *name, const char *want)
{
	AUTO_FREE char *got = added(text, name, false, false);

	assert_string_equal(got, want);
}

static void add_writes_the_line_of_the_documentation(void **state)
{
	(void)state;
	check_added("", "jane",
		"command=\"FINGERPRINT=" FP_A " NAME=\\\"jane\\\" "
		"`cat /home/dokku/.sshcommand` $SSH_ORIGINAL_COMMAND\","
		"no-agent-forwarding,no-user-rc,no-X11-forwarding,no-port-forwarding "
		"ssh-ed25519 " BLOB_A " me\n");
	check_added("# open end", "j", "# open end\n" LINE(FP_A, "j", KEY_A " me\n"));
}

static void add_refuses_duplicates(void **state)
{
	AUTO_FREE char *both = NULL;

	(void)state;
	check_added(LINE(FP_B, "jane", KEY_B "\n"), "jane", "!3 Duplicate ssh key name");
	check_added(LINE(FP_A, "jane", KEY_A "\n"), "joe", "!3 Duplicate ssh public key specified");
	check_added(KEY_A " foreign\n", "joe", "!3 Duplicate ssh public key specified");
	/* a name is no pattern, and no part of one */
	check_added(LINE(FP_B, "jane", KEY_B "\n"), "j.ne",
		LINE(FP_B, "jane", KEY_B "\n") LINE(FP_A, "j.ne", KEY_A " me\n"));
	both = added(LINE(FP_A, "jane", KEY_A "\n"), "jane", true, true);
	assert_string_equal(both, LINE(FP_A, "jane", KEY_A "\n") LINE(FP_A, "jane", KEY_A " me\n"));
}

static void add_refuses_what_could_leave_the_quotes(void **state)
{
	AUTO_SSHKEYS k = SSHKEYS_INIT;
	AUTO_SSHKEY key = SSHKEY_INIT;
	AUTO_ERR err = ERR_INIT;
	struct sshkeys_new bad[] = {
		{ "a\\\"b", &key, FP_A, NULL, "/home/dokku", false, false },
		{ "a", &key, FP_A, NULL, "/home/`id`", false, false },
		{ "a", &key, FP_A, NULL, "relative", false, false },
		{ "a", &key, FP_A "\"", NULL, "/home/dokku", false, false },
		{ "a", &key, "MD5:00", NULL, "/home/dokku", false, false },
		{ "a", &key, FP_A, "no-pty x", "/home/dokku", false, false },
		{ "a", &key, FP_A, "no-pty\nssh-rsa", "/home/dokku", false, false },
		{ "a", &key, FP_A, "", "/home/dokku", false, false },
	};

	(void)state;
	assert_int_equal(sshkey_parse(KEY_A, strlen(KEY_A), &key, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(sshkeys_add(&k, &bad[i], &err), -ERR_INVALID);
		err_clear(&err);
	}
	assert_int_equal(k.count, 0);
}

static void removes_exact_names_and_fingerprints(void **state)
{
	AUTO_SSHKEYS k = SSHKEYS_INIT;

	(void)state;
	parse(LINE(FP_A, "a", KEY_A "\n") "# c\n" LINE(FP_B, "ab", KEY_B "\n")
			LINE(FP_B, "a", KEY_B),
		&k);
	assert_int_equal(sshkeys_remove_name(&k, "."), 0);
	assert_int_equal(sshkeys_remove_name(&k, "a.*"), 0);
	assert_int_equal(sshkeys_remove_name(&k, "a"), 2);
	check_text(&k, "# c\n" LINE(FP_B, "ab", KEY_B "\n"));
	assert_int_equal(sshkeys_remove_fingerprint(&k, FP_A), 0);
	assert_int_equal(sshkeys_remove_fingerprint(&k, "SHA256:"), 0);
	assert_int_equal(sshkeys_remove_fingerprint(&k, FP_B), 1);
	check_text(&k, "# c\n");
}

#define TWO LINE(FP_A, "jane", KEY_A " me@host\n") "# x\n" LINE(FP_B, "bob b", KEY_B "\n")

static void lists_as_text(void **state)
{
	AUTO_SSHKEYS k = SSHKEYS_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	parse(TWO, &k);
	assert_int_equal(sshkeys_list_text(&k, NULL, &out, &err), 0);
	assert_string_equal(out.buf,
		FP_A " NAME=\"jane\" SSHCOMMAND_ALLOWED_KEYS=\"" OPTIONS "\"\n" FP_B
		     " NAME=\"bob b\" SSHCOMMAND_ALLOWED_KEYS=\"" OPTIONS "\"\n");
	strbuf_clear(&out);
	assert_int_equal(sshkeys_list_text(&k, "bob b", &out, &err), 0);
	assert_string_equal(out.buf,
		FP_B " NAME=\"bob b\" SSHCOMMAND_ALLOWED_KEYS=\"" OPTIONS "\"\n");
	strbuf_clear(&out);
	assert_int_equal(sshkeys_list_text(&k, "bob", &out, &err), -ERR_NOT_FOUND);
	assert_int_equal(out.len, 0);
}

static void check_json(const struct sshkeys *k, const char *name, const char *want)
{
	AUTO_STRBUF out = STRBUF_INIT;

	sshkeys_list_json(k, name, &out);
	assert_string_equal(out.buf, want);
}

static void lists_as_json(void **state)
{
	AUTO_SSHKEYS k = SSHKEYS_INIT;
	AUTO_SSHKEYS none = SSHKEYS_INIT;

	(void)state;
	parse(TWO, &k);
	check_json(&k, NULL,
		"[{ \"fingerprint\": \"" FP_A "\", \"name\": \"jane\", "
		"\"SSHCOMMAND_ALLOWED_KEYS\": \"" OPTIONS "\", \"public-key\": \"" KEY_A
		" me@host\" },"
		"{ \"fingerprint\": \"" FP_B "\", \"name\": \"bob b\", "
		"\"SSHCOMMAND_ALLOWED_KEYS\": \"" OPTIONS "\", \"public-key\": \"" KEY_B "\" }]\n");
	check_json(&k, "bob b",
		"[{\"fingerprint\":\"" FP_B "\",\"name\":\"bob b\","
		"\"SSHCOMMAND_ALLOWED_KEYS\":\"" OPTIONS "\",\"public-key\":\"" KEY_B "\"}]\n");
	check_json(&k, "nobody", "[]\n");
	check_json(&none, NULL, "[]\n");
}

static void check_key(const char *text, size_t len, const char *want)
{
	AUTO_SSHKEY k = SSHKEY_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(sshkey_parse(text, len, &k, &err), -ERR_INVALID);
	assert_string_equal(err_text(&err), want);
	assert_null(k.type);
}

static void key_texts_that_are_refused(void **state)
{
	const char *type = "the ssh public key does not start with a known type "
			   "(options are not allowed)";
	const char *lines = KEY_A "\n" KEY_B "\n";
	const char *options = "no-pty " KEY_A;
	const char *other = "ssh-rsa " BLOB_A;
	const char *cut = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5";
	const char *control = KEY_A " a\x1b[0m";

	(void)state;
	check_key("", 0, "the ssh public key is empty");
	check_key(" \n", 2, "the ssh public key is empty");
	check_key(lines, strlen(lines), "more than one line where one key is expected");
	check_key(options, strlen(options), type);
	check_key("ssh-foo AAAA", 12, type);
	check_key("-----BEGIN OPENSSH PRIVATE KEY-----", 35, type);
	check_key(other, strlen(other), "the ssh public key is not a whole ssh-rsa key");
	check_key(cut, strlen(cut), "the ssh public key is not a whole ssh-ed25519 key");
	check_key("ssh-ed25519", 11, "the ssh public key is not a whole ssh-ed25519 key");
	check_key(control, strlen(control),
		"the ssh public key's comment holds control characters or invalid UTF-8");
	check_key(KEY_A "\0", sizeof(KEY_A), "the ssh public key holds a NUL byte");
}

static void key_text_may_have_blanks_around(void **state)
{
	AUTO_SSHKEY k = SSHKEY_INIT;
	AUTO_ERR err = ERR_INIT;
	const char *text = " " KEY_A "\t gr\xc3\xbc\xc3\x9f you \r\n";

	(void)state;
	assert_int_equal(sshkey_parse(text, strlen(text), &k, &err), 0);
	assert_string_equal(k.base64, BLOB_A);
	assert_string_equal(k.comment, "gr\xc3\xbc\xc3\x9f you");
}

static void fingerprint_is_that_of_ssh_keygen(void **state)
{
	AUTO_SSHKEY k = SSHKEY_INIT;
	AUTO_FREE char *fp = NULL;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(sshkey_parse(KEY_A " c", strlen(KEY_A " c"), &k, &err), 0);
	assert_int_equal(sshkey_fingerprint(&k, &fp, &err), 0);
	assert_string_equal(fp, FP_A);
}

static void fingerprint_of_a_broken_key_is_an_error(void **state)
{
	AUTO_SSHKEY k = SSHKEY_INIT;
	AUTO_FREE char *fp = NULL;
	AUTO_ERR err = ERR_INIT;
	/* the right type in front, one byte instead of a key behind */
	const char *text = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AA==";

	(void)state;
	assert_int_equal(sshkey_parse(text, strlen(text), &k, &err), 0);
	assert_int_equal(sshkey_fingerprint(&k, &fp, &err), -ERR_INVALID);
	assert_string_equal(err_text(&err), "Invalid ssh public key");
	assert_null(fp);
}

static void key_types_of_the_real_ssh_keygen(void **state)
{
	static const char *const types[] = { "ed25519", "rsa", "ecdsa" };
	AUTO_FREE char *dir = xstrdup("/tmp/moorage-test-XXXXXX");
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		AUTO_FREE char *path = path_join(dir, types[i]);
		AUTO_FREE char *public = xasprintf("%s.pub", path);
		AUTO_CHILD c = CHILD_INIT;
		AUTO_STRBUF text = STRBUF_INIT;
		AUTO_SSHKEY k = SSHKEY_INIT;
		AUTO_FREE char *fp = NULL;
		struct child_status st;

		strvec_pushl(&c.argv, "ssh-keygen", "-q", "-t", types[i], "-N", "", "-f", path,
			NULL);
		assert_int_equal(child_run(&c, &st, &err), 0);
		assert_int_equal(st.code, 0);
		assert_int_equal(fs_read(public, SSHKEY_TEXT_MAX, &text, &err), 0);
		assert_int_equal(sshkey_parse(text.buf, text.len, &k, &err), 0);
		assert_int_equal(sshkey_fingerprint(&k, &fp, &err), 0);
		assert_true(str_starts(fp, "SHA256:"));
	}
	assert_int_equal(fs_rm_rf(dir, &err), 0);
}

static void check_name(const char *name, const char *want)
{
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(sshkey_name_check(name, &err), want ? -ERR_INVALID : 0);
	assert_string_equal(err_text(&err), want ? want : "");
}

static void names(void **state)
{
	AUTO_FREE char *longest = xcalloc(SSHKEY_NAME_MAX + 2, 1);

	(void)state;
	check_name("admin", NULL);
	check_name("jane doe@host (laptop), 2", NULL);
	check_name("J\xc3\xbcrgen", NULL);
	memset(longest, 'a', SSHKEY_NAME_MAX);
	check_name(longest, NULL);
	longest[SSHKEY_NAME_MAX] = 'a';
	check_name(longest, "the ssh key name is longer than 128 bytes");
	check_name("", "the ssh key name is empty");
	check_name("a\nb", "the ssh key name holds a control character");
	check_name("a\x7f", "the ssh key name holds a control character");
	check_name("a\xc2\x9b", "the ssh key name holds a control character");
	check_name("a\xff", "the ssh key name is not valid UTF-8");
	check_name("a\"", "the ssh key name holds one of \" ' ` \\ $");
	check_name("a'", "the ssh key name holds one of \" ' ` \\ $");
	check_name("`id`", "the ssh key name holds one of \" ' ` \\ $");
	check_name("a\\", "the ssh key name holds one of \" ' ` \\ $");
	check_name("$x", "the ssh key name holds one of \" ' ` \\ $");
	check_name(" a", "the ssh key name starts or ends with a space");
	check_name("--fingerprint", "the ssh key name starts with a dash");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_a_line_into_its_parts),
		cmocka_unit_test(options_may_hold_quotes_and_blanks),
		cmocka_unit_test(foreign_lines_stay_byte_for_byte),
		cmocka_unit_test(nul_bytes_are_refused),
		cmocka_unit_test(add_writes_the_line_of_the_documentation),
		cmocka_unit_test(add_refuses_duplicates),
		cmocka_unit_test(add_refuses_what_could_leave_the_quotes),
		cmocka_unit_test(removes_exact_names_and_fingerprints),
		cmocka_unit_test(lists_as_text),
		cmocka_unit_test(lists_as_json),
		cmocka_unit_test(key_texts_that_are_refused),
		cmocka_unit_test(key_text_may_have_blanks_around),
		cmocka_unit_test(fingerprint_is_that_of_ssh_keygen),
		cmocka_unit_test(fingerprint_of_a_broken_key_is_an_error),
		cmocka_unit_test(key_types_of_the_real_ssh_keygen),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
