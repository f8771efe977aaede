/* SPDX-License-Identifier: MIT */
/*
 * CHECKS files and app.json's healthchecks: what is accepted keeps the bounds that the header
 * promises, and what is refused appends nothing.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "lib/healthcheck/healthcheck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_seconds(int64_t s)
{
	must(s >= 0 && s <= HEALTHCHECK_SECONDS_MAX);
}

/* What goes into a request may not begin another line of it. */
static void check_line(const char *text)
{
	must(!text || !strpbrk(text, "\r\n"));
}

static void check_http(const struct healthcheck *c)
{
	must(c->path && *c->path == '/');
	must(c->scheme && (str_eq(c->scheme, "http") || str_eq(c->scheme, "https")));
	must(c->content != NULL);
	check_line(c->path);
	for (size_t i = 0; i < c->headers.count; i++)
		check_line(c->headers.items[i]);
}

static void check_one(const struct healthcheck *c)
{
	must(c->name != NULL);
	must(c->port >= 0 && c->port <= 65535);
	must(c->attempts >= 1 && c->attempts <= HEALTHCHECK_ATTEMPTS_MAX);
	check_seconds(c->timeout_s);
	check_seconds(c->wait_s);
	check_seconds(c->delay_s);
	check_seconds(c->uptime_s);
	if (c->kind == HEALTHCHECK_HTTP)
		check_http(c);
	if (c->kind == HEALTHCHECK_COMMAND)
		must(c->command.count > 0);
}

static void check_list(const struct healthchecks *list, int r)
{
	must(list->count <= HEALTHCHECKS_MAX);
	must(r >= 0 || list->count == 0);
	for (size_t i = 0; i < list->count; i++)
		check_one(&list->items[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_HEALTHCHECKS of_file = HEALTHCHECKS_INIT;
	AUTO_HEALTHCHECKS of_json = HEALTHCHECKS_INIT;
	AUTO_ERR file_err = ERR_INIT;
	AUTO_ERR json_err = ERR_INIT;
	json_t *app_json = json_loadb((const char *)data, size, 0, NULL);

	check_list(&of_file,
		healthchecks_parse_file((const char *)data, size, &of_file, &file_err));
	if (app_json)
		check_list(&of_json, healthchecks_parse(app_json, "web", &of_json, &json_err));
	json_decref(app_json);
	return 0;
}
