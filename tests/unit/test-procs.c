/* SPDX-License-Identifier: MIT */
/* Settings about processes, in an instance made for each test. */
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
#include "core/checks.h"
#include "core/docker_options.h"
#include "core/procs.h"
#include "core/proxy.h"
#include "core/route.h"
#include "core/state.h"

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
	text = xasprintf("dokku_root=%s/home\nlib_root=%s/lib\n", p->dir, p->dir);
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

static void write_at(struct place *p, const char *file, const char *text)
{
	AUTO_FREE char *path = path_join(p->dir, file);
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(fs_write_str(path, text, 0644, &err), 0);
}

static void check_file(struct place *p, const char *file, const char *want)
{
	AUTO_FREE char *path = path_join(p->dir, file);
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	int r = fs_read_optional(path, 4096, &text, &err);

	if (!want)
		assert_int_equal(r, 0);
	else
		assert_string_equal(text.buf, want);
}

#define procfile(p, text)    write_at(p, "lib/data/ps/shop/Procfile", text)
#define check_scale(p, want) check_file(p, "lib/config/ps/shop/scale", want)
#define check_old(p, want)   check_file(p, "lib/config/ps/shop/scale.old", want)

/* Words separated by blanks. The error's text, or "". */
static void update(struct place *p, const char *words, const char *want_error)
{
	AUTO_STRVEC list = STRVEC_INIT;
	AUTO_SCALE changes = SCALE_INIT;
	AUTO_ERR err = ERR_INIT;
	int r;

	strvec_split(&list, words, " ");
	r = scale_parse(&list, &changes, &err);
	if (r >= 0)
		r = procs_update_scale(&p->ctx, "shop", &changes, false, &err);
	assert_string_equal(r < 0 ? err_text(&err) : "", want_error);
}

static void check_formation(struct place *p, const char *want)
{
	AUTO_SCALE s = SCALE_INIT;
	AUTO_STRBUF got = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(procs_formation(&p->ctx, "shop", &s, &err), 0);
	for (size_t i = 0; i < s.count; i++)
		strbuf_addf(&got, "%s%s=%u", i ? " " : "", s.items[i].name, s.items[i].count);
	assert_string_equal(got.buf, want);
}

static void new_app_runs_one_web(void **state)
{
	struct place *p = *state;
	AUTO_ERR err = ERR_INIT;

	check_formation(p, "web=1");
	check_scale(p, NULL);
	assert_int_equal(procs_setup(&p->ctx, "shop", &err), 0);
	check_scale(p, "web=1\n");
}

static void changes_come_first_then_the_rest_then_new_types(void **state)
{
	struct place *p = *state;

	procfile(p, "web: a\nclock: b\nworker: c\n");
	write_at(p, "lib/config/ps/shop/scale", "web=2\nworker=1\n");
	update(p, "worker=3", "");
	check_scale(p, "worker=3\nweb=2\nclock=0\n");
	check_old(p, NULL);
	check_formation(p, "clock=0 web=2 worker=3");
}

static void vanished_types_at_zero_are_remembered(void **state)
{
	struct place *p = *state;
	AUTO_ERR err = ERR_INIT;

	procfile(p, "web: a\n");
	write_at(p, "lib/config/ps/shop/scale", "web=1\ngone=0\nstays=2\n");
	assert_int_equal(procs_sync_scale(&p->ctx, "shop", &err), 0);
	check_scale(p, "web=1\nstays=2\n");
	check_old(p, "gone=0\n");
	check_formation(p, "gone=0 stays=2 web=1");
}

static void without_a_procfile_a_type_at_zero_stays_at_zero(void **state)
{
	struct place *p = *state;

	update(p, "web=0", "");
	check_scale(p, "");
	check_old(p, "web=0\n");
	check_formation(p, "web=0");
}

static void bad_changes_write_nothing(void **state)
{
	struct place *p = *state;

	procfile(p, "web: a\n");
	write_at(p, "lib/config/ps/shop/scale", "web=2\n");
	update(p, "web=3 nope=1", "nope is not a valid process name to scale up");
	update(p, "web", "Missing count for process type web");
	update(p, "web=-1", "Invalid count for process type web");
	update(p, "web=x", "Invalid count for process type web");
	update(p, "web=1001", "Invalid count for process type web");
	update(p, "../x=0", "Invalid process type ../x");
	check_scale(p, "web=2\n");
	update(p, "web=3 web=4 nope=0", "");
	check_scale(p, "web=3\n");
	check_old(p, "nope=0\n");
}

static void legacy_scale_is_read_and_drained_by_a_change(void **state)
{
	struct place *p = *state;

	write_at(p, "home/shop/DOKKU_SCALE", "# old\nweb=2\nworker=1\n");
	check_formation(p, "web=2 worker=1");
	check_file(p, "home/shop/DOKKU_SCALE", "# old\nweb=2\nworker=1\n");
	update(p, "worker=4", "");
	check_scale(p, "worker=4\nweb=2\n");
	check_file(p, "home/shop/DOKKU_SCALE", NULL);
}

static void saved_scale_comes_back(void **state)
{
	struct place *p = *state;
	AUTO_ERR err = ERR_INIT;
	json_t *saved = NULL;

	procfile(p, "web: a\n");
	write_at(p, "lib/config/ps/shop/scale", "web=1\nstays=2\n");
	write_at(p, "lib/config/ps/shop/scale.old", "gone=0\n");
	assert_int_equal(procs_scale_save(&p->ctx, "shop", &saved, &err), 0);
	update(p, "web=5 stays=0", "");
	check_old(p, "stays=0\n");
	assert_int_equal(procs_scale_restore(&p->ctx, "shop", saved, &err), 0);
	json_decref(saved);
	check_scale(p, "web=1\nstays=2\n");
	check_old(p, "gone=0\n");
}

/* --- docker options --- */

static void check_split(const char *text, const char *want)
{
	AUTO_STRVEC options = STRVEC_INIT;
	AUTO_STRVEC processes = STRVEC_INIT;
	AUTO_STRBUF got = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	if (docker_options_split(text, &options, &processes, &err) < 0) {
		strbuf_addf(&got, "!%d", (int)err.kind);
	} else {
		strvec_join(&options, "|", &got);
		for (size_t i = 0; i < processes.count; i++)
			strbuf_addf(&got, "@%s", processes.items[i]);
	}
	assert_string_equal(got.buf, want);
}

static void options_are_split_at_flags_and_quoted(void **state)
{
	(void)state;
	check_split("", "");
	check_split("-v /a:/b --link x", "-v /a:/b|--link x");
	check_split("--build-arg A=1 --build-arg B=2", "--build-arg A=1|--build-arg B=2");
	check_split("--label 'a=Host(`x`)'", "--label 'a=Host(`x`)'");
	check_split("--env \"A=b c\" -it", "--env 'A=b c'|-it");
	check_split("--env A=$HOME", "--env 'A=$HOME'");
	check_split("--env A=$(id -u)", "--env 'A=$(id -u)'");
	check_split("--label=it\\'s", "'--label=it'\\''s'");
	check_split("-p - 80", "-p - 80");
	check_split("--process web -v /a:/b", "-v /a:/b@web");
	check_split("-v /a:/b --process=web", "-v /a:/b@web");
}

static void unreadable_options_are_refused(void **state)
{
	(void)state;
	AUTO_FREE char *invalid = xasprintf("!%d", (int)ERR_INVALID);
	AUTO_FREE char *usage = xasprintf("!%d", (int)ERR_USAGE);

	check_split("--env 'A", invalid);
	check_split("--env A; rm -rf /", invalid);
	check_split("--env 'A\nB'", invalid);
	check_split("--process", usage);
	check_split("--process a b", usage);
	check_split("--process=a b", usage);
}

#define OPTIONS "lib/config/docker-options/shop/"

static void options_are_sorted_and_removed_by_meaning(void **state)
{
	struct place *p = *state;
	AUTO_ERR err = ERR_INIT;
	struct ctx *ctx = &p->ctx;

	assert_int_equal(docker_options_add(ctx, "shop", NULL, DOCKER_PHASE_RUN, "-v /b:/b", &err),
		0);
	assert_int_equal(docker_options_add(ctx, "shop", NULL, DOCKER_PHASE_RUN, "-v /a:/a", &err),
		0);
	assert_int_equal(docker_options_add(ctx, "shop", NULL, DOCKER_PHASE_RUN, "-v /a:/a", &err),
		0);
	check_file(p, OPTIONS "_default_.run", "-v /a:/a\n-v /b:/b\n");
	assert_int_equal(docker_options_remove(ctx, "shop", NULL, DOCKER_PHASE_RUN, "-v '/a':/a",
				 &err),
		0);
	check_file(p, OPTIONS "_default_.run", "-v /b:/b\n");
	assert_int_equal(docker_options_clear(ctx, "shop", NULL, DOCKER_PHASE_RUN, &err), 0);
	check_file(p, OPTIONS "_default_.run", NULL);
}

static void legacy_options_are_read_and_drained_by_a_change(void **state)
{
	struct place *p = *state;
	AUTO_STRVEC got = STRVEC_INIT;
	AUTO_FREE char *joined = NULL;
	AUTO_ERR err = ERR_INIT;

	write_at(p, "home/shop/DOCKER_OPTIONS_DEPLOY", "# c\n\n -v /a:/a --link x \n-e A=b #c\n");
	assert_int_equal(docker_options_get(&p->ctx, "shop", NULL, DOCKER_PHASE_DEPLOY, &got, &err),
		0);
	joined = strvec_joined(&got, "|");
	assert_string_equal(joined, "-v /a:/a|--link x|-e A=b #c");
	assert_int_equal(docker_options_add(&p->ctx, "shop", "web", DOCKER_PHASE_DEPLOY, "--init",
				 &err),
		0);
	check_file(p, "home/shop/DOCKER_OPTIONS_DEPLOY", "# c\n\n -v /a:/a --link x \n-e A=b #c\n");
	assert_int_equal(docker_options_add(&p->ctx, "shop", NULL, DOCKER_PHASE_DEPLOY, "--init",
				 &err),
		0);
	check_file(p, OPTIONS "_default_.deploy", "--init\n--link x\n-e A=b #c\n-v /a:/a\n");
	check_file(p, "home/shop/DOCKER_OPTIONS_DEPLOY", NULL);
}

static void check_for(struct place *p, enum docker_phase phase, const char *builder,
	const char *want)
{
	AUTO_STRVEC got = STRVEC_INIT;
	AUTO_FREE char *joined = NULL;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(docker_options_for(&p->ctx, "shop", NULL, phase, builder, &got, &err), 0);
	joined = strvec_joined(&got, "|");
	assert_string_equal(joined, want);
}

static void builders_get_the_options_they_can_use(void **state)
{
	struct place *p = *state;

	write_at(p, OPTIONS "_default_.build",
		"#x\n--build-args a\n--file=D\n--link x\n--restart=no\n--volume-driver d\n-v "
		"/a:/a\n");
	write_at(p, OPTIONS "_default_.deploy", "--restart=no\n-p 1:1\n");
	check_for(p, DOCKER_PHASE_BUILD, "dockerfile", "--build-args a|--file=D|--volume-driver d");
	check_for(p, DOCKER_PHASE_BUILD, "herokuish", "--link x|--volume-driver d|-v /a:/a");
	check_for(p, DOCKER_PHASE_BUILD, "pack",
		"--build-args a|--file=D|--link x|--volume-driver d|-v /a:/a");
	check_for(p, DOCKER_PHASE_DEPLOY, "herokuish", "--restart=no|-p 1:1");
}

static void phases_are_known_words(void **state)
{
	enum docker_phase got[DOCKER_PHASES];
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(docker_phases_parse("", got, &err), 0);
	assert_int_equal(docker_phases_parse("run,build,run", got, &err), 2);
	assert_int_equal(got[0], DOCKER_PHASE_RUN);
	assert_int_equal(got[1], DOCKER_PHASE_BUILD);
	assert_int_equal(docker_phases_parse("run,", got, &err), -ERR_USAGE);
	assert_string_equal(err_text(&err), "Phase(s) must be one of [build deploy run]");
}

/* --- checks --- */

static void check_lists(struct place *p, const char *disabled, const char *skipped)
{
	AUTO_FREE char *d = checks_list(&p->ctx, "shop", CHECKS_DISABLED);
	AUTO_FREE char *s = checks_list(&p->ctx, "shop", CHECKS_SKIPPED);

	assert_string_equal(d, disabled);
	assert_string_equal(s, skipped);
}

static void check_lists_exclude_each_other(void **state)
{
	struct place *p = *state;
	struct ctx *ctx = &p->ctx;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(checks_put(ctx, "shop", CHECKS_DISABLED, "web,worker", &err), 0);
	check_lists(p, "web,worker", "");
	assert_int_equal(checks_put(ctx, "shop", CHECKS_SKIPPED, "web", &err), 0);
	check_lists(p, "worker", "web");
	assert_false(checks_are_disabled(ctx, "shop", "web"));
	assert_true(checks_are_skipped(ctx, "shop", "web"));
	assert_int_equal(checks_put(ctx, "shop", CHECKS_DISABLED, "_all_", &err), 0);
	check_lists(p, "_all_", "");
	assert_true(checks_are_disabled(ctx, "shop", "anything"));
	assert_int_equal(checks_put(ctx, "shop", CHECKS_DISABLED, "web", &err), 0);
	check_lists(p, "web", "");
	assert_int_equal(checks_enable(ctx, "shop", "web", &err), 0);
	check_lists(p, "", "");
	check_file(p, "lib/config/checks/shop/disabled", NULL);
}

/* A name that is part of another one is another type. */
static void taking_web_off_leaves_web2(void **state)
{
	struct place *p = *state;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(checks_put(&p->ctx, "shop", CHECKS_SKIPPED, "web2,web", &err), 0);
	assert_int_equal(checks_enable(&p->ctx, "shop", "web", &err), 0);
	check_lists(p, "", "web2");
	assert_int_equal(checks_put(&p->ctx, "shop", CHECKS_SKIPPED, "a b", &err), -ERR_USAGE);
	check_lists(p, "", "web2");
}

/* --- the static listener --- */

static void check_listener(const char *text, const char *want)
{
	AUTO_FREE char *address = NULL;
	AUTO_STRBUF got = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	unsigned port = 0;

	if (listener_parse(text, &address, &port, &err) < 0)
		strbuf_addstr(&got, "!");
	else
		strbuf_addf(&got, "%s %u", address, port);
	assert_string_equal(got.buf, want);
}

static void listeners_have_an_address_and_maybe_a_port(void **state)
{
	(void)state;
	check_listener("10.0.0.1:3000", "10.0.0.1 3000");
	check_listener("10.0.0.1", "10.0.0.1 0");
	check_listener("[::1]:3000", "::1 3000");
	check_listener("[::1]", "::1 0");
	check_listener("::1", "::1 0");
	check_listener("localhost:80", "localhost 80");
	check_listener("", "!");
	check_listener(":80", "!");
	check_listener("a:", "!");
	check_listener("a:0", "!");
	check_listener("a:65536", "!");
	check_listener("a b:80", "!");
	check_listener("a;b:80", "!");
	check_listener("[::1]x", "!");
	check_listener("[::1", "!");
	check_listener("::g", "!");
}

static void static_listener_needs_no_scheduler(void **state)
{
	struct place *p = *state;
	AUTO_LISTENERS got = LISTENERS_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(route_static_listener(&p->ctx, "shop", &got, &err), 0);
	assert_int_equal(state_set(&p->ctx, "network", "shop", "static-web-listener", "10.0.0.9:81",
				 &err),
		0);
	assert_int_equal(route_static_listener(&p->ctx, "shop", &got, &err), 1);
	assert_int_equal(got.count, 1);
	assert_string_equal(got.items[0].process, "web");
	assert_string_equal(got.items[0].address, "10.0.0.9");
	assert_int_equal(got.items[0].port, 81);
}

#define PLACED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACED(new_app_runs_one_web),
		PLACED(changes_come_first_then_the_rest_then_new_types),
		PLACED(vanished_types_at_zero_are_remembered),
		PLACED(without_a_procfile_a_type_at_zero_stays_at_zero),
		PLACED(bad_changes_write_nothing),
		PLACED(legacy_scale_is_read_and_drained_by_a_change),
		PLACED(saved_scale_comes_back),
		cmocka_unit_test(options_are_split_at_flags_and_quoted),
		cmocka_unit_test(unreadable_options_are_refused),
		PLACED(options_are_sorted_and_removed_by_meaning),
		PLACED(legacy_options_are_read_and_drained_by_a_change),
		PLACED(builders_get_the_options_they_can_use),
		cmocka_unit_test(phases_are_known_words),
		PLACED(check_lists_exclude_each_other),
		PLACED(taking_web_off_leaves_web2),
		cmocka_unit_test(listeners_have_an_address_and_maybe_a_port),
		PLACED(static_listener_needs_no_scheduler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
