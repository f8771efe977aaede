/* SPDX-License-Identifier: MIT */
#include "core/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/image.h"
#include "core/image_make.h"
#include "core/output.h"
#include "core/registry_auth.h"
#include "core/registry_progress.h"
#include "core/state.h"
#include "core/trigger.h"
#include "lib/engine/images.h"
#include "lib/gotemplate/gotemplate.h"

/* --- settings --- */

char *registry_server(struct ctx *ctx, const char *scope)
{
	AUTO_FREE char *value = state_computed(ctx, "registry", scope, "server", "");
	AUTO_STRBUF server = STRBUF_INIT;

	strbuf_addstr(&server, value);
	strbuf_trim(&server);
	if (str_ends(server.buf, "/"))
		strbuf_setlen(&server, server.len - 1);
	if (!server.len || str_eq(server.buf, "hub.docker.com") || str_eq(server.buf, "docker.io"))
		return xstrdup("");
	strbuf_addch(&server, '/');
	return strbuf_detach(&server);
}

int registry_render(const char *template, const char *app, char **ret, struct err *err)
{
	AUTO_GOTMPL_VARS vars = GOTMPL_VARS_INIT;
	AUTO_GOTMPL *t = NULL;
	AUTO_STRBUF out = STRBUF_INIT;
	int r = gotmpl_parse("image-repo-template", template, strlen(template), &t, err);

	gotmpl_vars_set(&vars, "AppName", app);
	if (r >= 0)
		r = gotmpl_render(t, &vars, NULL, &out, err);
	if (r < 0)
		return r;
	strbuf_trim(&out);
	*ret = xstrdup(out.buf);
	return 0;
}

int registry_repo(struct ctx *ctx, const char *app, char **ret, struct err *err)
{
	AUTO_FREE char *own = state_get_or(ctx, "registry", app, "image-repo", "");
	AUTO_FREE char *template = NULL;
	AUTO_FREE char *repo = NULL;
	int r = 0;

	if (*own) {
		*ret = TAKE_PTR(own);
		return 0;
	}
	template = state_computed(ctx, "registry", app, "image-repo-template", "");
	if (*template)
		r = registry_render(template, app, &repo, err);
	if (r < 0)
		return err_wrap(err, "the image-repo-template of '%s'", app);
	*ret = repo && *repo ? TAKE_PTR(repo) : image_repo(ctx, app);
	return 0;
}

void registry_split_tags(const char *text, struct strvec *ret)
{
	AUTO_STRVEC items = STRVEC_INIT;

	strvec_split(&items, text, ",");
	for (size_t i = 0; i < items.count; i++) {
		AUTO_STRBUF tag = STRBUF_INIT;

		strbuf_addstr(&tag, items.items[i]);
		strbuf_trim(&tag);
		if (tag.len)
			strvec_push(ret, tag.buf);
	}
}

bool registry_pushes(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *value = state_computed(ctx, "registry", app, "push-on-release", "false");

	return str_eq(value, "true");
}

char *registry_own_tag(struct ctx *ctx, const char *app)
{
	return registry_pushes(ctx, app) ? state_get_or(ctx, "registry", app, "tag-version", "")
					 : xstrdup("");
}

/* Plugins with images of their own may say it; else it is OURS, which is taken over. */
static char *ask_plugins(struct ctx *ctx, const char *app, const char *trigger, char *ours)
{
	AUTO_STRBUF answer = STRBUF_CAPPED(4096);
	AUTO_ERR ignored = ERR_INIT;

	if (trigger_has_external(ctx, trigger) &&
		trigger_capture(ctx, &answer, &ignored, trigger, app, NULL) >= 0)
		strbuf_trim(&answer);
	if (!answer.len)
		return ours;
	free(ours);
	return strbuf_detach(&answer);
}

char *registry_tag(struct ctx *ctx, const char *app)
{
	return ask_plugins(ctx, app, "deployed-app-image-tag", registry_own_tag(ctx, app));
}

char *registry_tag_in_use(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *tag = registry_tag(ctx, app);

	return *tag ? TAKE_PTR(tag) : xstrdup("latest");
}

int registry_image(struct ctx *ctx, const char *app, const char *tag, char **ret, struct err *err)
{
	AUTO_FREE char *server =
		ask_plugins(ctx, app, "deployed-app-repository", registry_server(ctx, app));
	AUTO_FREE char *release = registry_tag(ctx, app);
	AUTO_FREE char *repo = NULL;
	int r = registry_repo(ctx, app, &repo, err);

	if (r < 0)
		return r;
	repo = ask_plugins(ctx, app, "deployed-app-image-repo", repo);
	if (*release)
		tag = release;
	*ret = xasprintf("%s%s:%s", server, repo, tag && *tag ? tag : "latest");
	return 0;
}

int registry_owns(struct ctx *ctx, const char *app, const char *name, struct err *err)
{
	AUTO_FREE char *server = registry_server(ctx, app);
	AUTO_FREE char *build = image_repo(ctx, app);
	AUTO_FREE char *whole = NULL;
	AUTO_FREE char *repo = NULL;
	const char *colon = strrchr(name, ':');
	AUTO_FREE char *of = xstrndup(name, colon ? (size_t)(colon - name) : strlen(name));
	AUTO_STRVEC former = STRVEC_INIT;
	int r = state_get_list(ctx, "registry", app, "repos", &former, err);

	if (r >= 0 && !strvec_has(&former, of) && !str_eq(of, build))
		r = registry_repo(ctx, app, &repo, err);
	else
		return r < 0 ? r : 1;
	if (r < 0)
		return r;
	whole = xasprintf("%s%s", server, repo);
	return str_eq(of, repo) || str_eq(of, whole);
}

int registry_note_repo(struct ctx *ctx, const char *app, const char *name, struct err *err)
{
	const char *colon = strrchr(name, ':');
	AUTO_FREE char *of = xstrndup(name, colon ? (size_t)(colon - name) : strlen(name));
	AUTO_STRVEC former = STRVEC_INIT;
	int r = state_get_list(ctx, "registry", app, "repos", &former, err);

	if (r < 0 || strvec_has(&former, of))
		return r;
	strvec_push(&former, of);
	return state_set_list(ctx, "registry", app, "repos", &former, err);
}

/* --- an image that is not there --- */

static int tag_as(struct ctx *ctx, const char *id, const char *image, struct err *err)
{
	const char *colon = strrchr(image, ':');
	AUTO_FREE char *repo = xstrndup(image, colon ? (size_t)(colon - image) : strlen(image));

	return engine_image_tag(ctx_engine(ctx), id, repo, colon ? colon + 1 : NULL, err);
}

int registry_pull(struct ctx *ctx, const char *app, const char *image, bool show, struct err *err)
{
	struct registry_progress progress = REGISTRY_PROGRESS_INIT;
	json_t *auth = NULL;
	int r = registry_auth(ctx, app, image, &auth, err);

	if (r < 0)
		return r;
	out_flush();
	ctx_engine(ctx)->cancel_fd = operation_cancel_fd();
	r = engine_image_pull(ctx_engine(ctx), image, NULL, auth,
		show ? registry_progress_show : NULL, &progress, err);
	ctx_engine(ctx)->cancel_fd = -1;
	registry_progress_done(&progress);
	json_decref(auth);
	return r;
}

static int pull_release(struct ctx *ctx, const char *app, const char *image, struct err *err)
{
	int r;

	/* What a one-off command prints may be data. */
	out_stderr("-----> Image %s not found locally, pulling from registry", image);
	r = registry_pull(ctx, app, image, false, err);
	return r < 0 ? err_wrap(err, "pull '%s'", image) : 1;
}

int registry_fetch(struct ctx *ctx, const char *app, const char *image, struct err *err)
{
	AUTO_FREE char *release = registry_own_tag(ctx, app);
	AUTO_FREE char *built = image_name(ctx, app, NULL);
	const char *tag = strrchr(image, ':');
	AUTO_FREE char *id = NULL;
	int r = registry_owns(ctx, app, image, err);

	if (r <= 0 || !tag)
		return r < 0 ? r : 0;
	if (*release && str_eq(tag + 1, release))
		return pull_release(ctx, app, image, err);
	if (!str_eq(tag, ":latest") || str_eq(image, built))
		return 0;
	/* The server or the repository was set after the build. */
	r = image_id(ctx, built, &id, err);
	if (r >= 0 && *id)
		r = tag_as(ctx, id, image, err);
	return r < 0 ? r : *id != '\0';
}
