/* SPDX-License-Identifier: MIT */
#pragma once

/* Shared by the files of this folder. */

#include <stdint.h>

#include "lib/dockeropts/dockeropts.h"

/* One run over an argument vector. Lists are kept until all flags are known (finish.c). */
struct parse {
	const struct dockeropts_source *src;
	struct dockeropts *out;
	json_t *host; /* borrowed: out->body's HostConfig */
	struct strvec env;
	struct strvec env_files;
	struct strvec labels;
	struct strvec label_files;
	struct strvec links;
	struct strvec aliases;
	struct strvec link_local;
	json_t *networks; /* [{"name": ..., "endpoint": {...}, "aliases": bool ...}] */
	char *ip;
	char *ip6;
	char *mac;
	json_t *health; /* what the --health-* flags set */
	size_t ports;
	bool health_none;
	bool attach_set;
	bool attach_stdin;
	bool attach_stdout;
	bool attach_stderr;
	bool interactive_set;
};

enum flag_section { CONFIG, HOST };

struct create_flag;

/* 0, DOCKEROPTS_NEEDS_CLIENT, or an error that the caller prefixes with the flag's name. */
typedef int (*flag_set_fn)(struct parse *p, const struct create_flag *f, const char *value,
	struct err *err);

struct create_flag {
	const char *name;
	flag_set_fn set;
	const char *key; /* member of the section; may be NULL for setters that know theirs */
	enum flag_section in;
	char letter;
	bool is_bool; /* stands alone; takes a value only as --flag=value */
	bool run_only;
	unsigned since; /* first minor version of the API that has it */
};

const struct create_flag *create_flag_by_name(const char *name, size_t len);
const struct create_flag *create_flag_by_letter(char letter);
int parse_finish(struct parse *p, struct err *err);

/* json.c: small builders; they never fail on checked text. */
json_t *text(const char *s);
json_t *text_n(const char *s, size_t len);
/* The object or array KEY of PARENT, made when missing. Borrowed. */
json_t *child_object(json_t *parent, const char *key);
json_t *child_array(json_t *parent, const char *key);
json_t *section(struct parse *p, const struct create_flag *f);
void put(json_t *object, const char *key, json_t *value);
void push(json_t *array, json_t *value);
/* "key=value" into OBJECT; without "=" the value is empty. */
void put_pair(json_t *object, const char *pair);
json_t *text_list(const struct strvec *v);

/* value.c: the value syntaxes of the docker program. Same results as a setter. */
int value_bool(const char *s, bool *ret, struct err *err);
int value_int(const char *s, int64_t min, int64_t max, int64_t *ret, struct err *err);
int value_decimal(const char *s, int64_t min, int64_t max, int64_t *ret, struct err *err);
int value_size(const char *s, int64_t *ret, struct err *err);
int value_duration(const char *s, int64_t *ret_ns, struct err *err);
int value_cpus(const char *s, int64_t *ret_nano, struct err *err);

/* address.c */
/* FAMILY 4, 6 or 0 for any. Appends the canonical form. */
int value_ip(const char *s, int family, struct strbuf *ret, struct err *err);
int value_mac(const char *s, struct strbuf *ret, struct err *err);
/* One record of comma-separated values with double quotes. */
int value_csv(const char *s, struct strvec *ret, struct err *err);
/* A path without ".", ".." and double slashes, as text only. */
void path_clean(const char *path, struct strbuf *ret);
/* Appends PATH, made absolute if it starts with a dot. */
int host_path(struct parse *p, const char *path, struct strbuf *ret, struct err *err);
char *ascii_lower(const char *s);
/* The part of S before C (a copy), and what follows C in *REST; NULL there if C does not occur. */
char *cut(const char *s, char c, const char **rest);

/* Setters. */
int set_text(struct parse *, const struct create_flag *, const char *, struct err *);
int set_bool(struct parse *, const struct create_flag *, const char *, struct err *);
int set_int(struct parse *, const struct create_flag *, const char *, struct err *);
int set_size(struct parse *, const struct create_flag *, const char *, struct err *);
int set_list(struct parse *, const struct create_flag *, const char *, struct err *);
int set_map(struct parse *, const struct create_flag *, const char *, struct err *);

int set_attach(struct parse *, const struct create_flag *, const char *, struct err *);
int set_client_value(struct parse *, const struct create_flag *, const char *, struct err *);
int set_content_trust(struct parse *, const struct create_flag *, const char *, struct err *);
int set_entrypoint(struct parse *, const struct create_flag *, const char *, struct err *);
int set_env(struct parse *, const struct create_flag *, const char *, struct err *);
int set_env_file(struct parse *, const struct create_flag *, const char *, struct err *);
int set_health_cmd(struct parse *, const struct create_flag *, const char *, struct err *);
int set_health_duration(struct parse *, const struct create_flag *, const char *, struct err *);
int set_health_retries(struct parse *, const struct create_flag *, const char *, struct err *);
int set_interactive(struct parse *, const struct create_flag *, const char *, struct err *);
int set_label(struct parse *, const struct create_flag *, const char *, struct err *);
int set_no_health(struct parse *, const struct create_flag *, const char *, struct err *);
int set_platform(struct parse *, const struct create_flag *, const char *, struct err *);
int set_pull(struct parse *, const struct create_flag *, const char *, struct err *);
int set_switch(struct parse *, const struct create_flag *, const char *, struct err *);

int set_blkio_weight(struct parse *, const struct create_flag *, const char *, struct err *);
int set_cap(struct parse *, const struct create_flag *, const char *, struct err *);
int set_cpus(struct parse *, const struct create_flag *, const char *, struct err *);
int set_device(struct parse *, const struct create_flag *, const char *, struct err *);
int set_device_rate(struct parse *, const struct create_flag *, const char *, struct err *);
int set_device_rule(struct parse *, const struct create_flag *, const char *, struct err *);
int set_device_weight(struct parse *, const struct create_flag *, const char *, struct err *);
int set_gpus(struct parse *, const struct create_flag *, const char *, struct err *);
int set_kernel_memory(struct parse *, const struct create_flag *, const char *, struct err *);
int set_log_driver(struct parse *, const struct create_flag *, const char *, struct err *);
int set_log_opt(struct parse *, const struct create_flag *, const char *, struct err *);
int set_namespace(struct parse *, const struct create_flag *, const char *, struct err *);
int set_restart(struct parse *, const struct create_flag *, const char *, struct err *);
int set_security(struct parse *, const struct create_flag *, const char *, struct err *);
int set_storage_opt(struct parse *, const struct create_flag *, const char *, struct err *);
int set_swap(struct parse *, const struct create_flag *, const char *, struct err *);
int set_swappiness(struct parse *, const struct create_flag *, const char *, struct err *);
int set_sysctl(struct parse *, const struct create_flag *, const char *, struct err *);
int set_ulimit(struct parse *, const struct create_flag *, const char *, struct err *);

int set_mount(struct parse *, const struct create_flag *, const char *, struct err *);
int set_tmpfs(struct parse *, const struct create_flag *, const char *, struct err *);
int set_volume(struct parse *, const struct create_flag *, const char *, struct err *);

int set_add_host(struct parse *, const struct create_flag *, const char *, struct err *);
int set_alias(struct parse *, const struct create_flag *, const char *, struct err *);
int set_dns(struct parse *, const struct create_flag *, const char *, struct err *);
int set_dns_search(struct parse *, const struct create_flag *, const char *, struct err *);
int set_expose(struct parse *, const struct create_flag *, const char *, struct err *);
int set_ip(struct parse *, const struct create_flag *, const char *, struct err *);
int set_link(struct parse *, const struct create_flag *, const char *, struct err *);
int set_link_local(struct parse *, const struct create_flag *, const char *, struct err *);
int set_mac(struct parse *, const struct create_flag *, const char *, struct err *);
int set_network(struct parse *, const struct create_flag *, const char *, struct err *);
int set_publish(struct parse *, const struct create_flag *, const char *, struct err *);

/* network.c */
int finish_networks(struct parse *p, struct err *err);
/* config.c */
int finish_env(struct parse *p, struct err *err);
int finish_labels(struct parse *p, struct err *err);
