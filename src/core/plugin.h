/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a built-in plugin is: tables. Commands, flags, properties, report rows, trigger handlers
 * and step kinds are rows; help, `:set`, `:report`, JSON, completion and the reference pages come
 * from them. A handler exists only where there is something to do. All tables end with {}.
 */

#include <stdbool.h>

#include "core/args.h"
#include "core/ctx.h"

struct plugin;
struct report;
struct step_kind;

/* --- commands --- */

enum command_flags {
	CMD_APP = 1 << 0,           /* first argument is an app that must exist */
	CMD_APP_OR_GLOBAL = 1 << 1, /* ... or --global (kept as the first positional) */
	CMD_APP_OPTIONAL = 1 << 2,  /* the app may be left out */
	CMD_LOCK = 1 << 3,          /* takes the app's lock; waits for it and says for whom */
	CMD_LOCK_NOW = 1 << 4,      /* takes the app's lock; fails at once when it is taken */
	CMD_ROOT = 1 << 5,          /* needs root; every other command drops to the dokku user */
	CMD_HIDDEN = 1 << 6,        /* not in help */
	CMD_RAW = 1 << 7,           /* no flag parsing: all words are positionals */
	CMD_FLAGS_FIRST = 1 << 8,   /* flag parsing stops at the first positional */
	CMD_REPORT = 1 << 9,        /* unknown --flags select a report row */
	CMD_JSON = 1 << 10,         /* --format is honoured by the handler */
	CMD_DRY_RUN = 1 << 11,      /* understands --dry-run; refused elsewhere */
	CMD_READ = 1 << 12,         /* changes nothing */
	CMD_DASHES = 1 << 13,       /* "--" is an argument: standard input */
};

struct command {
	const char *name; /* whole: "apps:create" */
	const char *args; /* as help prints it: "<app>" */
	const char *summary;
	unsigned flags;
	int min_args; /* positionals, the app included; shortage is reported by `missing` ... */
	int max_args; /* -1: any number */
	const struct flag *opts;
	int (*run)(struct ctx *ctx, const struct args *args, struct err *err);
	const char *missing; /* ... or by Dokku's "Please specify an app to run the command on" */
};

/* --- properties --- */

enum property_flags {
	PROP_APP = 1 << 0,    /* settable for an app; has a raw app row */
	PROP_GLOBAL = 1 << 1, /* settable with --global; has a raw global row (app+global report) */
	PROP_COMPUTED = 1 << 2,        /* has a computed row */
	PROP_COMPUTED_GLOBAL = 1 << 3, /* the computed row shows in the --global report too */
	PROP_INTERNAL = 1 << 4,        /* stored and copied, but not settable */
	PROP_KEEP_EMPTY = 1 << 5,      /* setting it to nothing stores an empty value */
	PROP_HIDDEN_APP = 1 << 6,      /* settable for an app, but its raw row is not generated */
	PROP_SECRET = 1 << 7,          /* a whole text report shows it as "<scheme>://redacted" */
	PROP_MASKED = 1 << 8,          /* ... as "*******" */
	PROP_FAMILY = 1 << 9, /* "x-<ENV_VAR>": any name that begins so; global rows only */

	PROP_BOTH = PROP_APP | PROP_GLOBAL | PROP_COMPUTED | PROP_COMPUTED_GLOBAL,
	PROP_GLOBAL_ONLY = PROP_GLOBAL | PROP_COMPUTED | PROP_COMPUTED_GLOBAL,
};

struct property {
	const char *name;
	unsigned flags;
	const char *fallback; /* of the computed value; NULL: "" */
	const char *help;
	/* Optional: refuses a value that is not empty. SCOPE as in core/state.h. */
	int (*check)(struct ctx *ctx, const char *scope, const char *value, struct err *err);
	/* Optional: the computed value where it is more than app, else global, else fallback. */
	int (*computed)(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err);
	/* Optional: the fallback where it depends on the app or the machine; for free(). */
	char *(*fallback_of)(struct ctx *ctx, const char *app);
};

/* --- reports --- */

enum report_flags {
	REPORT_LEGACY_KEYS = 1 << 0, /* JSON has each key twice: trimmed and with the type prefix */
	REPORT_NO_GLOBAL = 1 << 1,   /* --global gives an empty report */
	REPORT_NONE = 1 << 2,        /* the plugin has no report command */
	REPORT_PLAIN_LABELS = 1 << 3, /* labels do not begin with a capital */
};

/* A row that is no property. */
struct report_row {
	const char *flag; /* whole: "--app-locked" */
	bool global;      /* shows in the --global report too */
	int (*value)(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err);
};

/* --- triggers --- */

struct trigger_call {
	struct ctx *ctx;
	const struct plugin *plugin; /* whose handler it is */
	const char *name;
	const struct strvec *args;
	const struct strbuf *in; /* NULL: nothing on stdin */
	struct strbuf *out;      /* what the handler prints */
};

struct trigger_handler {
	const char *name;
	int (*run)(struct trigger_call *call, struct err *err);
};

/* --- the plugin --- */

struct plugin {
	const char *name;  /* of its folder: "nginx-vhosts"; decides the order */
	const char *verb;  /* in front of the colon: "nginx"; NULL: name */
	const char *alias; /* another verb: "docker-local"; or NULL */
	const char *ns;    /* property namespace; NULL: verb */
	const char *summary;
	const struct command *commands;
	const struct property *properties;
	const char *property_word; /* what messages of `:set` call one: "key"; NULL: "property" */
	const char *report_type;   /* prefix of report flags: "app"; NULL: verb */
	const char *report_title;  /* in "=====> x <title> information"; NULL: report_type */
	unsigned report_flags;
	const struct report_row *rows;
	/* Optional: adds rows that are not known beforehand. */
	int (*more_rows)(struct ctx *ctx, const char *app, struct report *report, struct err *err);
	/* Optional: runs after a property changed; VALUE "" when it was removed. */
	int (*after_set)(struct ctx *ctx, const char *scope, const char *name, const char *value,
		struct err *err);
	const struct trigger_handler *triggers;
	const struct step_kind *steps;
	/*
	 * What happens to settings when an app is cloned, renamed (old settings are dropped by
	 * on_destroy afterwards) or destroyed. NULL: the property namespace is copied / dropped.
	 * Must be safe to run again.
	 */
	int (*on_clone)(struct ctx *ctx, const char *old, const char *new, struct err *err);
	int (*on_rename)(struct ctx *ctx, const char *old, const char *new, struct err *err);
	int (*on_destroy)(struct ctx *ctx, const char *app, struct err *err);
};

const char *plugin_verb(const struct plugin *p);
const char *plugin_ns(const struct plugin *p);
const char *plugin_report_type(const struct plugin *p);
/* By folder name, verb or alias; NULL when there is none. */
const struct plugin *plugin_find(struct ctx *ctx, const char *name);
bool plugin_has_set(const struct plugin *p);
bool plugin_has_report(const struct plugin *p);

/* The default on_clone / on_rename / on_destroy, for plugins that do more besides. */
MUST_CHECK int plugin_copy_settings(struct ctx *ctx, const struct plugin *p, const char *old,
	const char *new, struct err *err);
MUST_CHECK int plugin_drop_settings(struct ctx *ctx, const struct plugin *p, const char *app,
	struct err *err);
