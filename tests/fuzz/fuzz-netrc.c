/* SPDX-License-Identifier: MIT */
/* What was set is found, what was unset is not, and other hosts' entries stay as they are. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/netrc/netrc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char host[] = "h.example";
static const char other[] = "other.example";

static void check_other(const char *text, size_t len, const struct netrc_login *before, int had)
{
	AUTO_NETRC_LOGIN now = NETRC_LOGIN_INIT;
	AUTO_ERR err = ERR_INIT;
	int r = netrc_find(text, len, other, &now, &err);

	if (r != had)
		abort();
	if (r && (strcmp(now.name, before->name) != 0 ||
			 strcmp(now.password, before->password) != 0))
		abort();
}

static void check_set(const char *text, size_t size, const struct netrc_login *before, int had)
{
	AUTO_NETRC_LOGIN now = NETRC_LOGIN_INIT;
	AUTO_STRBUF set = STRBUF_INIT;
	AUTO_STRBUF unset = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	if (netrc_set(text, size, host, "na me", "p\"a\\s#s", &set, &err) < 0 ||
		netrc_find(set.buf, set.len, host, &now, &err) != 1 ||
		strcmp(now.name, "na me") != 0 || strcmp(now.password, "p\"a\\s#s") != 0)
		abort();
	check_other(set.buf, set.len, before, had);
	netrc_login_done(&now);
	if (netrc_unset(set.buf, set.len, host, &unset, &err) != 1 ||
		netrc_find(unset.buf, unset.len, host, &now, &err) != 0)
		abort();
	check_other(unset.buf, unset.len, before, had);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_NETRC_LOGIN before = NETRC_LOGIN_INIT;
	AUTO_ERR err = ERR_INIT;
	const char *text = (const char *)data;
	int had;

	/* The reader refuses long files; what is added must not make one of it. */
	if (size > NETRC_MAX - 1000)
		return 0;
	had = netrc_find(text, size, other, &before, &err);
	if (had >= 0)
		check_set(text, size, &before, had);
	else if (err.kind != ERR_INVALID)
		abort();
	return 0;
}
