/* SPDX-License-Identifier: MIT */
#include "base/proctree.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"

enum { STAT_MAX = 64 * 1024 };

struct process {
	struct proc_id id;
	pid_t parent;
};

void proc_tree_done(struct proc_tree *t)
{
	free(t->items);
	*t = (struct proc_tree)PROC_TREE_INIT;
}

/* False when there is no such process any more, or only its exit code. */
static bool look(pid_t pid, struct process *ret)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/stat", (int)pid);
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR gone = ERR_INIT;
	const char *rest;
	char state;

	if (fs_read_optional(path, STAT_MAX, &text, &gone) <= 0)
		return false;
	rest = strrchr(text.buf, ')'); /* the name before it may hold anything */
	if (!rest || sscanf(rest + 1,
			     " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			     "%*d %*d %llu",
			     &state, &ret->parent, &ret->id.start) != 3)
		return false;
	ret->id.pid = pid;
	return state != 'Z' && state != 'X';
}

static struct process *look_at_all(size_t *ret_count)
{
	struct process *all = NULL;
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT; /* /proc can be listed */
	size_t n = 0;

	if (fs_list("/proc", &names, &ignored) >= 0)
		all = xcalloc(names.count, sizeof(*all));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_ERR no_process = ERR_INIT;
		uint64_t pid;

		if (parse_uint(names.items[i], 1, INT32_MAX, &pid, &no_process) >= 0 &&
			look((pid_t)pid, &all[n]))
			n++;
	}
	*ret_count = n;
	return all;
}

static bool has(const struct proc_tree *t, const struct proc_id *id)
{
	for (size_t i = 0; i < t->count; i++) {
		if (t->items[i].pid == id->pid && t->items[i].start == id->start)
			return true;
	}
	return false;
}

static void add(struct proc_tree *t, const struct proc_id *id)
{
	t->items = xreallocarray(t->items, t->count + 1, sizeof(*t->items));
	t->items[t->count++] = *id;
}

/* Is the process that is called PID now a member? */
static bool has_pid(const struct proc_tree *t, const struct process *all, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++) {
		if (all[i].id.pid == pid)
			return has(t, &all[i].id);
	}
	return false;
}

void proc_tree_take(struct proc_tree *t, pid_t root)
{
	size_t n;
	AUTO_FREE struct process *all = look_at_all(&n);
	bool more = true;

	for (size_t i = 0; i < n; i++) {
		if (all[i].id.pid == root && !has(t, &all[i].id))
			add(t, &all[i].id);
	}
	while (more) {
		more = false;
		for (size_t i = 0; i < n; i++) {
			if (has(t, &all[i].id) || !has_pid(t, all, n, all[i].parent))
				continue;
			add(t, &all[i].id);
			more = true;
		}
	}
}

size_t proc_tree_signal(const struct proc_tree *t, int sig)
{
	size_t alive = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct process now;

		if (!look(t->items[i].pid, &now) || now.id.start != t->items[i].start)
			continue;
		alive++;
		if (sig)
			kill(now.id.pid, sig);
	}
	return alive;
}
