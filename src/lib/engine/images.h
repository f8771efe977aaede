/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Images. IMAGE is a reference ("repo:tag", "host:5000/a/b:c", "repo@sha256:...") or an id. Errors:
 * see engine.h; int results are 0 on success.
 *
 * The size of an image is "Size" in every version; "VirtualSize" is gone since 1.44, "Container"
 * and "ContainerConfig" since 1.45.
 */

#include "lib/engine/engine.h"
#include "lib/engine/progress.h"

MUST_CHECK int engine_image_inspect(struct engine *e, const char *image, json_t **ret,
	struct err *err);
/* *RET is a new array, youngest first. */
MUST_CHECK int engine_image_history(struct engine *e, const char *image, json_t **ret,
	struct err *err);
/* TAG may be NULL: "latest". */
MUST_CHECK int engine_image_tag(struct engine *e, const char *image, const char *repo,
	const char *tag, struct err *err);
/* ERR_EXISTS while a container uses it (FORCE helps if none of them runs) or when an id has several
 * names. NO_PRUNE: keep untagged parents. */
MUST_CHECK int engine_image_remove(struct engine *e, const char *image, bool force, bool no_prune,
	struct err *err);
/* FILTERS may be NULL. ALL: also intermediate images. *RET is a new array. */
MUST_CHECK int engine_image_list(struct engine *e, bool all, const json_t *filters, json_t **ret,
	struct err *err);
/* *RET (new; RET may be NULL): {"ImagesDeleted": [...] or null, "SpaceReclaimed": N}. Without
 * {"dangling": ["false"]} only untagged images go. */
MUST_CHECK int engine_image_prune(struct engine *e, const json_t *filters, json_t **ret,
	struct err *err);

/*
 * Pulls IMAGE; without tag or digest, ":latest" (never all tags). AUTH is {"username", "password",
 * "serveraddress"} or {"identitytoken"}, or NULL. PLATFORM ("linux/arm64") and FN may be NULL.
 */
MUST_CHECK int engine_image_pull(struct engine *e, const char *image, const char *platform,
	const json_t *auth, progress_fn fn, void *ctx, struct err *err);
/*
 * Pushes REPO:TAG. FN hears {"status": ..., "id": layer, "progressDetail": {"current", "total"}} and,
 * last, {"aux": {"Tag", "Digest", "Size"}}. ERR_REMOTE: the registry refused it.
 */
MUST_CHECK int engine_image_push(struct engine *e, const char *repo, const char *tag,
	const json_t *auth, progress_fn fn, void *ctx, struct err *err);

/*
 * Lets the engine try AUTH (as above, with a password) at its registry. *RET_TOKEN, for free(), is
 * an identity token to be used from then on instead of the password, "" where the registry has
 * none. ERR_REMOTE: refused, or the registry does not answer.
 */
MUST_CHECK int engine_registry_login(struct engine *e, const json_t *auth, char **ret_token,
	struct err *err);

/* One parameter of a build. */
struct engine_param {
	const char *key; /* of ours */
	const char *value;
};

/*
 * Builds with the engine's classic builder from a tar stream, read from TAR_FD to its end. PARAMS:
 * query parameters of POST /build ("dockerfile", "t", "buildargs" (JSON), "labels" (JSON), "pull",
 * "nocache", "target", "networkmode", ...; "rm" and "forcerm" are set here), the last with a NULL
 * key. REGISTRIES: {"host": {"username": ..., "password": ...}} or NULL. FN may be NULL. *RET_ID
 * ("sha256:...", for free(); RET_ID may be NULL) is the image. ERR_FAILED: the build failed, or was
 * cancelled; the other kinds: it could not begin. No deadline; engine.cancel_fd breaks it off,
 * which the engine takes as cancelling.
 */
MUST_CHECK int engine_image_build(struct engine *e, int tar_fd, const struct engine_param *params,
	const json_t *registries, progress_fn fn, void *ctx, char **ret_id, struct err *err);

/* IMAGE as a "docker save" archive to SINK; an id gives one without names. Returns 1 when the sink had
 * enough. */
MUST_CHECK int engine_image_save(struct engine *e, const char *image, http_sink sink, void *ctx,
	struct err *err);
/* Loads a "docker save" archive from FD. FN (may be NULL) hears {"stream": "Loaded image: ..."}. */
MUST_CHECK int engine_image_load(struct engine *e, int fd, progress_fn fn, void *ctx,
	struct err *err);
/* Makes an image of a root file system, a tar stream from FD. TAG may be NULL; CHANGES as in
 * struct engine_commit. */
MUST_CHECK int engine_image_import(struct engine *e, int fd, const char *repo, const char *tag,
	char *const *changes, struct err *err);
