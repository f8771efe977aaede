/* SPDX-License-Identifier: MIT */
#pragma once

/* Changes of an app's host names as steps that can be undone. */

#include "core/domains.h"
#include "core/operation.h"

enum domains_switch {
	DOMAINS_LEAVE,
	DOMAINS_ON,  /* virtual hosts on (NO_VHOST=0) */
	DOMAINS_OFF, /* off (NO_VHOST=1) */
};

/*
 * Plans that APP's VHOST file holds NAMES (NULL: there is none). Switching virtual hosts on or off
 * takes away the ports that belong to the other state, so that they are chosen anew. The caller
 * plans the rebuild of the proxy's configuration after it.
 */
MUST_CHECK int domains_plan_write(struct operation *op, const char *app, const struct strvec *names,
	enum domains_switch vhosts, struct err *err);
extern const struct step_kind domains_steps[];
