/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Docker command-line flags as data. dockeropts_parse() turns the flags of `docker container
 * create` into the request body of the Engine API, by the rules of the docker program (20.10 up to
 * 29); dockeropts_filter_build() keeps from a mixed list those that `docker image build` takes.
 *
 * A flag that the table lacks, or a value whose meaning we cannot give faithfully, is no error: the
 * caller is told to create this container with the docker program and the same argument vector.
 *
 * Not applied, as it is no flag: the "proxies" section of the client's own config.json.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/strvec.h"

/* Arguments in one vector, and bytes in all of them. */
#define DOCKEROPTS_MAX_ARGS  8192
#define DOCKEROPTS_MAX_BYTES ((size_t)2 << 20)
/* Bytes in an env-file, label-file or seccomp profile. */
#define DOCKEROPTS_MAX_FILE ((size_t)1 << 20)
/* Published and exposed ports, after ranges are spelled out. */
#define DOCKEROPTS_MAX_PORTS 131072

/* Where values come from that the flags only name. Everything may be left zero. */
struct dockeropts_source {
	/*
	 * Value of NAME in the caller's environment, for `--env NAME` and for lines without a value
	 * in an env-file; NULL if not set. The string must live until the parse returns.
	 */
	const char *(*lookup)(void *cookie, const char *name);
	void *cookie;
	/* Absolute folder that relative host paths start from; NULL: the process's own. */
	const char *cwd;
	/* 48 for Engine API 1.48. 0: no limit. */
	unsigned api_minor;
	/* Also take the flags that only `docker run` has: --detach, --detach-keys, --sig-proxy. */
	bool for_run;
};

struct dockeropts {
	/*
	 * The body, holding only what the flags set: Config's members at the top, "HostConfig" and
	 * "NetworkingConfig". No Image, no Cmd. Never NULL after a successful parse.
	 */
	json_t *body;
	/* Query parameters and what the client does beside the request; NULL: not given. */
	char *name;
	char *platform;
	char *pull; /* "always", "missing", "never" */
	char *detach_keys;
	/* Names of the networks, first one first; empty: the engine's default. */
	struct strvec networks;
	bool quiet;
	bool remove; /* --rm, also in the body as AutoRemove */
	bool interactive;
	bool tty;
	bool detach;
	bool no_sig_proxy;
};

#define DOCKEROPTS_INIT                                                                            \
	{                                                                                          \
		.networks = STRVEC_INIT                                                            \
	}
#define AUTO_DOCKEROPTS CLEANUP(dockeropts_done) struct dockeropts

void dockeropts_done(struct dockeropts *o);

enum dockeropts_result {
	DOCKEROPTS_MAPPED,
	DOCKEROPTS_NEEDS_CLIENT,
};

/*
 * Parses a NULL-terminated vector that holds flags and their values, nothing else.
 *
 * DOCKEROPTS_MAPPED: RET is filled (it must be initialised and empty).
 * DOCKEROPTS_NEEDS_CLIENT: run the docker program with this vector; RET_FLAG (may be NULL) names
 * the flag that is the reason, RET is untouched.
 * ERR_INVALID: a known flag's value is wrong, flags contradict each other, or a word is no flag.
 * ERR_SYS, ERR_NOT_FOUND: a file that a flag names cannot be read. Messages name the flag.
 */
MUST_CHECK int dockeropts_parse(char *const *argv, const struct dockeropts_source *src,
	struct dockeropts *ret, struct strbuf *ret_flag, struct err *err);

/*
 * What the docker program sends when no flag is given, as far as it is not zero. A new object, for
 * json_decref(); the base to merge the bodies of flags onto.
 */
json_t *dockeropts_default_body(void) MUST_CHECK;

/*
 * Merges the body OVER onto BASE as if OVER's flags stood after those of BASE: scalars and the
 * things that make sense only as a whole (health check, restart policy, entry point, command,
 * networks) are replaced, maps and lists grow, an environment variable or ulimit of the same name
 * is replaced. A list does not get an item twice. OVER keeps its values; BASE shares none of them.
 */
void dockeropts_merge(json_t *base, const json_t *over);

/* True if a create flag of this long name (without dashes) is in the table. */
bool dockeropts_knows(const char *name);

/* A flag that a program takes. */
struct dockeropts_flag {
	const char *name; /* without dashes; NULL ends a table */
	bool is_bool;
	char letter; /* of its short form, or 0 */
};

/*
 * Appends to RET those flags of ARGV that FLAGS names, each as "--name" and its value in a word of
 * its own; everything else is dropped, word by word. A flag whose value is missing is dropped too.
 */
void dockeropts_filter(const struct dockeropts_flag *flags, char *const *argv, struct strvec *ret);
/* The same with those that `docker image build` accepts. */
void dockeropts_filter_build(char *const *argv, struct strvec *ret);
