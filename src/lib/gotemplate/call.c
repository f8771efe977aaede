/* SPDX-License-Identifier: MIT */
/* The functions a template can name, and the limits they share. */
#include <string.h>

#include "lib/gotemplate/run.h"

static FUNC(fn_by_caller)
{
	return err_set(err, ERR_BUG, "evaluated elsewhere");
}

static const struct func functions[] = {
	/* text/template */
	{ "and", "aa", true, fn_by_caller },
	{ "or", "aa", true, fn_by_caller },
	{ "not", "a", false, fn_not },
	{ "eq", "aa", true, fn_eq },
	{ "ne", "aa", false, fn_ne },
	{ "lt", "aa", false, fn_lt },
	{ "le", "aa", false, fn_le },
	{ "gt", "aa", false, fn_gt },
	{ "ge", "aa", false, fn_ge },
	{ "len", "a", false, fn_len },
	{ "index", "aa", true, fn_index },
	{ "slice", "aa", true, fn_slice },
	{ "print", "a", true, fn_print },
	{ "println", "a", true, fn_println },
	{ "printf", "sa", true, fn_printf },
	{ "html", "a", true, fn_html },
	{ "js", "a", true, fn_js },
	{ "urlquery", "a", true, fn_urlquery },
	{ "call", "a", true, fn_refused_call },
	/* sigil: text */
	{ "default", "aa", false, fn_default },
	{ "split", "sa", false, fn_split },
	{ "join", "sl", false, fn_join },
	{ "replace", "ssa", false, fn_replace },
	{ "lower", "a", false, fn_lower },
	{ "upper", "a", false, fn_upper },
	{ "capitalize", "a", false, fn_capitalize },
	{ "trim", "a", false, fn_trim },
	{ "substr", "sa", false, fn_substr },
	{ "indent", "sa", false, fn_indent },
	{ "match", "sa", false, fn_match },
	/* sigil: lists and maps */
	{ "seq", "a", false, fn_seq },
	{ "append", "al", false, fn_append },
	{ "drop", "al", false, fn_drop },
	{ "uniq", "l", true, fn_uniq },
	{ "splitkv", "sl", false, fn_splitkv },
	{ "joinkv", "sa", false, fn_joinkv },
	{ "json", "a", false, fn_json },
	{ "tojson", "a", false, fn_tojson },
	{ "pointer", "sa", false, fn_pointer },
	{ "jmespath", "sa", false, fn_jmespath },
	{ "base64enc", "a", false, fn_base64enc },
	{ "base64dec", "a", false, fn_base64dec },
	/* sigil: the world outside */
	{ "var", "s", false, fn_var },
	{ "file", "a", false, fn_file },
	{ "text", "a", false, fn_file },
	{ "exists", "a", false, fn_exists },
	{ "dir", "a", false, fn_dir },
	{ "dirs", "a", false, fn_dirs },
	{ "files", "a", false, fn_files },
	{ "include", "sa", true, fn_include },
	{ "render", "a", true, fn_render },
	{ "stdin", "", false, fn_stdin },
	{ "sh", "a", false, fn_refused_program },
	{ "httpget", "a", false, fn_refused_network },
	{ "yaml", "a", false, fn_refused_yaml },
	{ "toyaml", "a", false, fn_refused_yaml },
};

const struct func *func_find(struct str name)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (str_is(name, functions[i].name))
			return &functions[i];
	return NULL;
}

bool func_is_and(const struct func *f)
{
	return f == &functions[0];
}

bool func_is_or(const struct func *f)
{
	return f == &functions[1];
}

int run_take(struct run *r, const struct strbuf *sb, struct val *ret, struct err *err)
{
	int result = run_charge(r, sb->len / 16, err);

	if (result < 0)
		return result;
	if (sb->truncated)
		return err_set(err, ERR_INVALID, "result is longer than %zu bytes", sb->cap);
	*ret = val_take(&r->budget->arena, sb);
	return 0;
}

int run_list(struct run *r, size_t count, struct list **ret, struct err *err)
{
	int result;

	if (count > GOTMPL_LIST_MAX)
		return err_set(err, ERR_INVALID, "result has more than %d items", GOTMPL_LIST_MAX);
	result = run_charge(r, count / 4, err);
	if (result < 0)
		return result;
	*ret = list_new(&r->budget->arena, count);
	return 0;
}

int run_seal(struct list *l, struct val *ret, struct err *err)
{
	list_seal(l);
	if (l->depth > VAL_DEPTH_MAX)
		return err_set(err, ERR_INVALID, "lists are nested more than %d levels deep",
			VAL_DEPTH_MAX);
	*ret = (struct val){ .type = VAL_LIST, .list = l };
	return 0;
}

int want_string(const struct val *v, const char *who, struct str *ret, struct err *err)
{
	if (v->type != VAL_STRING && v->type != VAL_STREAM)
		return err_set(err, ERR_INVALID, "%s must be given a string", who);
	*ret = v->s;
	return 0;
}
