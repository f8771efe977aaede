/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A process and what it has started, directly or not, to be stopped as a whole: whatever process
 * groups and sessions its members have made for themselves. Members are remembered by id and start
 * time, so that one whose parent has ended stays a member, and a new process with an old id is none.
 */

#include <stddef.h>
#include <sys/types.h>

#include "base/macro.h"

struct proc_id {
	pid_t pid;
	unsigned long long start; /* in the kernel's ticks */
};

struct proc_tree {
	struct proc_id *items; /* the root first */
	size_t count;
};
#define PROC_TREE_INIT                                                                             \
	{                                                                                          \
		0                                                                                  \
	}
void proc_tree_done(struct proc_tree *t);
#define AUTO_PROC_TREE CLEANUP(proc_tree_done) struct proc_tree

/* Adds ROOT, and what it or another member has started; what is there already stays once. */
void proc_tree_take(struct proc_tree *t, pid_t root);
/* Sends SIG (0: nothing) to the members that live; returns how many these were. */
size_t proc_tree_signal(const struct proc_tree *t, int sig);
