/* SPDX-License-Identifier: MIT */
/* Images: builds, pushes, pulls, logins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "fake.h"
#include "lib/engine/images.h"

static int tar_in_pipe(const char *text, size_t repeat)
{
	FILE *file = tmpfile();
	int fd;

	assert_non_null(file);
	for (size_t i = 0; i < repeat; i++)
		fputs(text, file);
	fflush(file);
	rewind(file);
	fd = dup(fileno(file));
	fclose(file);
	return fd;
}

static void build_sends_the_context_and_names_the_image(void **state)
{
	struct fake f;
	AUTO_FREE char *id = NULL;
	AUTO_CLOSE int tar = tar_in_pipe("0123456789", 5000);
	json_auto_t *auth = json_pack("{s:{s:s}}", "r.test", "username", "u?>");
	const struct engine_param params[] = { { "t", "dokku/app:latest" }, { "nocache", "1" },
		{} };
	json_auto_t *requests = NULL;

	(void)state;
	fake_start(&f, "1.41",
		"{'path': '/build', 'steps': [{'send': 'HTTP/1.1 200 OK\\r\\n\\r\\n"
		"{\\'aux\\':{\\'ID\\':\\'sha256:77\\'}}\\r\\n'}, {'close': true}]}");
	assert_int_equal(engine_image_build(&f.e, tar, params, auth, NULL, NULL, &id, &f.err), 0);
	assert_string_equal(id, "sha256:77");
	requests = fake_requests(&f);
	assert_string_equal(field(requests, 1, "target"),
		"/v1.41/build?version=1&rm=1&forcerm=1&t=dokku%2Fapp%3Alatest&nocache=1");
	assert_int_equal(strlen(field(requests, 1, "body")), 50000);
	assert_string_equal(header(requests, 1, "x-registry-config"),
		"eyJyLnRlc3QiOnsidXNlcm5hbWUiOiJ1Pz4ifX0=");
	fake_stop(&f);
}

static void a_refused_upload_reports_the_reason_not_the_broken_pipe(void **state)
{
	struct fake f;
	AUTO_CLOSE int tar = tar_in_pipe("0123456789", 500000);

	(void)state;
	fake_start(&f, "1.41",
		"{'path': '/build', 'read_body': false, 'steps': [{'send': 'HTTP/1.1 400 Bad\\r\\n"
		"Content-Length: 25\\r\\n\\r\\n{\\'message\\':\\'no such tag\\'}'},"
		"{'sleep_ms': 100}, {'close': true}]}");
	assert_int_equal(engine_image_build(&f.e, tar, NULL, NULL, NULL, NULL, NULL, &f.err),
		-ERR_REMOTE);
	assert_string_equal(f.err.msg.buf, "the Docker Engine says 'no such tag' (400)");
	fake_stop(&f);
}

static void build_failure_is_a_failure_of_what_was_run(void **state)
{
	struct fake f;
	AUTO_CLOSE int tar = tar_in_pipe("x", 1);

	(void)state;
	fake_start(&f, "1.41",
		"{'path': '/build', 'steps': [{'send': 'HTTP/1.1 200 OK\\r\\n\\r\\n"
		"{\\'errorDetail\\':{\\'message\\':\\'RUN false: 1\\'}}\\r\\n'},"
		"{'close': true}]}");
	assert_int_equal(engine_image_build(&f.e, tar, NULL, NULL, NULL, NULL, NULL, &f.err),
		-ERR_FAILED);
	assert_string_equal(f.err.msg.buf, "the Docker Engine says 'RUN false: 1'");
	fake_stop(&f);
}

/* The header's base64, whose alphabet is that of URLs, decoded; a new object. */
static json_t *auth_of(const json_t *requests, size_t at)
{
	AUTO_STRBUF text = STRBUF_INIT;
	const char *given = header(requests, at, "x-registry-auth");
	AUTO_FREE char *encoded = NULL;

	assert_non_null(given);
	assert_null(strpbrk(given, "+/"));
	encoded = xstrdup(given);
	for (char *c = encoded; *c; c++)
		*c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
	assert_true(base64_decode(encoded, strlen(encoded), &text, NULL));
	return json_loadb(text.buf, text.len, 0, NULL);
}

static void note_status(void *ctx, const json_t *message)
{
	const char *status = json_string_value(json_object_get(message, "status"));
	const char *id = json_string_value(json_object_get(message, "id"));

	strbuf_addf(ctx, "%s %s;", id ? id : "-", status ? status : "-");
}

static void push_sends_the_login_in_a_header_and_tells_progress(void **state)
{
	struct fake f;
	AUTO_STRBUF seen = STRBUF_INIT;
	json_auto_t *login = json_pack("{s:s, s:s, s:s}", "username", "u", "password", "p>?",
		"serveraddress", "registry.example:5000");
	json_auto_t *requests = NULL;
	json_auto_t *sent = NULL;
	json_auto_t *nobody = NULL;

	(void)state;
	fake_start(&f, "1.41",
		"{'path': '/images/registry.example%3A5000/team/app/push', 'steps': [{'send':"
		"'HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\n{\\\"status\\\":"
		"\\\"Pushing\\\",\\\"id\\\":\\\"ab\\\"}\\r\\n{\\\"status\\\":\\\"Pushed\\\","
		"\\\"id\\\":"
		"\\\"ab\\\"}\\r\\n{\\\"aux\\\":{\\\"Tag\\\":\\\"7\\\"}}\\r\\n'}, {'close': "
		"true}]}");
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(engine_image_push(&f.e, "registry.example:5000/team/app", "7",
					 i ? NULL : login, note_status, &seen, &f.err),
			0);
	assert_string_equal(seen.buf, "ab Pushing;ab Pushed;- -;ab Pushing;ab Pushed;- -;");
	requests = fake_requests(&f);
	assert_string_equal(field(requests, 1, "method"), "POST");
	assert_string_equal(field(requests, 1, "target"),
		"/v1.41/images/registry.example%3A5000/team/app/push?tag=7");
	sent = auth_of(requests, 1);
	assert_true(json_equal(sent, login));
	/* Engines want the header in any case. */
	nobody = auth_of(requests, json_array_size(requests) - 1);
	assert_int_equal(json_object_size(nobody), 0);
	fake_stop(&f);
}

static void a_push_that_the_registry_refuses_is_an_error_with_its_words(void **state)
{
	struct fake f;

	(void)state;
	fake_start(&f, "1.41",
		"{'path': '/images/a/push', 'steps': [{'send': 'HTTP/1.1 200 OK\\r\\nConnection:"
		"close\\r\\n\\r\\n{\\\"errorDetail\\\":{\\\"message\\\":\\\"no basic auth\\\"}}'},"
		"{'close': true}]}");
	assert_int_equal(engine_image_push(&f.e, "a", "1", NULL, NULL, NULL, &f.err), -ERR_REMOTE);
	assert_non_null(strstr(f.err.msg.buf, "no basic auth"));
	fake_stop(&f);
}

static void a_login_is_tried_by_the_engine_and_may_give_a_token(void **state)
{
	struct fake f;
	json_auto_t *login = json_pack("{s:s, s:s, s:s}", "username", "u", "password", "p",
		"serveraddress", "registry.example");
	json_auto_t *requests = NULL;
	json_auto_t *body = NULL;
	AUTO_FREE char *token = NULL;
	AUTO_FREE char *none = NULL;
	char *untouched = NULL;

	(void)state;
	fake_start(&f, "1.47",
		"{'path': '/auth', 'times': 1, 'json': {'Status': 'Login Succeeded',"
		"'IdentityToken': 'tok'}}, {'path': '/auth', 'times': 1, 'json': {'Status': 'ok'}},"
		"{'path': '/auth', 'status': 401, 'json': {'message': 'unauthorized'}}");
	assert_int_equal(engine_registry_login(&f.e, login, &token, &f.err), 0);
	assert_string_equal(token, "tok");
	assert_int_equal(engine_registry_login(&f.e, login, &none, &f.err), 0);
	assert_string_equal(none, "");
	assert_int_equal(engine_registry_login(&f.e, login, &untouched, &f.err), -ERR_REMOTE);
	assert_null(untouched);
	assert_non_null(strstr(f.err.msg.buf, "unauthorized"));
	requests = fake_requests(&f);
	assert_string_equal(field(requests, 1, "target"), "/v1.47/auth");
	body = json_loads(field(requests, 1, "body"), 0, NULL);
	assert_true(json_equal(body, login));
	fake_stop(&f);
}

static void pull_never_fetches_all_tags(void **state)
{
	static const char *const images[] = { "busybox", "r.test:5000/a/b", "a:1", "a@sha256:12" };
	static const char *const targets[] = {
		"/v1.41/images/create?fromImage=busybox&tag=latest",
		"/v1.41/images/create?fromImage=r.test%3A5000%2Fa%2Fb&tag=latest",
		"/v1.41/images/create?fromImage=a%3A1",
		"/v1.41/images/create?fromImage=a%40sha256%3A12",
	};
	struct fake f;
	json_auto_t *requests = NULL;

	(void)state;
	fake_start(&f, "1.41", "{'path': '/images/create', 'json': {'status': 'done'}}");
	for (size_t i = 0; i < ARRAY_SIZE(images); i++)
		assert_int_equal(engine_image_pull(&f.e, images[i], NULL, NULL, NULL, NULL, &f.err),
			0);
	requests = fake_requests(&f);
	for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
		assert_string_equal(field(requests, i + 1, "target"), targets[i]);
		assert_null(header(requests, i + 1, "x-registry-auth"));
	}
	fake_stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(build_sends_the_context_and_names_the_image),
		cmocka_unit_test(a_refused_upload_reports_the_reason_not_the_broken_pipe),
		cmocka_unit_test(build_failure_is_a_failure_of_what_was_run),
		cmocka_unit_test(push_sends_the_login_in_a_header_and_tells_progress),
		cmocka_unit_test(a_push_that_the_registry_refuses_is_an_error_with_its_words),
		cmocka_unit_test(a_login_is_tried_by_the_engine_and_may_give_a_token),
		cmocka_unit_test(pull_never_fetches_all_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
