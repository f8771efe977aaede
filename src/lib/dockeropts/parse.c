/* SPDX-License-Identifier: MIT */
#include "lib/dockeropts/dockeropts.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "lib/dockeropts/private.h"

void dockeropts_done(struct dockeropts *o)
{
	json_decref(o->body);
	free(o->name);
	free(o->platform);
	free(o->pull);
	free(o->detach_keys);
	strvec_done(&o->networks);
	*o = (struct dockeropts)DOCKEROPTS_INIT;
}

static void parse_done(struct parse *p)
{
	strvec_done(&p->env);
	strvec_done(&p->env_files);
	strvec_done(&p->labels);
	strvec_done(&p->label_files);
	strvec_done(&p->links);
	strvec_done(&p->aliases);
	strvec_done(&p->link_local);
	json_decref(p->networks);
	json_decref(p->health);
	free(p->ip);
	free(p->ip6);
	free(p->mac);
}

/* Every text that enters the body is checked here, so that building JSON cannot fail later. */
static int check_argv(char *const *argv, struct err *err)
{
	size_t bytes = 0;

	for (size_t i = 0; argv[i]; i++) {
		size_t len = strlen(argv[i]);

		bytes += len;
		if (i >= DOCKEROPTS_MAX_ARGS || bytes > DOCKEROPTS_MAX_BYTES)
			return err_set(err, ERR_INVALID, "there are too many docker options");
		if (!utf8_valid(argv[i], len))
			return err_set(err, ERR_INVALID, "docker option %zu is not valid UTF-8",
				i + 1);
	}
	return 0;
}

static int needs_client(struct strbuf *ret_flag, const char *word, size_t len)
{
	if (ret_flag) {
		strbuf_clear(ret_flag);
		strbuf_add(ret_flag, word, len);
	}
	return DOCKEROPTS_NEEDS_CLIENT;
}

static int apply(struct parse *p, const struct create_flag *f, const char *value,
	struct strbuf *ret_flag, struct err *err)
{
	int r;

	if (f->since && p->src->api_minor && p->src->api_minor < f->since)
		return err_set(err, ERR_INVALID,
			"--%s needs version 1.%u of the Engine API, this engine speaks 1.%u",
			f->name, f->since, p->src->api_minor);
	r = f->set(p, f, value, err);
	if (r < 0)
		return err_wrap(err, "--%s", f->name);
	if (r == DOCKEROPTS_NEEDS_CLIENT) {
		AUTO_FREE char *flag = xasprintf("--%s", f->name);

		return needs_client(ret_flag, flag, strlen(flag));
	}
	return 0;
}

static bool usable(const struct parse *p, const struct create_flag *f)
{
	return f && (!f->run_only || p->src->for_run);
}

/* "--name", "--name=value", "--name value". *I is moved past a value that was taken. */
static int parse_long(struct parse *p, char *const *argv, size_t *i, struct strbuf *ret_flag,
	struct err *err)
{
	const char *word = argv[*i];
	const char *name = word + 2;
	size_t len = strcspn(name, "=");
	const char *value = name[len] ? name + len + 1 : NULL;
	const struct create_flag *f;

	if (!len || *name == '-')
		return err_set(err, ERR_INVALID, "'%.100s' is not a flag", word);
	f = create_flag_by_name(name, len);
	if (!usable(p, f))
		return needs_client(ret_flag, word, len + 2);
	if (!value && f->is_bool)
		value = "true";
	if (!value) {
		value = argv[*i + 1];
		if (!value)
			return err_set(err, ERR_INVALID, "--%s needs a value", f->name);
		(*i)++;
	}
	return apply(p, f, value, ret_flag, err);
}

/* "-it", "-eX", "-e=X", "-e X": letters without value may be grouped, the last may have one. */
static int parse_short(struct parse *p, char *const *argv, size_t *i, struct strbuf *ret_flag,
	struct err *err)
{
	const char *at = argv[*i] + 1;

	for (;;) {
		const struct create_flag *f = create_flag_by_letter(*at);
		const char *value;
		int r;

		if (!usable(p, f)) {
			char flag[] = { '-', *at };

			return needs_client(ret_flag, flag, sizeof(flag));
		}
		at++;
		if (f->is_bool && *at != '=') {
			r = apply(p, f, "true", ret_flag, err);
			if (r || !*at)
				return r;
			continue;
		}
		if (*at == '=' && (at[1] || f->is_bool)) {
			value = at + 1;
		} else if (*at) {
			value = at;
		} else {
			value = argv[*i + 1];
			if (!value)
				return err_set(err, ERR_INVALID, "-%c (--%s) needs a value",
					f->letter, f->name);
			(*i)++;
		}
		return apply(p, f, value, ret_flag, err);
	}
}

static int parse_words(struct parse *p, char *const *argv, struct strbuf *ret_flag, struct err *err)
{
	for (size_t i = 0; argv[i]; i++) {
		const char *word = argv[i];
		int r;

		if (strcmp(word, "--") == 0 && !argv[i + 1])
			return 0;
		if (*word != '-' || !word[1] || strcmp(word, "--") == 0)
			return err_set(err, ERR_INVALID,
				"'%.100s' is not a flag, nor the value of one", word);
		r = word[1] == '-' ? parse_long(p, argv, &i, ret_flag, err)
				   : parse_short(p, argv, &i, ret_flag, err);
		if (r)
			return r;
	}
	return 0;
}

static int default_platform(struct parse *p, struct strbuf *ret_flag, struct err *err)
{
	const char *name = "DOCKER_DEFAULT_PLATFORM";
	const char *value = p->src->lookup ? p->src->lookup(p->src->cookie, name) : NULL;
	int r;

	if (p->out->platform || !value || !*value)
		return 0;
	r = set_platform(p, NULL, value, err);
	if (r < 0)
		return err_wrap(err, "%s", name);
	return r ? needs_client(ret_flag, name, strlen(name)) : 0;
}

int dockeropts_parse(char *const *argv, const struct dockeropts_source *src, struct dockeropts *ret,
	struct strbuf *ret_flag, struct err *err)
{
	static const struct dockeropts_source no_source;
	AUTO_DOCKEROPTS out = DOCKEROPTS_INIT;
	CLEANUP(parse_done)
	struct parse p = {
		.src = src ? src : &no_source,
		.out = &out,
		.env = STRVEC_INIT,
		.env_files = STRVEC_INIT,
		.labels = STRVEC_INIT,
		.label_files = STRVEC_INIT,
		.links = STRVEC_INIT,
		.aliases = STRVEC_INIT,
		.link_local = STRVEC_INIT,
	};
	int r;

	r = check_argv(argv, err);
	if (r < 0)
		return r;
	out.body = json_object();
	p.host = child_object(out.body, "HostConfig");
	p.networks = json_array();
	p.health = json_object();
	r = parse_words(&p, argv, ret_flag, err);
	if (!r)
		r = default_platform(&p, ret_flag, err);
	if (!r)
		r = parse_finish(&p, err);
	if (r)
		return r;
	*ret = out;
	out = (struct dockeropts)DOCKEROPTS_INIT;
	return DOCKEROPTS_MAPPED;
}
