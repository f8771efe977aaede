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
#include "base/fs.h"
#include "lib/engine/engine.h"
#include "lib/engine/progress.h"
#include "lib/engine/quote.h"
#include "streams.h"

/* --- targets --- */

static void targets_encode_what_comes_from_outside(void **state)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	AUTO_ERR err = ERR_INIT;
	json_auto_t *filters = json_pack("{s:[s]}", "label", "a=b c");

	(void)state;
	target_noun(&t, "/containers/", "we b?x#y%", "/json");
	target_query(&t, "a", "1&2=\r\n\xc3\xa9");
	target_query(&t, "none", NULL);
	target_query_int(&t, "n", -5);
	target_query_flag(&t, "off", false);
	target_query_json(&t, "f", filters);
	assert_int_equal(target_check(&t, &err), 0);
	assert_string_equal(t.text.buf,
		"/containers/we%20b%3Fx%23y%25/json?a=1%262%3D%0D%0A%C3%A9&n=-5"
		"&f=%7B%22label%22%3A%5B%22a%3Db%20c%22%5D%7D");
}

static void targets_refuse_names_that_leave_their_segment(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "/a", "a\nb", "a\r\nHost: x",
		"\x7f" };
	AUTO_ERR err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO_TARGET t = HTTP_TARGET_INIT;

		target_noun(&t, "/containers/", bad[i], "/json");
		assert_int_equal(target_check(&t, &err), -ERR_INVALID);
		err_clear(&err);
	}
}

static void image_names_keep_their_slashes_only(void **state)
{
	static const char *const bad[] = { "a//b", "/a", "a/", "a/../b", "a/./b", "a b\n" };
	AUTO_TARGET good = HTTP_TARGET_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	target_image(&good, "host:5000/dokku/app@sha256:12");
	assert_string_equal(good.text.buf, "host%3A5000/dokku/app%40sha256%3A12");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO_TARGET t = HTTP_TARGET_INIT;

		target_path(&t, "/images/");
		target_image(&t, bad[i]);
		assert_int_equal(target_check(&t, &err), -ERR_INVALID);
		err_clear(&err);
	}
}

static void raw_paths_with_spaces_or_newlines_are_refused(void **state)
{
	AUTO_ERR err = ERR_INIT;
	AUTO_ENGINE e;

	(void)state;
	engine_open(&e, "/nonexistent/docker.sock");
	assert_int_equal(engine_call(&e, "GET", "/info HTTP/1.1", NULL, NULL, &err), -ERR_INVALID);
	err_clear(&err);
	assert_int_equal(engine_call(&e, "GET", "/info\r\nX: y", NULL, NULL, &err), -ERR_INVALID);
	err_clear(&err);
	assert_int_equal(engine_call(&e, "GET", "info", NULL, NULL, &err), -ERR_INVALID);
}

/* --- the parser --- */

static int to_strbuf(void *ctx, const void *data, size_t len, struct err *err)
{
	strbuf_add(ctx, data, len);
	return 0;
}

/* Feeds TEXT in pieces of PIECE bytes; returns the last event, and the body in OUT. */
static int parse_in_pieces(struct http_parser *p, const char *text, size_t piece,
	struct strbuf *out, struct err *err)
{
	size_t len = strlen(text);
	size_t at = 0;
	int r = HTTP_MORE;

	while (r == HTTP_MORE || r == HTTP_HEAD) {
		size_t n = len - at < piece ? len - at : piece;
		size_t used = 0;

		r = http_parser_feed(p, text + at, n, &used, to_strbuf, out, err);
		at += used;
		if (r == HTTP_MORE && at == len)
			return http_parser_eof(p, err);
	}
	return r;
}

static void answers_parse_the_same_in_pieces_of_any_size(void **state)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n"
				   "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n"
				   "Transfer-Encoding: chunked\r\n\r\n"
				   "5;x=y\r\nhello\r\n00A\r\n, world!!!\r\n0\r\nTrailer: x\r\n\r\n";

	(void)state;
	for (size_t piece = 1; piece < sizeof(text); piece++) {
		AUTO_HTTP_PARSER p;
		AUTO_STRBUF body = STRBUF_INIT;
		AUTO_ERR err = ERR_INIT;

		http_parser_init(&p);
		http_parser_begin(&p, false, false);
		assert_int_equal(parse_in_pieces(&p, text, piece, &body, &err), HTTP_DONE);
		assert_int_equal(p.status, 200);
		assert_string_equal(http_parser_header(&p, "api-version"), "1.41");
		assert_string_equal(body.buf, "hello, world!!!");
		assert_true(http_parser_keep_alive(&p));
	}
}

static void body_ends_as_its_framing_says(void **state)
{
	static const struct {
		const char *text;
		const char *body;
		int event;
		bool head_only;
		bool upgrade;
		bool keep;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc", HTTP_DONE, false, false,
			true },
		{ "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "", HTTP_DONE, false, false, true },
		{ "HTTP/1.1 204 No Content\r\n\r\n", "", HTTP_DONE, false, false, true },
		{ "HTTP/1.1 304 Not Modified\r\n\r\n", "", HTTP_DONE, false, false, true },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "", HTTP_DONE, true, false,
			true },
		{ "HTTP/1.1 200 OK\r\n\r\nto the end", "to the end", HTTP_DONE, false, false,
			false },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "x", HTTP_DONE, false, false,
			false },
		{ "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", "x",
			HTTP_DONE, false, false, false },
		{ "HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\nraw", "", HTTP_UPGRADED, false,
			true, false },
		{ "HTTP/1.1 200 OK\r\nContent-Type: x\r\n\r\nraw", "", HTTP_UPGRADED, false, true,
			false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_HTTP_PARSER p;
		AUTO_STRBUF body = STRBUF_INIT;
		AUTO_ERR err = ERR_INIT;

		http_parser_init(&p);
		http_parser_begin(&p, cases[i].head_only, cases[i].upgrade);
		assert_int_equal(parse_in_pieces(&p, cases[i].text, 1000, &body, &err),
			cases[i].event);
		assert_string_equal(body.buf, cases[i].body);
		assert_int_equal(http_parser_keep_alive(&p), cases[i].keep);
	}
}

static void malformed_answers_are_refused(void **state)
{
	static const char *const invalid[] = {
		"SSH-2.0-OpenSSH\r\n\r\n",
		"HTTP/2.0 200 OK\r\n\r\n",
		"HTTP/1.1 2x0 OK\r\n\r\n",
		"HTTP/1.1 099 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
		"HTTP/1.1 200 OK\r\nname : x\r\n\r\n",
		"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
		"HTTP/1.1 101 Switching\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(invalid); i++) {
		AUTO_HTTP_PARSER p;
		AUTO_STRBUF body = STRBUF_INIT;
		AUTO_ERR err = ERR_INIT;

		http_parser_init(&p);
		http_parser_begin(&p, false, false);
		assert_int_equal(parse_in_pieces(&p, invalid[i], 7, &body, &err), -ERR_INVALID);
	}
}

static void broken_off_answers_are_remote_errors(void **state)
{
	static const char *const broken[] = {
		"",
		"HTTP/1.1 20",
		"HTTP/1.1 200 OK\r\nA: b\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		AUTO_HTTP_PARSER p;
		AUTO_STRBUF body = STRBUF_INIT;
		AUTO_ERR err = ERR_INIT;

		http_parser_init(&p);
		http_parser_begin(&p, false, false);
		assert_int_equal(parse_in_pieces(&p, broken[i], 1000, &body, &err), -ERR_REMOTE);
	}
}

static void headers_are_bounded(void **state)
{
	AUTO_HTTP_PARSER p;
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRBUF body = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	http_parser_init(&p);
	http_parser_begin(&p, false, false);
	strbuf_addstr(&text, "HTTP/1.1 200 OK\r\nA: ");
	for (int i = 0; i < HTTP_LINE_MAX; i++)
		strbuf_addch(&text, 'x');
	assert_int_equal(parse_in_pieces(&p, text.buf, 4096, &body, &err), -ERR_INVALID);
	err_clear(&err);
	http_parser_begin(&p, false, false);
	strbuf_set(&text, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < HTTP_HEADERS_MAX / 8; i++)
		strbuf_addstr(&text, "A: bcd\r\n");
	assert_int_equal(parse_in_pieces(&p, text.buf, 4096, &body, &err), -ERR_INVALID);
	assert_non_null(strstr(err.msg.buf, "too long"));
}

/* --- the stream decoder, quoting, progress --- */

#define FRAMES "\1\0\0\0\0\0\0\3out\2\0\0\0\0\0\0\0\2\0\0\0\0\0\0\4oops\1\0\0\0\0\0\0\2!\n"

static void frames_come_apart_in_pieces_of_any_size(void **state)
{
	static const char frames[] = FRAMES;

	(void)state;
	for (size_t piece = 1; piece < sizeof(frames); piece++) {
		CLEANUP(streams_done) struct streams s = STREAMS_INIT;
		AUTO_STREAM d;
		AUTO_ERR err = ERR_INIT;

		stream_init(&d, false, to_streams, &s);
		for (size_t at = 0; at < sizeof(frames) - 1; at += piece) {
			size_t n = sizeof(frames) - 1 - at;

			assert_int_equal(stream_feed(&d, frames + at, n < piece ? n : piece, &err),
				0);
		}
		assert_int_equal(stream_end(&d, &err), 0);
		assert_string_equal(s.out.buf, "out!\n");
		assert_string_equal(s.err.buf, "oops");
	}
}

static void streams_tell_what_is_wrong(void **state)
{
	CLEANUP(streams_done) struct streams s = STREAMS_INIT;
	AUTO_STREAM d;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	stream_init(&d, false, to_streams, &s);
	assert_int_equal(stream_feed(&d, "plain text", 10, &err), -ERR_INVALID);
	err_clear(&err);
	stream_init(&d, false, to_streams, &s);
	assert_int_equal(stream_feed(&d, "\1\0\0\0\0\0\0\5ab", 10, &err), 0);
	assert_int_equal(stream_end(&d, &err), -ERR_REMOTE);
	err_clear(&err);
	stream_init(&d, false, to_streams, &s);
	assert_int_equal(stream_feed(&d, "\3\0\0\0\0\0\0\5b\nd\x1b!", 13, &err), -ERR_REMOTE);
	assert_string_equal(err.msg.buf, "the engine reports 'b d !'");
}

static void a_terminals_stream_is_raw(void **state)
{
	CLEANUP(streams_done) struct streams s = STREAMS_INIT;
	AUTO_STREAM d;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	stream_init(&d, true, to_streams, &s);
	assert_int_equal(stream_feed(&d, "\2as it is", 9, &err), 0);
	assert_int_equal(stream_end(&d, &err), 0);
	assert_string_equal(s.out.buf, "\2as it is");
}

static void quotes_are_capped_within_characters(void **state)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRBUF out = STRBUF_INIT;

	(void)state;
	strbuf_addstr(&text, "x");
	for (int i = 0; i < QUOTE_MAX; i++)
		strbuf_addstr(&text, "\xc3\xa9");
	quote_remote(&out, text.buf, text.len);
	/* 1 + 2 * 249 bytes: the 250th would begin within the cap and end beyond it. */
	assert_int_equal(out.len, 1 + 499 + 3 + 1);
	assert_true(str_ends(out.buf, "\xc3\xa9...'"));
	strbuf_clear(&out);
	quote_remote(&out, " a\r\nb ", 6);
	assert_string_equal(out.buf, "'a  b'");
}

static void count_messages(void *ctx, const json_t *message)
{
	(*(int *)ctx)++;
}

static void progress_reports_messages_id_and_error(void **state)
{
	static const char text[] =
		"{\"stream\":\"Step 1\"}\r\n\r\n{\"aux\":{\"ID\":\"sha256:1\"}}\n"
		"{\"errorDetail\":{\"code\":1,\"message\":\"no\\nluck\"},"
		"\"error\":\"no\"}";
	AUTO_PROGRESS d;
	AUTO_ERR err = ERR_INIT;
	int seen = 0;

	(void)state;
	progress_init(&d, ERR_FAILED, count_messages, &seen);
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		assert_int_equal(progress_feed(&d, text + i, 1, &err), 0);
	assert_int_equal(progress_end(&d, &err), -ERR_FAILED);
	assert_int_equal(seen, 2);
	assert_string_equal(d.image_id.buf, "sha256:1");
	assert_string_equal(err.msg.buf, "the Docker Engine says 'no luck'");
	err_clear(&err);
	assert_int_equal(progress_feed(&d, "[1]\n", 4, &err), -ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_encode_what_comes_from_outside),
		cmocka_unit_test(targets_refuse_names_that_leave_their_segment),
		cmocka_unit_test(image_names_keep_their_slashes_only),
		cmocka_unit_test(raw_paths_with_spaces_or_newlines_are_refused),
		cmocka_unit_test(answers_parse_the_same_in_pieces_of_any_size),
		cmocka_unit_test(body_ends_as_its_framing_says),
		cmocka_unit_test(malformed_answers_are_refused),
		cmocka_unit_test(broken_off_answers_are_remote_errors),
		cmocka_unit_test(headers_are_bounded),
		cmocka_unit_test(frames_come_apart_in_pieces_of_any_size),
		cmocka_unit_test(streams_tell_what_is_wrong),
		cmocka_unit_test(a_terminals_stream_is_raw),
		cmocka_unit_test(quotes_are_capped_within_characters),
		cmocka_unit_test(progress_reports_messages_id_and_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
