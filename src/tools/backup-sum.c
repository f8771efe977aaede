/* SPDX-License-Identifier: MIT */
#include "tools/backup-sum.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Without memory or SHA-256 nothing can be done here. */
static EVP_MD_CTX *begun(struct backup_sum *s)
{
	if (s->ctx)
		return s->ctx;
	s->ctx = EVP_MD_CTX_new();
	if (!s->ctx || EVP_DigestInit_ex(s->ctx, EVP_sha256(), NULL) != 1)
		abort();
	return s->ctx;
}

void backup_sum_done(struct backup_sum *s)
{
	EVP_MD_CTX_free(s->ctx);
	s->ctx = NULL;
}

void backup_sum_add(struct backup_sum *s, const void *data, size_t len)
{
	if (EVP_DigestUpdate(begun(s), data, len) != 1)
		abort();
}

void backup_sum_text(struct backup_sum *s, char ret[BACKUP_SUM_TEXT])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (EVP_DigestFinal_ex(begun(s), digest, &len) != 1 || len * 2 + 1 != BACKUP_SUM_TEXT)
		abort();
	for (unsigned int i = 0; i < len; i++)
		snprintf(ret + (size_t)2 * i, 3, "%02x", digest[i]);
	backup_sum_done(s);
}

int backup_sum_file(const char *path, char ret[BACKUP_SUM_TEXT], long long *ret_size,
	struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	AUTO_BACKUP_SUM sum = BACKUP_SUM_INIT;
	char chunk[16384];
	long long size = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "'%s' is no file", path);
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read '%s'", path);
		if (n == 0)
			break;
		backup_sum_add(&sum, chunk, (size_t)n);
		size += n;
	}
	backup_sum_text(&sum, ret);
	*ret_size = size;
	return 0;
}
