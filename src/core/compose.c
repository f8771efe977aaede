/* SPDX-License-Identifier: MIT */
/* From the text of a compose file to flags of containers. */
#include "core/compose.h"
#include "core/engine_path.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "lib/dockeropts/dockeropts.h"
#include "lib/words/words.h"
#include "lib/yaml/yaml.h"

enum { SERVICES_MAX = 16, LABEL_HASH_SIZE = 8 };

static const char hash_label[] = "com.moorage.compose-config";

static void service_done(struct compose_service *s)
{
	free(s->name);
	free(s->container);
	free(s->image);
	strvec_done(&s->flags);
	strvec_done(&s->command);
}

void compose_done(struct compose *c)
{
	for (size_t i = 0; i < c->count; i++)
		service_done(&c->items[i]);
	free(c->items);
	free(c->project);
	*c = (struct compose)COMPOSE_INIT;
}

char *compose_project(struct ctx *ctx, const char *name)
{
	const char *label = ctx->inst.label;

	return *label ? xasprintf("%s-%s", label, name) : xstrdup(name);
}

char *compose_container(struct ctx *ctx, const char *project, const char *service)
{
	AUTO_FREE char *full = compose_project(ctx, project);

	return xasprintf("%s-%s-1", full, service);
}

/* --- values --- */

/* "$$" is a dollar sign. */
static int add_text(const char *text, struct strbuf *out, struct err *err)
{
	for (; *text; text++) {
		if (*text == '$' && *++text != '$')
			return err_set(err, ERR_INVALID,
				"variables are not replaced; write $$ for a dollar sign");
		strbuf_addch(out, *text);
	}
	return 0;
}

static int push_text(struct strvec *ret, const char *text, struct err *err)
{
	AUTO_STRBUF out = STRBUF_INIT;
	int r = add_text(text, &out, err);

	if (r >= 0)
		strvec_push(ret, out.buf);
	return r;
}

/* How a member of a service becomes flags. */
enum form {
	FORM_TEXT, /* one */
	FORM_LIST, /* one for each item */
	FORM_MAP,  /* one "K=V" for each member, or as a list */
};

static const struct setting {
	const char *key;
	const char *flag;
	enum form form;
} settings[] = {
	{ "cap_add", "--cap-add", FORM_LIST },
	{ "cap_drop", "--cap-drop", FORM_LIST },
	{ "cpus", "--cpus", FORM_TEXT },
	{ "devices", "--device", FORM_LIST },
	{ "dns", "--dns", FORM_LIST },
	{ "environment", "--env", FORM_MAP },
	{ "extra_hosts", "--add-host", FORM_LIST },
	{ "group_add", "--group-add", FORM_LIST },
	{ "hostname", "--hostname", FORM_TEXT },
	{ "init", "--init", FORM_TEXT },
	{ "labels", "--label", FORM_MAP },
	{ "mem_limit", "--memory", FORM_TEXT },
	{ "network_mode", "--network", FORM_TEXT },
	{ "pid", "--pid", FORM_TEXT },
	{ "ports", "--publish", FORM_LIST },
	{ "privileged", "--privileged", FORM_TEXT },
	{ "read_only", "--read-only", FORM_TEXT },
	{ "restart", "--restart", FORM_TEXT },
	{ "security_opt", "--security-opt", FORM_LIST },
	{ "shm_size", "--shm-size", FORM_TEXT },
	{ "stop_signal", "--stop-signal", FORM_TEXT },
	{ "sysctls", "--sysctl", FORM_MAP },
	{ "tmpfs", "--tmpfs", FORM_LIST },
	{ "user", "--user", FORM_TEXT },
	{ "volumes", "--volume", FORM_LIST },
	{ "working_dir", "--workdir", FORM_TEXT },
};

static int add_flag(const struct setting *s, const char *text, struct strvec *flags,
	struct err *err)
{
	AUTO_STRBUF flag = STRBUF_INIT;
	int r;

	if (str_eq(s->key, "volumes") && *text != '/')
		return err_set(err, ERR_INVALID, "'%.200s' is no volume by absolute path", text);
	if (str_eq(s->key, "environment") && !strchr(text, '='))
		return err_set(err, ERR_INVALID, "'%.200s' has no value", text);
	strbuf_addf(&flag, "%s=", s->flag);
	r = add_text(text, &flag, err);
	if (r >= 0)
		strvec_push(flags, flag.buf);
	return r;
}

static int add_list(const struct setting *s, const json_t *value, struct strvec *flags,
	struct err *err)
{
	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *text = json_string_value(json_array_get(value, i));
		int r;

		if (!text)
			return err_set(err, ERR_INVALID, "it holds something that is no text");
		r = add_flag(s, text, flags, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_map(const struct setting *s, json_t *value, struct strvec *flags, struct err *err)
{
	const char *key;
	json_t *item;

	json_object_foreach (value, key, item) {
		const char *text = json_is_null(item) ? "" : json_string_value(item);
		AUTO_FREE char *pair = NULL;
		int r;

		if (!text)
			return err_set(err, ERR_INVALID, "%s is no text", key);
		pair = xasprintf("%s=%s", key, text);
		r = add_flag(s, pair, flags, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_setting(const struct setting *s, json_t *value, struct strvec *flags,
	struct err *err)
{
	const char *text = json_string_value(value);

	if (json_is_null(value))
		return 0;
	if (json_is_array(value) && s->form != FORM_TEXT)
		return add_list(s, value, flags, err);
	if (json_is_object(value) && s->form == FORM_MAP)
		return add_map(s, value, flags, err);
	if (text && s->form != FORM_MAP)
		return add_flag(s, text, flags, err);
	return err_set(err, ERR_INVALID, "this form of it is not offered");
}

/* A list of words, or a text that a shell would split. */
static int add_words(json_t *value, struct strvec *ret, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int r = 0;

	if (json_is_string(value)) {
		r = add_text(json_string_value(value), &text, err);
		return r < 0 ? r : words_posix(text.buf, text.len, ret, err);
	}
	if (!json_is_array(value))
		return err_set(err, ERR_INVALID, "it is neither a text nor a list");
	for (size_t i = 0; r >= 0 && i < json_array_size(value); i++) {
		const char *word = json_string_value(json_array_get(value, i));

		r = word ? push_text(ret, word, err)
			 : err_set(err, ERR_INVALID, "it holds something that is no text");
	}
	return r;
}

/* The first word is the program, others go in front of the command. */
static int add_entrypoint(json_t *value, struct compose_service *s, struct err *err)
{
	AUTO_STRVEC words = STRVEC_INIT;
	int r = add_words(value, &words, err);

	if (r >= 0 && words.count)
		strvec_pushf(&s->flags, "--entrypoint=%s", words.items[0]);
	for (size_t i = 1; r >= 0 && i < words.count; i++)
		strvec_insert(&s->command, i - 1, words.items[i]);
	return r;
}

/* --- services --- */

static int add_member(struct compose_service *s, const char *key, json_t *value, struct err *err)
{
	const char *text = json_string_value(value);

	if (str_eq(key, "entrypoint") || str_eq(key, "networks"))
		return 0; /* when the rest is there */
	if (str_eq(key, "command"))
		return add_words(value, &s->command, err);
	if (text && (str_eq(key, "image") || str_eq(key, "container_name"))) {
		AUTO_STRBUF name = STRBUF_INIT;
		char **into = str_eq(key, "image") ? &s->image : &s->container;
		int r = add_text(text, &name, err);

		free(*into);
		*into = strbuf_detach(&name);
		return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (str_eq(settings[i].key, key))
			return add_setting(&settings[i], value, &s->flags, err);
	}
	return err_set(err, ERR_INVALID, "this is not offered without docker compose");
}

static bool has_member(json_t *object, const char *key)
{
	return json_is_string(json_object_get(object, key));
}

/* What the engine calls the network KEY of the file. */
static int network_name(json_t *file, const char *key, const char **ret, struct err *err)
{
	json_t *network = json_object_get(json_object_get(file, "networks"), key);
	const char *external = json_string_value(json_object_get(network, "external"));
	const char *name = json_string_value(json_object_get(network, "name"));

	if (!external || !str_eq(external, "true"))
		return err_set(err, ERR_INVALID,
			"networks.%.100s: only a network that is there (external: true) is offered "
			"without docker compose",
			key);
	*ret = name ? name : key;
	if (strspn(*ret, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
			strlen(*ret) &&
		**ret)
		return 0;
	return err_set(err, ERR_INVALID, "'%.100s' is no name of a network", *ret);
}

/* In each of them the container has the names that compose gives it. */
static int join_network(json_t *file, const char *key, struct compose_service *s, struct err *err)
{
	const char *name;
	int r = network_name(file, key, &name, err);

	if (r >= 0)
		strvec_pushf(&s->flags, "--network=name=%s,alias=%s,alias=%s", name, s->container,
			s->name);
	return r;
}

/* A list of names, or a map without settings. */
static int add_networks(json_t *file, json_t *value, struct compose_service *s, struct err *err)
{
	const char *key;
	json_t *item;
	size_t i;
	int r = 0;

	json_array_foreach (value, i, item) {
		key = json_string_value(item);
		if (r >= 0)
			r = join_network(file, key ? key : "", s, err);
	}
	json_object_foreach (value, key, item) {
		if (r >= 0 && json_object_size(item))
			r = err_set(err, ERR_INVALID,
				"services.%s.networks.%.100s: settings of it are not offered "
				"without docker compose",
				s->name, key);
		if (r >= 0)
			r = join_network(file, key, s, err);
	}
	return r;
}

static int add_service(struct ctx *ctx, const char *project, const char *name, json_t *file,
	struct compose *ret, struct err *err)
{
	json_t *value = json_object_get(json_object_get(file, "services"), name);
	json_t *networks = json_object_get(value, "networks");
	struct compose_service *s;
	const char *key;
	json_t *item;
	int r = 0;

	if (ret->count == SERVICES_MAX)
		return err_set(err, ERR_INVALID, "there are more than %d services", SERVICES_MAX);
	if (!*name || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-")])
		return err_set(err, ERR_INVALID, "'%.100s' is no name of a service", name);
	ret->items = xreallocarray(ret->items, ret->count + 1, sizeof(*ret->items));
	s = &ret->items[ret->count++];
	*s = (struct compose_service){
		.name = xstrdup(name),
		.container = compose_container(ctx, project, name),
		.flags = STRVEC_INIT,
		.command = STRVEC_INIT,
	};
	json_object_foreach (value, key, item) {
		r = add_member(s, key, item, err);
		if (r < 0)
			return err_wrap(err, "services.%s.%.100s", name, key);
	}
	if (json_object_get(value, "entrypoint"))
		r = add_entrypoint(json_object_get(value, "entrypoint"), s, err);
	if (r >= 0 && (!s->image || !*s->image))
		r = err_set(err, ERR_INVALID, "services.%s: an image is needed", name);
	/* Otherwise compose makes a network of the project's own. */
	if (r >= 0 && !has_member(value, "network_mode") && !json_array_size(networks) &&
		!json_object_size(networks))
		r = err_set(err, ERR_INVALID,
			"services.%s: a network_mode is needed, for example bridge", name);
	return r < 0 ? r : add_networks(file, networks, s, err);
}

static int add_services(struct ctx *ctx, const char *project, json_t *file, struct compose *ret,
	struct err *err)
{
	json_t *services = json_object_get(file, "services");
	const char *key;
	json_t *item;

	json_object_foreach (file, key, item) {
		if (!str_eq(key, "services") && !str_eq(key, "version") && !str_eq(key, "name") &&
			!str_eq(key, "networks"))
			return err_set(err, ERR_INVALID,
				"%.100s: this is not offered without docker compose", key);
	}
	if (!json_object_size(services))
		return err_set(err, ERR_INVALID, "there are no services in it");
	json_object_foreach (services, key, item) {
		int r = add_service(ctx, project, key, file, ret, err);

		if (r < 0)
			return r;
	}
	return 0;
}

int compose_parse(struct ctx *ctx, const char *name, const char *text, size_t len,
	struct compose *ret, struct err *err)
{
	AUTO_COMPOSE c = COMPOSE_INIT;
	json_t *file = NULL;
	int r = yaml_parse(text, len, &file, err);

	if (r >= 0) {
		c.project = compose_project(ctx, name);
		r = add_services(ctx, name, file, &c, err);
	}
	json_decref(file);
	if (r < 0)
		return err_wrap(err, "The compose file of %s cannot be used", name);
	*ret = c;
	c = (struct compose)COMPOSE_INIT;
	return 0;
}

/* --- the request --- */

static void add_labels(struct ctx *ctx, const struct compose *c, const struct compose_service *s,
	json_t *body)
{
	json_t *labels = json_object_get(body, "Labels");
	AUTO_FREE char *text = NULL;

	if (!json_is_object(labels)) {
		labels = json_object();
		json_object_set_new(body, "Labels", labels);
	}
	if (*ctx->inst.label)
		json_object_set_new(labels, "com.moorage.instance", json_string(ctx->inst.label));
	json_object_set_new(labels, "com.docker.compose.project", json_string(c->project));
	json_object_set_new(labels, "com.docker.compose.service", json_string(s->name));
	json_object_set_new(labels, "com.docker.compose.container-number", json_string("1"));
	json_object_set_new(labels, "com.docker.compose.oneoff", json_string("False"));
	json_object_set_new(labels, "com.docker.compose.project.working_dir", json_string("/tmp"));
	text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
	json_object_set_new(labels, hash_label,
		json_sprintf("%0*x", LABEL_HASH_SIZE, hash32(text, strlen(text))));
}

int compose_body(struct ctx *ctx, const struct compose *c, const struct compose_service *s,
	json_t **ret, struct err *err)
{
	AUTO_DOCKEROPTS opts = DOCKEROPTS_INIT;
	AUTO_STRBUF flag = STRBUF_INIT;
	const struct dockeropts_source source = { .cwd = "/tmp" };
	json_t *body;
	json_t *words;
	AUTO_STRVEC flags = STRVEC_INIT;
	int r;

	strvec_pushv(&flags, s->flags.items);
	engine_path_flags(&ctx->inst, &flags);
	r = dockeropts_parse(flags.items, &source, &opts, &flag, err);
	if (r == DOCKEROPTS_NEEDS_CLIENT)
		r = err_set(err, ERR_INVALID, "%s is not offered without docker compose", flag.buf);
	if (r < 0)
		return err_wrap(err, "The compose file of %s cannot be used", c->project);
	body = dockeropts_default_body();
	dockeropts_merge(body, opts.body);
	json_object_set_new(body, "Image", json_string(s->image));
	words = json_array();
	for (size_t i = 0; i < s->command.count; i++)
		json_array_append_new(words, json_string(s->command.items[i]));
	if (s->command.count)
		json_object_set(body, "Cmd", words);
	json_decref(words);
	add_labels(ctx, c, s, body);
	*ret = body;
	return 0;
}

/* --- is a running container what is asked for? --- */

static const char *member(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* The lines of an environment by name: a new object. */
static json_t *by_name(const json_t *first, const json_t *second)
{
	const json_t *const both[] = { first, second };
	json_t *all = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		for (size_t k = 0; k < json_array_size(both[i]); k++) {
			const char *text = json_string_value(json_array_get(both[i], k));
			size_t n = text ? strcspn(text, "=") : 0;
			AUTO_FREE char *name = xstrndup(text ? text : "", n);

			if (text)
				json_object_set_new(all, name, json_string(text + n));
		}
	}
	return all;
}

/* What is not compose's own: a new object. */
static json_t *plain_labels(json_t *first, json_t *second)
{
	json_t *both[] = { first, second };
	json_t *all = json_object();
	const char *key;
	json_t *value;

	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		json_object_foreach (both[i], key, value) {
			if (!str_starts(key, "com.docker.compose.") && !str_eq(key, hash_label))
				json_object_set(all, key, value);
		}
	}
	return all;
}

/* Without the access mode that is the default: a new object, as the order does not matter. */
static json_t *plain_binds(const json_t *binds)
{
	json_t *all = json_object();

	for (size_t i = 0; i < json_array_size(binds); i++) {
		const char *text = json_string_value(json_array_get(binds, i));
		size_t n = text ? strlen(text) : 0;
		AUTO_FREE char *plain =
			xstrndup(text ? text : "", text && str_ends(text, ":rw") ? n - 3 : n);

		json_object_set_new(all, plain, json_true());
	}
	return all;
}

static bool same_and_drop(json_t *a, json_t *b)
{
	bool same = json_equal(a, b);

	json_decref(a);
	json_decref(b);
	return same;
}

/* Empty lists and maps are often null. */
static bool both_empty(const json_t *a, const json_t *b)
{
	return !json_array_size(a) && !json_object_size(a) && !json_array_size(b) &&
	       !json_object_size(b);
}

static bool same_host(const json_t *wanted, const json_t *got)
{
	json_t *ports = json_object_get(wanted, "PortBindings");
	json_t *got_ports = json_object_get(got, "PortBindings");

	return (both_empty(ports, got_ports) || json_equal(ports, got_ports)) &&
	       str_eq(member(wanted, "NetworkMode"), member(got, "NetworkMode")) &&
	       str_eq(member(json_object_get(wanted, "RestartPolicy"), "Name"),
		       member(json_object_get(got, "RestartPolicy"), "Name")) &&
	       same_and_drop(plain_binds(json_object_get(wanted, "Binds")),
		       plain_binds(json_object_get(got, "Binds")));
}

static bool same_config(const json_t *wanted, const json_t *got, const json_t *image)
{
	json_t *command = json_object_get(wanted, "Cmd");

	if (!command)
		command = json_object_get(image, "Cmd");
	return str_eq(member(wanted, "Image"), member(got, "Image")) &&
	       (both_empty(command, json_object_get(got, "Cmd")) ||
		       json_equal(command, json_object_get(got, "Cmd"))) &&
	       same_and_drop(by_name(json_object_get(image, "Env"), json_object_get(wanted, "Env")),
		       by_name(json_object_get(got, "Env"), NULL)) &&
	       same_and_drop(plain_labels(json_object_get(image, "Labels"),
				     json_object_get(wanted, "Labels")),
		       plain_labels(json_object_get(got, "Labels"), NULL));
}

bool compose_matches(const json_t *body, const json_t *inspected, const json_t *image)
{
	const json_t *config = json_object_get(inspected, "Config");
	const char *hash = member(json_object_get(config, "Labels"), hash_label);

	if (!str_eq(member(inspected, "Image"), member(image, "Id")))
		return false;
	/* One of ours says from what it was made; of one that compose made, what counts is compared. */
	if (*hash)
		return str_eq(hash, member(json_object_get(body, "Labels"), hash_label));
	return same_config(body, config, json_object_get(image, "Config")) &&
	       same_host(json_object_get(body, "HostConfig"),
		       json_object_get(inspected, "HostConfig"));
}
