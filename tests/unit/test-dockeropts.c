/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "lib/dockeropts/dockeropts.h"

/* The environment of a caller, from an object. */
static const char *lookup_json(void *cookie, const char *name)
{
	return json_string_value(json_object_get(cookie, name));
}

static char *golden_path(const char *name)
{
	const char *root = getenv("GOLDEN_DIR");

	assert_non_null(root);
	return xasprintf("%s/dockeropts%s%s", root, *name ? "/" : "", name);
}

/* A recorded file, with the folder it was recorded in replaced by ours. */
static json_t *load_golden(const char *name)
{
	AUTO_FREE char *path = golden_path(name);
	AUTO_FREE char *dir = golden_path("");
	AUTO_STRBUF raw = STRBUF_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	const char *at;
	json_t *json;

	assert_int_equal(fs_read(path, 1 << 20, &raw, &err), 0);
	for (at = raw.buf;;) {
		const char *mark = strstr(at, "@CWD@");

		if (!mark)
			break;
		strbuf_add(&out, at, (size_t)(mark - at));
		strbuf_addstr(&out, dir);
		at = mark + strlen("@CWD@");
	}
	strbuf_addstr(&out, at);
	json = json_loads(out.buf, 0, NULL);
	assert_non_null(json);
	return json;
}

static bool is_zero(const json_t *v)
{
	return json_is_null(v) || json_is_false(v) ||
	       (json_is_string(v) && !*json_string_value(v)) ||
	       (json_is_integer(v) && json_integer_value(v) == 0);
}

/* An endpoint's unset members, and endpoints of which nothing is set, are the same as absent. */
static void tidy_endpoints(json_t *body)
{
	json_t *all = json_object_get(json_object_get(body, "NetworkingConfig"), "EndpointsConfig");
	json_t *only = json_object_get(all, "default");
	const char *name;
	const char *key;
	json_t *endpoint;
	json_t *value;
	void *tmp;
	void *tmp2;

	json_object_foreach_safe(all, tmp, name, endpoint)
	{
		json_object_foreach_safe(endpoint, tmp2, key, value)
		{
			if (is_zero(value))
				json_object_del(endpoint, key);
		}
	}
	if (only && !json_object_size(only))
		json_object_del(all, "default");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The client sends binds and variables in random order. */
static void sort_list(json_t *section, const char *key, bool last_wins)
{
	AUTO_STRVEC v = STRVEC_INIT;
	json_t *list = json_object_get(section, key);
	json_t *item;
	size_t i;

	if (!json_is_array(list))
		return;
	json_array_foreach (list, i, item) {
		const char *s = json_string_value(item);
		size_t len = strcspn(s, "=");

		for (size_t k = 0; last_wins && k < v.count; k++) {
			if (strncmp(v.items[k], s, len) == 0 &&
				(v.items[k][len] == '=' || !v.items[k][len]))
				strvec_remove(&v, k--);
		}
		strvec_push(&v, s);
	}
	qsort(v.items, v.count, sizeof(*v.items), by_text);
	json_array_clear(list);
	for (i = 0; i < v.count; i++)
		json_array_append_new(list, json_string(v.items[i]));
}

static void tidy(json_t *body)
{
	json_object_del(body, "Image");
	json_object_del(body, "Cmd");
	tidy_endpoints(body);
	sort_list(body, "Env", true);
	sort_list(json_object_get(body, "HostConfig"), "Binds", false);
}

static void words_of(json_t *array, struct strvec *out)
{
	json_t *item;
	size_t i;

	json_array_foreach (array, i, item)
		strvec_push(out, json_string_value(item));
}

/* What the client sent: the request without flags, and over it what this case changed. */
static json_t *recorded_body(json_t *none, json_t *changes)
{
	json_t *body = json_deep_copy(none);
	json_t *host = json_object_get(body, "HostConfig");
	const char *key;
	json_t *value;

	json_object_foreach (changes, key, value) {
		if (strcmp(key, "HostConfig") == 0)
			json_object_update(host, value);
		else
			json_object_set(body, key, value);
	}
	return body;
}

static void assert_query(const char *got, json_t *query, const char *key)
{
	const char *expected = json_string_value(json_object_get(query, key));

	if (expected && got)
		assert_string_equal(got, expected);
	else
		assert_true(!expected && !got);
}

static void print_difference(json_t *expected, json_t *actual)
{
	const char *key;
	json_t *value;

	json_object_update_missing(expected, actual);
	json_object_foreach (expected, key, value) {
		json_t *other = json_object_get(actual, key);
		AUTO_FREE char *a = json_dumps(value, JSON_ENCODE_ANY);
		AUTO_FREE char *b = other ? json_dumps(other, JSON_ENCODE_ANY) : xstrdup("none");

		if (strcmp(key, "HostConfig") != 0 && strcmp(a, b) != 0)
			print_error("%s: expected %s, got %s\n", key, a, b);
	}
	if (json_object_get(expected, "HostConfig"))
		print_difference(json_object_get(expected, "HostConfig"),
			json_object_get(actual, "HostConfig"));
}

static void check_case(const char *name, json_t *record, json_t *none, unsigned api)
{
	AUTO_FREE char *cwd = golden_path("");
	AUTO_DOCKEROPTS got = DOCKEROPTS_INIT;
	AUTO_STRVEC argv = STRVEC_INIT;
	AUTO_STRBUF flag = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	json_t *query = json_object_get(record, "query");
	json_t *expected = recorded_body(none, json_object_get(record, "body"));
	json_t *actual = json_deep_copy(none);
	struct dockeropts_source src = {
		.lookup = lookup_json,
		.cookie = json_object_get(record, "env"),
		.cwd = cwd,
		.api_minor = api,
	};
	int r;

	words_of(json_object_get(record, "argv"), &argv);
	r = dockeropts_parse(argv.items, &src, &got, &flag, &err);
	/* Engines that old know no such devices; what happens is between them and the client. */
	if (strstr(name, "cdi") && api < 44) {
		assert_int_equal(r, DOCKEROPTS_NEEDS_CLIENT);
		assert_string_equal(flag.buf, "--device");
	} else {
		if (r != DOCKEROPTS_MAPPED)
			print_error("%s: %d %s %s\n", name, r, err_text(&err), flag.buf);
		assert_int_equal(r, DOCKEROPTS_MAPPED);
		dockeropts_merge(actual, got.body);
		tidy(expected);
		tidy(actual);
		if (!json_equal(expected, actual)) {
			print_difference(expected, actual);
			fail_msg("%s differs from the client's request", name);
		}
		assert_query(got.name, query, "name");
		assert_query(got.platform, query, "platform");
	}
	json_decref(expected);
	json_decref(actual);
}

static void check_file(const char *file, unsigned api, size_t at_least)
{
	json_t *golden = load_golden(file);
	json_t *cases = json_object_get(golden, "cases");
	json_t *none = json_object_get(json_object_get(cases, "none"), "body");
	const char *name;
	json_t *record;

	assert_true(json_object_size(cases) >= at_least);
	json_object_foreach (cases, name, record)
		check_case(name, record, none, api);
	json_decref(golden);
}

static void sends_what_docker_28_sends(void **state)
{
	(void)state;
	check_file("docker-28.2.2-api-1.48.json", 48, 69);
}

static void sends_what_docker_28_sends_to_an_old_engine(void **state)
{
	(void)state;
	check_file("docker-28.2.2-api-1.41.json", 41, 63);
}

static void sends_what_docker_20_sends(void **state)
{
	(void)state;
	check_file("docker-20.10.24-api-1.41.json", 41, 55);
}

static void default_body_is_the_request_without_flags(void **state)
{
	json_t *golden = load_golden("docker-28.2.2-api-1.48.json");
	json_t *none =
		json_object_get(json_object_get(json_object_get(golden, "cases"), "none"), "body");
	json_t *ours = dockeropts_default_body();
	json_t *merged = json_deep_copy(none);
	json_t *host = json_object_get(none, "HostConfig");
	const char *key;
	json_t *value;

	(void)state;
	assert_int_equal(json_object_update_recursive(merged, ours), 0);
	assert_true(json_equal(merged, none));
	/* And nothing that is not zero is missing from it. */
	json_object_foreach (host, key, value) {
		if (!is_zero(value) && !json_is_array(value) && !json_is_object(value))
			assert_true(json_equal(value,
				json_object_get(json_object_get(ours, "HostConfig"), key)));
	}
	json_decref(ours);
	json_decref(merged);
	json_decref(golden);
}

/* Parses words divided by "|" into RET; the result of the parse. */
static int parse(const char *words, struct dockeropts *ret, struct strbuf *flag, struct err *err)
{
	AUTO_STRVEC argv = STRVEC_INIT;
	static const struct dockeropts_source src = { .cwd = "/srv/app", .api_minor = 48 };

	strvec_split(&argv, words, "|");
	return dockeropts_parse(argv.items, &src, ret, flag, err);
}

/* The body of WORDS as compact JSON with sorted keys. */
static void assert_body(const char *words, const char *expected)
{
	AUTO_DOCKEROPTS got = DOCKEROPTS_INIT;
	AUTO_STRBUF flag = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	AUTO_FREE char *dump = NULL;
	int r = parse(words, &got, &flag, &err);

	if (r)
		print_error("%s: %s%s\n", words, err_text(&err), flag.buf);
	assert_int_equal(r, 0);
	dump = json_dumps(got.body, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(dump, expected);
}

static void assert_invalid(const char *words, const char *in_message)
{
	AUTO_DOCKEROPTS got = DOCKEROPTS_INIT;
	AUTO_ERR err = ERR_INIT;
	int r = parse(words, &got, NULL, &err);

	if (r != -ERR_INVALID || !strstr(err_text(&err), in_message))
		print_error("%s: %d '%s' lacks '%s'\n", words, r, err_text(&err), in_message);
	assert_int_equal(r, -ERR_INVALID);
	assert_non_null(strstr(err_text(&err), in_message));
	assert_null(got.body);
}

static void assert_client(const char *words, const char *flag)
{
	AUTO_DOCKEROPTS got = DOCKEROPTS_INIT;
	AUTO_STRBUF named = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	int r = parse(words, &got, &named, &err);

	if (r != DOCKEROPTS_NEEDS_CLIENT)
		print_error("%s: %d '%s'\n", words, r, err_text(&err));
	assert_int_equal(r, DOCKEROPTS_NEEDS_CLIENT);
	assert_string_equal(named.buf, flag);
	assert_null(got.body);
}

static void body_holds_only_what_was_set(void **state)
{
	(void)state;
	assert_body("", "{}");
	assert_body("--", "{}");
	assert_body("--name|x", "{}");
	assert_body("-m|1g", "{\"HostConfig\":{\"Memory\":1073741824}}");
	assert_body("--user=", "{\"User\":\"\"}");
	assert_body("--init=false", "{\"HostConfig\":{\"Init\":false}}");
	assert_body("-v|./a/../b//c:/d", "{\"HostConfig\":{\"Binds\":[\"/srv/app/b/c:/d\"]}}");
	assert_body("-v|/:/host", "{\"HostConfig\":{\"Binds\":[\"/:/host\"]}}");
	assert_body("--platform=", "{}");
	assert_body("-i=false", "{\"AttachStdin\":false,\"OpenStdin\":false,\"StdinOnce\":false}");
}

static void unknown_flags_are_left_to_the_program(void **state)
{
	(void)state;
	assert_client("--memory|1g|--cidfile|/tmp/x", "--cidfile");
	assert_client("--from-the-future=1", "--from-the-future");
	assert_client("-itz", "-z");
	assert_client("--use-api-socket", "--use-api-socket");
	assert_client("--disable-content-trust=false", "--disable-content-trust");
	assert_client("--platform|darwin/x", "--platform");
	assert_client("--cpus|1/2", "--cpus");
	assert_client("--memory|1e3m", "--memory");
	assert_client("-v|c:/data", "--volume");
	assert_client("-v|\xc3\xa9:/data", "--volume");
	assert_client("-v|data:c:/x", "--volume");
	assert_client("--mac-address|0000.5e00.5301", "--mac-address");
	assert_client("--dns|::ffff:1.2.3.4", "--dns");
	assert_client("--detach", "--detach");
}

static void bad_values_name_their_flag(void **state)
{
	(void)state;
	assert_invalid("--memory|lots", "--memory: 'lots' is not a size");
	assert_invalid("-m|-5m", "--memory");
	assert_invalid("-m|5mib2", "--memory");
	assert_invalid("-m|9999999999g", "too large");
	assert_invalid("--cpu-shares|99999999999999999999", "--cpu-shares");
	assert_invalid("--cpu-shares|1.5", "--cpu-shares");
	assert_invalid("--cpus|0.1234567891", "too precise");
	assert_invalid("--init=maybe", "neither true nor false");
	assert_invalid("-e|=x", "--env");
	assert_invalid("--label|a b=c", "white space");
	assert_invalid("--ulimit|nofile", "--ulimit");
	assert_invalid("--ulimit|nofile=2:1", "soft limit");
	assert_invalid("--ulimit|files=1", "--ulimit");
	assert_invalid("--health-interval|5", "--health-interval");
	assert_invalid("--health-interval|-5s", "negative");
	assert_invalid("--restart|:3", "--restart");
	assert_invalid("--restart|on-failure:x", "--restart");
	assert_invalid("--blkio-weight|65536", "--blkio-weight");
	assert_invalid("--memory-swappiness|101", "--memory-swappiness");
	assert_invalid("--pid|shared", "--pid");
	assert_invalid("--sysctl|vm.swappiness=1", "--sysctl");
	assert_invalid("--security-opt|apparmor", "--security-opt");
	assert_invalid("--attach|stdlog", "--attach");
	assert_invalid("--device|null", "--device");
	assert_invalid("--device|/dev/a:/dev/b:rwx", "--device");
	assert_invalid("--device-read-bps|sda:1mb", "--device-read-bps");
	assert_invalid("--device-cgroup-rule|x 1:3 r", "--device-cgroup-rule");
	assert_invalid("--gpus|some", "--gpus");
	assert_invalid("--gpus|count=1,count=2", "twice");
	assert_invalid("--dns|localhost", "--dns");
	assert_invalid("--dns-search|-x", "--dns-search");
	assert_invalid("--add-host|name", "--add-host");
	assert_invalid("--ip|::1", "--ip");
	assert_invalid("--mac-address|92:d0:c6:0a:29:3g", "--mac-address");
	assert_invalid("--pull|sometimes", "--pull");
}

static void bad_ports_and_mounts_are_refused(void **state)
{
	(void)state;
	assert_invalid("-p|", "needs a value");
	assert_invalid("-p|80:", "--publish");
	assert_invalid("-p|65536", "--publish");
	assert_invalid("-p|80/icmp", "icmp");
	assert_invalid("-p|90-80", "backwards");
	assert_invalid("-p|1-3:4-5", "differ in length");
	assert_invalid("-p|host:80:80", "not an IP address");
	assert_invalid("--expose|80:80", "--expose");
	assert_invalid("-p|1-65535:1-65535|-p|1-65535|-p|1-65535", "more than");
	assert_invalid("-v|/a:", "--volume");
	assert_invalid("-v|/a::ro", "--volume");
	assert_invalid("-v|/a:/b:ro:z", "too many colons");
	assert_invalid("--mount|type=bind,src=/a", "target is missing");
	assert_invalid("--mount|dst=/a,size=1", "unknown key 'size'");
	assert_invalid("--mount|type=tmpfs,dst=/a,volume-nocopy", "volume-*");
	assert_invalid("--mount|type=bind,src=/a,dst=/b,bind-recursive=writable", "readonly");
	assert_invalid("--mount|dst=\"/a,ro", "quote");
	assert_invalid("--mount|dst=/a,src", "needs a value");
	assert_invalid("--mount|type=tmpfs,dst=/a,tmpfs-mode=9", "octal");
}

static void contradictions_are_refused(void **state)
{
	(void)state;
	assert_invalid("--rm|--restart|always", "--rm");
	assert_invalid("--no-healthcheck|--health-retries|2", "--no-healthcheck");
	assert_invalid("--log-driver|none|--log-opt|a=b", "--log-opt");
	assert_invalid("--network|name=a,alias=b|--network-alias|c", "--network-alias");
	assert_invalid("--network|name=a,ip=1.2.3.4|--ip|1.2.3.5", "--ip");
	assert_invalid("--network|a|--network|a", "twice");
	assert_invalid("--network|a|--network|host", "do not go together");
	assert_invalid("--network|bridge|--network-alias|a", "user-defined");
	assert_invalid("--network|name=a,size=1", "unknown key");
	assert_invalid("--network|alias=a", "missing");
}

static void words_that_are_no_flags_are_refused(void **state)
{
	(void)state;
	assert_invalid("stray", "'stray' is not a flag");
	assert_invalid("-i|false", "'false' is not a flag");
	assert_invalid("-", "'-'");
	assert_invalid("--|x", "'--'");
	assert_invalid("---x", "'---x'");
	assert_invalid("--=x", "'--=x'");
	assert_invalid("--memory", "--memory needs a value");
	assert_invalid("-te", "-e (--env) needs a value");
	assert_invalid("-e|\xff", "UTF-8");
}

static void run_flags_only_for_run(void **state)
{
	AUTO_DOCKEROPTS got = DOCKEROPTS_INIT;
	AUTO_ERR err = ERR_INIT;
	const struct dockeropts_source src = { .for_run = true };
	char *argv[] = { (char[]){ "-dit" }, (char[]){ "--rm" }, (char[]){ "--sig-proxy=false" },
		(char[]){ "--detach-keys" }, (char[]){ "ctrl-q" }, NULL };

	(void)state;
	assert_int_equal(dockeropts_parse(argv, &src, &got, NULL, &err), 0);
	assert_true(got.detach && got.interactive && got.tty && got.remove && got.no_sig_proxy);
	assert_string_equal(got.detach_keys, "ctrl-q");
}

static void newer_flags_are_refused_by_name_for_an_old_engine(void **state)
{
	AUTO_DOCKEROPTS got = DOCKEROPTS_INIT;
	AUTO_ERR err = ERR_INIT;
	const struct dockeropts_source src = { .api_minor = 41 };
	char *argv[] = { (char[]){ "--annotation=a=b" }, NULL };

	(void)state;
	assert_int_equal(dockeropts_parse(argv, &src, &got, NULL, &err), -ERR_INVALID);
	assert_non_null(strstr(err.msg.buf, "--annotation needs version 1.43"));
}

static void missing_files_are_named(void **state)
{
	AUTO_DOCKEROPTS got = DOCKEROPTS_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_int_equal(parse("--env-file|gone.list", &got, NULL, &err), -ERR_NOT_FOUND);
	assert_non_null(strstr(err.msg.buf, "--env-file"));
	assert_non_null(strstr(err.msg.buf, "/srv/app/gone.list"));
}

static void sizes_and_durations_follow_the_program(void **state)
{
	(void)state;
	assert_body("--shm-size|1.5k", "{\"HostConfig\":{\"ShmSize\":1536}}");
	assert_body("--shm-size|2 MiB", "{\"HostConfig\":{\"ShmSize\":2097152}}");
	assert_body("--shm-size|1p", "{\"HostConfig\":{\"ShmSize\":1125899906842624}}");
	assert_invalid("--shm-size|1kk", "--shm-size");
	assert_invalid("--shm-size|1bb", "--shm-size");
	assert_invalid("--shm-size|1ki", "--shm-size");
	assert_invalid("--shm-size|1..5", "--shm-size");
	assert_body("--health-interval|1h2m3.5s", "{\"Healthcheck\":{\"Interval\":3723500000000}}");
	assert_body("--health-interval|1.5us", "{\"Healthcheck\":{\"Interval\":1500}}");
	assert_body("--health-interval|0", "{}");
	assert_invalid("--health-interval|3000000h", "--health-interval");
	assert_invalid("--health-interval|1d", "--health-interval");
	assert_body("--cpu-quota|0b11", "{\"HostConfig\":{\"CpuQuota\":3}}");
	assert_body("--cpu-quota|010", "{\"HostConfig\":{\"CpuQuota\":8}}");
	assert_body("--cpu-quota|-1", "{\"HostConfig\":{\"CpuQuota\":-1}}");
}

/* Merges the bodies of two option lists and compares the result. */
static void assert_merged(const char *first, const char *second, const char *expected)
{
	AUTO_DOCKEROPTS a = DOCKEROPTS_INIT;
	AUTO_DOCKEROPTS b = DOCKEROPTS_INIT;
	AUTO_ERR err = ERR_INIT;
	AUTO_FREE char *before = NULL;
	AUTO_FREE char *after = NULL;
	AUTO_FREE char *dump = NULL;

	assert_int_equal(parse(first, &a, NULL, &err), 0);
	assert_int_equal(parse(second, &b, NULL, &err), 0);
	before = json_dumps(b.body, JSON_SORT_KEYS);
	dockeropts_merge(a.body, b.body);
	after = json_dumps(b.body, JSON_SORT_KEYS);
	assert_string_equal(before, after);
	dump = json_dumps(a.body, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(dump, expected);
}

static void merging_appends_lists_and_replaces_scalars(void **state)
{
	(void)state;
	assert_merged("-e|A=1|-e|B=1|-l|x=1|-m|1k", "-e|B=2|-e|C|-l|x=2|-l|y=3|-m|2k",
		"{\"Env\":[\"A=1\",\"B=2\",\"C\"],\"HostConfig\":{\"Memory\":2048},"
		"\"Labels\":{\"x\":\"2\",\"y\":\"3\"}}");
	assert_merged("-v|/a:/a|-v|/b:/b", "-v|/b:/b|-v|/c:/c",
		"{\"HostConfig\":{\"Binds\":[\"/a:/a\",\"/b:/b\",\"/c:/c\"]}}");
	assert_merged("--ulimit|nofile=1|--ulimit|core=0", "--ulimit|nofile=5",
		"{\"HostConfig\":{\"Ulimits\":[{\"Hard\":0,\"Name\":\"core\",\"Soft\":0},"
		"{\"Hard\":5,\"Name\":\"nofile\",\"Soft\":5}]}}");
	assert_merged("-p|80:80", "-p|81:80",
		"{\"ExposedPorts\":{\"80/tcp\":{}},\"HostConfig\":{\"PortBindings\":{\"80/tcp\":["
		"{\"HostIp\":\"\",\"HostPort\":\"80\"},{\"HostIp\":\"\",\"HostPort\":\"81\"}]}}}");
}

static void merging_replaces_what_is_one_thing(void **state)
{
	(void)state;
	assert_merged("--health-cmd|true|--health-retries|3", "--no-healthcheck",
		"{\"Healthcheck\":{\"Test\":[\"NONE\"]}}");
	assert_merged("--entrypoint|/a", "--entrypoint|/b", "{\"Entrypoint\":[\"/b\"]}");
	assert_merged("--restart|on-failure:5", "--restart|always",
		"{\"HostConfig\":{\"RestartPolicy\":{\"MaximumRetryCount\":0,\"Name\":\"always\"}}"
		"}");
	assert_merged("--log-driver|json-file|--log-opt|max-size=1m", "--log-driver|journald",
		"{\"HostConfig\":{\"LogConfig\":{\"Config\":{},\"Type\":\"journald\"}}}");
	assert_merged("--log-opt|max-size=1m", "--log-driver|local|--log-opt|max-file=2",
		"{\"HostConfig\":{\"LogConfig\":{\"Config\":{\"max-file\":\"2\",\"max-size\":"
		"\"1m\"},"
		"\"Type\":\"local\"}}}");
	assert_merged("--network|name=a,alias=x", "--network|b",
		"{\"HostConfig\":{\"NetworkMode\":\"b\"},"
		"\"NetworkingConfig\":{\"EndpointsConfig\":{}}}");
	assert_merged("--network|name=a,alias=x", "--ip|1.2.3.4",
		"{\"HostConfig\":{\"NetworkMode\":\"a\"},\"NetworkingConfig\":{\"EndpointsConfig\":"
		"{\"a\":{\"Aliases\":[\"x\"],\"IPAMConfig\":{\"IPv4Address\":\"1.2.3.4\"}}}}}");
}

static void assert_build(const char *words, const char *expected)
{
	AUTO_STRVEC argv = STRVEC_INIT;
	AUTO_STRVEC got = STRVEC_INIT;
	AUTO_FREE char *joined = NULL;

	strvec_split(&argv, words, "|");
	dockeropts_filter_build(argv.items, &got);
	joined = strvec_joined(&got, "|");
	assert_string_equal(joined, expected);
}

static void build_filter_keeps_build_flags(void **state)
{
	(void)state;
	assert_build("--build-arg|A=1|--build-arg=B=2=3|--no-cache",
		"--build-arg|A=1|--build-arg|B=2=3|--no-cache");
	assert_build("-v|/a:/b|--restart=always|--target|prod|-p|80:80|stray|--check",
		"--target|prod|--check");
	assert_build("-m|1g|--memory=2g|-m=3g|-D", "--memory|1g|--memory|2g|--memory|3g|-D");
	assert_build("--memory-swap|1g|--memoryx|2g|--memory-swappiness=3", "--memory-swap|1g");
	assert_build("--label|a=b|--tag", "--label|a=b");
	assert_build("--no-cache=true|--secret|id=x,src=/y", "--secret|id=x,src=/y");
	assert_build("", "");
}

/* Every flag that the oldest client's help lists is mapped, or is left out on purpose. */
static void table_covers_the_client(void **state)
{
	static const char *const flags[] = { "add-host", "attach", "blkio-weight",
		"blkio-weight-device", "cap-add", "cap-drop", "cgroup-parent", "cgroupns",
		"cpu-period", "cpu-quota", "cpu-rt-period", "cpu-rt-runtime", "cpu-shares", "cpus",
		"cpuset-cpus", "cpuset-mems", "device", "device-cgroup-rule", "device-read-bps",
		"device-read-iops", "device-write-bps", "device-write-iops",
		"disable-content-trust", "dns", "dns-option", "dns-search", "domainname",
		"entrypoint", "env", "env-file", "expose", "gpus", "group-add", "health-cmd",
		"health-interval", "health-retries", "health-start-period", "health-timeout",
		"hostname", "init", "interactive", "ip", "ip6", "ipc", "isolation", "kernel-memory",
		"label", "label-file", "link", "link-local-ip", "log-driver", "log-opt",
		"mac-address", "memory", "memory-reservation", "memory-swap", "memory-swappiness",
		"mount", "name", "network", "network-alias", "no-healthcheck", "oom-kill-disable",
		"oom-score-adj", "pid", "pids-limit", "platform", "privileged", "publish",
		"publish-all", "pull", "read-only", "restart", "rm", "runtime", "security-opt",
		"shm-size", "stop-signal", "stop-timeout", "storage-opt", "sysctl", "tmpfs", "tty",
		"ulimit", "user", "userns", "uts", "volume", "volume-driver", "volumes-from",
		"workdir", "annotation", "health-start-interval", "quiet" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (!dockeropts_knows(flags[i]))
			fail_msg("--%s is missing", flags[i]);
	}
	assert_false(dockeropts_knows("cidfile"));
	assert_false(dockeropts_knows("cpu-count"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_what_docker_28_sends),
		cmocka_unit_test(sends_what_docker_28_sends_to_an_old_engine),
		cmocka_unit_test(sends_what_docker_20_sends),
		cmocka_unit_test(default_body_is_the_request_without_flags),
		cmocka_unit_test(body_holds_only_what_was_set),
		cmocka_unit_test(unknown_flags_are_left_to_the_program),
		cmocka_unit_test(bad_values_name_their_flag),
		cmocka_unit_test(bad_ports_and_mounts_are_refused),
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(words_that_are_no_flags_are_refused),
		cmocka_unit_test(run_flags_only_for_run),
		cmocka_unit_test(newer_flags_are_refused_by_name_for_an_old_engine),
		cmocka_unit_test(missing_files_are_named),
		cmocka_unit_test(sizes_and_durations_follow_the_program),
		cmocka_unit_test(merging_appends_lists_and_replaces_scalars),
		cmocka_unit_test(merging_replaces_what_is_one_thing),
		cmocka_unit_test(build_filter_keeps_build_flags),
		cmocka_unit_test(table_covers_the_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
