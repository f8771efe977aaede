/* SPDX-License-Identifier: MIT */
/* Rules of builds and releases that need neither an app nor an engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "builders/dockerfile/expose.h"
#include "core/appjson.h"
#include "core/phase_args.h"

/* --- ports --- */

static void assert_ports(const struct port_maps *maps, const char *expected)
{
	AUTO_STRBUF text = STRBUF_INIT;

	for (size_t i = 0; i < maps->count; i++)
		strbuf_addf(&text, "%s%s:%u:%u", i ? " " : "", maps->items[i].scheme,
			maps->items[i].host, maps->items[i].container);
	assert_string_equal(text.buf, expected);
}

static void expose_lines_become_port_maps(void **state)
{
	AUTO_PORT_MAPS maps = PORT_MAPS_INIT;

	expose_of_dockerfile("FROM x\nEXPOSE 8080 9090\nEXPOSE 443\nEXPOSE 53/udp\nEXPOSE "
			     "5000/tcp\r\n",
		&maps);
	assert_ports(&maps, "http:8080:8080 https:443:443 udp:53:53 http:5000:5000");
}

static void other_expose_lines_do_not_count(void **state)
{
	AUTO_PORT_MAPS maps = PORT_MAPS_INIT;

	expose_of_dockerfile("expose 1\n EXPOSE 2\n#EXPOSE 3\nEXPOSE\t4\nEXPOSE $PORT\nEXPOSE 0\n"
			     "EXPOSE 70000\nEXPOSE 6-7\nEXPOSE \n",
		&maps);
	assert_ports(&maps, "");
}

static void exposed_ports_of_an_image_are_sorted_as_text(void **state)
{
	AUTO_PORT_MAPS maps = PORT_MAPS_INIT;
	json_t *ports = json_pack("{s:{}, s:{}, s:{}}", "8080/tcp", "53/udp", "3000/tcp");

	expose_of_image(ports, &maps);
	assert_ports(&maps, "http:3000:3000 udp:53:53 http:8080:8080");
	json_decref(ports);
}

static void an_image_may_expose_nothing(void **state)
{
	AUTO_PORT_MAPS maps = PORT_MAPS_INIT;

	expose_of_image(NULL, &maps);
	assert_ports(&maps, "");
}

/* --- app.json --- */

static struct appjson_var read_var(json_t *entry)
{
	struct appjson_var v = APPJSON_VAR_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_true(appjson_var_read(entry, &v, &err) >= 0);
	json_decref(entry);
	return v;
}

static void a_string_is_a_value_for_the_first_deploy(void **state)
{
	AUTO_APPJSON_VAR v = read_var(json_string("blue"));

	assert_int_equal(appjson_decide(&v, true, NULL), APPJSON_VALUE);
	assert_int_equal(appjson_decide(&v, true, ""), APPJSON_VALUE);
	assert_int_equal(appjson_decide(&v, true, "red"), APPJSON_LEAVE);
	assert_int_equal(appjson_decide(&v, false, NULL), APPJSON_LEAVE);
	assert_true(v.required);
}

static void sync_sets_the_value_at_every_deploy(void **state)
{
	AUTO_APPJSON_VAR v = read_var(json_pack("{s:s, s:b}", "value", "blue", "sync", 1));

	assert_int_equal(appjson_decide(&v, false, "red"), APPJSON_VALUE);
	assert_int_equal(appjson_decide(&v, true, "red"), APPJSON_VALUE);
}

static void a_secret_is_generated_once_unless_it_is_synced(void **state)
{
	AUTO_APPJSON_VAR once = read_var(json_pack("{s:s}", "generator", "secret"));
	AUTO_APPJSON_VAR sync = read_var(json_pack("{s:s, s:b}", "generator", "secret", "sync", 1));

	assert_int_equal(appjson_decide(&once, true, NULL), APPJSON_GENERATE);
	assert_int_equal(appjson_decide(&once, true, "x"), APPJSON_LEAVE);
	assert_int_equal(appjson_decide(&once, false, NULL), APPJSON_LEAVE);
	assert_int_equal(appjson_decide(&sync, false, "x"), APPJSON_GENERATE);
}

static void a_variable_without_value_is_asked_for(void **state)
{
	AUTO_APPJSON_VAR v = read_var(json_pack("{s:b}", "required", 0));

	assert_false(v.required);
	assert_int_equal(appjson_decide(&v, true, NULL), APPJSON_ASK);
}

static void secrets_are_64_hex_digits_and_differ(void **state)
{
	char *a = appjson_secret();
	char *b = appjson_secret();

	assert_int_equal(strlen(a), 64);
	assert_int_equal(strspn(a, "0123456789abcdef"), 64);
	assert_string_not_equal(a, b);
	free(a);
	free(b);
}

static void formation_gives_quantities_only(void **state)
{
	AUTO_SCALE scale = SCALE_INIT;
	AUTO_ERR err = ERR_INIT;
	json_t *all = json_pack("{s:{s:{s:i}, s:{s:i}}}", "formation", "web", "quantity", 2,
		"worker", "max_parallel", 3);

	assert_int_equal(appjson_formation(all, &scale, &err), 0);
	assert_int_equal(scale.count, 1);
	assert_int_equal(scale_find(&scale, "web")->count, 2);
	json_decref(all);
}

static void a_negative_quantity_is_refused(void **state)
{
	AUTO_SCALE scale = SCALE_INIT;
	AUTO_ERR err = ERR_INIT;
	json_t *all = json_pack("{s:{s:{s:i}}}", "formation", "web", "quantity", -1);

	assert_int_equal(appjson_formation(all, &scale, &err), -ERR_INVALID);
	json_decref(all);
}

/* --- scripts --- */

static void assert_words(struct strvec *words, const char *expected)
{
	AUTO_STRBUF text = STRBUF_INIT;

	strvec_join(words, "|", &text);
	assert_string_equal(text.buf, expected);
}

static void scripts_run_in_the_shell(void **state)
{
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(phase_words(&(struct phase_command){ "make db", "/bin/sh" }, &words, &err),
		0);
	assert_words(&words, "/bin/sh|-c|set -e; set -o pipefail || true; make db || exit 1;");
}

static void an_entry_point_gets_the_words_instead(void **state)
{
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;
	json_t *entry = json_pack("[s]", "/run.sh");

	assert_int_equal(phase_words(&(struct phase_command){ "make 'the db'", "/bin/sh", entry },
				 &words, &err),
		0);
	assert_words(&words, "make|the db");
	json_decref(entry);
}

static void tini_is_no_entry_point_of_its_own(void **state)
{
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;
	json_t *entry = json_pack("[s, s]", "/usr/bin/tini", "--");

	assert_int_equal(phase_words(&(struct phase_command){ "true", "/bin/sh", entry }, &words,
				 &err),
		0);
	assert_string_equal(words.items[0], "/bin/sh");
	json_decref(entry);
}

static void scripts_of_herokuish_run_in_the_app_with_its_profile(void **state)
{
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;
	json_t *entry = json_pack("[s]", "/run.sh");
	struct phase_command c = { "env", "/bin/bash", entry, .herokuish = true, .trace = true };

	assert_int_equal(phase_words(&c, &words, &err), 0);
	assert_words(&words, "/bin/bash|-c|set -e; set -o pipefail || true; set -x; "
			     "if [ -d /app ]; then export HOME=/app; cd /app; fi; "
			     "for file in /app/.profile.d/*; do if [ -f \"$file\" ]; then . "
			     "\"$file\"; fi; done; env || exit 1;");
	json_decref(entry);
}

static void limits_and_ports_are_no_business_of_scripts(void **state)
{
	AUTO_STRVEC flags = STRVEC_INIT;

	strvec_pushl(&flags, "--memory=1g", "-p", "80:80", "--env=A", "--restart", "always", "-P",
		"--volume", "/a:/b", "--memory-swap", "2g", NULL);
	phase_filter_flags(&flags);
	assert_words(&flags, "--env=A|--volume|/a:/b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expose_lines_become_port_maps),
		cmocka_unit_test(other_expose_lines_do_not_count),
		cmocka_unit_test(exposed_ports_of_an_image_are_sorted_as_text),
		cmocka_unit_test(an_image_may_expose_nothing),
		cmocka_unit_test(a_string_is_a_value_for_the_first_deploy),
		cmocka_unit_test(sync_sets_the_value_at_every_deploy),
		cmocka_unit_test(a_secret_is_generated_once_unless_it_is_synced),
		cmocka_unit_test(a_variable_without_value_is_asked_for),
		cmocka_unit_test(secrets_are_64_hex_digits_and_differ),
		cmocka_unit_test(formation_gives_quantities_only),
		cmocka_unit_test(a_negative_quantity_is_refused),
		cmocka_unit_test(scripts_run_in_the_shell),
		cmocka_unit_test(an_entry_point_gets_the_words_instead),
		cmocka_unit_test(tini_is_no_entry_point_of_its_own),
		cmocka_unit_test(scripts_of_herokuish_run_in_the_app_with_its_profile),
		cmocka_unit_test(limits_and_ports_are_no_business_of_scripts),
	};

	return cmocka_run_group_tests_name("release", tests, NULL, NULL);
}
