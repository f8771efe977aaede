/* SPDX-License-Identifier: MIT */
#pragma once

/* The step kinds of the git plugin; what each does stands in its file. */

#include "core/operation.h"

extern const struct step_kind git_steps[];
/* Plans one of them by name; ARGS is taken over. */
MUST_CHECK int git_add(struct operation *op, const char *name, json_t *args, struct err *err);

void git_describe_workspace(const struct step *step, struct strbuf *out);
MUST_CHECK int git_run_workspace(struct operation *op, struct step *step, struct err *err);
MUST_CHECK int git_undo_workspace(struct operation *op, struct step *step, struct err *err);
void git_describe_fetch_archive(const struct step *step, struct strbuf *out);
MUST_CHECK int git_run_fetch_archive(struct operation *op, struct step *step, struct err *err);
void git_describe_unpack(const struct step *step, struct strbuf *out);
MUST_CHECK int git_run_unpack(struct operation *op, struct step *step, struct err *err);
void git_describe_copy(const struct step *step, struct strbuf *out);
MUST_CHECK int git_run_copy(struct operation *op, struct step *step, struct err *err);
void git_describe_load(const struct step *step, struct strbuf *out);
MUST_CHECK int git_run_load(struct operation *op, struct step *step, struct err *err);
void git_describe_image(const struct step *step, struct strbuf *out);
MUST_CHECK int git_run_image(struct operation *op, struct step *step, struct err *err);
void git_describe_commit(const struct step *step, struct strbuf *out);
MUST_CHECK int git_run_commit(struct operation *op, struct step *step, struct err *err);
void git_describe_fetch(const struct step *step, struct strbuf *out);
MUST_CHECK int git_run_fetch(struct operation *op, struct step *step, struct err *err);
MUST_CHECK int git_undo_fetch(struct operation *op, struct step *step, struct err *err);
void git_describe_take_refs(const struct step *step, struct strbuf *out);
MUST_CHECK int git_run_take_refs(struct operation *op, struct step *step, struct err *err);
void git_describe_use_branch(const struct step *step, struct strbuf *out);
MUST_CHECK int git_run_use_branch(struct operation *op, struct step *step, struct err *err);
MUST_CHECK int git_undo_use_branch(struct operation *op, struct step *step, struct err *err);
void git_describe_move_branch(const struct step *step, struct strbuf *out);
MUST_CHECK int git_run_move_branch(struct operation *op, struct step *step, struct err *err);
