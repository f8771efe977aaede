/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "lib/gotemplate/gotemplate.h"

/* Renders TEXT with "NAME=value" pairs up to NULL; gives the kind of error, OUT has text or
 * message. */
static int render_with(const struct gotmpl_host *host, const char *text, const char *const *vars,
	struct strbuf *out)
{
	AUTO_GOTMPL_VARS set = GOTMPL_VARS_INIT;
	AUTO_ERR err = ERR_INIT;
	AUTO_GOTMPL *t = NULL;
	int r;

	for (; vars && *vars; vars++) {
		AUTO_FREE char *name = xstrdup(*vars);
		char *eq = strchr(name, '=');

		assert_non_null(eq);
		*eq = '\0';
		gotmpl_vars_set(&set, name, eq + 1);
	}
	strbuf_clear(out);
	r = gotmpl_parse("t", text, strlen(text), &t, &err);
	if (r >= 0)
		r = gotmpl_render(t, &set, host, out, &err);
	if (r < 0) {
		assert_int_equal(out->len, 0);
		strbuf_addstr(out, err_text(&err));
	}
	return r;
}

static const char *const some_vars[] = { "APP=web", "PORTS=http:80:5000", "EMPTY=", NULL };

struct example {
	const char *text;
	const char *expected;
};

static void check_all(const struct example *examples, size_t count, int kind)
{
	AUTO_STRBUF out = STRBUF_INIT;

	for (size_t i = 0; i < count; i++) {
		int r = render_with(NULL, examples[i].text, some_vars, &out);

		if (r != kind || strcmp(out.buf, examples[i].expected) != 0)
			fail_msg("%s\n gave (%d) %s\n instead of %s", examples[i].text, r, out.buf,
				examples[i].expected);
	}
}

static char *golden_path(const char *name, const char *ending)
{
	const char *slash = strrchr(__FILE__, '/');

	return xasprintf("%.*s/golden/gotemplate/%s%s", (int)(slash - __FILE__), __FILE__, name,
		ending);
}

static void load(const char *name, const char *ending, struct strbuf *out)
{
	AUTO_FREE char *path = golden_path(name, ending);
	AUTO_ERR err = ERR_INIT;

	if (fs_read(path, 1 << 20, out, &err) < 0)
		fail_msg("%s", err_text(&err));
}

static void golden_templates_render_to_the_byte(void **state)
{
	static const char *const names[] = { "site", "language", "functions" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO_STRBUF text = STRBUF_INIT;
		AUTO_STRBUF vars = STRBUF_INIT;
		AUTO_STRBUF expected = STRBUF_INIT;
		AUTO_STRBUF out = STRBUF_INIT;
		AUTO_STRVEC lines = STRVEC_INIT;

		load(names[i], ".tmpl", &text);
		load(names[i], ".vars", &vars);
		load(names[i], ".out", &expected);
		strvec_split_lines(&lines, vars.buf);
		assert_int_equal(render_with(NULL, text.buf, (const char *const *)lines.items,
					 &out),
			0);
		assert_string_equal(out.buf, expected.buf);
	}
}

static void parse_errors_name_template_and_line(void **state)
{
	static const struct example examples[] = {
		{ "\n{{ if }}x{{ end }}", "template: t:2: missing value for if" },
		{ "\n\n{{ nosuch }}", "template: t:3: function \"nosuch\" not defined" },
		{ "{{ \"a }}", "template: t:1: unterminated quoted string" },
		{ "{{ `a }}", "template: t:1: unterminated raw quoted string" },
		{ "{{ (1 }}", "template: t:1: unclosed left paren" },
		{ "{{ end }}", "template: t:1: unexpected {{end}}" },
		{ "{{ else }}", "template: t:1: unexpected {{else}}" },
		{ "{{ if 1 }}\n", "template: t:2: unexpected EOF" },
		{ "{{ if 1 }}{{ else }}{{ else }}{{ end }}",
			"template: t:1: expected end; found {{else}}" },
		{ "{{ 1 | 2 }}", "template: t:1: non executable command in pipeline stage 2" },
		{ "{{ print\n(}}", "template: t:2: unclosed left paren in action started at t:1" },
		{ "{{ break }}", "template: t:1: {{break}} outside {{range}}" },
		{ "{{ range . }}{{ block \"b\" . }}{{ continue }}{{ end }}{{ end }}",
			"template: t:1: {{continue}} outside {{range}}" },
		{ "{{ define \"x\" }}{{ $y }}{{ end }}",
			"template: t:1: undefined variable \"$y\"" },
		{ "{{ $1 }}", "template: t:1: undefined variable \"$1\"" },
		{ "{{ a@b }}", "template: t:1: bad character U+0040 '@'" },
		{ "{{ \xe2\x80\x9cx }}",
			"template: t:1: unrecognized character in action: U+201C '\xe2\x80\x9c'" },
		{ "{{ 99999999999999999999 }}",
			"template: t:1: integer overflow: \"99999999999999999999\"" },
		{ "{{ 1e999 }}", "template: t:1: illegal number syntax: \"1e999\"" },
		{ "{{ \"\\q\" }}", "template: t:1: invalid syntax" },
		{ "{{ 'ab' }}", "template: t:1: malformed character constant: 'ab'" },
		{ "{{/* x }}", "template: t:1: unclosed comment" },
		{ "{{/* x */ }}", "template: t:1: comment ends before closing delimiter" },
		{ "{{ range $a,$b,$c := . }}{{ end }}",
			"template: t:1: too many declarations in range" },
		{ "{{ $a, $b := 1 }}", "template: t:1: too many declarations in command" },
		{ "{{ true.x }}", "template: t:1: unexpected . after term \"true\"" },
		{ "{{ if 1 }}{{ define \"x\" }}{{ end }}{{ end }}",
			"template: t:1: unexpected <define> in command" },
		{ "{{define \"a\"}}1{{end}}{{define \"a\"}}2{{end}}",
			"template: t:1: multiple definition of template \"a\"" },
		/* A joined line still counts. */
		{ "{{ .APP \\}}\n{{ .APP }}\n{{ nosuch }}",
			"template: t:3: function \"nosuch\" not defined" },
	};

	(void)state;
	check_all(examples, ARRAY_SIZE(examples), -ERR_INVALID);
}

#define AT(place, expr) "template: t:" place ": executing \"t\" at <" expr ">: "

static void run_errors_name_place_and_expression(void **state)
{
	static const struct example examples[] = {
		{ "text\n  {{ index (split \":\" .PORTS) 7 }}",
			AT("2:5", "index (split \":\" .PORTS) 7") "error calling index: index out "
								  "of range: 7" },
		{ "{{ .MISSING | split \" \" }}",
			AT("1:14", "split \" \"") "error calling split: split must be given a "
						  "string" },
		{ "{{ eq 1 \"a\" }}", AT("1:3", "eq 1 \"a\"") "error calling eq: incompatible "
							      "types for comparison" },
		{ "{{ split \",\" }}",
			AT("1:3", "split") "wrong number of args for split: want 2 got 1" },
		{ "{{ eq }}",
			AT("1:3", "eq") "wrong number of args for eq: want at least 1 got 0" },
		{ "{{ split 1 \"a\" }}", AT("1:9", "1") "expected string; found 1" },
		{ "{{ replace .NO \"b\" \"c\" }}",
			AT("1:11", ".NO") "invalid value; expected string" },
		{ "{{ join \",\" .APP }}", AT("1:12", ".APP") "wrong type for value; expected "
							      "[]interface {}; got string" },
		{ "{{ .APP.X }}",
			AT("1:7", ".APP.X") "can't evaluate field X in type interface {}" },
		{ "{{ .APP 1 }}", AT("1:3", ".APP") "APP is not a method but has arguments" },
		{ "{{ \"a\" 1 }}", AT("1:3", "\"a\"") "can't give argument to non-function \"a\"" },
		{ "{{ nil }}", AT("1:3", "nil") "nil is not a command" },
		{ "{{ range .APP }}{{ end }}", AT("1:9", ".APP") "range can't iterate over web" },
		{ "{{ template \"x\" }}",
			AT("1:12", "{{template \"x\"}}") "template \"x\" not defined" },
		{ "{{ seq \"x\" }}", AT("1:3", "seq \"x\"") "error calling seq: seq must be given "
							    "an integer or numeric string" },
		{ "{{ substr \"5:9\" \"abc\" }}",
			AT("1:3", "substr \"5:9\" \"abc\"") "error calling substr: slice bounds "
							    "out of range [5:9] with length 3" },
		{ "{{ yaml \"x\" }}",
			AT("1:3", "yaml \"x\"") "error calling yaml: YAML is not supported here" },
		{ "{{ render \"{{ lower . }}\" }}",
			AT("1:3", "render \"{{ lower . }}\"") "error calling render: template: "
							      "<render>:1:3: executing "
							      "\"<render>\" at "
							      "<lower .>: error calling lower: "
							      "lower must be given a string" },
	};

	(void)state;
	check_all(examples, ARRAY_SIZE(examples), -ERR_INVALID);
}

static void missing_variables_are_nil(void **state)
{
	static const struct example examples[] = {
		{ "{{ .NO }} {{ $.NO }} {{ $no }} {{ .NO.DEEPER }}",
			"<no value> <no value> <no value> <no value>" },
		{ "{{ if .NO }}x{{ end }}{{ eq .NO \"a\" }} {{ ne .NO \"a\" }} {{ eq .NO .NEITHER "
		  "}}",
			"false true true" },
		{ "{{ .NO | default \"d\" }}{{ .EMPTY | default \"e\" }}{{ .APP | default \"f\" }}",
			"deweb" },
		/* Every $word of the text is a member of the root, as it is for sigil. */
		{ "{{ . }} $host", "map[APP:web EMPTY: PORTS:http:80:5000 host:<nil>] $host" },
		{ "{{ $u = 5 }}{{ $u }}", "5" },
	};

	(void)state;
	check_all(examples, ARRAY_SIZE(examples), 0);
}

static void newer_go_language_is_known(void **state)
{
	static const struct example examples[] = {
		{ "{{ range 3 }}{{ . }}{{ end }}{{ range 0 }}x{{ else }}-{{ end }}", "012-" },
		{ "{{ with .NO }}a{{ else with .APP }}{{ . }}{{ else }}c{{ end }}", "web" },
		{ "{{ $l := \"\" }}{{ range $l = split \",\" \"a,b\" }}{{ $l }}{{ end }}{{ $l }}",
			"abb" },
	};

	(void)state;
	check_all(examples, ARRAY_SIZE(examples), 0);
}

static void json_paths_and_base64(void **state)
{
	static const struct example examples[] = {
		{ "{{ (json stdin).a.b }}", "[1 2.5 x true <nil>]" },
		{ "{{ json stdin | tojson }}", "{\"a\":{\"b\":[1,2.5,\"x\",true,null]},\"l\":[{"
					       "\"n\":\"p\"},{},{\"n\":\"q\"}]}" },
		{ "{{ json stdin | pointer \"/a/b/2\" }} {{ json stdin | pointer \"/a/z\" }}",
			"x <no value>" },
		{ "{{ json stdin | jmespath \"l[*].n\" }} {{ json stdin | jmespath \"a.b[-3]\" }}"
		  " {{ json stdin | jmespath \"a.\\\"b\\\"[9]\" }}",
			"[p q] x <no value>" },
	};
	struct gotmpl_host host = {
		.input = "{\"a\":{\"b\":[1,2.5,\"x\",true,null]},\"l\":[{\"n\":\"p\"},{},{\"n\":"
			 "\"q\"}]}",
	};
	AUTO_STRBUF out = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		assert_int_equal(render_with(&host, examples[i].text, NULL, &out), 0);
		assert_string_equal(out.buf, examples[i].expected);
	}
	assert_int_equal(render_with(&host, "{{ json stdin | jmespath \"length(@)\" }}", NULL,
				 &out),
		-ERR_INVALID);
	assert_non_null(strstr(out.buf, "not supported here at '(@)'"));
	host.input = "any carnal pleas";
	assert_int_equal(render_with(&host, "{{ base64enc stdin }}", NULL, &out), 0);
	assert_string_equal(out.buf, "YW55IGNhcm5hbCBwbGVhcw==");
	host.input = "YW55IGNhcm5h\nbCBwbGVhcw==\n";
	assert_int_equal(render_with(&host, "{{ base64dec stdin }}", NULL, &out), 0);
	assert_string_equal(out.buf, "any carnal pleas");
	for (const char *const *bad =
			(const char *const[]){ "YQ=", "YQ=a", "Y", "====", "a*==", NULL };
		*bad; bad++) {
		host.input = *bad;
		assert_int_equal(render_with(&host, "{{ base64dec stdin }}", NULL, &out),
			-ERR_INVALID);
	}
}

static const char *fake_env(void *cookie, const char *name)
{
	return str_eq(name, "FROM_ENV") ? cookie : NULL;
}

static void var_looks_at_variables_then_environment(void **state)
{
	char value[] = "outer";
	struct gotmpl_host host = { .env = fake_env, .env_cookie = value };
	AUTO_STRBUF out = STRBUF_INIT;

	(void)state;
	assert_int_equal(render_with(&host,
				 "{{ var \"APP\" }} {{ var \"FROM_ENV\" }} [{{ var \"NO\" }}]"
				 "{{ render \"APP=in\" \"{{ var `APP` }}{{ var `PORTS` }}{{ .PORTS "
				 "}}\" }}",
				 some_vars, &out),
		0);
	assert_string_equal(out.buf, "web outer []inhttp:80:5000<no value>");
}

static void nothing_outside_is_reached_by_default(void **state)
{
	static const char *const texts[] = {
		"{{ file \"/etc/passwd\" }}",
		"{{ include \"/etc/passwd\" }}",
		"{{ json \"/etc/passwd\" }}",
		"{{ exists \"/etc/passwd\" }}",
		"{{ dir \"/\" }}",
		"{{ sh \"id\" }}",
		"{{ httpget \"http://127.0.0.1/\" }}",
		"{{ base64enc \"/etc/passwd\" }}",
	};
	AUTO_STRBUF out = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(render_with(NULL, texts[i], NULL, &out), -ERR_DENIED);
	assert_int_equal(render_with(NULL, "{{ var \"PATH\" }}", NULL, &out), 0);
	assert_string_equal(out.buf, "");
}

static void put(const char *dir, const char *name, const char *text)
{
	AUTO_FREE char *path = path_join(dir, name);
	AUTO_ERR err = ERR_INIT;

	assert_int_equal(fs_write_str(path, text, 0600, &err), 0);
}

static void a_folder_host_stays_in_its_folder(void **state)
{
	char dir[] = "/tmp/moorage-test-XXXXXX";
	struct gotmpl_folder folder = { .root = dir };
	struct gotmpl_host host = { .env = NULL };
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_FREE char *link = NULL;
	AUTO_FREE char *absolute = NULL;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	assert_non_null(mkdtemp(dir));
	gotmpl_host_folder(&host, &folder);
	put(dir, "a.txt", "hello");
	put(dir, "sub/outer.tmpl", "{{ $who }}:{{ include \"inner.tmpl\" \"n=1\" }}");
	put(dir, "sub/inner.tmpl", "<{{ .n }}{{ var \"who\" }}>");
	put(dir, "loop.tmpl", "{{ include \"loop.tmpl\" }}");
	put(dir, "bad.tmpl", "\n{{ nosuch }}");
	link = path_join(dir, "link");
	assert_int_equal(symlink("/etc", link), 0);

	assert_int_equal(render_with(&host,
				 "{{ file \"a.txt\" }} {{ exists \"a.txt\" }} {{ exists \"b\" }} "
				 "{{ dir \".\" }} {{ files \".\" }} {{ dirs \".\" }}",
				 NULL, &out),
		0);
	assert_string_equal(out.buf, "hello true false [a.txt bad.tmpl link loop.tmpl sub] "
				     "[a.txt bad.tmpl link loop.tmpl] [sub]");
	assert_int_equal(render_with(&host, "{{ include \"sub/outer.tmpl\" \"who=me\" }}", NULL,
				 &out),
		0);
	assert_string_equal(out.buf, "me:<1me>");
	absolute = xasprintf("{{ file \"%s/sub/../a.txt\" }}", dir);
	assert_int_equal(render_with(&host, absolute, NULL, &out), 0);

	assert_int_equal(render_with(&host, "{{ file \"../../etc/passwd\" }}", NULL, &out),
		-ERR_DENIED);
	assert_int_equal(render_with(&host, "{{ file \"link/passwd\" }}", NULL, &out), -ERR_DENIED);
	assert_int_equal(render_with(&host, "{{ exists \"/etc/passwd\" }}", NULL, &out),
		-ERR_DENIED);
	assert_int_equal(render_with(&host, "{{ dir \"link\" }}", NULL, &out), -ERR_DENIED);
	assert_int_equal(render_with(&host, "{{ file \"none\" }}", NULL, &out), -ERR_NOT_FOUND);
	assert_int_equal(render_with(&host, "{{ file \"sub\" }}", NULL, &out), -ERR_INVALID);
	assert_int_equal(render_with(&host, "{{ include \"loop.tmpl\" }}", NULL, &out),
		-ERR_INVALID);
	assert_non_null(strstr(out.buf, "include each other"));
	assert_int_equal(render_with(&host, "{{ include \"bad.tmpl\" }}", NULL, &out),
		-ERR_INVALID);
	assert_non_null(strstr(out.buf, "template: bad.tmpl:2: function \"nosuch\" not defined"));
	assert_int_equal(fs_rm_rf(dir, &err), 0);
}

#define DOUBLING "{{ $l := seq 9 }}{{ range 40 }}{{ $l = append $l (append $l nil) }}{{ end }}"

static void limits_end_runaway_templates(void **state)
{
	static const struct {
		const char *text;
		const char *part;
	} cases[] = {
		{ "{{ range 1000000000 }}{{ end }}", "steps" },
		{ "{{ range 60000 }}{{ range 60000 }}{{ end }}{{ end }}", "steps" },
		{ "{{ define \"a\" }}{{ template \"a\" }}{{ end }}{{ template \"a\" }}", "nested" },
		{ "{{ $s := \"xxxxxxxx\" }}{{ range 64 }}{{ $s = print $s $s }}{{ end }}",
			"longer than" },
		{ "{{ range 60000 }}{{ printf \"%200d\" 1 }}{{ end }}", "output is longer" },
		{ "{{ $l := seq 0 }}{{ range 100 }}{{ $l = append $l (seq 0) }}{{ end }}", "deep" },
		{ "{{ seq 100000 }}", "items" },
		{ "{{ seq 2000000000 }}", "items" },
		{ "{{ $s := printf \"%9999d\" 1 }}{{ range 60000 }}{{ $x = lower $s }}{{ end }}",
			"template" },
		{ "{{ $s := `{{ render (print \"s=\" $s) $s }}` }}{{ render (print \"s=\" $s) $s "
		  "}}",
			"include each other" },
		{ "{{ $l := seq 60000 }}{{ uniq $l }}", "steps" },
		/* Lists of one list: small in memory, endless when printed. */
		{ DOUBLING "{{ $l }}", "output is longer" },
		{ DOUBLING "{{ tojson $l }}", "result is longer" },
		{ DOUBLING "{{ printf \"%s\" $l }}", "result is longer" },
		{ DOUBLING "{{ range $l.x }}{{ end }}", "can't evaluate field x" },
	};
	AUTO_STRBUF out = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int r = render_with(NULL, cases[i].text, NULL, &out);

		if (r != -ERR_INVALID || !strstr(out.buf, cases[i].part))
			fail_msg("%s gave (%d) %.300s", cases[i].text, r, out.buf);
	}
}

static void nesting_in_the_text_is_limited(void **state)
{
	static const char *const pairs[][2] = {
		{ "{{ if 1 }}", "{{ end }}" },
		{ "{{ block \"x\" . }}", "{{ end }}" },
		{ "{{ if 0 }}{{ else if 1 }}", "" },
	};
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRBUF out = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		strbuf_clear(&text);
		for (int n = 0; n < 5000; n++)
			strbuf_addstr(&text, pairs[i][0]);
		for (int n = 0; n < 5000; n++)
			strbuf_addstr(&text, pairs[i][1]);
		assert_int_equal(render_with(NULL, text.buf, NULL, &out), -ERR_INVALID);
		assert_non_null(strstr(out.buf, "nested more than"));
	}
	strbuf_set(&text, "{{ ");
	for (int n = 0; n < 5000; n++)
		strbuf_addch(&text, '(');
	assert_int_equal(render_with(NULL, text.buf, NULL, &out), -ERR_INVALID);
	assert_non_null(strstr(out.buf, "nested more than"));
}

static void a_failure_leaves_the_output_alone(void **state)
{
	static const char text[] = "written {{ index (split \",\" \"a\") 3 }}";
	AUTO_GOTMPL_VARS vars = GOTMPL_VARS_INIT;
	AUTO_GOTMPL *t = NULL;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	strbuf_addstr(&out, "before");
	assert_int_equal(gotmpl_parse("t", text, strlen(text), &t, &err), 0);
	assert_int_equal(gotmpl_render(t, &vars, NULL, &out, &err), -ERR_INVALID);
	assert_string_equal(out.buf, "before");
}

static void json_variables_keep_their_types(void **state)
{
	static const char json[] =
		"{\"db\":{\"host\":\"h\",\"port\":5432},\"on\":true,\"APP\":\"j\"}";
	static const char text[] =
		"{{ .db.host }} {{ .db.port }} {{ $on }} {{ .APP }} {{ var \"on\" }}";
	AUTO_GOTMPL_VARS vars = GOTMPL_VARS_INIT;
	AUTO_GOTMPL *t = NULL;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	(void)state;
	gotmpl_vars_set(&vars, "APP", "first");
	assert_int_equal(gotmpl_vars_set_json(&vars, json, strlen(json), &err), 0);
	gotmpl_vars_set(&vars, "APP", "last");
	assert_int_equal(gotmpl_parse("t", text, strlen(text), &t, &err), 0);
	assert_int_equal(gotmpl_render(t, &vars, NULL, &out, &err), 0);
	assert_string_equal(out.buf, "h 5432 true last ");
	assert_int_equal(gotmpl_vars_set_json(&vars, "[]", 2, &err), -ERR_INVALID);
	assert_int_equal(gotmpl_vars_set_json(&vars, "{", 1, &err), -ERR_INVALID);
}

static void posix_variables_expand(void **state)
{
	static const struct {
		const char *text;
		const char *expected; /* NULL: an error */
	} cases[] = {
		{ "Hello, $name and ${name}$none.", "Hello, Jeff and Jeff." },
		{ "${name:-x} ${none:-x} ${empty:-x} ${empty-x} ${none-}", "Jeff x x  " },
		{ "${name:+set} ${none:+set} ${empty:+set} ${empty+set}", "set   set" },
		{ "${none:=val} $none ${none}", "val val val" },
		{ "${#name} ${#none}", "4 0" },
		{ "${none:-\"a  $name\"} ${none:-'$name'} ${none:-${name}s}",
			"a  Jeff $name Jeffs" },
		{ "\\$name \\n $ $1 {{ \"x\" }} }", "$name \\n $ $1 {{ \"x\" }} }" },
		{ "${none:-a\\}b}", "a}b" },
		{ "${from_env}", "env" },
		{ "${none:?}", NULL },
		{ "${none:?gone}", NULL },
		{ "${name", NULL },
		{ "${name:-x", NULL },
		{ "${none:-'x}", NULL },
		{ "${name:x}", NULL },
	};
	char env[] = "env";
	struct gotmpl_host host = { .env = fake_env, .env_cookie = env };
	AUTO_GOTMPL_VARS vars = GOTMPL_VARS_INIT;

	(void)state;
	gotmpl_vars_set(&vars, "name", "Jeff");
	gotmpl_vars_set(&vars, "empty", "");
	gotmpl_vars_set(&vars, "from_env", "env");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STRBUF out = STRBUF_INIT;
		AUTO_ERR err = ERR_INIT;
		int r = gotmpl_expand_posix(cases[i].text, strlen(cases[i].text), &vars, &host,
			&out, &err);

		assert_int_equal(r, cases[i].expected ? 0 : -ERR_INVALID);
		assert_string_equal(out.buf, cases[i].expected ? cases[i].expected : "");
	}
}

/*
 * The budget is 1 ms in a release build. Here processor time is measured, and a limit that
 * sanitizers keep easily still tells work that grows with the square of the lines.
 */
static void a_long_template_is_fast(void **state)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_GOTMPL_VARS vars = GOTMPL_VARS_INIT;
	clock_t start;

	(void)state;
	for (int i = 0; i < 300; i++)
		strbuf_addf(&text,
			"  {{ if and $.APP (ne $.V%d \"off\") }}set $v%d {{ $.V%d }};{{ end }}\n",
			i, i, i);
	for (int i = 0; i < 60; i++) {
		AUTO_FREE char *name = xasprintf("V%d", i);

		gotmpl_vars_set(&vars, name, "value");
	}
	start = clock();
	for (int i = 0; i < 20; i++) {
		AUTO_GOTMPL *t = NULL;
		AUTO_STRBUF out = STRBUF_INIT;
		AUTO_ERR err = ERR_INIT;

		assert_int_equal(gotmpl_parse("t", text.buf, text.len, &t, &err), 0);
		assert_int_equal(gotmpl_render(t, &vars, NULL, &out, &err), 0);
	}
	assert_true(clock() - start < CLOCKS_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_templates_render_to_the_byte),
		cmocka_unit_test(parse_errors_name_template_and_line),
		cmocka_unit_test(run_errors_name_place_and_expression),
		cmocka_unit_test(missing_variables_are_nil),
		cmocka_unit_test(newer_go_language_is_known),
		cmocka_unit_test(json_paths_and_base64),
		cmocka_unit_test(var_looks_at_variables_then_environment),
		cmocka_unit_test(nothing_outside_is_reached_by_default),
		cmocka_unit_test(a_folder_host_stays_in_its_folder),
		cmocka_unit_test(limits_end_runaway_templates),
		cmocka_unit_test(nesting_in_the_text_is_limited),
		cmocka_unit_test(a_failure_leaves_the_output_alone),
		cmocka_unit_test(json_variables_keep_their_types),
		cmocka_unit_test(posix_variables_expand),
		cmocka_unit_test(a_long_template_is_fast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
