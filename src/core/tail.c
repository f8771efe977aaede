/* SPDX-License-Identifier: MIT */
#include "core/tail.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "core/output.h"

enum { CHUNK = 8192, TAIL_MAX = 4 * 1024 * 1024, LOOK_AGAIN_MS = 1000 };

/* Where the last LINES lines of a file of SIZE bytes begin. */
static off_t tail_start(int fd, off_t size, int lines)
{
	char chunk[CHUNK];
	off_t at = size;
	int newlines = 0;

	while (at > 0 && size - at < TAIL_MAX) {
		size_t want = at > CHUNK ? CHUNK : (size_t)at;
		ssize_t n = pread(fd, chunk, want, at - (off_t)want);

		if (n <= 0)
			return at;
		for (ssize_t i = n; i-- > 0;) {
			off_t pos = at - (off_t)want + i;

			/* The newline that ends the file ends its last line. */
			if (chunk[i] == '\n' && pos != size - 1 && ++newlines == lines)
				return pos + 1;
		}
		at -= (off_t)want;
	}
	return at;
}

/* Copies from FROM to the end; returns where that is. */
static off_t copy_rest(int fd, off_t from)
{
	char chunk[CHUNK];
	ssize_t n;

	while ((n = pread(fd, chunk, sizeof(chunk), from)) > 0) {
		if (fs_write_all(STDOUT_FILENO, chunk, (size_t)n) < 0)
			return -1;
		from += n;
	}
	return from;
}

static bool same_file(int fd, const char *path)
{
	struct stat open_one;
	struct stat named;

	return fstat(fd, &open_one) == 0 && stat(path, &named) == 0 &&
	       open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

/* Waits for the file to change, at most a second; log rotation is noticed that way too. False: the
 * reader has gone. */
static bool wait_change(int watch)
{
	struct pollfd fds[2] = {
		{ .fd = watch, .events = POLLIN },
		{ .fd = STDOUT_FILENO, .events = 0 },
	};
	char events[4096];

	if (poll(fds, 2, LOOK_AGAIN_MS) < 0)
		return false;
	if (fds[0].revents & POLLIN)
		(void)!read(watch, events, sizeof(events));
	return !(fds[1].revents & (POLLERR | POLLHUP));
}

static int follow(int *fd, const char *path, off_t at, struct err *err)
{
	AUTO_CLOSE int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct stat st;

	if (watch < 0)
		return err_sys(err, "watch '%s'", path);
	(void)!inotify_add_watch(watch, path, IN_MODIFY);
	for (;;) {
		if (fstat(*fd, &st) == 0 && st.st_size < at)
			at = 0; /* cut off */
		at = copy_rest(*fd, at);
		if (at < 0 || !wait_change(watch))
			return 0;
		if (!same_file(*fd, path)) {
			int next = open(path, O_RDONLY | O_CLOEXEC);

			if (next < 0)
				continue;
			(void)copy_rest(*fd, at);
			close(*fd);
			*fd = next;
			at = 0;
			(void)!inotify_add_watch(watch, path, IN_MODIFY);
		}
	}
}

int tail_print(const char *path, int lines, bool keep_on, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	off_t at;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "open '%s'", path);
	out_flush();
	at = copy_rest(fd, tail_start(fd, st.st_size, lines));
	return keep_on && at >= 0 ? follow(&fd, path, at, err) : 0;
}
