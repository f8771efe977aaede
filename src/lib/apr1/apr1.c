/* SPDX-License-Identifier: MIT */
#include "lib/apr1/apr1.h"

#include <string.h>
#include <sys/random.h>

#include "lib/apr1/md5.h"

enum { ROUNDS = 1000 };

static const char magic[] = "$apr1$";
static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

void apr1_salt(struct strbuf *out)
{
	uint8_t bytes[APR1_SALT_SIZE] = { 0 };

	(void)!getrandom(bytes, sizeof(bytes), 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		strbuf_addch(out, digits[bytes[i] % 64]);
}

/* N digits of base 64, the lowest first. */
static void add_digits(struct strbuf *out, uint32_t v, int n)
{
	for (; n > 0; n--, v >>= 6)
		strbuf_addch(out, digits[v % 64]);
}

static void add_result(struct strbuf *out, const uint8_t h[MD5_SIZE])
{
	for (int i = 0; i < 5; i++)
		add_digits(out,
			(uint32_t)h[i] << 16 | (uint32_t)h[i + 6] << 8 | h[i == 4 ? 5 : i + 12], 4);
	add_digits(out, h[11], 2);
}

/* The first digest: both texts, a digest of them, and a bit of each for the length. */
static void first_digest(const char *password, size_t len, const char *salt, size_t salt_len,
	uint8_t ret[MD5_SIZE])
{
	uint8_t inner[MD5_SIZE];
	struct md5 m;

	md5_init(&m);
	md5_add(&m, password, len);
	md5_add(&m, salt, salt_len);
	md5_add(&m, password, len);
	md5_end(&m, inner);
	md5_init(&m);
	md5_add(&m, password, len);
	md5_add(&m, magic, strlen(magic));
	md5_add(&m, salt, salt_len);
	for (size_t left = len; left; left -= left < MD5_SIZE ? left : MD5_SIZE)
		md5_add(&m, inner, left < MD5_SIZE ? left : MD5_SIZE);
	for (size_t n = len; n; n >>= 1)
		md5_add(&m, n & 1 ? "" : password, 1);
	md5_end(&m, ret);
}

void apr1_hash(const char *password, const char *salt, struct strbuf *out)
{
	size_t len = strlen(password);
	size_t salt_len = strnlen(salt, APR1_SALT_SIZE);
	uint8_t h[MD5_SIZE];

	if (memchr(salt, '$', salt_len))
		salt_len = strcspn(salt, "$");
	first_digest(password, len, salt, salt_len, h);
	for (int i = 0; i < ROUNDS; i++) {
		struct md5 m;

		md5_init(&m);
		md5_add(&m, i & 1 ? password : (const char *)h, i & 1 ? len : MD5_SIZE);
		if (i % 3)
			md5_add(&m, salt, salt_len);
		if (i % 7)
			md5_add(&m, password, len);
		md5_add(&m, i & 1 ? (const char *)h : password, i & 1 ? MD5_SIZE : len);
		md5_end(&m, h);
	}
	strbuf_addstr(out, magic);
	strbuf_add(out, salt, salt_len);
	strbuf_addch(out, '$');
	add_result(out, h);
}
