/* SPDX-License-Identifier: MIT */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/timing.h"

enum { HOLDER_MAX = 1024, NAP_MAX_MS = 50 };

void lock_holder(const char *path, struct strbuf *out)
{
	AUTO_ERR err = ERR_INIT;

	if (fs_read_optional(path, HOLDER_MAX, out, &err) < 0)
		strbuf_clear(out);
	strbuf_rtrim(out);
}

void lock_note(int fd, const char *holder)
{
	if (ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, holder, strlen(holder), 0);
}

int lock_take(const char *path, const char *holder, uint64_t wait_ms, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	uint64_t start = now_ms();
	uint64_t nap = 1;

	if (fd < 0)
		return err_sys(err, "open lock '%s'", path);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, "lock '%s'", path);
		if (now_ms() - start >= wait_ms) {
			AUTO_STRBUF who = STRBUF_INIT;

			lock_holder(path, &who);
			return err_set(err, ERR_BUSY, "'%s' is locked by %s", path,
				who.len ? who.buf : "another process");
		}
		sleep_ms(nap);
		nap = nap < NAP_MAX_MS ? nap * 2 : NAP_MAX_MS;
	}
	lock_note(fd, holder);
	return TAKE_FD(fd);
}
