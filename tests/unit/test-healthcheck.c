/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/fs.h"
#include "lib/healthcheck/healthcheck.h"
#include "lib/jsonc/jsonc.h"

/* --- a container that is not there: time passes only when the checks sleep --- */

struct fake {
	uint64_t age_ms;
	uint64_t stops_at_ms;    /* 0: never */
	uint64_t restarts_at_ms; /* 0: never */
	uint64_t up_at_ms;       /* answers from then on */
	bool interrupted;
	int status;
	const char *body;
	int code;
	enum healthcheck_listening listens;
	int tries;
	uint64_t slept_ms;
	struct strbuf asked;
};

static int fake_state(void *cookie, struct healthcheck_state *ret, struct err *err)
{
	struct fake *f = cookie;

	(void)err;
	*ret = (struct healthcheck_state){
		.running = !f->stops_at_ms || f->age_ms < f->stops_at_ms,
		.restarts = f->restarts_at_ms && f->age_ms >= f->restarts_at_ms,
		.age_ms = f->age_ms,
	};
	return 0;
}

static int fake_exec(void *cookie, char *const *argv, uint64_t timeout_ms, struct strbuf *out,
	int *ret_code, struct err *err)
{
	struct fake *f = cookie;

	(void)err;
	f->tries++;
	for (size_t i = 0; argv[i]; i++)
		strbuf_addf(&f->asked, "[%s]", argv[i]);
	strbuf_addf(&f->asked, "%llu", (unsigned long long)timeout_ms);
	strbuf_addstr(out, "said something\n");
	*ret_code = f->age_ms >= f->up_at_ms ? f->code : 1;
	return 0;
}

static int fake_fetch(void *cookie, const struct healthcheck_request *rq, int *ret_status,
	struct strbuf *body, struct err *err)
{
	struct fake *f = cookie;

	f->tries++;
	strbuf_addf(&f->asked, "%s %u %s;", rq->scheme, rq->port, rq->path);
	if (f->age_ms < f->up_at_ms)
		return err_set(err, ERR_SYS, "connection refused");
	*ret_status = f->status;
	strbuf_addstr(body, f->body ? f->body : "");
	return 0;
}

static int fake_listening(void *cookie, unsigned port, struct err *err)
{
	struct fake *f = cookie;

	(void)err;
	f->tries++;
	strbuf_addf(&f->asked, "%u;", port);
	return (int)f->listens;
}

static bool fake_sleep(void *cookie, uint64_t ms)
{
	struct fake *f = cookie;

	f->age_ms += ms;
	f->slept_ms += ms;
	return !f->interrupted;
}

static const struct healthcheck_ops fake_ops = { fake_state, fake_exec, fake_fetch, fake_listening,
	fake_sleep };

/* --- helpers --- */

static int parse(const char *text, const char *process, struct healthchecks *list, struct err *err)
{
	json_t *root = NULL;
	int r = jsonc_parse(text, strlen(text), &root, err);

	assert_int_equal(r, 0);
	r = healthchecks_parse(root, process, list, err);
	json_decref(root);
	return r;
}

/* Parses one entry of web and runs it. */
static int run_entry(const char *entry, struct fake *f, struct err *err)
{
	AUTO_HEALTHCHECKS list = HEALTHCHECKS_INIT;
	AUTO_STRBUF text = STRBUF_INIT;

	strbuf_addf(&text, "{\"healthchecks\":{\"web\":[%s]}}", entry);
	assert_int_equal(parse(text.buf, "web", &list, err), 1);
	assert_int_equal(list.count, 1);
	strbuf_init(&f->asked, 0);
	return healthcheck_run(&list.items[0], 5000, &fake_ops, f, err);
}

#define ENTRY(members) "{\"type\":\"startup\"," members "}"

/* --- reading --- */

static void app_json_entry_takes_every_field(void **state)
{
	AUTO_HEALTHCHECKS list = HEALTHCHECKS_INIT;
	AUTO_ERR err = ERR_INIT;
	const struct healthcheck *c;

	(void)state;
	assert_int_equal(parse("{\"healthchecks\": {\"web\": [ {\"type\": \"startup\","
			       "\"name\": \"n\", \"path\": \"health\", \"content\": \"up\","
			       "\"scheme\": \"https\", \"port\": 81, \"attempts\": 7, \"timeout\": "
			       "8,"
			       "\"wait\": 9, \"initialDelay\": 10, \"warn\": true,"
			       "\"httpHeaders\": [{\"name\": \"A\", \"value\": \"b\"}],"
			       "\"onFailure\": {\"command\": \"tell 'the admin' now\","
			       "\"url\": \"http://x/\"}, // comment\n } ]}}",
				 "web", &list, &err),
		1);
	c = &list.items[0];
	assert_string_equal(c->name, "n");
	assert_int_equal(c->kind, HEALTHCHECK_HTTP);
	assert_string_equal(c->path, "/health");
	assert_string_equal(c->content, "up");
	assert_string_equal(c->scheme, "https");
	assert_int_equal(c->port, 81);
	assert_int_equal(c->attempts, 7);
	assert_int_equal(c->timeout_s, 8);
	assert_int_equal(c->wait_s, 9);
	assert_int_equal(c->delay_s, 10);
	assert_true(c->warn);
	assert_string_equal(c->headers.items[0], "A: b");
	assert_int_equal(c->failure_command.count, 3);
	assert_string_equal(c->failure_command.items[1], "the admin");
	assert_string_equal(c->failure_url, "http://x/");
}

static void app_json_entry_has_defaults(void **state)
{
	AUTO_HEALTHCHECKS list = HEALTHCHECKS_INIT;
	AUTO_ERR err = ERR_INIT;
	const struct healthcheck *c;

	(void)state;
	assert_int_equal(parse("{\"healthchecks\":{\"web\":[" ENTRY("\"path\":\"/\"") "]}}", "web",
				 &list, &err),
		1);
	c = &list.items[0];
	assert_int_equal(c->attempts, 3);
	assert_int_equal(c->timeout_s, 5);
	assert_int_equal(c->wait_s, 5);
	assert_int_equal(c->delay_s, 0);
	assert_int_equal(c->port, 0);
	assert_string_equal(c->scheme, "http");
	assert_string_equal(c->name, "path /");
	assert_false(c->warn);
}

static void only_startup_entries_are_taken(void **state)
{
	AUTO_HEALTHCHECKS list = HEALTHCHECKS_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(parse("{\"healthchecks\":{\"web\":[{\"type\":\"liveness\",\"path\":\"/\"},"
			       "{\"type\":\"readiness\",\"uptime\":1},"
			       "{\"name\":\"forgot\",\"path\":\"/\"}]}}",
				 "web", &list, &err),
		1);
	assert_int_equal(list.count, 0);
	assert_int_equal(list.notes.count, 1);
	assert_non_null(strstr(list.notes.items[0], "forgot"));
}

static void other_processes_have_no_checks(void **state)
{
	AUTO_HEALTHCHECKS list = HEALTHCHECKS_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(parse("{\"healthchecks\":{\"web\":[" ENTRY("\"uptime\":1") "]}}", "worker",
				 &list, &err),
		0);
	assert_int_equal(list.count, 0);
	assert_int_equal(healthchecks_parse(NULL, "web", &list, &err), 0);
}

static void mixing_ways_of_checking_is_refused(void **state)
{
	static const char *const mixed[] = {
		ENTRY("\"path\":\"/\",\"uptime\":3"),
		ENTRY("\"path\":\"/\",\"command\":[\"true\"]"),
		ENTRY("\"listening\":true,\"command\":[\"true\"]"),
		ENTRY("\"listening\":true,\"uptime\":1"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mixed); i++) {
		AUTO_HEALTHCHECKS list = HEALTHCHECKS_INIT;
		AUTO_STRBUF text = STRBUF_INIT;
		AUTO_ERR err = ERR_INIT;

		strbuf_addf(&text, "{\"healthchecks\":{\"web\":[%s]}}", mixed[i]);
		assert_int_equal(parse(text.buf, "web", &list, &err), -ERR_INVALID);
		assert_non_null(strstr(err.msg.buf, "mixes"));
		assert_int_equal(list.count, 0);
	}
}

static void nonsense_is_refused(void **state)
{
	/* clang-format off */
	static const char *const bad[] = {
			"{\"healthchecks\":[]}",
			"{\"healthchecks\":{\"web\":{}}}",
			"{\"healthchecks\":{\"web\":[1]}}",
			"{\"healthchecks\":{\"web\":[" ENTRY("\"port\":70000") "]}}",
			"{\"healthchecks\":{\"web\":[" ENTRY("\"attempts\":-1") "]}}",
			"{\"healthchecks\":{\"web\":[" ENTRY("\"timeout\":\"5\"") "]}}",
			"{\"healthchecks\":{\"web\":[" ENTRY("\"path\":\"/a\\r\\nX: y\"") "]}}",
			"{\"healthchecks\":{\"web\":[" ENTRY(
				"\"path\":\"/\",\"scheme\":\"ftp\"") "]}}",
			"{\"healthchecks\":{\"web\":[" ENTRY(
				"\"path\":\"/"
				"\",\"httpHeaders\":[{\"name\":\"a\",\"value\":\"b\\nc\"}]") "]}}",
			"{\"healthchecks\":{\"web\":[" ENTRY(
				"\"uptime\":1,\"onFailure\":{\"command\":\"'open\"}") "]}}",
		};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO_HEALTHCHECKS list = HEALTHCHECKS_INIT;
		AUTO_ERR err = ERR_INIT;

		assert_int_equal(parse(bad[i], "web", &list, &err), -ERR_INVALID);
		assert_int_equal(list.count, 0);
	}
}

static void checks_file_is_converted(void **state)
{
	static const char text[] = "# comment\n"
				   "WAIT=2\nTIMEOUT=3 # seconds\nATTEMPTS=4\n\n"
				   "/            My App\n"
				   "//admin.example.com/x?a=b\n"
				   "https://secure.example.com\n";
	AUTO_HEALTHCHECKS list = HEALTHCHECKS_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(healthchecks_parse_file(text, strlen(text), &list, &err), 1);
	assert_int_equal(list.count, 3);
	assert_string_equal(list.items[0].path, "/");
	assert_string_equal(list.items[0].content, "My App");
	assert_int_equal(list.items[0].wait_s, 2);
	assert_int_equal(list.items[0].timeout_s, 3);
	assert_int_equal(list.items[0].attempts, 4);
	assert_string_equal(list.items[1].path, "/x?a=b");
	assert_string_equal(list.items[1].headers.items[0], "Host: admin.example.com");
	assert_string_equal(list.items[2].scheme, "https");
	assert_string_equal(list.items[2].path, "/");
}

static void checks_file_with_a_bad_setting_is_refused(void **state)
{
	AUTO_HEALTHCHECKS list = HEALTHCHECKS_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(healthchecks_parse_file("WAIT=soon\n/\n", 12, &list, &err), -ERR_INVALID);
	assert_int_equal(list.count, 0);
}

/* --- deciding --- */

static void uptime_waits_for_the_container_to_grow_old(void **state)
{
	struct fake f = { .age_ms = 400 };
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(run_entry(ENTRY("\"uptime\":3"), &f, &err), 0);
	assert_int_equal(f.slept_ms, 2600);
}

static void uptime_fails_when_the_container_ends_or_restarts(void **state)
{
	struct fake ends = { .stops_at_ms = 1000 };
	struct fake restarts = { .restarts_at_ms = 500 };
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(run_entry(ENTRY("\"uptime\":3"), &ends, &err), -ERR_FAILED);
	assert_non_null(strstr(err.msg.buf, "not running"));
	assert_true(ends.slept_ms <= 1000);
	err_clear(&err);
	assert_int_equal(run_entry(ENTRY("\"uptime\":3"), &restarts, &err), -ERR_FAILED);
	assert_non_null(strstr(err.msg.buf, "restarted"));
}

static void http_is_tried_again_until_it_answers(void **state)
{
	struct fake f = { .up_at_ms = 8000, .status = 204 };
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(run_entry(ENTRY("\"path\":\"/up\""), &f, &err), 0);
	assert_int_equal(f.tries, 3);
	assert_int_equal(f.slept_ms, 10000);
	assert_string_equal(f.asked.buf, "http 5000 /up;http 5000 /up;http 5000 /up;");
	strbuf_done(&f.asked);
}

static void http_fails_after_its_attempts(void **state)
{
	struct fake f = { .up_at_ms = UINT64_MAX };
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(run_entry(ENTRY("\"path\":\"/\",\"attempts\":2,\"wait\":1"), &f, &err),
		-ERR_SYS);
	assert_string_equal(err.msg.buf, "connection refused");
	assert_int_equal(f.tries, 2);
	assert_int_equal(f.slept_ms, 1000); /* none after the last */
	strbuf_done(&f.asked);
}

static void http_wants_2xx_and_the_content(void **state)
{
	static const struct {
		int status;
		const char *body;
		int result;
	} rows[] = {
		{ 199, "hello", -ERR_FAILED },
		{ 200, "say hello", 0 },
		{ 299, "hello", 0 },
		{ 300, "hello", -ERR_FAILED },
		{ 200, "HELLO", -ERR_FAILED },
		{ 500, "hello", -ERR_FAILED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake f = { .status = rows[i].status, .body = rows[i].body };
		AUTO_ERR err = ERR_INIT;

		assert_int_equal(run_entry(ENTRY("\"path\":\"/\",\"content\":\"hello\","
						 "\"attempts\":1"),
					 &f, &err),
			rows[i].result);
		strbuf_done(&f.asked);
	}
}

static void command_wants_exit_code_0(void **state)
{
	struct fake good = { 0 };
	struct fake bad = { .code = 3 };
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(run_entry(ENTRY("\"command\":[\"test\",\"-f x\"],\"timeout\":2"), &good,
				 &err),
		0);
	assert_string_equal(good.asked.buf, "[test][-f x]2000");
	assert_int_equal(run_entry(ENTRY("\"command\":[\"x\"],\"attempts\":1"), &bad, &err),
		-ERR_FAILED);
	assert_string_equal(err.msg.buf, "command 'x' ended with exit code 3: said something");
	strbuf_done(&good.asked);
	strbuf_done(&bad.asked);
}

static void listening_wants_all_addresses(void **state)
{
	struct fake all = { .listens = LISTENING_ALL };
	struct fake local = { .listens = LISTENING_LOCAL };
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(run_entry(ENTRY("\"listening\":true,\"port\":8080"), &all, &err), 0);
	assert_string_equal(all.asked.buf, "8080;");
	assert_int_equal(run_entry(ENTRY("\"listening\":true,\"attempts\":1"), &local, &err),
		-ERR_FAILED);
	assert_string_equal(local.asked.buf, "5000;");
	assert_non_null(strstr(err.msg.buf, "0.0.0.0"));
	strbuf_done(&all.asked);
	strbuf_done(&local.asked);
}

static void initial_delay_counts_from_the_start(void **state)
{
	struct fake f = { .age_ms = 1500, .status = 200 };
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(run_entry(ENTRY("\"path\":\"/\",\"initialDelay\":4"), &f, &err), 0);
	assert_int_equal(f.slept_ms, 2500);
	strbuf_done(&f.asked);
}

static void a_dead_container_is_not_asked_again(void **state)
{
	struct fake f = { .up_at_ms = UINT64_MAX, .age_ms = 2, .stops_at_ms = 1 };
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(run_entry(ENTRY("\"path\":\"/\",\"attempts\":100"), &f, &err), -ERR_SYS);
	assert_int_equal(f.tries, 1);
	strbuf_done(&f.asked);
}

static void interruption_ends_the_waiting(void **state)
{
	struct fake f = { .up_at_ms = UINT64_MAX, .interrupted = true };
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(run_entry(ENTRY("\"path\":\"/\",\"attempts\":100"), &f, &err),
		-ERR_SILENT);
	assert_int_equal(f.tries, 1);
	strbuf_done(&f.asked);
}

static void descriptions_name_what_is_checked(void **state)
{
	AUTO_HEALTHCHECKS list = HEALTHCHECKS_INIT;
	AUTO_STRBUF text = STRBUF_INIT;

	(void)state;
	healthchecks_add_uptime(&list, "default", 10);
	healthchecks_add_listening(&list, "port listening check", 5000);
	healthcheck_describe(&list.items[0], 5000, &text);
	assert_string_equal(text.buf, "Running healthcheck name='default' type='uptime' uptime=10");
	assert_true(list.items[1].warn);
}

/* As the kernel prints them: address and port in hexadecimal, state 0A is LISTEN. */
static void open_ports_are_found_in_the_kernels_table(void **state)
{
	static const char tcp[] =
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when\n"
		"   0: 00000000:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000\n"
		"   1: 0100007F:1389 00000000:0000 0A 00000000:00000000 00:00000000 00000000\n"
		"   2: 020011AC:138A 010011AC:C350 01 00000000:00000000 00:00000000 00000000\n";
	static const char tcp6[] = "  sl  local_address                         remote_address\n"
				   "   0: 00000000000000000000000000000000:1F90 "
				   "00000000000000000000000000000000:0000 0A 00000000:00000000\n";

	(void)state;
	assert_int_equal(healthcheck_scan_tcp(tcp, 5000), LISTENING_ALL);
	assert_int_equal(healthcheck_scan_tcp(tcp, 5001), LISTENING_LOCAL);
	assert_int_equal(healthcheck_scan_tcp(tcp, 5002), LISTENING_NOT); /* a connection */
	assert_int_equal(healthcheck_scan_tcp(tcp, 80), LISTENING_NOT);
	assert_int_equal(healthcheck_scan_tcp(tcp6, 8080), LISTENING_ALL);
	assert_int_equal(healthcheck_scan_tcp("", 80), LISTENING_NOT);
	assert_int_equal(healthcheck_scan_tcp(":\n::\n0: x:y z\n", 0), LISTENING_NOT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(app_json_entry_takes_every_field),
		cmocka_unit_test(app_json_entry_has_defaults),
		cmocka_unit_test(only_startup_entries_are_taken),
		cmocka_unit_test(other_processes_have_no_checks),
		cmocka_unit_test(mixing_ways_of_checking_is_refused),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(checks_file_is_converted),
		cmocka_unit_test(checks_file_with_a_bad_setting_is_refused),
		cmocka_unit_test(uptime_waits_for_the_container_to_grow_old),
		cmocka_unit_test(uptime_fails_when_the_container_ends_or_restarts),
		cmocka_unit_test(http_is_tried_again_until_it_answers),
		cmocka_unit_test(http_fails_after_its_attempts),
		cmocka_unit_test(http_wants_2xx_and_the_content),
		cmocka_unit_test(command_wants_exit_code_0),
		cmocka_unit_test(listening_wants_all_addresses),
		cmocka_unit_test(initial_delay_counts_from_the_start),
		cmocka_unit_test(a_dead_container_is_not_asked_again),
		cmocka_unit_test(interruption_ends_the_waiting),
		cmocka_unit_test(descriptions_name_what_is_checked),
		cmocka_unit_test(open_ports_are_found_in_the_kernels_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
