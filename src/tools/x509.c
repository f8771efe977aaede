/* SPDX-License-Identifier: MIT */
/*
 * moorage-x509: certificates, for the commands that need them.
 *
 *   info CERT.pem [--verify LEAF.pem]   what a certificate says
 *   check CERT.pem KEY.pem              the same, after making sure that the two fit each other
 *   generate --domain D... [--days N] [--subject /C=US/O=X] DIR
 *                                       a key, a self-signed certificate and a signing request
 *
 * Success: one JSON object on stdout (keys: certfile.h; info adds "verified", the text of a report;
 * generate adds "key", "certificate" and "request", paths), exit code 0. Failure: one line on
 * stderr, nothing on stdout, exit code 1. `check` fails on files that do not parse, an encrypted key
 * and a key of another certificate; an expired one is a flag and a warning. With --verify the
 * certificate in LEAF is verified, CERT being trusted as an authority. SSL_CERT_FILE and
 * SSL_CERT_DIR name other authorities than the system's.
 */
#include <getopt.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/timing.h"
#include "tools/answer.h"
#include "tools/certfile.h"
#include "tools/certmake.h"

static int usage(struct err *err)
{
	return err_set(err, ERR_USAGE,
		"usage: moorage-x509 info CERT [--verify LEAF] | check CERT KEY | "
		"generate --domain D... [--days N] [--subject S] DIR");
}

static int run_info(int argc, char **argv, struct err *err)
{
	AUTO_CHAIN *chain = NULL;
	AUTO_CHAIN *leaf = NULL;
	json_t *obj;
	bool ok;
	int r;

	if (argc != 2 && (argc != 4 || !str_eq(argv[2], "--verify")))
		return usage(err);
	r = certfile_load(argv[1], &chain, err);
	if (r >= 0 && argc == 4)
		r = certfile_load(argv[3], &leaf, err);
	if (r < 0 || (r = certfile_describe(chain, wall_seconds(), &obj, err)) < 0)
		return r;
	ok = leaf ? certfile_verified(sk_X509_value(leaf, 0), leaf, chain)
		  : certfile_verified(sk_X509_value(chain, 0), chain, NULL);
	json_object_set_new(obj, "verified",
		json_string(ok ? "verified by a certificate authority" : "self signed"));
	return answer_print(obj, err);
}

static int run_check(int argc, char **argv, struct err *err)
{
	AUTO_CHAIN *chain = NULL;
	AUTO_PKEY *key = NULL;
	json_t *obj;
	int r;

	if (argc != 3)
		return usage(err);
	if ((r = certfile_load(argv[1], &chain, err)) < 0 ||
		(r = certfile_load_key(argv[2], &key, err)) < 0 ||
		(r = certfile_check_pair(chain, key, err)) < 0 ||
		(r = certfile_describe(chain, wall_seconds(), &obj, err)) < 0)
		return r;
	return answer_print(obj, err);
}

static void set_path(json_t *obj, const char *key, const char *dir, const char *name)
{
	AUTO_FREE char *path = path_join(dir, name);

	json_object_set_new(obj, key, json_string(path));
}

static int finish_generate(const struct certmake *m, const char *dir, struct err *err)
{
	AUTO_FREE char *path = path_join(dir, "server.crt");
	AUTO_CHAIN *chain = NULL;
	json_t *obj;
	int r;

	if (!utf8_valid(dir, strlen(dir)))
		return err_set(err, ERR_INVALID, "the folder's name is not valid UTF-8");
	if ((r = certmake_write(m, dir, err)) < 0 || (r = certfile_load(path, &chain, err)) < 0 ||
		(r = certfile_describe(chain, m->now, &obj, err)) < 0)
		return r;
	set_path(obj, "key", dir, "server.key");
	set_path(obj, "certificate", dir, "server.crt");
	set_path(obj, "request", dir, "server.csr");
	return answer_print(obj, err);
}

static int run_generate(int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{ "domain", required_argument, NULL, 'd' },
		{ "days", required_argument, NULL, 'n' },
		{ "subject", required_argument, NULL, 's' },
		{ 0 },
	};
	struct certmake m = { .domains = STRVEC_INIT, .days = 365, .now = wall_seconds() };
	uint64_t days;
	int r = 0;
	int c;

	opterr = 0;
	while (r >= 0 && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'd')
			strvec_push(&m.domains, optarg);
		else if (c == 's')
			m.subject = optarg;
		else if (c != 'n')
			r = usage(err);
		else if ((r = parse_uint(optarg, 1, CERTMAKE_DAYS_MAX, &days, err)) >= 0)
			m.days = (unsigned int)days;
		else
			err_wrap(err, "--days");
	}
	if (r >= 0 && argc - optind != 1)
		r = usage(err);
	if (r >= 0)
		r = finish_generate(&m, argv[optind], err);
	strvec_done(&m.domains);
	return r;
}

static int run(int argc, char **argv, struct err *err)
{
	if (argc >= 2 && str_eq(argv[1], "info"))
		return run_info(argc - 1, argv + 1, err);
	if (argc >= 2 && str_eq(argv[1], "check"))
		return run_check(argc - 1, argv + 1, err);
	if (argc >= 2 && str_eq(argv[1], "generate"))
		return run_generate(argc - 1, argv + 1, err);
	return usage(err);
}

int main(int argc, char **argv)
{
	AUTO_ERR err = ERR_INIT;

	/* The system's openssl.cnf is for other programs, and reading it takes time. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	if (run(argc, argv, &err) >= 0)
		return 0;
	fprintf(stderr, "%s\n", err_text(&err));
	return 1;
}
