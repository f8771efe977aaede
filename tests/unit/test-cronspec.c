/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/macro.h"
#include "lib/cronspec/cronspec.h"

#define BIT(n) (UINT64_C(1) << (n))

static struct cronspec parse(const char *text)
{
	struct cronspec spec;
	AUTO_ERR err = ERR_INIT;

	if (cronspec_parse(text, &spec, &err) < 0)
		fail_msg("'%s': %s", text, err_text(&err));
	return spec;
}

static void assert_refused(const char *text, const char *why)
{
	struct cronspec spec = { .zone = true };
	AUTO_ERR err = ERR_INIT;

	if (cronspec_parse(text, &spec, &err) != -ERR_INVALID)
		fail_msg("'%s' was taken", text);
	if (!strstr(err_text(&err), why))
		fail_msg("'%s': '%s' does not say '%s'", text, err_text(&err), why);
	assert_true(spec.zone && !spec.every); /* untouched */
}

static void test_values_lists_ranges_and_steps(void **state)
{
	struct cronspec s = parse("1,30 */6 1-3 2-10/4 1-5");

	assert_int_equal(s.sets[0], BIT(1) | BIT(30));
	assert_int_equal(s.sets[1], BIT(0) | BIT(6) | BIT(12) | BIT(18));
	assert_int_equal(s.sets[2], BIT(1) | BIT(2) | BIT(3));
	assert_int_equal(s.sets[3], BIT(2) | BIT(6) | BIT(10));
	assert_int_equal(s.sets[4], BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5));
	for (size_t i = 0; i < CRONSPEC_FIELDS; i++)
		assert_false(s.any[i]);
}

static void test_a_star_is_every_value(void **state)
{
	struct cronspec s = parse("* ? * * ?");

	assert_int_equal(s.sets[0], BIT(60) - 1);
	assert_int_equal(s.sets[1], BIT(24) - 1);
	assert_int_equal(s.sets[2], BIT(32) - 2);
	assert_int_equal(s.sets[3], BIT(13) - 2);
	assert_int_equal(s.sets[4], BIT(7) - 1);
	for (size_t i = 0; i < CRONSPEC_FIELDS; i++)
		assert_true(s.any[i]);
	assert_false(parse("*/2 * * * *").any[0]);
}

static void test_a_step_of_one_value_goes_on_to_the_end(void **state)
{
	assert_int_equal(parse("5/15 * * * *").sets[0], BIT(5) | BIT(20) | BIT(35) | BIT(50));
	assert_int_equal(parse("0 0 * oct/1 *").sets[3], BIT(10) | BIT(11) | BIT(12));
}

static void test_names_in_any_case(void **state)
{
	struct cronspec s = parse("0 0 * JAN,Mar-may sun,TUE");

	assert_int_equal(s.sets[3], BIT(1) | BIT(3) | BIT(4) | BIT(5));
	assert_int_equal(s.sets[4], BIT(0) | BIT(2));
}

static void test_white_space_of_any_kind_separates(void **state)
{
	assert_int_equal(parse(" 1\t2\n3  4 5 ").sets[0], BIT(1));
}

static void test_descriptors(void **state)
{
	static const char *const known[] = { "@yearly", "@annually", "@monthly", "@weekly",
		"@daily", "@midnight", "@hourly" };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		assert_false(parse(known[i]).every);
	assert_true(parse("@every 1h30m").every);
	assert_true(parse("@every 1.5h").every);
	assert_refused("@reboot", "not a descriptor");
	assert_refused("@Daily", "not a descriptor");
	assert_refused("@every", "not a descriptor");
	assert_refused("@every 5", "not a descriptor");
	assert_refused("@every -5m", "not a descriptor");
	assert_refused("@", "not a descriptor");
}

static void test_time_zones_are_recognised(void **state)
{
	struct cronspec s = parse("CRON_TZ=Asia/Tokyo 30 4 * * *");

	assert_true(s.zone);
	assert_int_equal(s.sets[1], BIT(4));
	assert_true(parse("TZ=UTC @daily").zone);
	assert_refused("TZ=UTC", "0 fields");
}

static void test_what_is_refused(void **state)
{
	assert_refused("", "0 fields, not 5");
	assert_refused("* * * *", "4 fields, not 5");
	assert_refused("* * * * * *", "6 fields, not 5");
	assert_refused("60 * * * *", "minute '60': it is not within 0 to 59");
	assert_refused("* 24 * * *", "hour '24': it is not within 0 to 23");
	assert_refused("* * 0 * *", "day of month '0'");
	assert_refused("* * 32 * *", "day of month '32'");
	assert_refused("* * * 13 *", "month '13': it is not within 1 to 12");
	assert_refused("* * * * 7", "day of week '7': it is not within 0 to 6");
	assert_refused("5-3 * * * *", "the range ends before it begins");
	assert_refused("1-2-3 * * * *", "more than one hyphen");
	assert_refused("*/2/3 * * * *", "more than one slash");
	assert_refused("*/0 * * * *", "the step");
	assert_refused("*/x * * * *", "the step");
	assert_refused("*/ * * * *", "the step");
	assert_refused("-5 * * * *", "neither a number nor a name");
	assert_refused("1- * * * *", "neither a number nor a name");
	assert_refused("1,,2 * * * *", "neither a number nor a name");
	assert_refused(", * * * *", "neither a number nor a name");
	assert_refused("*-5 * * * *", "neither a number nor a name");
	assert_refused("+5 * * * *", "neither a number nor a name");
	assert_refused("mon * * * *", "neither a number nor a name");
	assert_refused("0 0 * * monday", "neither a number nor a name");
	assert_refused("99999999999999999999 * * * *", "neither a number nor a name");
}

static void test_messages_are_short_and_printable(void **state)
{
	char text[CRONSPEC_TEXT_MAX + 2];
	struct cronspec s;
	AUTO_ERR err = ERR_INIT;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_refused(text, "longer than 1000 bytes");
	memcpy(text + 900, " * * * *", 9);
	text[0] = '\033';
	assert_int_equal(cronspec_parse(text, &s, &err), -ERR_INVALID);
	assert_true(strlen(err_text(&err)) < 120);
	assert_null(strchr(err_text(&err), '\033'));
}

static void assert_crontab(const char *text, const char *wanted)
{
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	if (cronspec_crontab(text, &out, &err) < 0)
		fail_msg("'%s': %s", text, err_text(&err));
	assert_string_equal(out.buf, wanted);
}

static void test_a_crontab_gets_what_cron_can_read(void **state)
{
	assert_crontab("0 5 * * mon-fri", "0 5 * * mon-fri");
	assert_crontab("*/10,59 00 1-7/2 JAN,dec 0", "*/10,59 00 1-7/2 JAN,dec 0");
	assert_crontab("@daily", "@daily");
	assert_crontab("5/15 ? * ?/2 tue/2", "5-59/15 * * */2 tue-6/2");
	assert_crontab("0  0\n* *\t*", "0 0 * * *");
}

static void test_what_cron_cannot_do_does_not_get_into_a_crontab(void **state)
{
	static const char *const texts[] = { "@every 1h", "TZ=UTC 0 0 * * *", "0 0 * * 7",
		"0 0 * * *\n* * * * * true" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO_STRBUF out = STRBUF_INIT;
		AUTO_ERR err = ERR_INIT;

		assert_int_equal(cronspec_crontab(texts[i], &out, &err), -ERR_INVALID);
		assert_int_equal(out.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_lists_ranges_and_steps),
		cmocka_unit_test(test_a_star_is_every_value),
		cmocka_unit_test(test_a_step_of_one_value_goes_on_to_the_end),
		cmocka_unit_test(test_names_in_any_case),
		cmocka_unit_test(test_white_space_of_any_kind_separates),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_time_zones_are_recognised),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_messages_are_short_and_printable),
		cmocka_unit_test(test_a_crontab_gets_what_cron_can_read),
		cmocka_unit_test(test_what_cron_cannot_do_does_not_get_into_a_crontab),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
