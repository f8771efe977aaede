/* SPDX-License-Identifier: MIT */
#pragma once

/* The fake engine for unit tests of what speaks to one. Included behind cmocka.h. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "lib/engine/engine.h"

/* One per test. */
struct fake {
	char *dir;
	char *socket;
	char *record;
	struct child child;
	struct engine e;
	struct err err;
};

static inline char *source_file(const char *name)
{
	const char *root = getenv("MOORAGE_TEST_SOURCE");

	return path_join(root ? root : ".", name);
}

/* RULES is the text of the "rules" array; single quotes stand for double ones. */
static inline void fake_start(struct fake *f, const char *api, const char *rules)
{
	AUTO_STRBUF script = STRBUF_INIT;
	AUTO_FREE char *program = source_file("tests/fake-engine/fake-engine.py");
	AUTO_FREE char *script_path = NULL;
	char byte = 0;

	*f = (struct fake){ .dir = xstrdup("/tmp/moorage-test-XXXXXX"),
		.child = CHILD_INIT,
		.err = ERR_INIT };
	assert_non_null(mkdtemp(f->dir));
	f->socket = path_join(f->dir, "engine.sock");
	f->record = path_join(f->dir, "record");
	script_path = path_join(f->dir, "script");
	strbuf_addf(&script, "{'api': '%s', 'rules': [%s]}", api, rules);
	for (size_t i = 0; i < script.len; i++)
		script.buf[i] = script.buf[i] == '\'' ? '"' : script.buf[i];
	assert_int_equal(fs_write(script_path, script.buf, script.len, 0600, &f->err), 0);
	strvec_pushl(&f->child.argv, "python3", program, f->socket, script_path, f->record, NULL);
	f->child.in = CHILD_PIPE;
	f->child.out = CHILD_PIPE;
	f->child.die_with_parent = true;
	assert_int_equal(child_start(&f->child, &f->err), 0);
	while (byte != '\n')
		assert_int_equal(read(f->child.out, &byte, 1), 1);
	engine_open(&f->e, f->socket);
}

static inline void fake_stop(struct fake *f)
{
	struct child_status status;

	close(f->child.in);
	close(f->child.out);
	assert_int_equal(child_wait(&f->child, &status, &f->err), 0);
	child_done(&f->child);
	engine_done(&f->e);
	assert_int_equal(fs_rm_rf(f->dir, &f->err), 0);
	err_done(&f->err);
	free(f->dir);
	free(f->socket);
	free(f->record);
}

/* The requests so far; a new array. */
static inline json_t *fake_requests(struct fake *f)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRVEC lines = STRVEC_INIT;
	json_t *list = json_array();

	assert_true(fs_read_optional(f->record, 1 << 24, &text, &f->err) >= 0);
	strvec_split_lines(&lines, text.buf);
	for (size_t i = 0; i < lines.count; i++)
		json_array_append_new(list, json_loads(lines.items[i], 0, NULL));
	return list;
}

static inline const char *field(const json_t *requests, size_t at, const char *key)
{
	const char *s = json_string_value(json_object_get(json_array_get(requests, at), key));

	return s ? s : "";
}

static inline const char *header(const json_t *requests, size_t at, const char *name)
{
	json_t *headers = json_object_get(json_array_get(requests, at), "headers");

	return json_string_value(json_object_get(headers, name));
}

static inline json_int_t conn_of(const json_t *requests, size_t at)
{
	return json_integer_value(json_object_get(json_array_get(requests, at), "conn"));
}
