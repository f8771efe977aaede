/* SPDX-License-Identifier: MIT */
#include "builders/pack/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "builders/pack/layers.h"
#include "builders/pack/order.h"
#include "core/build_job.h"
#include "core/build_volume.h"
#include "core/operation.h"
#include "core/output.h"
#include "core/resource.h"
#include "lib/engine/containers.h"
#include "lib/toml/toml.h"

enum { METADATA_MAX = TOML_TEXT_MAX + (64 << 10) };

struct volumes {
	char *layers;
	char *app;
	char *cache;
	char *launch;
};

struct phases {
	const struct pack_run *run;
	struct pack_plan plan;
	struct volumes volumes;
};

/* --- what it prints --- */

struct prefixed {
	const char *name;
	bool inside; /* a line has begun */
};

/* "[detector] " in front of each line, as people know it. */
static int show(void *cookie, int stream, const void *data, size_t len, struct err *err)
{
	struct prefixed *p = cookie;
	const char *at = data;

	while (len) {
		const char *nl = memchr(at, '\n', len);
		size_t n = nl ? (size_t)(nl - at) + 1 : len;

		if (!p->inside)
			printf("[%s] ", p->name);
		fwrite(at, 1, n, stdout);
		p->inside = !nl;
		at += n;
		len -= n;
	}
	out_flush();
	return 0;
}

/* --- the container --- */

static void mount(struct build_job *job, const char *volume, const char *to)
{
	strvec_pushf(&job->task.flags, "--volume=%s:%s", volume, to);
}

static void add_mounts(const struct phases *p, enum pack_phase phase, struct build_job *job)
{
	unsigned api = p->plan.api;

	mount(job, p->volumes.layers, PACK_LAYERS);
	mount(job, p->volumes.app, p->plan.workspace);
	if (phase == PACK_RESTORE || phase == PACK_EXPORT)
		mount(job, p->volumes.cache, PACK_CACHE);
	if (phase == PACK_EXPORT || (phase == PACK_ANALYZE && api >= 9))
		mount(job, p->volumes.launch, PACK_LAUNCH_CACHE);
	if (pack_phase_runs_buildpacks(phase))
		strvec_pushv(&job->task.flags, p->run->flags->volumes.items);
	if (pack_phase_sees_engine(phase, api))
		mount(job, p->run->build->ctx->inst.engine_socket, "/var/run/docker.sock");
}

/* Proxies are meant for whatever makes requests, the lifecycle included. */
static void add_proxies(const struct env *env, struct build_job *job)
{
	static const char *const names[] = { "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy",
		"https_proxy", "no_proxy" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = env_get(env, names[i]);

		if (!value)
			continue;
		env_set(&job->task.env, names[i], value);
		strvec_pushf(&job->task.flags, "--env=%s", names[i]);
	}
}

static void add_flags(const struct phases *p, enum pack_phase phase, struct build_job *job)
{
	const struct pack_run *run = p->run;
	struct strvec *flags = &job->task.flags;

	strvec_pushv(flags, run->flags->docker.items);
	/* All the limits there are, as for any other build in a container. */
	resource_build_args(run->build->ctx, run->build->app, "herokuish", flags);
	strvec_pushf(flags, "--env=CNB_PLATFORM_API=0.%u", p->plan.api);
	if (pack_phase_is_root(phase)) {
		strvec_push(flags, "--user=root");
		strvec_pushf(flags, "--env=CNB_USER_ID=%u", (unsigned)run->builder->uid);
		strvec_pushf(flags, "--env=CNB_GROUP_ID=%u", (unsigned)run->builder->gid);
	} else {
		strvec_push(flags, "--security-opt=no-new-privileges=true");
	}
	if (pack_phase_sees_engine(phase, p->plan.api))
		strvec_push(flags, "--security-opt=label=disable");
	if (phase == PACK_EXPORT && p->plan.api >= 9 && *run->flags->creation_time)
		strvec_pushf(flags, "--env=SOURCE_DATE_EPOCH=%s", run->flags->creation_time);
	add_proxies(run->env, job);
	add_mounts(p, phase, job);
}

static int create(const struct phases *p, enum pack_phase phase, struct build_job *job,
	struct err *err)
{
	AUTO_STRVEC argv = STRVEC_INIT;

	pack_phase_argv(phase, &p->plan, &argv);
	job->task.image = p->run->builder->image;
	add_flags(p, phase, job);
	/* In place of the image's own, which may be a shell. */
	strvec_pushf(&job->task.flags, "--entrypoint=%s", argv.items[0]);
	strvec_pushv(&job->task.command, argv.items + 1);
	return build_job_create(job, err);
}

/* --- files for it --- */

static int put_text(struct build_job *job, const char *name, const struct strbuf *text,
	struct err *err)
{
	AUTO_STRBUF tar = STRBUF_INIT;

	tar_add_file(&tar, name, 0644, (struct tar_owner){ 0 }, text->buf, text->len);
	tar_end(&tar);
	return build_job_put_tar(job, PACK_LAYERS, &tar, err);
}

static struct tar_owner owner_of(const struct phases *p)
{
	const struct pack_builder *b = p->run->builder;

	return (struct tar_owner){ .uid = p->plan.uid >= 0 ? (uid_t)p->plan.uid : b->uid,
		.gid = p->plan.gid >= 0 ? (gid_t)p->plan.gid : b->gid };
}

/* The app's variables, in the container alone, which goes with them. */
static int put_platform(const struct phases *p, struct build_job *job, struct err *err)
{
	AUTO_STRBUF tar = STRBUF_INIT;
	const struct pack_builder *b = p->run->builder;
	int r;

	tar_add_dir(&tar, "platform", 0755, (struct tar_owner){ 0 });
	tar_add_dir(&tar, "platform/env", 0755, (struct tar_owner){ 0 });
	tar_end(&tar);
	r = build_job_put_tar(job, "/", &tar, err);
	return r < 0 ? r
		     : build_job_put_env(job, "/platform/env", p->run->env,
			       (struct tar_owner){ .uid = b->uid, .gid = b->gid }, err);
}

static int put_run_images(const struct phases *p, struct build_job *job, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;

	pack_run_print(p->plan.api, p->run->builder->run_images, &text);
	return put_text(job, path_base(pack_run_path(p->plan.api)), &text, err);
}

static int put_source(const struct phases *p, struct build_job *job, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int r = build_job_put_dir(job, p->plan.workspace, p->run->build->dir, owner_of(p), err);

	if (r < 0 || !p->run->order)
		return r;
	pack_order_print(p->run->order, &text);
	return put_text(job, path_base(PACK_ORDER), &text, err);
}

static int put_project(const struct phases *p, struct build_job *job, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;

	if (*p->run->build->rev) {
		strbuf_addstr(&text, "[source]\ntype = \"git\"\n[source.version]\ncommit = ");
		toml_quote(&text, p->run->build->rev);
		strbuf_addch(&text, '\n');
	}
	return put_text(job, "project-metadata.toml", &text, err);
}

static int fill(const struct phases *p, enum pack_phase phase, struct build_job *job,
	struct err *err)
{
	int r = pack_phase_runs_buildpacks(phase) ? put_platform(p, job, err) : 0;

	if (r < 0)
		return r;
	switch (phase) {
	case PACK_ANALYZE:
		return put_run_images(p, job, err);
	case PACK_DETECT:
		return put_source(p, job, err);
	case PACK_EXPORT:
		return put_project(p, job, err);
	case PACK_RESTORE:
	case PACK_BUILD:
	case PACK_PHASES:
		break;
	}
	return 0;
}

/* --- its end --- */

static int keep(void *to, const void *data, size_t len, struct err *err)
{
	strbuf_add(to, data, len);
	return 0;
}

/* Asking for a process type that no buildpack offers would fail the export. */
static void choose_process(struct phases *p, const struct build_job *job)
{
	AUTO_STRBUF tar = STRBUF_CAPPED(METADATA_MAX);
	const char *text = NULL;
	size_t len = 0;
	AUTO_STRVEC types = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT;

	if (engine_archive_get(ctx_engine(p->run->build->ctx), job->task.id,
		    PACK_LAYERS "/config/metadata.toml", keep, &tar, &ignored) < 0 ||
		!tar_first_file(tar.buf, tar.len, &text, &len) ||
		!pack_process_types(text, len, &types))
		return;
	if (!strvec_has(&types, "web"))
		p->plan.process_type = "";
}

static int explain(enum pack_phase phase, const struct build_job *job, int r, struct err *err)
{
	/* Of these it is said already. */
	if (r >= 0 || !job->exit_code || job->out_of_memory || operation_interrupted())
		return r;
	err_clear(err);
	return err_set(err, ERR_FAILED, "the %s phase ended with exit code %d: %s",
		pack_phase_name(phase), job->exit_code, pack_exit_text(phase, job->exit_code));
}

static int run_phase(struct phases *p, enum pack_phase phase, struct err *err)
{
	static const char *const titles[PACK_PHASES] = { "ANALYZING", "DETECTING", "RESTORING",
		"BUILDING", "EXPORTING" };
	static const char *const programs[PACK_PHASES] = { "analyzer", "detector", "restorer",
		"builder", "exporter" };
	AUTO_BUILD_JOB job = BUILD_JOB_INIT(p->run->build, "pack");
	struct prefixed prefix = { .name = programs[phase] };
	int r = create(p, phase, &job, err);

	if (r >= 0)
		r = fill(p, phase, &job, err);
	if (r < 0)
		return r;
	out_line("===> %s", titles[phase]);
	job.sink = show;
	job.cookie = &prefix;
	r = explain(phase, &job, build_job_run(&job, err), err);
	if (prefix.inside)
		out_line("%s", "");
	if (r >= 0 && phase == PACK_BUILD)
		choose_process(p, &job);
	return r;
}

/* --- all of them --- */

static void volumes_done(struct volumes *v)
{
	free(v->layers);
	free(v->app);
	free(v->cache);
	free(v->launch);
}

static int make_volumes(const struct pack_run *run, struct volumes *ret, struct err *err)
{
	int r = build_cache_make(run->build, "build", run->flags->clear_cache, &ret->cache, err);

	if (r >= 0)
		r = build_cache_make(run->build, "launch", false, &ret->launch, err);
	if (r >= 0)
		r = build_volume_make(run->build, "layers", &ret->layers, err);
	return r < 0 ? r : build_volume_make(run->build, "app", &ret->app, err);
}

int pack_run(const struct pack_run *run, struct err *err)
{
	struct phases p = { .run = run };
	AUTO_ERR ignored = ERR_INIT;
	int removed;
	int r = make_volumes(run, &p.volumes, err);

	p.plan = (struct pack_plan){
		.api = run->builder->api,
		.image = run->build->image,
		.run_image = run->run_image,
		.previous = run->flags->previous,
		.workspace = run->flags->workspace,
		.process_type = "web",
		.has_order = run->order != NULL,
		.clear_cache = run->flags->clear_cache,
		.debug = run->build->ctx->trace,
		.uid = run->flags->uid,
		.gid = run->flags->gid,
		.tags = &run->flags->tags,
	};
	for (int phase = 0; r >= 0 && phase < PACK_PHASES; phase++)
		r = run_phase(&p, (enum pack_phase)phase, err);
	volumes_done(&p.volumes);
	removed = build_volumes_remove(run->build->ctx, run->build->operation,
		r < 0 ? &ignored : err);
	return r < 0 ? r : removed;
}
