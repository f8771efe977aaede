/* SPDX-License-Identifier: MIT */
#include "core/docker_options.h"

#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/state.h"
#include "lib/words/words.h"

static const char plugin[] = "docker-options";
static const char every[] = "_default_";

static const char *const phase_names[DOCKER_PHASES] = {
	[DOCKER_PHASE_BUILD] = "build",
	[DOCKER_PHASE_DEPLOY] = "deploy",
	[DOCKER_PHASE_RUN] = "run",
};

const char *docker_phase_name(enum docker_phase phase)
{
	return phase_names[phase];
}

static int find_phase(const char *name)
{
	for (int i = 0; i < DOCKER_PHASES; i++) {
		if (str_eq(phase_names[i], name))
			return i;
	}
	return -1;
}

static bool has_phase(const enum docker_phase *list, int count, int phase)
{
	for (int i = 0; i < count; i++) {
		if ((int)list[i] == phase)
			return true;
	}
	return false;
}

int docker_phases_parse(const char *text, enum docker_phase *ret, struct err *err)
{
	const char *p = text;
	int count = 0;

	if (!*text)
		return 0;
	for (;;) {
		size_t len = strcspn(p, ",");
		AUTO_FREE char *name = xstrndup(p, len);
		int phase = find_phase(name);

		if (phase < 0)
			return err_set(err, ERR_USAGE,
				"Phase(s) must be one of [build deploy run]");
		if (!has_phase(ret, count, phase))
			ret[count++] = (enum docker_phase)phase;
		if (!p[len])
			return count;
		p += len + 1;
	}
}

/* --- text --- */

static bool is_flag(const char *word)
{
	return word[0] == '-' && word[1];
}

/* Appends WORDS[FROM..TO) as one stored option. */
static void push_group(const struct strvec *words, size_t from, size_t to, struct strvec *ret)
{
	AUTO_STRBUF text = STRBUF_INIT;

	for (size_t i = from; i < to; i++) {
		if (i > from)
			strbuf_addch(&text, ' ');
		quote_word(&text, words->items[i]);
	}
	strvec_push(ret, text.buf);
}

static size_t group_end(const struct strvec *words, size_t from)
{
	size_t to = from + 1;

	while (to < words->count && !is_flag(words->items[to]))
		to++;
	return to;
}

static int take_process(const struct strvec *words, size_t from, size_t to,
	struct strvec *processes, struct err *err)
{
	const char *attached = str_after(words->items[from], "--process=");

	if (attached && to - from > 1)
		return err_set(err, ERR_USAGE,
			"--process=value cannot be followed by additional tokens");
	if (!attached && to - from < 2)
		return err_set(err, ERR_USAGE, "--process requires a value");
	if (!attached && to - from > 2)
		return err_set(err, ERR_USAGE, "--process accepts a single value, got %zu",
			to - from - 1);
	strvec_push(processes, attached ? attached : words->items[from + 1]);
	return 0;
}

int docker_options_split(const char *text, struct strvec *options, struct strvec *processes,
	struct err *err)
{
	AUTO_STRVEC words = STRVEC_INIT;
	size_t to;
	int r;

	if (strpbrk(text, "\r\n"))
		return err_set(err, ERR_INVALID, "Docker options may not hold newlines");
	r = words_shell(text, strlen(text), &words, NULL, err);
	if (r < 0)
		return err_wrap(err, "Unable to parse docker option");
	for (size_t from = 0; r >= 0 && from < words.count; from = to) {
		const char *head = words.items[from];

		to = group_end(&words, from);
		if (str_eq(head, "--process") || str_starts(head, "--process="))
			r = take_process(&words, from, to, processes, err);
		else
			push_group(&words, from, to, options);
	}
	return r;
}

static bool same_option(const char *a, const char *b)
{
	AUTO_STRVEC left = STRVEC_INIT;
	AUTO_STRVEC right = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	if (str_eq(a, b))
		return true;
	if (words_shell(a, strlen(a), &left, NULL, &err) < 0 ||
		words_shell(b, strlen(b), &right, NULL, &err) < 0 || left.count != right.count)
		return false;
	for (size_t i = 0; i < left.count; i++) {
		if (!str_eq(left.items[i], right.items[i]))
			return false;
	}
	return true;
}

/* --- as stored --- */

static char *key_of(const char *process, enum docker_phase phase)
{
	return xasprintf("%s.%s", process && *process ? process : every, phase_names[phase]);
}

static char *legacy_path(struct ctx *ctx, const char *app, enum docker_phase phase)
{
	char *path = inst_home(&ctx->inst, "%s/DOCKER_OPTIONS_%s", app, phase_names[phase]);

	for (char *c = path + strlen(path) - strlen(phase_names[phase]); *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return path;
}

/* A line of a legacy file, one option per flag; as it is where that would lose something. */
static void push_legacy(const char *line, struct strvec *ret)
{
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;
	size_t end = 0;
	size_t to;

	if (words_shell(line, strlen(line), &words, &end, &err) < 0 || end < strlen(line)) {
		strvec_push(ret, line);
		return;
	}
	for (size_t from = 0; from < words.count; from = to) {
		to = group_end(&words, from);
		push_group(&words, from, to, ret);
	}
}

static int get_legacy(struct ctx *ctx, const char *app, enum docker_phase phase, struct strvec *ret,
	struct err *err)
{
	AUTO_FREE char *path = legacy_path(ctx, app, phase);
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRVEC lines = STRVEC_INIT;
	int r = fs_read_optional(path, STATE_FILE_MAX, &text, err);

	if (r <= 0)
		return r;
	strvec_split(&lines, text.buf, "\r\n");
	for (size_t i = 0; i < lines.count; i++) {
		AUTO_STRBUF line = STRBUF_INIT;

		strbuf_addstr(&line, lines.items[i]);
		strbuf_trim(&line);
		if (line.len && line.buf[0] != '#')
			push_legacy(line.buf, ret);
	}
	return 0;
}

int docker_options_get(struct ctx *ctx, const char *app, const char *process,
	enum docker_phase phase, struct strvec *ret, struct err *err)
{
	AUTO_FREE char *key = key_of(process, phase);
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRVEC lines = STRVEC_INIT;
	int r = state_get(ctx, plugin, app, key, &text, err);

	if (r == 0 && !(process && *process))
		return get_legacy(ctx, app, phase, ret, err);
	strvec_split_lines(&lines, text.buf);
	for (size_t i = 0; r > 0 && i < lines.count; i++) {
		AUTO_STRBUF line = STRBUF_INIT;

		strbuf_addstr(&line, lines.items[i]);
		strbuf_trim(&line);
		if (line.len)
			strvec_push(ret, line.buf);
	}
	return r < 0 ? r : 0;
}

/* Written before the legacy file goes, so that nothing is lost in between. */
static int put(struct ctx *ctx, const char *app, const char *process, enum docker_phase phase,
	struct strvec *options, struct err *err)
{
	AUTO_FREE char *key = key_of(process, phase);
	AUTO_FREE char *legacy = legacy_path(ctx, app, phase);
	bool drain = !(process && *process) && fs_exists(legacy);
	int r;

	strvec_sort(options);
	r = state_set_list(ctx, plugin, app, key, options, err);
	return r >= 0 && drain ? fs_unlink(legacy, err) : r;
}

int docker_options_drain(struct ctx *ctx, const char *app, struct err *err)
{
	int r = 0;

	for (int phase = 0; r >= 0 && phase < DOCKER_PHASES; phase++) {
		AUTO_FREE char *legacy = legacy_path(ctx, app, phase);
		AUTO_STRVEC options = STRVEC_INIT;

		if (!fs_exists(legacy))
			continue;
		r = docker_options_get(ctx, app, NULL, phase, &options, err);
		if (r >= 0)
			r = put(ctx, app, NULL, phase, &options, err);
	}
	return r;
}

int docker_options_add(struct ctx *ctx, const char *app, const char *process,
	enum docker_phase phase, const char *option, struct err *err)
{
	AUTO_STRVEC options = STRVEC_INIT;
	int r = docker_options_get(ctx, app, process, phase, &options, err);

	if (r < 0)
		return r;
	if (!strvec_has(&options, option))
		strvec_push(&options, option);
	return put(ctx, app, process, phase, &options, err);
}

int docker_options_remove(struct ctx *ctx, const char *app, const char *process,
	enum docker_phase phase, const char *option, struct err *err)
{
	AUTO_STRVEC options = STRVEC_INIT;
	int r = docker_options_get(ctx, app, process, phase, &options, err);

	if (r < 0)
		return r;
	for (size_t i = options.count; i-- > 0;) {
		if (same_option(options.items[i], option))
			strvec_remove(&options, i);
	}
	return put(ctx, app, process, phase, &options, err);
}

int docker_options_clear(struct ctx *ctx, const char *app, const char *process,
	enum docker_phase phase, struct err *err)
{
	AUTO_STRVEC none = STRVEC_INIT;

	return put(ctx, app, process, phase, &none, err);
}

int docker_options_processes(struct ctx *ctx, const char *app, struct strvec *ret, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = state_names(ctx, plugin, app, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		const char *dot = strrchr(names.items[i], '.');
		AUTO_FREE char *process = NULL;

		if (!dot || dot == names.items[i] || find_phase(dot + 1) < 0)
			continue;
		process = xstrndup(names.items[i], (size_t)(dot - names.items[i]));
		if (!str_eq(process, every))
			strvec_push(ret, process);
	}
	strvec_sort_unique(ret);
	return r < 0 ? r : 0;
}

/* --- what a container gets --- */

static bool is_option(const char *option, const char *flag)
{
	const char *rest = str_after(option, flag);

	return rest && (!*rest || *rest == '=' || *rest == ' ');
}

static bool fits(const char *option, enum docker_phase phase, const char *builder)
{
	if (option[0] == '#')
		return false;
	if (str_starts(option, "--restart"))
		return phase == DOCKER_PHASE_DEPLOY;
	if (str_eq(builder, "herokuish"))
		return !is_option(option, "--file") && !is_option(option, "--build-args");
	if (str_eq(builder, "dockerfile") || str_eq(builder, "nixpacks") ||
		str_eq(builder, "railpack"))
		return !is_option(option, "--link") && !is_option(option, "-v") &&
		       !is_option(option, "--volume");
	return true;
}

int docker_options_for(struct ctx *ctx, const char *app, const char *process,
	enum docker_phase phase, const char *builder, struct strvec *ret, struct err *err)
{
	AUTO_STRVEC options = STRVEC_INIT;
	int r = docker_options_get(ctx, app, process, phase, &options, err);

	for (size_t i = 0; r >= 0 && i < options.count; i++) {
		if (fits(options.items[i], phase, builder))
			strvec_push(ret, options.items[i]);
	}
	return r;
}
