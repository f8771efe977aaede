/* SPDX-License-Identifier: MIT */
/* What scripts ask about storage. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/output.h"
#include "core/trigger.h"
#include "lib/words/words.h"
#include "plugins/storage/storage.h"

static const char *phase_of(const struct trigger_call *call)
{
	return *trigger_arg(call, 1) ? trigger_arg(call, 1) : "deploy";
}

static void print_json(struct trigger_call *call, json_t *value)
{
	AUTO_FREE char *text = json_dumps(value, JSON_COMPACT);

	strbuf_addf(call->out, "%s\n", text ? text : "[]");
	json_decref(value);
}

/* APP PHASE: entries with their mounts */
static int on_app_mounts(struct trigger_call *call, struct err *err)
{
	AUTO_STORAGE_USES all = STORAGE_USES_INIT;
	json_t *list;
	int r = trigger_need_app(call, err);

	if (r >= 0)
		r = storage_uses_load(call->ctx, trigger_arg(call, 0), phase_of(call), &all, err);
	if (r < 0)
		return r;
	list = json_array();
	for (size_t i = 0; i < all.count; i++)
		json_array_append_new(list,
			json_pack("{s:o, s:o}", "entry", storage_entry_json(&all.items[i].entry),
				"attachment", storage_mount_json(&all.items[i].mount)));
	print_json(call, list);
	return 0;
}

/* APP PHASE FORMAT */
static int on_list(struct trigger_call *call, struct err *err)
{
	AUTO_STORAGE_USES all = STORAGE_USES_INIT;
	int r = trigger_need_app(call, err);

	out_warn("Deprecated: please use the 'storage-app-mounts' trigger instead of "
		 "'storage-list'");
	if (r >= 0)
		r = storage_uses_load(call->ctx, trigger_arg(call, 0), phase_of(call), &all, err);
	if (r >= 0 && str_eq(trigger_arg(call, 2), "json")) {
		print_json(call, storage_uses_json(&all));
		return 0;
	}
	for (size_t i = 0; r >= 0 && i < all.count; i++) {
		AUTO_FREE char *text = storage_text(&all.items[i]);

		strbuf_addf(call->out, "%s\n", text);
	}
	return r;
}

static int print_args(struct trigger_call *call, const char *process, const char *phase,
	struct err *err)
{
	AUTO_STRVEC flags = STRVEC_INIT;
	int r = trigger_need_app(call, err);

	if (r >= 0)
		r = storage_args(call->ctx, trigger_arg(call, 0), process, phase, &flags, err);
	if (r < 0)
		return r;
	if (call->in)
		strbuf_add(call->out, call->in->buf, call->in->len);
	for (size_t i = 0; i < flags.count; i++) {
		strbuf_addch(call->out, ' ');
		quote_word(call->out, flags.items[i]);
	}
	return 0;
}

/* APP IMAGE_TAG [PROCESS] [INDEX] */
static int on_args_deploy(struct trigger_call *call, struct err *err)
{
	const char *process = trigger_arg(call, 2);

	return print_args(call, *process ? process : NULL, "deploy", err);
}

/* APP IMAGE_TAG */
static int on_args_run(struct trigger_call *call, struct err *err)
{
	return print_args(call, NULL, "run", err);
}

static int on_install(struct trigger_call *call, struct err *err)
{
	static const char *const dirs[] = { "data/storage", "data/storage-registry/entries" };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(dirs); i++) {
		AUTO_FREE char *dir = inst_lib(&call->ctx->inst, "%s", dirs[i]);

		r = fs_mkdir_p(dir, 0755, err);
	}
	return r < 0 ? r : storage_migrate_new(call->ctx, err);
}

const struct trigger_handler storage_triggers[] = {
	{ "docker-args-deploy", on_args_deploy },
	{ "docker-args-run", on_args_run },
	{ "install", on_install },
	{ "storage-app-mounts", on_app_mounts },
	{ "storage-list", on_list },
	{},
};
