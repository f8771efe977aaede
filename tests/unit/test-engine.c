/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/timing.h"
#include "lib/engine/attach.h"
#include "lib/engine/containers.h"
#include "lib/engine/engine.h"
#include "lib/engine/exec.h"
#include "lib/engine/images.h"
#include "lib/engine/networks.h"
#include "lib/engine/quote.h"
#include "fake.h"
#include "streams.h"

/* --- calls --- */

static void version_is_negotiated_once_and_the_connection_kept(void **state)
{
	struct fake f;
	json_auto_t *info = NULL;
	json_auto_t *requests = NULL;

	(void)state;
	fake_start(&f, "1.47",
		"{'path': '/info', 'json': {'ID': 'x'}}, {'method': 'DELETE',"
		"'path': '/containers/web.1', 'status': 204}");
	assert_int_equal(engine_info(&f.e, &info, &f.err), 0);
	assert_string_equal(json_string_value(json_object_get(info, "ID")), "x");
	assert_int_equal(engine_container_remove(&f.e, "web.1", true, false, &f.err), 0);
	assert_int_equal(engine_api(&f.e, &f.err), 47);
	requests = fake_requests(&f);
	assert_int_equal(json_array_size(requests), 3);
	assert_string_equal(field(requests, 0, "target"), "/_ping");
	assert_string_equal(field(requests, 1, "target"), "/v1.47/info");
	assert_string_equal(field(requests, 2, "target"), "/v1.47/containers/web.1?force=1");
	assert_string_equal(field(requests, 2, "method"), "DELETE");
	assert_int_equal(conn_of(requests, 0), 1);
	assert_int_equal(conn_of(requests, 2), 1);
	fake_stop(&f);
}

static void newer_engines_are_spoken_to_in_the_newest_known_version(void **state)
{
	struct fake f;

	(void)state;
	fake_start(&f, "1.99", "");
	assert_int_equal(engine_api(&f.e, &f.err), ENGINE_API_MAX);
	fake_stop(&f);
}

static void engines_that_are_too_old_are_refused(void **state)
{
	struct fake f;

	(void)state;
	fake_start(&f, "1.40", "");
	assert_int_equal(engine_api(&f.e, &f.err), -ERR_REMOTE);
	assert_non_null(strstr(f.err.msg.buf, "speaks API 1.40; 1.41 or newer is needed"));
	fake_stop(&f);
}

static void version_comes_from_the_body_where_the_header_is_missing(void **state)
{
	struct fake f;

	(void)state;
	fake_start(&f, "", "{'path': '/version', 'json': {'ApiVersion': '1.44'}}");
	assert_int_equal(engine_api(&f.e, &f.err), 44);
	fake_stop(&f);
}

static void status_codes_become_error_kinds_with_the_message_quoted(void **state)
{
	struct fake f;
	json_auto_t *json = NULL;

	(void)state;
	fake_start(&f, "1.41",
		"{'path': '/a', 'status': 404, 'json': {'message': 'No such container: a'}},"
		"{'path': '/b', 'status': 409, 'json': {'message': 'is in\\nuse'}},"
		"{'path': '/c', 'status': 500, 'json': {'message': 'boom'}},"
		"{'path': '/d', 'status': 304}, {'path': '/e', 'status': 204},"
		"{'path': '/f', 'steps': [{'send': 'HTTP/1.1 502 x\\r\\nContent-Length: 4\\r\\n"
		"\\r\\n<p/>'}]},"
		"{'path': '/g', 'steps': [{'send': 'HTTP/1.1 200 x\\r\\nContent-Length: 4\\r\\n"
		"\\r\\n{\\'a'}]}");
	assert_int_equal(engine_call(&f.e, "GET", "/a", NULL, &json, &f.err), -ERR_NOT_FOUND);
	assert_string_equal(f.err.msg.buf, "the Docker Engine says 'No such container: a' (404)");
	err_clear(&f.err);
	assert_int_equal(engine_call(&f.e, "GET", "/b", NULL, &json, &f.err), -ERR_EXISTS);
	assert_string_equal(f.err.msg.buf, "the Docker Engine says 'is in use' (409)");
	err_clear(&f.err);
	assert_int_equal(engine_call(&f.e, "POST", "/c", NULL, &json, &f.err), -ERR_REMOTE);
	err_clear(&f.err);
	assert_int_equal(engine_call(&f.e, "POST", "/d", NULL, NULL, &f.err), 304);
	assert_null(json);
	assert_int_equal(engine_call(&f.e, "POST", "/e", NULL, &json, &f.err), 204);
	assert_true(json_is_null(json));
	assert_int_equal(engine_call(&f.e, "GET", "/f", NULL, NULL, &f.err), -ERR_REMOTE);
	assert_string_equal(f.err.msg.buf, "the Docker Engine says '<p/>' (502)");
	err_clear(&f.err);
	fake_stop(&f);
}

static void answers_that_are_no_json_are_invalid(void **state)
{
	struct fake f;
	json_t *json = NULL;

	(void)state;
	fake_start(&f, "1.41",
		"{'steps': [{'send': 'HTTP/1.1 200 x\\r\\nApi-Version: 1.41\\r\\n"
		"Content-Length: 4\\r\\n\\r\\n{[}]'}]}");
	assert_int_equal(engine_call(&f.e, "GET", "/x", NULL, &json, &f.err), -ERR_INVALID);
	assert_null(json);
	fake_stop(&f);
}

static void a_missing_engine_is_named(void **state)
{
	AUTO_ERR err = ERR_INIT;
	AUTO_ENGINE e;
	uint64_t start = now_ms();

	(void)state;
	engine_open(&e, "/nonexistent/docker.sock");
	assert_int_equal(engine_ping(&e, &err), -ERR_REMOTE);
	assert_non_null(
		strstr(err.msg.buf, "no Docker Engine answers on '/nonexistent/docker.sock'"));
	err_clear(&err);
	e.connect_wait_ms = 60;
	assert_int_equal(engine_ping(&e, &err), -ERR_REMOTE);
	assert_true(now_ms() - start >= 60);
}

static void an_engine_that_restarts_is_waited_for(void **state)
{
	struct fake f;
	struct child mover = CHILD_INIT;
	struct child_status status;
	AUTO_FREE char *away = NULL;
	AUTO_FREE char *script = NULL;

	(void)state;
	fake_start(&f, "1.41", "");
	away = xasprintf("%s.away", f.socket);
	assert_int_equal(rename(f.socket, away), 0);
	script = xasprintf("import os, time; time.sleep(0.1); os.rename('%s', '%s')", away,
		f.socket);
	strvec_pushl(&mover.argv, "python3", "-c", script, NULL);
	assert_int_equal(child_start(&mover, &f.err), 0);
	f.e.connect_wait_ms = 10000;
	assert_int_equal(engine_ping(&f.e, &f.err), 0);
	assert_int_equal(child_wait(&mover, &status, &f.err), 0);
	child_done(&mover);
	fake_stop(&f);
}

static void a_closed_connection_is_replaced_for_reads_only(void **state)
{
	struct fake f;
	json_auto_t *requests = NULL;

	(void)state;
	/* The first of each reads the request and hangs up without a word. */
	fake_start(&f, "1.41",
		"{'method': 'GET', 'path': '/x', 'times': 1, 'steps': [{'close': true}]},"
		"{'method': 'POST', 'path': '/x', 'times': 1, 'steps': [{'close': true}]},"
		"{'path': '/x', 'json': {}}");
	assert_int_equal(engine_call(&f.e, "GET", "/x", NULL, NULL, &f.err), 200);
	assert_int_equal(engine_call(&f.e, "POST", "/x", NULL, NULL, &f.err), -ERR_REMOTE);
	assert_non_null(strstr(f.err.msg.buf, "closed the connection without an answer"));
	err_clear(&f.err);
	assert_int_equal(engine_call(&f.e, "POST", "/x", NULL, NULL, &f.err), 200);
	requests = fake_requests(&f);
	/* ping, GET, GET again, POST; a new connection: ping, POST */
	assert_int_equal(json_array_size(requests), 6);
	assert_string_equal(field(requests, 2, "method"), "GET");
	assert_int_equal(conn_of(requests, 2), 2);
	assert_string_equal(field(requests, 4, "target"), "/_ping");
	fake_stop(&f);
}

static void an_idle_connection_that_was_closed_is_noticed(void **state)
{
	struct fake f;

	(void)state;
	fake_start(&f, "1.41",
		"{'path': '/x', 'steps': [{'send': 'HTTP/1.1 200 OK\\r\\n"
		"Content-Length: 2\\r\\n\\r\\n{}'}, {'close': true}]}");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(engine_call(&f.e, "POST", "/x", NULL, NULL, &f.err), 200);
		sleep_ms(30);
	}
	fake_stop(&f);
}

static void deadlines_and_cancelling_end_a_call(void **state)
{
	struct fake f;
	uint64_t start = now_ms();
	int fds[2];

	(void)state;
	fake_start(&f, "1.41", "{'path': '/slow', 'steps': [{'sleep_ms': 3000}]}");
	f.e.timeout_ms = 50;
	assert_int_equal(engine_ping(&f.e, &f.err), 0);
	start = now_ms();
	assert_int_equal(engine_call(&f.e, "GET", "/slow", NULL, NULL, &f.err), -ERR_TIMEOUT);
	assert_true(now_ms() - start < 2000);
	err_clear(&f.err);
	f.e.timeout_ms = 0;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	f.e.cancel_fd = fds[0];
	assert_int_equal(engine_call(&f.e, "GET", "/slow", NULL, NULL, &f.err), -ERR_FAILED);
	assert_true(now_ms() - start < 2000);
	close(fds[0]);
	close(fds[1]);
	fake_stop(&f);
}

/* --- nouns --- */

static const char two_networks[] =
	"{\"Image\": \"i\", \"MacAddress\": \"02:42:ac:11:00:09\","
	"\"HostConfig\": {\"NetworkMode\": \"b\"},"
	"\"NetworkingConfig\": {\"EndpointsConfig\": {\"a\": {\"Aliases\": [\"x\"]}, \"b\": {}}}}";

static void create_connects_more_networks_afterwards_on_old_engines(void **state)
{
	struct fake f;
	AUTO_FREE char *id = NULL;
	json_auto_t *config = json_loads(two_networks, 0, NULL);
	json_auto_t *untouched = json_deep_copy(config);
	json_auto_t *requests = NULL;

	(void)state;
	fake_start(&f, "1.43",
		"{'path': '/containers/create', 'status': 201, 'json': {'Id': 'c1'}},"
		"{'path': '/networks/a/connect'}");
	assert_int_equal(engine_container_create(&f.e, "web.1", config, &id, &f.err), 0);
	assert_string_equal(id, "c1");
	assert_true(json_equal(config, untouched));
	requests = fake_requests(&f);
	assert_int_equal(json_array_size(requests), 3);
	assert_string_equal(field(requests, 1, "target"), "/v1.43/containers/create?name=web.1");
	assert_non_null(strstr(field(requests, 1, "body"), "\"EndpointsConfig\":{\"b\":{}}"));
	assert_string_equal(field(requests, 2, "body"),
		"{\"Container\":\"c1\",\"EndpointConfig\":{\"Aliases\":[\"x\"]}}");
	fake_stop(&f);
}

static void create_leaves_nothing_behind_when_a_network_fails(void **state)
{
	struct fake f;
	char *id = NULL;
	json_auto_t *config = json_loads(two_networks, 0, NULL);
	json_auto_t *requests = NULL;

	(void)state;
	fake_start(&f, "1.41",
		"{'path': '/containers/create', 'status': 201, 'json': {'Id': 'c1'}},"
		"{'path': '/networks/a/connect', 'status': 404,"
		" 'json': {'message': 'network a not found'}},"
		"{'method': 'DELETE', 'path': '/containers/c1', 'status': 204}");
	assert_int_equal(engine_container_create(&f.e, NULL, config, &id, &f.err), -ERR_NOT_FOUND);
	assert_non_null(strstr(f.err.msg.buf, "network a not found"));
	assert_null(id);
	requests = fake_requests(&f);
	assert_string_equal(field(requests, 3, "method"), "DELETE");
	assert_string_equal(field(requests, 3, "target"), "/v1.41/containers/c1?force=1&v=1");
	fake_stop(&f);
}

static void create_gives_new_engines_all_networks_and_the_address_at_the_endpoint(void **state)
{
	struct fake f;
	AUTO_FREE char *id = NULL;
	json_auto_t *config = json_loads(two_networks, 0, NULL);
	json_auto_t *requests = NULL;
	json_auto_t *body = NULL;
	json_t *endpoints;

	(void)state;
	fake_start(&f, "1.44",
		"{'path': '/containers/create', 'status': 201, 'json': {'Id': 'c1'}}");
	assert_int_equal(engine_container_create(&f.e, NULL, config, &id, &f.err), 0);
	requests = fake_requests(&f);
	assert_int_equal(json_array_size(requests), 2);
	body = json_loads(field(requests, 1, "body"), 0, NULL);
	endpoints = json_object_get(json_object_get(body, "NetworkingConfig"), "EndpointsConfig");
	assert_int_equal(json_object_size(endpoints), 2);
	assert_null(json_object_get(body, "MacAddress"));
	assert_string_equal(json_string_value(
				    json_object_get(json_object_get(endpoints, "b"), "MacAddress")),
		"02:42:ac:11:00:09");
	fake_stop(&f);
}

#define LOG_ANSWER(type, body)                                                                     \
	"{'path': '/containers/c/logs', 'steps': [{'send': 'HTTP/1.1 200 OK\\r\\nContent-Type: "   \
	"application/vnd.docker." type "-stream\\r\\n\\r\\n" body "'}, {'close': true}]}"
#define FRAME_TEXT                                                                                 \
	"\\u0001\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0003one"                              \
	"\\u0002\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0003two"

static void logs_tell_terminals_apart_by_version(void **state)
{
	static const struct {
		const char *api;
		const char *rules;
		const char *out;
		const char *err;
	} cases[] = {
		/* Old engines call everything raw. */
		{ "1.41", LOG_ANSWER("raw", FRAME_TEXT) ",{'json': {'Config': {'Tty': false}}}",
			"one", "two" },
		{ "1.41", LOG_ANSWER("raw", "text") ",{'json': {'Config': {'Tty': true}}}", "text",
			"" },
		{ "1.42", LOG_ANSWER("multiplexed", FRAME_TEXT), "one", "two" },
		{ "1.42", LOG_ANSWER("raw", "text"), "text", "" },
	};
	struct engine_log_opts opts = { .out = true, .err = true, .tail = 5 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(streams_done) struct streams s = STREAMS_INIT;
		AUTO_STRBUF rules = STRBUF_INIT;
		struct fake f;

		strbuf_addf(&rules, "{'path': '/_ping', 'headers': {'Api-Version': '%s'}}, %s",
			cases[i].api, cases[i].rules);
		fake_start(&f, cases[i].api, rules.buf);
		assert_int_equal(engine_container_logs(&f.e, "c", &opts, to_streams, &s, &f.err),
			0);
		assert_string_equal(s.out.buf, cases[i].out);
		assert_string_equal(s.err.buf, cases[i].err);
		fake_stop(&f);
	}
}

static void a_log_sink_can_stop(void **state)
{
	CLEANUP(streams_done) struct streams s = STREAMS_INIT;
	struct engine_log_opts opts = { .out = true, .follow = true, .tail = -1 };
	struct fake f;

	(void)state;
	s.stop_after = 1;
	fake_start(&f, "1.42",
		"{'path': '/containers/c/logs', 'steps': [{'send': 'HTTP/1.1 200 "
		"OK\\r\\n\\r\\n" FRAME_TEXT "'}, {'sleep_ms': 3000}]}");
	assert_int_equal(engine_container_logs(&f.e, "c", &opts, to_streams, &s, &f.err), 1);
	assert_string_equal(s.out.buf, "one");
	assert_string_equal(s.err.buf, "");
	fake_stop(&f);
}

static void wait_gives_the_code_or_times_out(void **state)
{
	struct fake f;
	int code = -1;

	(void)state;
	fake_start(&f, "1.41",
		"{'path': '/containers/a/wait', 'query': 'condition=removed',"
		" 'json': {'StatusCode': 137, 'Error': null}},"
		"{'path': '/containers/b/wait', 'json': {'StatusCode': 0,"
		" 'Error': {'Message': 'cannot remove'}}},"
		"{'path': '/containers/c/wait', 'steps': [{'send': 'HTTP/1.1 200 OK\\r\\n"
		"Transfer-Encoding: chunked\\r\\n\\r\\n'}, {'sleep_ms': 3000}]}");
	assert_int_equal(engine_container_wait(&f.e, "a", "removed", 5000, &code, &f.err), 0);
	assert_int_equal(code, 137);
	assert_int_equal(engine_container_wait(&f.e, "b", NULL, 0, &code, &f.err), -ERR_REMOTE);
	err_clear(&f.err);
	assert_int_equal(engine_container_wait(&f.e, "c", NULL, 60, &code, &f.err), -ERR_TIMEOUT);
	assert_int_equal(code, 137);
	fake_stop(&f);
}

static void exec_sends_input_and_collects_both_streams(void **state)
{
	struct fake f;
	char *argv[] = { (char[]){ "sh" }, NULL };
	struct engine_exec x = { .argv = argv, .user = "nobody" };
	AUTO_STRBUF input = STRBUF_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_STRBUF err_out = STRBUF_INIT;
	json_auto_t *requests = NULL;
	int code = -1;

	(void)state;
	fake_start(&f, "1.41",
		"{'path': '/containers/web/exec', 'status': 201, 'json': {'Id': 'x1'}},"
		"{'path': '/exec/x1/start', 'steps': [{'send': 'HTTP/1.1 101 UPGRADED\\r\\n"
		"Upgrade: tcp\\r\\n\\r\\n" FRAME_TEXT "'}, {'read_to_end': true},"
		"{'close': true}]},"
		"{'path': '/exec/x1/json', 'times': 2, 'json': {'Running': true}},"
		"{'path': '/exec/x1/json', 'json': {'Running': false, 'ExitCode': 3}}");
	strbuf_addstr(&input, "exit 3\n");
	assert_int_equal(engine_exec_capture(&f.e, "web", &x, &input, &out, &err_out, 5000, &code,
				 &f.err),
		0);
	assert_int_equal(code, 3);
	assert_string_equal(out.buf, "one");
	assert_string_equal(err_out.buf, "two");
	requests = fake_requests(&f);
	assert_string_equal(field(requests, 1, "body"),
		"{\"AttachStdin\":true,\"AttachStdout\":true,\"AttachStderr\":true,\"Tty\":false,"
		"\"Privileged\":false,\"Cmd\":[\"sh\"],\"Env\":[],\"User\":\"nobody\"}");
	assert_string_equal(header(requests, 2, "upgrade"), "tcp");
	assert_true(str_ends(field(requests, 2, "body"), "exit 3\n"));
	fake_stop(&f);
}

static void exec_capture_times_out(void **state)
{
	struct fake f;
	char *argv[] = { (char[]){ "sleep" }, NULL };
	struct engine_exec x = { .argv = argv };
	AUTO_STRBUF out = STRBUF_INIT;
	uint64_t start;
	int code = -1;

	(void)state;
	fake_start(&f, "1.41",
		"{'path': '/containers/web/exec', 'status': 201, 'json': {'Id': 'x1'}},"
		"{'path': '/exec/x1/start', 'steps': [{'send': 'HTTP/1.1 101 "
		"UPGRADED\\r\\n\\r\\n'},"
		"{'sleep_ms': 3000}]}");
	start = now_ms();
	assert_int_equal(engine_exec_capture(&f.e, "web", &x, NULL, &out, NULL, 60, &code, &f.err),
		-ERR_TIMEOUT);
	assert_true(now_ms() - start < 2000);
	assert_int_equal(code, -1);
	fake_stop(&f);
}

static void a_connection_that_is_not_handed_over_is_no_stream(void **state)
{
	struct fake f;
	char *argv[] = { (char[]){ "sleep" }, NULL };
	struct engine_exec x = { .argv = argv };
	AUTO_STRBUF out = STRBUF_INIT;
	int code = -1;

	(void)state;
	fake_start(&f, "1.41",
		"{'path': '/containers/web/exec', 'status': 201, 'json': {'Id': 'x1'}},"
		"{'path': '/exec/x1/start', 'json': {}}");
	assert_int_equal(engine_exec_capture(&f.e, "web", &x, NULL, &out, NULL, 60, &code, &f.err),
		-ERR_INVALID);
	assert_int_equal(out.len, 0);
	fake_stop(&f);
}

static void run_watches_before_it_starts(void **state)
{
	struct fake f;
	struct engine_io io = { .in = -1, .out = -1, .err = -1 };
	json_auto_t *requests = NULL;
	int code = -1;

	(void)state;
	fake_start(&f, "1.41",
		"{'path': '/containers/c/attach', 'steps': [{'send': 'HTTP/1.1 101 UPGRADED\\r\\n"
		"\\r\\n" FRAME_TEXT "'}, {'close': true}]},"
		"{'path': '/containers/c/wait', 'json': {'StatusCode': 9}},"
		"{'path': '/containers/c/start', 'status': 204}");
	assert_int_equal(engine_container_run(&f.e, "c", &io, NULL, &code, &f.err), 0);
	assert_int_equal(code, 9);
	requests = fake_requests(&f);
	assert_string_equal(field(requests, 1, "target"),
		"/v1.41/containers/c/attach?stream=1&stdout=1&stderr=1");
	assert_string_equal(field(requests, 2, "target"),
		"/v1.41/containers/c/wait?condition=next-exit");
	assert_string_equal(field(requests, 3, "target"), "/v1.41/containers/c/start");
	fake_stop(&f);
}

static void duplicate_networks_are_ruled_out_on_old_engines_only(void **state)
{
	static const char *const apis[] = { "1.43", "1.44" };
	static const char *const bodies[] = { "{\"Name\":\"n\",\"CheckDuplicate\":true}",
		"{\"Name\":\"n\"}" };
	json_auto_t *config = json_pack("{s:s}", "Name", "n");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(apis); i++) {
		struct fake f;
		AUTO_FREE char *id = NULL;
		json_auto_t *requests = NULL;

		fake_start(&f, apis[i],
			"{'path': '/networks/create', 'status': 201,"
			" 'json': {'Id': 'n1'}}");
		assert_int_equal(engine_network_create(&f.e, config, &id, &f.err), 0);
		assert_string_equal(id, "n1");
		requests = fake_requests(&f);
		assert_string_equal(field(requests, 1, "body"), bodies[i]);
		fake_stop(&f);
	}
}

static void addresses_come_from_the_networks(void **state)
{
	json_auto_t *inspected =
		json_loads("{\"NetworkSettings\": {\"Networks\": {\"a\": {\"IPAddress\": \"\"},"
			   "\"b\": {\"IPAddress\": \"10.0.0.2\"}}}}",
			0, NULL);

	(void)state;
	assert_string_equal(engine_container_address(inspected, NULL), "10.0.0.2");
	assert_string_equal(engine_container_address(inspected, "b"), "10.0.0.2");
	assert_null(engine_container_address(inspected, "a"));
	assert_null(engine_container_address(inspected, "c"));
	assert_null(engine_container_address(NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_is_negotiated_once_and_the_connection_kept),
		cmocka_unit_test(newer_engines_are_spoken_to_in_the_newest_known_version),
		cmocka_unit_test(engines_that_are_too_old_are_refused),
		cmocka_unit_test(version_comes_from_the_body_where_the_header_is_missing),
		cmocka_unit_test(status_codes_become_error_kinds_with_the_message_quoted),
		cmocka_unit_test(answers_that_are_no_json_are_invalid),
		cmocka_unit_test(a_missing_engine_is_named),
		cmocka_unit_test(an_engine_that_restarts_is_waited_for),
		cmocka_unit_test(a_closed_connection_is_replaced_for_reads_only),
		cmocka_unit_test(an_idle_connection_that_was_closed_is_noticed),
		cmocka_unit_test(deadlines_and_cancelling_end_a_call),
		cmocka_unit_test(create_connects_more_networks_afterwards_on_old_engines),
		cmocka_unit_test(create_leaves_nothing_behind_when_a_network_fails),
		cmocka_unit_test(
			create_gives_new_engines_all_networks_and_the_address_at_the_endpoint),
		cmocka_unit_test(logs_tell_terminals_apart_by_version),
		cmocka_unit_test(a_log_sink_can_stop),
		cmocka_unit_test(wait_gives_the_code_or_times_out),
		cmocka_unit_test(exec_sends_input_and_collects_both_streams),
		cmocka_unit_test(exec_capture_times_out),
		cmocka_unit_test(a_connection_that_is_not_handed_over_is_no_stream),
		cmocka_unit_test(run_watches_before_it_starts),
		cmocka_unit_test(duplicate_networks_are_ruled_out_on_old_engines_only),
		cmocka_unit_test(addresses_come_from_the_networks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
