/* SPDX-License-Identifier: MIT */
/* One row in a plugin's table is all it takes: the row shows up everywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/catalog.h"
#include "core/command.h"
#include "core/help.h"
#include "core/output.h"
#include "core/property.h"
#include "core/proxy.h"
#include "core/report.h"
#include "core/scheduler.h"
#include "core/state.h"

const struct scheduler *const schedulers[] = { NULL };
const struct proxy *const proxies[] = { NULL };

static const struct property old_rows[] = {
	{ "colour", PROP_BOTH, "blue", "Colour of the boat", NULL, NULL },
	{},
};

/* The same with one row more. */
static const struct property new_rows[] = {
	{ "colour", PROP_BOTH, "blue", "Colour of the boat", NULL, NULL },
	{ "mast-count", PROP_BOTH, "1", "How many masts it has", check_positive, NULL },
	{},
};

static const struct plugin before = { .name = "boat", .summary = "Boats", .properties = old_rows };
static const struct plugin after = { .name = "boat", .summary = "Boats", .properties = new_rows };
static const struct plugin *const before_list[] = { &before, NULL };
static const struct plugin *const after_list[] = { &after, NULL };

struct world {
	char *dir;
	struct ctx ctx;
};

static int begin(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	AUTO_ERR err = ERR_INIT;

	w->dir = xstrdup("/tmp/moorage-test-XXXXXX");
	if (!mkdtemp(w->dir) || ctx_init(&w->ctx, "/dev/null", false, &err) < 0)
		return -1;
	free(w->ctx.inst.dokku_root);
	free(w->ctx.inst.lib_root);
	w->ctx.inst.dokku_root = path_join(w->dir, "home");
	w->ctx.inst.lib_root = path_join(w->dir, "lib");
	w->ctx.plugins = after_list;
	output_set_quiet(true);
	*state = w;
	return fs_mkdir_p(w->ctx.inst.dokku_root, 0755, &err) < 0 ? -1 : 0;
}

static int end(void **state)
{
	struct world *w = *state;
	AUTO_ERR err = ERR_INIT;
	int r = fs_rm_rf(w->dir, &err);

	ctx_done(&w->ctx);
	free(w->dir);
	free(w);
	return r;
}

static void row_is_settable_and_checked(void **state)
{
	struct world *w = *state;
	AUTO_ERR err = ERR_INIT;
	AUTO_FREE char *value = NULL;

	assert_int_equal(property_set(&w->ctx, &before, "sloop", "mast-count", "2", &err),
		-ERR_USAGE);
	assert_string_equal(err_text(&err),
		"Invalid property specified, valid properties include: colour");
	err_clear(&err);
	assert_int_equal(property_set(&w->ctx, &after, "sloop", "mast-count", "many", &err),
		-ERR_INVALID);
	assert_false(state_exists(&w->ctx, "boat", "sloop", "mast-count"));
	err_clear(&err);
	assert_true(property_set(&w->ctx, &after, "sloop", "mast-count", "2", &err) >= 0);
	value = state_get_or(&w->ctx, "boat", "sloop", "mast-count", NULL);
	assert_string_equal(value, "2");
}

static const char *report_value(const struct report *r, const char *flag)
{
	for (size_t i = 0; i < r->count; i++) {
		if (str_eq(r->items[i].flag, flag))
			return r->items[i].value;
	}
	return NULL;
}

static void row_is_in_the_report(void **state)
{
	struct world *w = *state;
	AUTO_ERR err = ERR_INIT;
	AUTO_REPORT old = REPORT_INIT;
	AUTO_REPORT app = REPORT_INIT;
	AUTO_REPORT global = REPORT_INIT;

	assert_true(property_set(&w->ctx, &after, "--global", "mast-count", "3", &err) >= 0);
	assert_int_equal(report_build(&w->ctx, &before, "sloop", &old, &err), 0);
	assert_null(report_value(&old, "--boat-mast-count"));
	assert_int_equal(report_build(&w->ctx, &after, "sloop", &app, &err), 0);
	assert_string_equal(report_value(&app, "--boat-mast-count"), "");
	assert_string_equal(report_value(&app, "--boat-global-mast-count"), "3");
	assert_string_equal(report_value(&app, "--boat-computed-mast-count"), "3");
	assert_int_equal(report_build(&w->ctx, &after, "--global", &global, &err), 0);
	assert_null(report_value(&global, "--boat-mast-count"));
	assert_string_equal(report_value(&global, "--boat-computed-mast-count"), "3");
}

/* What CALL prints on stdout. */
static char *printed_json(const struct report *report, const struct plugin *p)
{
	char path[] = "/tmp/moorage-test-XXXXXX";
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;
	int fd = mkstemp(path);
	int keep = dup(STDOUT_FILENO);

	out_flush();
	dup2(fd, STDOUT_FILENO);
	assert_int_equal(report_print(report, p, "sloop", NULL, "json", &err), 0);
	out_flush();
	dup2(keep, STDOUT_FILENO);
	close(keep);
	close(fd);
	assert_int_equal(fs_read(path, 65536, &text, &err), 0);
	unlink(path);
	return strbuf_detach(&text);
}

static void row_is_in_the_json(void **state)
{
	struct world *w = *state;
	AUTO_ERR err = ERR_INIT;
	AUTO_REPORT report = REPORT_INIT;
	AUTO_FREE char *text = NULL;
	json_t *all;

	assert_int_equal(report_build(&w->ctx, &after, "sloop", &report, &err), 0);
	text = printed_json(&report, &after);
	all = json_loads(text, 0, NULL);
	assert_non_null(all);
	assert_string_equal(json_string_value(json_object_get(all, "computed-mast-count")), "1");
	assert_non_null(json_object_get(all, "mast-count"));
	assert_non_null(json_object_get(all, "global-mast-count"));
	json_decref(all);
}

static void row_is_in_completion_and_reference(void **state)
{
	AUTO_STRBUF bash = STRBUF_INIT;
	AUTO_STRBUF bash_before = STRBUF_INIT;
	AUTO_STRBUF zsh = STRBUF_INIT;
	AUTO_STRBUF page = STRBUF_INIT;

	catalog_bash(before_list, &bash_before);
	assert_null(strstr(bash_before.buf, "mast-count"));
	catalog_bash(after_list, &bash);
	assert_non_null(strstr(bash.buf, "boat:set) properties='colour mast-count '"));
	catalog_zsh(after_list, &zsh);
	assert_non_null(strstr(zsh.buf, "mast-count"));
	catalog_reference(&after, &page);
	assert_non_null(
		strstr(page.buf, "| `mast-count` | app, global | 1 | How many masts it has |"));
}

static void plugin_with_rows_gets_its_commands(void **state)
{
	struct world *w = *state;
	struct command_match m;
	AUTO_STRVEC rows = STRVEC_INIT;
	AUTO_FREE char *text = NULL;

	assert_true(command_find(&w->ctx, "boat:set", &m));
	assert_true(command_find(&w->ctx, "boat:report", &m));
	assert_true(command_find(&w->ctx, "boat:help", &m));
	assert_true(command_find(&w->ctx, "boat", &m));
	assert_false(command_find(&w->ctx, "boat:sink", &m));
	help_rows(&after, &rows);
	text = strvec_joined(&rows, "\n");
	assert_non_null(strstr(text, "boat:set <app>|--global <property> [<value>]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(row_is_settable_and_checked, begin, end),
		cmocka_unit_test_setup_teardown(row_is_in_the_report, begin, end),
		cmocka_unit_test_setup_teardown(row_is_in_the_json, begin, end),
		cmocka_unit_test(row_is_in_completion_and_reference),
		cmocka_unit_test_setup_teardown(plugin_with_rows_gets_its_commands, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
