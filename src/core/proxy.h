/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Proxies lead requests to listeners. One ops struct per driver; adding one: a folder in
 * src/proxies and a row in src/plugins/drivers.c.
 */

#include <stdbool.h>

#include "core/operation.h"

struct label_proxy;

struct proxy {
	const char *name;
	/* Set for those that read labels of containers: see core/label_proxy.h. */
	const struct label_proxy *labels;
	/* All required. */

	/* Is a template or setting that the source (staged) brings acceptable? Changes nothing. */
	int (*validate)(struct ctx *ctx, const char *app, struct err *err);
	/*
	 * Writes APP's configuration from its current routes, tests it as a whole and makes it live.
	 * If the test fails the previous configuration is what is on disk and live afterwards. No
	 * change in the text: no reload.
	 */
	int (*apply)(struct ctx *ctx, const char *app, struct err *err);
	/* Removes it and makes that live. */
	int (*clear)(struct ctx *ctx, const char *app, struct err *err);
	/* Several apps, one test and one reload: rename clears one and applies the other. Either list
	 * may be empty. */
	int (*change)(struct ctx *ctx, const struct strvec *apply, const struct strvec *clear,
		struct err *err);
	/*
	 * Names the workers that know the configuration of before the last change and may still be
	 * using it: take it before apply(). For free(); "" when none can be.
	 */
	char *(*generation)(struct ctx *ctx);
	/* True when none of those workers is left. */
	bool (*is_gone)(struct ctx *ctx, const char *generation);
	/* Appends what put_back() needs to bring back the configuration that APP has now. Nothing
	 * appended: there is none. */
	int (*keep)(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err);
	/* Makes what keep() saw the configuration on disk, and live. KEPT "": as clear(). */
	int (*put_back)(struct ctx *ctx, const char *app, const struct strbuf *kept,
		struct err *err);
};

/* The driver APP uses (proxy type); NULL with 0 when the app is not proxied (proxy:disable). */
MUST_CHECK int proxy_of(struct ctx *ctx, const char *app, const struct proxy **ret,
	struct err *err);
/* The computed type: app, global, "nginx"; for free(). */
char *proxy_type(struct ctx *ctx, const char *app) MUST_CHECK;
bool proxy_is_enabled(struct ctx *ctx, const char *app);
extern const struct proxy *const proxies[]; /* NULL-terminated */
/*
 * Brings the configuration of APP in line with its routes, whatever it uses: its driver applies, all
 * others clear, third-party proxy-build-config handlers run (a proxy that only they know is fine).
 * For the steps below and for triggers; commands plan a step.
 */
MUST_CHECK int proxy_apply(struct ctx *ctx, const char *app, struct err *err);
/*
 * Appends the flags that proxies want a container of APP's PROCESS to be made with. EARLY: those of
 * plugins that come before docker-options, else those that come after it.
 */
MUST_CHECK int proxy_container_flags(struct ctx *ctx, const char *app, const char *process,
	bool early, struct strvec *flags, struct err *err);
/* The app's proxy ends TLS with certificates of its own. */
bool proxy_brings_tls(struct ctx *ctx, const char *app);
/* What proxies say when a deploy of APP is done. */
void proxy_deployed(struct ctx *ctx, const char *app);
/* The kept copies of an app that is destroyed. */
MUST_CHECK int proxy_drop_copies(struct ctx *ctx, const char *app, struct err *err);

/*
 * Steps for operations. "proxy:switch" is the point of no return of a deploy: applies the routes;
 * its undo() applies them again from what is then the state (the caller's earlier steps have been
 * undone only after it, so the step keeps the previous text and puts that back). An app without
 * proxy gets the step too: something must be the point of no return.
 * "proxy:rebuild" is the same without STEP_COMMIT.
 */
/*
 * "proxy:settle" is planned before the steps that change what a later proxy:rebuild reads: it does
 * nothing, and its undo, the last of all, makes the proxy follow what has been undone.
 */
MUST_CHECK int proxy_plan_settle(struct operation *op, const char *app, struct err *err);
MUST_CHECK int proxy_plan_switch(struct operation *op, const char *app, struct err *err);
MUST_CHECK int proxy_plan_rebuild(struct operation *op, const char *app, struct err *err);
/* Plans that the handlers of TRIGGER hear of APP; nothing where nobody listens. */
MUST_CHECK int proxy_plan_tell(struct operation *op, const char *trigger, const char *app,
	struct err *err);
extern const struct step_kind proxy_steps[];
