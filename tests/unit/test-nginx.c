/* SPDX-License-Identifier: MIT */
/*
 * What nginx is told: each folder of tests/golden/nginx is a state (in/home, in/lib), and the
 * configuration that it must give, byte for byte (@HOME@, @LIB@, @LOGS@: the folders of the run).
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/property.h"
#include "core/state.h"
#include "proxies/nginx/nginx.h"

enum { FILE_MAX = 1 << 20 };

struct world {
	char *root;
	char *source; /* the case's folder */
	struct ctx ctx;
};

static void must(int r, struct err *err)
{
	if (r < 0)
		fail_msg("%s", err_text(err));
}

static char *below(const struct world *w, const char *name)
{
	return path_join(w->root, name);
}

static void replace(char **field, char *value)
{
	free(*field);
	*field = value;
}

/* A program that says it is that version of nginx. */
static void make_nginx(struct world *w, const char *version, struct err *err)
{
	AUTO_FREE char *text =
		xasprintf("#!/bin/sh\necho 'nginx version: nginx/%s' >&2\n", version);
	char *path = below(w, "nginx");

	must(fs_write_str(path, text, 0755, err), err);
	replace(&w->ctx.inst.nginx_bin, path);
}

static const struct plugin *const no_plugins[] = { NULL };

static void world_begin(struct world *w, const char *name, struct err *err)
{
	char template[] = "/tmp/moorage-test-nginx.XXXXXX";
	AUTO_FREE char *conf = NULL;
	AUTO_STRBUF version = STRBUF_INIT;
	AUTO_FREE char *in = NULL;
	AUTO_FREE char *version_path = NULL;

	assert_non_null(mkdtemp(template));
	*w = (struct world){ .root = xstrdup(template) };
	conf = below(w, "instance.conf");
	must(fs_write_str(conf, "nginx_control=direct\n", 0644, err), err);
	must(ctx_init(&w->ctx, conf, false, err), err);
	w->ctx.plugins = no_plugins;
	replace(&w->ctx.inst.dokku_root, below(w, "in/home"));
	replace(&w->ctx.inst.lib_root, below(w, "in/lib"));
	replace(&w->ctx.inst.nginx_log_dir, below(w, "logs"));
	w->source = xasprintf("%s/tests/golden/nginx/%s", getenv("MOORAGE_TEST_SOURCE"), name);
	in = path_join(w->source, "in");
	version_path = path_join(w->source, "version");
	{
		AUTO_FREE char *to = below(w, "in");

		must(fs_copy_tree(in, to, err), err);
	}
	must(fs_mkdir_p(w->ctx.inst.lib_root, 0755, err), err);
	must(fs_read_optional(version_path, 100, &version, err), err);
	strbuf_trim(&version);
	make_nginx(w, version.len ? version.buf : "1.22.1", err);
}

static void world_end(struct world *w, struct err *err)
{
	must(fs_rm_rf(w->root, err), err);
	ctx_done(&w->ctx);
	free(w->root);
	free(w->source);
}

static void add_replaced(const struct world *w, const char *text, struct strbuf *out)
{
	AUTO_FREE char *page = xasprintf("%ld", sysconf(_SC_PAGESIZE) / 1024);
	AUTO_FREE char *pages = xasprintf("%ld", sysconf(_SC_PAGESIZE) / 512);
	const char *const words[][2] = {
		{ "@HOME@", w->ctx.inst.dokku_root },
		{ "@LIB@", w->ctx.inst.lib_root },
		{ "@LOGS@", w->ctx.inst.nginx_log_dir },
		{ "@PAGE@", page },
		{ "@TWO_PAGES@", pages },
	};

	while (*text) {
		size_t i = 0;

		while (i < ARRAY_SIZE(words) && !str_starts(text, words[i][0]))
			i++;
		if (i < ARRAY_SIZE(words)) {
			strbuf_addstr(out, words[i][1]);
			text += strlen(words[i][0]);
		} else {
			strbuf_addch(out, *text++);
		}
	}
}

/* What FILE of the case holds, "" when there is none. */
static char *expected(const struct world *w, const char *file, struct err *err)
{
	AUTO_FREE char *path = path_join(w->source, file);
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRBUF out = STRBUF_INIT;

	must(fs_read_optional(path, FILE_MAX, &text, err), err);
	add_replaced(w, text.buf, &out);
	return strbuf_detach(&out);
}

/* Points at the first line that differs; a whole configuration is too long for a message. */
static void must_equal(const char *name, const char *got, const char *want)
{
	int line = 1;

	while (*got || *want) {
		size_t g = strcspn(got, "\n");
		size_t w = strcspn(want, "\n");

		if (g != w || memcmp(got, want, g) != 0 || got[g] != want[w])
			fail_msg("%s, line %d: '%.*s' instead of '%.*s'", name, line, (int)g, got,
				(int)w, want);
		got += g + (got[g] != '\0');
		want += w + (want[w] != '\0');
		line++;
	}
}

/* What the program says to people is no part of the test's own output. */
static int hush(void)
{
	int saved = dup(STDOUT_FILENO);
	AUTO_CLOSE int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	fflush(stdout);
	assert_true(dup2(null, STDOUT_FILENO) >= 0);
	return saved;
}

static void unhush(int saved)
{
	fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	close(saved);
}

static void check_case(const char *name)
{
	int saved;
	struct world w;
	AUTO_ERR err = ERR_INIT;
	AUTO_ROUTES routes = ROUTES_INIT;
	AUTO_STRBUF conf = STRBUF_INIT;
	AUTO_STRBUF hsts = STRBUF_INIT;
	AUTO_FREE char *want_conf = NULL;
	AUTO_FREE char *want_hsts = NULL;

	world_begin(&w, name, &err);
	want_conf = expected(&w, "nginx.conf", &err);
	want_hsts = expected(&w, "hsts.conf", &err);
	saved = hush();
	must(ports_configure(&w.ctx, "web", &err), &err);
	must(routes_of(&w.ctx, "web", &routes, &err), &err);
	must(nginx_render_app(&w.ctx, &routes, &conf, &err), &err);
	must(nginx_render_hsts(&w.ctx, &routes, &hsts, &err), &err);
	unhush(saved);
	must_equal(name, conf.buf, want_conf);
	must_equal(name, hsts.buf, want_hsts);
	world_end(&w, &err);
}

static void test_states_give_their_configurations(void **state)
{
	AUTO_FREE char *dir = xasprintf("%s/tests/golden/nginx", getenv("MOORAGE_TEST_SOURCE"));
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	must(fs_list(dir, &names, &err), &err);
	assert_true(names.count >= 10);
	for (size_t i = 0; i < names.count; i++)
		check_case(names.items[i]);
}

/* --- what may stand in a directive --- */

static int check(const char *name, const char *value)
{
	AUTO_ERR err = ERR_INIT;
	const struct property *p = nginx_properties;

	while (p->name && !str_eq(p->name, name))
		p++;
	assert_non_null(p->name);
	return p->check ? p->check(NULL, "web", value, &err) : 0;
}

static void test_values_cannot_leave_their_directive(void **state)
{
	static const char *const bad[] = { "1m; }", "60s;", "x{", "}", "a\nb", "\"a\"", "'a'",
		"a\\", "# comment" };

	for (const struct property *p = nginx_properties; p->name; p++) {
		if (p->flags & PROP_INTERNAL || str_eq(p->name, "nginx-conf-sigil-path"))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
			if (check(p->name, bad[i]) >= 0)
				fail_msg("%s may be '%s'", p->name, bad[i]);
		}
	}
}

static void test_values_that_nginx_knows_are_taken(void **state)
{
	static const char *const good[][2] = {
		{ "client-max-body-size", "0" },
		{ "client-max-body-size", "50M" },
		{ "proxy-read-timeout", "1h30m" },
		{ "proxy-read-timeout", "500ms" },
		{ "proxy-buffers", "8 16k" },
		{ "proxy-buffering", "off" },
		{ "bind-address-ipv4", "127.0.0.1" },
		{ "bind-address-ipv6", "::1" },
		{ "access-log-path", "syslog:server=unix:/dev/log,nohostname" },
		{ "access-log-path", "off" },
		{ "error-log-path", "/var/log/x.log warn" },
		{ "x-forwarded-for-value", "$proxy_add_x_forwarded_for" },
		{ "x-forwarded-proto-value", "$http_x_forwarded_proto" },
		{ "hsts", "false" },
		{ "proxy-keepalive", "32" },
		{ "nginx-service-command", "/bin/true" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (check(good[i][0], good[i][1]) < 0)
			fail_msg("%s may not be '%s'", good[i][0], good[i][1]);
	}
}

static void test_values_of_the_wrong_kind_are_refused(void **state)
{
	static const char *const bad[][2] = {
		{ "client-max-body-size", "much" },
		{ "client-max-body-size", "1x" },
		{ "proxy-read-timeout", "s" },
		{ "proxy-read-timeout", "60q" },
		{ "proxy-buffers", "8" },
		{ "proxy-buffers", "8k 8" },
		{ "proxy-buffering", "yes" },
		{ "bind-address-ipv4", "::1" },
		{ "bind-address-ipv6", "127.0.0.1" },
		{ "x-forwarded-for-value", "two words" },
		{ "hsts", "on" },
		{ "proxy-keepalive", "0" },
		{ "nginx-service-command", "true" },
		{ "nginx-conf-sigil-path", "../x" },
		{ "access-log-format", "a b" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (check(bad[i][0], bad[i][1]) >= 0)
			fail_msg("%s may be '%s'", bad[i][0], bad[i][1]);
	}
}

/* A value that came into the files by another way is found when it is used. */
static void test_a_stored_value_that_breaks_out_stops_the_rendering(void **state)
{
	struct world w;
	AUTO_ERR err = ERR_INIT;
	AUTO_ROUTES routes = ROUTES_INIT;
	AUTO_STRBUF conf = STRBUF_INIT;
	int saved;
	int r;

	world_begin(&w, "plain", &err);
	must(state_set(&w.ctx, "nginx", "web", "send-timeout", "1s; } evil {", &err), &err);
	must(routes_of(&w.ctx, "web", &routes, &err), &err);
	saved = hush();
	r = nginx_render_app(&w.ctx, &routes, &conf, &err);
	unhush(saved);
	assert_int_equal(r, -ERR_INVALID);
	assert_non_null(strstr(err_text(&err), "send-timeout"));
	err_clear(&err);
	world_end(&w, &err);
}

/* --- files --- */

static void test_packed_files_come_back_as_they_were(void **state)
{
	AUTO_NGINX_FILES in = NGINX_FILES_INIT;
	AUTO_NGINX_FILES out = NGINX_FILES_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRBUF packed = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	strbuf_add(&text, "a\n\0b", 4);
	nginx_files_add(&in, "/x/nginx.conf", &text);
	nginx_files_add(&in, "/x/hsts.conf", NULL);
	nginx_files_pack(&in, &packed);
	must(nginx_files_unpack(&out, &packed, &err), &err);
	assert_int_equal(out.count, 2);
	assert_true(out.items[0].there);
	assert_int_equal(out.items[0].text.len, 4);
	assert_memory_equal(out.items[0].text.buf, "a\n\0b", 4);
	assert_string_equal(out.items[1].path, "/x/hsts.conf");
	assert_false(out.items[1].there);
}

static void test_cut_off_packed_files_are_refused(void **state)
{
	AUTO_NGINX_FILES in = NGINX_FILES_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRBUF packed = STRBUF_INIT;

	strbuf_addstr(&text, "server {}\n");
	nginx_files_add(&in, "/x/nginx.conf", &text);
	nginx_files_pack(&in, &packed);
	for (size_t len = packed.len - 1; len > 0; len--) {
		AUTO_NGINX_FILES out = NGINX_FILES_INIT;
		AUTO_ERR err = ERR_INIT;

		strbuf_setlen(&packed, len);
		assert_int_equal(nginx_files_unpack(&out, &packed, &err), -ERR_INVALID);
	}
}

/* --- abilities --- */

static void test_abilities_follow_the_version(void **state)
{
	static const struct {
		struct nginx_version v;
		bool directive;
		bool push;
	} rows[] = {
		{ { 1, 13, 8 }, false, false },
		{ { 1, 13, 9 }, false, true },
		{ { 1, 22, 1 }, false, true },
		{ { 1, 25, 0 }, false, false },
		{ { 1, 25, 1 }, true, false },
		{ { 1, 26, 0 }, true, false },
		{ { 2, 0, 0 }, true, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(nginx_has_http2_directive(&rows[i].v), rows[i].directive);
		assert_int_equal(nginx_has_http2_push(&rows[i].v), rows[i].push);
	}
}

static void test_the_version_is_asked_again_when_the_program_changes(void **state)
{
	struct world w;
	AUTO_ERR err = ERR_INIT;
	struct nginx_version v;

	world_begin(&w, "plain", &err);
	must(nginx_version(&w.ctx, &v, &err), &err);
	assert_int_equal(v.minor, 22);
	make_nginx(&w, "1.27.3", &err);
	must(nginx_version(&w.ctx, &v, &err), &err);
	assert_int_equal(v.minor, 27);
	world_end(&w, &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states_give_their_configurations),
		cmocka_unit_test(test_values_cannot_leave_their_directive),
		cmocka_unit_test(test_values_that_nginx_knows_are_taken),
		cmocka_unit_test(test_values_of_the_wrong_kind_are_refused),
		cmocka_unit_test(test_a_stored_value_that_breaks_out_stops_the_rendering),
		cmocka_unit_test(test_packed_files_come_back_as_they_were),
		cmocka_unit_test(test_cut_off_packed_files_are_refused),
		cmocka_unit_test(test_abilities_follow_the_version),
		cmocka_unit_test(test_the_version_is_asked_again_when_the_program_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
