/* SPDX-License-Identifier: MIT */
/* The docker-local scheduler, as far as it needs no engine: state files, plans, create bodies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/builder.h"
#include "core/plugin.h"
#include "core/proxy.h"
#include "lib/dockeropts/dockeropts.h"
#include "schedulers/all.h"
#include "schedulers/docker-local/driver.h"

extern const struct plugin plugin_scheduler_docker_local;
static const struct plugin *const plugins[] = { &plugin_scheduler_docker_local, NULL };
const struct scheduler *const schedulers[] = { &scheduler_docker_local, NULL };
const struct proxy *const proxies[] = { NULL };
const struct builder *const builders[] = { NULL };

/* --- an instance of its own, with an app --- */

struct home {
	char *dir;
	struct ctx ctx;
};

static void put(struct home *h, const char *path, const char *text)
{
	AUTO_FREE char *full = path_join(h->dir, path);
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(fs_write_str(full, text, 0600, &err), 0);
}

static int setup(void **state)
{
	struct home *h = xcalloc(1, sizeof(*h));
	AUTO_STRBUF conf = STRBUF_INIT;
	AUTO_FREE char *path = NULL;
	AUTO_ERR err = ERR_INIT;

	h->dir = xstrdup("/tmp/moorage-test-XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	strbuf_addf(&conf, "dokku_root=%s/home\nlib_root=%s/lib\nlabel=t\n", h->dir, h->dir);
	put(h, "instance.conf", conf.buf);
	put(h, "home/app/HEAD", "");
	path = path_join(h->dir, "instance.conf");
	assert_int_equal(ctx_init(&h->ctx, path, false, &err), 0);
	h->ctx.plugins = plugins;
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	struct home *h = *state;
	AUTO_ERR err = ERR_INIT;

	ctx_done(&h->ctx);
	assert_int_equal(fs_rm_rf(h->dir, &err), 0);
	free(h->dir);
	free(h);
	return 0;
}

/* --- state files --- */

static void units_are_read_in_order_with_numbers_as_numbers(void **state)
{
	struct home *h = *state;
	AUTO_UNITS units = UNITS_INIT;
	AUTO_ERR err = ERR_INIT;

	put(h, "home/app/CONTAINER.web.10", "ten\n");
	put(h, "home/app/CONTAINER.web.2", "two\n");
	put(h, "home/app/IP.web.2", "172.17.0.9");
	put(h, "home/app/PORT.web.2", "5000");
	put(h, "home/app/CONTAINER.cron.1", "c\n");
	put(h, "home/app/CONTAINER.web.x", "no unit\n");
	assert_int_equal(units_load(&h->ctx, "app", NULL, &units, &err), 0);
	assert_int_equal(units.count, 3);
	assert_string_equal(units.items[0].process, "cron");
	assert_string_equal(units.items[1].id, "two");
	assert_string_equal(units.items[1].address, "172.17.0.9");
	assert_int_equal(units.items[1].port, 5000);
	assert_int_equal(units.items[2].index, 10);
}

static void units_can_be_chosen(void **state)
{
	struct home *h = *state;
	AUTO_UNITS web = UNITS_INIT;
	AUTO_UNITS one = UNITS_INIT;
	AUTO_UNITS none = UNITS_INIT;
	AUTO_ERR err = ERR_INIT;

	put(h, "home/app/CONTAINER.web.1", "a\n");
	put(h, "home/app/CONTAINER.web.2", "b\n");
	put(h, "home/app/CONTAINER.worker.1", "c\n");
	assert_int_equal(units_load(&h->ctx, "app", "web", &web, &err), 0);
	assert_int_equal(web.count, 2);
	assert_int_equal(units_load(&h->ctx, "app", "web.2", &one, &err), 0);
	assert_int_equal(one.count, 1);
	assert_string_equal(one.items[0].id, "b");
	assert_int_equal(units_load(&h->ctx, "app", "web.x", &none, &err), 0);
	assert_int_equal(none.count, 0);
}

static void a_snapshot_brings_the_state_back(void **state)
{
	struct home *h = *state;
	struct unit u = { .process = (char[]){ "web" },
		.index = 1,
		.id = (char[]){ "new" },
		.address = (char[]){ "10.0.0.9" },
		.port = 80 };
	AUTO_UNITS units = UNITS_INIT;
	AUTO_ERR err = ERR_INIT;
	AUTO_FREE char *head = path_join(h->dir, "home/app/HEAD");
	json_t *old = NULL;

	put(h, "home/app/CONTAINER.web.1", "old\n");
	put(h, "home/app/IP.web.1", "10.0.0.1");
	assert_int_equal(units_snapshot(&h->ctx, "app", &old, &err), 0);
	assert_int_equal(unit_write(&h->ctx, "app", &u, &err), 0);
	u.index = 2;
	assert_int_equal(unit_write(&h->ctx, "app", &u, &err), 0);
	assert_int_equal(units_restore(&h->ctx, "app", old, &err), 0);
	json_decref(old);
	assert_int_equal(units_load(&h->ctx, "app", NULL, &units, &err), 0);
	assert_int_equal(units.count, 1);
	assert_string_equal(units.items[0].id, "old");
	assert_string_equal(units.items[0].address, "10.0.0.1");
	assert_int_equal(units.items[0].port, 0);
	assert_true(fs_exists(head)); /* other files of the app are left alone */
}

static void failed_containers_are_remembered_once(void **state)
{
	struct home *h = *state;
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(failed_has(&h->ctx, "app", "abc", &err), 0);
	assert_int_equal(failed_add(&h->ctx, "app", "abc", "web.1", &err), 0);
	assert_int_equal(failed_add(&h->ctx, "app", "abc", "web.1", &err), 0);
	assert_int_equal(failed_has(&h->ctx, "app", "abc", &err), 1);
	assert_int_equal(failed_has(&h->ctx, "app", "ab", &err), 0);
	assert_int_equal(failed_load(&h->ctx, "app", &lines, &err), 0);
	assert_int_equal(lines.count, 1);
	assert_string_equal(lines.items[0], "abc web.1");
	assert_int_equal(failed_clear(&h->ctx, "app", &err), 0);
	assert_int_equal(failed_has(&h->ctx, "app", "abc", &err), 0);
}

/* --- plans --- */

/* "create web.1 web.2; check web.1 web.2; ..." */
static void plan_text(const struct operation *op, struct strbuf *out)
{
	for (size_t i = 0; i < op->count; i++) {
		const struct step *s = op->steps[i];

		strbuf_addf(out, "%s", str_after(s->kind->name, "docker-local:"));
		for (size_t n = 0; n < slot_count(s); n++)
			strbuf_addf(out, " %s.%u", slot_at(s, n).process, slot_at(s, n).index);
		strbuf_addstr(out, "; ");
	}
}

static void plan(struct home *h, const char *process, struct strbuf *out)
{
	const struct deploy d = { .app = "app", .image = "x:latest", .process = process };
	AUTO_ERR err = ERR_INIT;
	struct operation *op;

	h->ctx.dry_run = true;
	assert_int_equal(operation_begin(&h->ctx, "deploy", "app", NULL, NULL, &op, &err), 0);
	assert_int_equal(local_plan_start(op, &d, &err), 0);
	assert_int_equal(local_plan_settle(op, &d, &err), 0);
	plan_text(op, out);
	operation_abandon(op);
}

static void web_comes_first_and_alone(void **state)
{
	struct home *h = *state;
	AUTO_STRBUF text = STRBUF_INIT;

	put(h, "lib/config/ps/app/scale", "worker=1\nweb=2\nclock=1");
	plan(h, NULL, &text);
	assert_string_equal(text.buf,
		"begin; create web.1; check web.1; create web.2; check web.2; "
		"create worker.1; check worker.1; create clock.1; check clock.1; "
		"state web.1 web.2 worker.1 clock.1; rename web.1 web.2 worker.1 clock.1; ");
}

static void batches_follow_both_kinds_of_parallelism(void **state)
{
	struct home *h = *state;
	AUTO_STRBUF text = STRBUF_INIT;

	put(h, "lib/config/ps/app/scale", "web=3\na=1\nb=2\nc=1");
	put(h, "lib/config/scheduler-docker-local/app/parallel-schedule-count", "2");
	put(h, "lib/data/app-json/app/app.json", "{\"formation\":{\"web\":{\"max_parallel\":2}}}");
	plan(h, NULL, &text);
	assert_string_equal(text.buf,
		"begin; create web.1 web.2; check web.1 web.2; create web.3; check web.3; "
		"create a.1 b.1; check a.1 b.1; create b.2; check b.2; create c.1; check c.1; "
		"state web.1 web.2 web.3 a.1 b.1 b.2 c.1; rename web.1 web.2 web.3 a.1 b.1 b.2 "
		"c.1; ");
}

static void disabled_checks_are_not_planned(void **state)
{
	struct home *h = *state;
	AUTO_STRBUF text = STRBUF_INIT;

	put(h, "lib/config/ps/app/scale", "web=1\nworker=1");
	put(h, "lib/config/checks/app/disabled", "worker");
	plan(h, NULL, &text);
	assert_string_equal(text.buf, "begin; create web.1; check web.1; create worker.1; "
				      "state web.1 worker.1; rename web.1 worker.1; ");
}

static void one_process_type_leaves_the_others_alone(void **state)
{
	struct home *h = *state;
	AUTO_STRBUF text = STRBUF_INIT;

	put(h, "lib/config/ps/app/scale", "web=1\nworker=1");
	put(h, "home/app/CONTAINER.web.1", "w\n");
	plan(h, "worker", &text);
	assert_string_equal(text.buf, "begin; create worker.1; check worker.1; state worker.1; "
				      "rename worker.1; ");
}

static void what_is_not_in_the_procfile_is_skipped(void **state)
{
	struct home *h = *state;
	AUTO_STRBUF text = STRBUF_INIT;

	put(h, "lib/config/ps/app/scale", "web=1\nold=1");
	put(h, "lib/data/ps/app/Procfile", "web: ./serve\n");
	put(h, "home/app/CONTAINER.old.1", "x\n");
	plan(h, NULL, &text);
	assert_string_equal(text.buf, "begin; create web.1; check web.1; state web.1; "
				      "rename web.1; retire; ");
}

/* --- bodies: what the engine is asked for --- */

static void fail_msg_of(const char *text, const char *name)
{
	fprintf(stderr, "%s\n", text);
	fail_msg("the body above is not that of %s", name);
}

static void expect_golden(const json_t *body, const char *name)
{
	AUTO_FREE char *path = path_join(getenv("GOLDEN_DIR"), name);
	AUTO_FREE char *text = json_dumps(body, JSON_INDENT(2) | JSON_SORT_KEYS);
	AUTO_STRBUF wanted = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(fs_read(path, 1024 * 1024, &wanted, &err), 0);
	strbuf_chomp(&wanted);
	if (!str_eq(text, wanted.buf)) /* the framework cuts long texts */
		fail_msg_of(text, name);
}

static json_t *body_of(struct home *h, const char *process, enum image_source source)
{
	struct image_facts facts = {
		.image = (char[]){ "dokku-t/app:latest" },
		.source = source,
		.log_max_size_ok = true,
	};
	AUTO_FREE char *name = xasprintf("t.app.%s.1.upcoming-7", process);
	const struct spec_unit unit = { "app", process, 1, name, "operation-id" };
	AUTO_SPEC spec = SPEC_INIT;
	AUTO_STRBUF flag = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	json_t *body = NULL;

	assert_int_equal(spec_for_unit(&h->ctx, &unit, &facts, &spec, &err), 0);
	for (size_t i = 0; i < spec.flags.count; i++)
		assert_null(strstr(spec.flags.items[i], "top secret"));
	assert_int_equal(spec_body(&spec, 44, &body, &flag, &err), DOCKEROPTS_MAPPED);
	return body;
}

static void make_body(struct home *h, const char *process, enum image_source source,
	const char *golden)
{
	json_t *body = body_of(h, process, source);

	expect_golden(body, golden);
	json_decref(body);
}

/* proves golden: property docker-options/<proc|_default_>.<build|deploy|run> */
static void a_web_container_gets_port_config_and_options(void **state)
{
	struct home *h = *state;

	put(h, "lib/config/app/ENV", "KEY=\"top secret\"\nPORT=\"99\"\n");
	put(h, "lib/config/--global/ENV", "KEY=\"global\"\nALL=\"yes\"\n");
	put(h, "lib/config/ports/app/map", "udp:53:53\nhttp:80:3000");
	put(h, "lib/config/network/app/initial-network", "inner");
	put(h, "lib/config/network/app/bind-all-interfaces", "true");
	put(h, "lib/config/docker-options/app/_default_.deploy",
		"-v /srv/a:/a\n--restart=always\n# no option");
	put(h, "lib/config/docker-options/app/web.deploy", "--env 'SAID=a b' --memory 64m");
	put(h, "lib/data/ps/app/Procfile", "web: serve --port $PORT 'two words'\n");
	make_body(h, "web", SOURCE_DOCKERFILE, "docker-local-web.json");
}

static void a_worker_of_herokuish_gets_a_blank_port(void **state)
{
	struct home *h = *state;

	put(h, "lib/config/app/ENV", "PORT=\"99\"\n");
	put(h, "lib/config/logs/app/max-size", "unlimited");
	put(h, "lib/config/scheduler-docker-local/app/init-process", "false");
	put(h, "lib/data/ps/app/Procfile", "web: x\nworker: y\n");
	make_body(h, "worker", SOURCE_HEROKUISH, "docker-local-worker.json");
}

/* An app that has come from an older Dokku, and whose options nobody has changed since. */
static void options_of_a_legacy_file_are_used(void **state)
{
	struct home *h = *state;
	json_t *body;

	put(h, "home/app/DOCKER_OPTIONS_DEPLOY", "# note\n--hostname legacy\n");
	put(h, "lib/config/docker-options/app/web.deploy", "--domainname own");
	body = body_of(h, "web", SOURCE_DOCKERFILE);
	assert_string_equal(json_string_value(json_object_get(body, "Hostname")), "legacy");
	assert_string_equal(json_string_value(json_object_get(body, "Domainname")), "own");
	json_decref(body);
}

/* --- workers --- */

static int answer(struct ctx *ctx, void *arg, struct strbuf *out, struct err *err)
{
	const char *word = arg;

	(void)ctx;
	if (str_eq(word, "die"))
		_exit(9);
	if (str_eq(word, "fail"))
		return err_user(err, ERR_EXISTS, 12, "%s is what it does", word);
	strbuf_addf(out, "<%s>", word);
	return 3;
}

static void workers_bring_back_results_and_errors(void **state)
{
	struct home *h = *state;
	struct job jobs[] = {
		{ .run = answer, .arg = (char[]){ "one" } },
		{ .run = answer, .arg = (char[]){ "fail" } },
		{ .run = answer, .arg = (char[]){ "die" } },
	};
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(jobs_run(&h->ctx, jobs, ARRAY_SIZE(jobs), &err), 0);
	assert_int_equal(jobs[0].result, 3);
	assert_string_equal(jobs[0].out.buf, "<one>");
	assert_int_equal(jobs[1].result, -ERR_EXISTS);
	assert_int_equal(err_exit_code(&jobs[1].err), 12);
	assert_string_equal(err_text(&jobs[1].err), "fail is what it does");
	assert_int_equal(jobs[2].result, -ERR_FAILED);
	jobs_done(jobs, ARRAY_SIZE(jobs));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(units_are_read_in_order_with_numbers_as_numbers),
		TEST(units_can_be_chosen),
		TEST(a_snapshot_brings_the_state_back),
		TEST(failed_containers_are_remembered_once),
		TEST(web_comes_first_and_alone),
		TEST(batches_follow_both_kinds_of_parallelism),
		TEST(disabled_checks_are_not_planned),
		TEST(one_process_type_leaves_the_others_alone),
		TEST(what_is_not_in_the_procfile_is_skipped),
		TEST(a_web_container_gets_port_config_and_options),
		TEST(a_worker_of_herokuish_gets_a_blank_port),
		TEST(options_of_a_legacy_file_are_used),
		TEST(workers_bring_back_results_and_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
