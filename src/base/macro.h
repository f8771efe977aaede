/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Compiler attributes and ownership helpers. A local that owns something is declared with a
 * cleanup attribute and initialised on the same line; ownership leaves through TAKE_PTR/TAKE_FD.
 */

#include <stddef.h>

#define MUST_CHECK        __attribute__((warn_unused_result))
#define NONNULL(...)      __attribute__((nonnull(__VA_ARGS__)))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define SENTINEL          __attribute__((sentinel))
#define NORETURN          __attribute__((noreturn))
#define UNUSED            __attribute__((unused))
#define CLEANUP(fn)       __attribute__((cleanup(fn)))
#define FALLTHROUGH       __attribute__((fallthrough))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})

#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int taken_ = (fd);                                                                 \
		(fd) = -1;                                                                         \
		taken_;                                                                            \
	})

/* Cleanup callbacks; all of them preserve errno and accept "nothing there". */
void cleanup_free(void *p);
void cleanup_close(const int *fd);
void cleanup_fclose(void *p);
void cleanup_closedir(void *p);

#define AUTO_FREE     CLEANUP(cleanup_free)
#define AUTO_CLOSE    CLEANUP(cleanup_close)
#define AUTO_FCLOSE   CLEANUP(cleanup_fclose)
#define AUTO_CLOSEDIR CLEANUP(cleanup_closedir)
