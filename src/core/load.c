/* SPDX-License-Identifier: MIT */
#include "core/load.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"

enum { PROC_FILE_MAX = 1024 * 1024, RUNNING_PER_CPU = 2, FREE_PART = 10 };

/* The number behind NAME at the start of a line; -1 when there is none. */
static long long number_of(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) == 0)
			return strtoll(line + len, NULL, 10);
	}
	return -1;
}

bool load_is_high(const char *stat, const char *meminfo, unsigned cpus)
{
	long long running = number_of(stat, "procs_running ");
	long long total = number_of(meminfo, "MemTotal:");
	long long available = number_of(meminfo, "MemAvailable:");

	if (running > (long long)cpus * RUNNING_PER_CPU)
		return true;
	return available >= 0 && available < total / FREE_PART;
}

unsigned machine_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : (unsigned)n;
}

bool machine_is_busy(void)
{
	AUTO_STRBUF stat = STRBUF_CAPPED(PROC_FILE_MAX);
	AUTO_STRBUF meminfo = STRBUF_CAPPED(PROC_FILE_MAX);
	AUTO_ERR err = ERR_INIT;

	if (fs_read("/proc/stat", PROC_FILE_MAX, &stat, &err) < 0)
		return true;
	if (fs_read("/proc/meminfo", PROC_FILE_MAX, &meminfo, &err) < 0)
		return true;
	return load_is_high(stat.buf, meminfo.buf, machine_cpus());
}
