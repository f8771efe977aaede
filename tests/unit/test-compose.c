/* SPDX-License-Identifier: MIT */
/* Compose files as flags and requests, and which running container is the one that is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/builder.h"
#include "core/compose.h"
#include "core/proxy.h"
#include "core/scheduler.h"

const struct proxy *const proxies[] = { NULL };
const struct builder *const builders[] = { NULL };
const struct scheduler *const schedulers[] = { NULL };

static char no_label[] = "";
static char a_label[] = "lab";

static struct ctx plain_ctx(char *label)
{
	return (struct ctx){
		.inst = { .label = label, .host_root = no_label, .lib_host_root = no_label },
	};
}

/* "name container image flags... | command..." of each service, or "!message". */
static char *described(const char *text, char *label)
{
	struct ctx ctx = plain_ctx(label);
	AUTO_COMPOSE c = COMPOSE_INIT;
	AUTO_ERR err = ERR_INIT;
	AUTO_STRBUF out = STRBUF_INIT;

	if (compose_parse(&ctx, "demo", text, strlen(text), &c, &err) < 0) {
		assert_int_equal(err.kind, ERR_INVALID);
		return xasprintf("!%s", err_text(&err));
	}
	for (size_t i = 0; i < c.count; i++) {
		const struct compose_service *s = &c.items[i];
		AUTO_FREE char *flags = strvec_joined(&s->flags, " ");
		AUTO_FREE char *command = strvec_joined(&s->command, " ");

		strbuf_addf(&out, "%s%s %s %s %s | %s", i ? "\n" : "", s->name, s->container,
			s->image, flags, command);
	}
	return strbuf_detach(&out);
}

static void check(const char *text, const char *want)
{
	AUTO_FREE char *got = described(text, no_label);

	assert_string_equal(got, want);
}

static void members_of_a_service_become_flags(void **state)
{
	(void)state;
	check("services:\n  web:\n    image: a:1\n    network_mode: bridge\n    ports:\n"
	      "      - \"80:80\"\n    restart: unless-stopped\n    volumes: [/a:/b]\n"
	      "    privileged: true\n",
		"web demo-web-1 a:1 --network=bridge --publish=80:80 --restart=unless-stopped "
		"--volume=/a:/b --privileged=true | ");
}

static void maps_and_lists_of_pairs_mean_the_same(void **state)
{
	(void)state;
	check("services:\n  a:\n    image: i\n    network_mode: host\n    environment:\n      A: b "
	      "c\n"
	      "      D:\n    labels:\n      - e=f\n",
		"a demo-a-1 i --network=host --env=A=b c --env=D= --label=e=f | ");
}

static void commands_are_words_or_lists(void **state)
{
	(void)state;
	check("services:\n  a:\n    image: i\n    network_mode: host\n    command: run 'a b'\n"
	      "  b:\n    image: i\n    network_mode: host\n    command: [c]\n"
	      "    entrypoint: [/e, -f]\n",
		"a demo-a-1 i --network=host | run a b\n"
		"b demo-b-1 i --network=host --entrypoint=/e | -f c");
}

static void two_dollar_signs_are_one(void **state)
{
	(void)state;
	check("services:\n  a:\n    image: i\n    network_mode: host\n    labels: "
	      "[\"u=x:$$apr1$$y\"]\n",
		"a demo-a-1 i --network=host --label=u=x:$apr1$y | ");
	check("services:\n  a:\n    image: $IMAGE\n    network_mode: host\n",
		"!The compose file of demo cannot be used: services.a.image: variables are not "
		"replaced; write $$ for a dollar sign");
}

static void networks_that_are_there_are_joined_under_the_services_names(void **state)
{
	(void)state;
	check("services:\n  a:\n    image: i\n    networks: [one, two]\n"
	      "networks:\n  one:\n    external: true\n"
	      "  two:\n    name: the.second\n    external: true\n",
		"a demo-a-1 i --network=name=one,alias=demo-a-1,alias=a "
		"--network=name=the.second,alias=demo-a-1,alias=a | ");
	check("services:\n  a:\n    image: i\n    networks:\n      one: {}\n"
	      "networks:\n  one: {external: true}\n",
		"a demo-a-1 i --network=name=one,alias=demo-a-1,alias=a | ");
	check("services:\n  a:\n    image: i\n    networks: [one]\n",
		"!The compose file of demo cannot be used: networks.one: only a network that is "
		"there (external: true) is offered without docker compose");
	check("services:\n  a:\n    image: i\n    networks: [one]\n"
	      "networks:\n  one: {external: true, name: \"a,b\"}\n",
		"!The compose file of demo cannot be used: 'a,b' is no name of a network");
	check("services:\n  a:\n    image: i\n    networks:\n      one: {aliases: [x]}\n"
	      "networks:\n  one: {external: true}\n",
		"!The compose file of demo cannot be used: services.a.networks.one: settings of it "
		"are not offered without docker compose");
}

static void an_instance_with_a_label_has_projects_of_its_own(void **state)
{
	AUTO_FREE char *got =
		described("services:\n  a:\n    image: i\n    network_mode: host\n", a_label);

	(void)state;
	assert_string_equal(got, "a lab-demo-a-1 i --network=host | ");
}

static void what_compose_would_do_and_we_do_not_is_refused(void **state)
{
	(void)state;
	check("services:\n  a:\n    image: i\n    deploy: {}\n",
		"!The compose file of demo cannot be used: services.a.deploy: this is not offered "
		"without docker compose");
	check("services:\n  a:\n    image: i\n",
		"!The compose file of demo cannot be used: services.a: a network_mode is needed, "
		"for example bridge");
	check("services:\n  a:\n    network_mode: host\n",
		"!The compose file of demo cannot be used: services.a: an image is needed");
	check("services:\n  a:\n    image: i\n    volumes: [data:/x]\n",
		"!The compose file of demo cannot be used: services.a.volumes: 'data:/x' is no "
		"volume by absolute path");
	check("services:\n  a:\n    image: i\n    environment: [HOME]\n",
		"!The compose file of demo cannot be used: services.a.environment: 'HOME' has no "
		"value");
	check("volumes:\n  a:\n", "!The compose file of demo cannot be used: volumes: this is not "
				  "offered without docker compose");
	check("services: {}\n",
		"!The compose file of demo cannot be used: there are no services in it");
	check("a: |\n", "!The compose file of demo cannot be used: line 1: a value cannot begin "
			"like this here");
}

/* --- requests --- */

static json_t *body_of(const char *text)
{
	struct ctx ctx = plain_ctx(no_label);
	AUTO_COMPOSE c = COMPOSE_INIT;
	AUTO_ERR err = ERR_INIT;
	json_t *body = NULL;

	assert_int_equal(compose_parse(&ctx, "demo", text, strlen(text), &c, &err), 0);
	assert_int_equal(compose_body(&ctx, &c, &c.items[0], &body, &err), 0);
	return body;
}

static const char plain[] = "services:\n  a:\n    image: i\n    network_mode: bridge\n"
			    "    ports: [\"80:80\"]\n    environment: [A=b]\n    labels: [c=d]\n"
			    "    restart: unless-stopped\n    volumes: [/e:/f, /s:/s:ro]\n";

static void containers_carry_the_labels_of_compose(void **state)
{
	json_t *body = body_of(plain);
	json_t *labels = json_object_get(body, "Labels");

	(void)state;
	assert_string_equal(json_string_value(
				    json_object_get(labels, "com.docker.compose.project")),
		"demo");
	assert_string_equal(json_string_value(
				    json_object_get(labels, "com.docker.compose.service")),
		"a");
	assert_string_equal(json_string_value(
				    json_object_get(labels, "com.docker.compose.container-number")),
		"1");
	assert_string_equal(json_string_value(json_object_get(labels, "com.docker.compose.oneoff")),
		"False");
	assert_string_equal(json_string_value(json_object_get(labels, "c")), "d");
	json_decref(body);
}

/* What the engine shows of a container that `docker compose up` made of `plain`. */
static json_t *made_by_compose(void)
{
	return json_pack("{s:s, s:{s:s, s:[s, s], s:[s], s:{s:s, s:s, s:s, s:s}},"
			 " s:{s:{s:[{s:s, s:s}]}, s:[s, s], s:{s:s, s:i}, s:s}}",
		"Image", "sha256:1", "Config", "Image", "i", "Env", "PATH=/bin", "A=b", "Cmd", "x",
		"Labels", "maker", "m", "c", "d", "com.docker.compose.project", "demo",
		"com.docker.compose.config-hash", "0", "HostConfig", "PortBindings", "80/tcp",
		"HostIp", "", "HostPort", "80", "Binds", "/s:/s:ro", "/e:/f:rw", "RestartPolicy",
		"Name", "unless-stopped", "MaximumRetryCount", 0, "NetworkMode", "bridge");
}

static json_t *the_image(void)
{
	return json_pack("{s:s, s:{s:[s], s:[s], s:{s:s}}}", "Id", "sha256:1", "Config", "Env",
		"PATH=/bin", "Cmd", "x", "Labels", "maker", "m");
}

static void a_container_that_compose_made_is_recognised(void **state)
{
	json_t *body = body_of(plain);
	json_t *there = made_by_compose();
	json_t *image = the_image();

	(void)state;
	assert_true(compose_matches(body, there, image));
	json_decref(body);
	json_decref(there);
	json_decref(image);
}

/* Sets OBJECT's member by the path "a.b.c". */
static void put(json_t *object, const char *a, const char *b, json_t *value)
{
	json_object_set_new(json_object_get(object, a), b, value);
}

static void any_difference_of_such_a_container_counts(void **state)
{
	static const struct {
		const char *part, *key, *json;
	} changes[] = {
		{ "Config", "Image", "\"other\"" },
		{ "Config", "Env", "[\"PATH=/bin\"]" },
		{ "Config", "Env", "[\"PATH=/bin\", \"A=b\", \"B=c\"]" },
		{ "Config", "Cmd", "[\"y\"]" },
		{ "Config", "Labels", "{\"maker\": \"m\", \"c\": \"d\", \"old\": \"label\"}" },
		{ "HostConfig", "PortBindings", "null" },
		{ "HostConfig", "Binds", "[\"/e:/f:rw\"]" },
		{ "HostConfig", "RestartPolicy", "{\"Name\": \"no\"}" },
		{ "HostConfig", "NetworkMode", "\"host\"" },
	};
	json_t *body = body_of(plain);
	json_t *image = the_image();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		json_t *there = made_by_compose();

		put(there, changes[i].part, changes[i].key,
			json_loads(changes[i].json, JSON_DECODE_ANY, NULL));
		assert_false(compose_matches(body, there, image));
		json_decref(there);
	}
	json_object_set_new(image, "Id", json_string("sha256:2"));
	{
		json_t *there = made_by_compose();

		assert_false(compose_matches(body, there, image));
		json_decref(there);
	}
	json_decref(body);
	json_decref(image);
}

static void one_of_ours_is_known_by_what_it_was_made_from(void **state)
{
	json_t *body = body_of(plain);
	json_t *other = body_of("services:\n  a:\n    image: i\n    network_mode: bridge\n");
	json_t *image = the_image();
	json_t *there = json_pack("{s:s, s:O}", "Image", "sha256:1", "Config", body);

	(void)state;
	assert_true(compose_matches(body, there, image));
	assert_false(compose_matches(other, there, image));
	json_decref(body);
	json_decref(other);
	json_decref(image);
	json_decref(there);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_of_a_service_become_flags),
		cmocka_unit_test(maps_and_lists_of_pairs_mean_the_same),
		cmocka_unit_test(commands_are_words_or_lists),
		cmocka_unit_test(two_dollar_signs_are_one),
		cmocka_unit_test(networks_that_are_there_are_joined_under_the_services_names),
		cmocka_unit_test(an_instance_with_a_label_has_projects_of_its_own),
		cmocka_unit_test(what_compose_would_do_and_we_do_not_is_refused),
		cmocka_unit_test(containers_carry_the_labels_of_compose),
		cmocka_unit_test(a_container_that_compose_made_is_recognised),
		cmocka_unit_test(any_difference_of_such_a_container_counts),
		cmocka_unit_test(one_of_ours_is_known_by_what_it_was_made_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
