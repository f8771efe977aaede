/* SPDX-License-Identifier: MIT */
/* What is accepted is safe to pass on: no option, no helper program, no secret, and still accepted. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "lib/git/remote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct git_remote *remote)
{
	AUTO_GIT_REMOTE again = GIT_REMOTE_INIT;
	AUTO_ERR err = ERR_INIT;

	if (remote->url[0] == '-' || strstr(remote->url, "\n"))
		abort();
	if (remote->root && strchr(remote->root, '@'))
		abort();
	if (!remote->user != !remote->password || (remote->user && !remote->root))
		abort();
	/* Shown once more it is the same, and holds no secret any more. */
	if (git_remote_parse(remote->url, &again, &err) < 0 || !str_eq(again.url, remote->url) ||
		again.user || !again.root != !remote->root)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_GIT_REMOTE remote = GIT_REMOTE_INIT;
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_ERR err = ERR_INIT;

	if (git_remote_parse(text, &remote, &err) >= 0)
		check(&remote);
	else if (err.kind != ERR_INVALID || remote.url || remote.user)
		abort();
	return 0;
}
