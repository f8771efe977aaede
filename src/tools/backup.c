/* SPDX-License-Identifier: MIT */
/*
 * moorage-backup: the archive of a backup, for backup:export and backup:import.
 *
 *   create --fd N [--gzip]        writes the archive to descriptor N; commands on stdin, answers on
 *                                 stdout, see backup-write.h. Default: zstd
 *   list [OPTIONS] < archive      reads and checks all of it; prints what is in it
 *   extract [OPTIONS] DEST < archive    unpacks it into DEST, which is missing or empty, and checks it
 *       --max-files N    default 4,000,000 members
 *       --max-bytes N    default 1 TiB of unpacked content
 *
 * Failure: one line on stderr, exit code 1, and DEST is empty or missing.
 */
#include <getopt.h>
#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/parse.h"
#include "tools/answer.h"
#include "tools/backup-read.h"
#include "tools/backup-write.h"

static int usage(struct err *err)
{
	return err_set(err, ERR_USAGE,
		"usage: moorage-backup create --fd N [--gzip] | list [--max-files N] "
		"[--max-bytes N] | extract [--max-files N] [--max-bytes N] DEST");
}

static int run_create(int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{ "fd", required_argument, NULL, 'f' },
		{ "gzip", no_argument, NULL, 'g' },
		{ 0 },
	};
	enum backup_filter filter = BACKUP_ZSTD;
	uint64_t fd = 0;
	int r = 0;
	int c;

	opterr = 0;
	while (r >= 0 && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'f')
			r = parse_uint(optarg, 3, 65535, &fd, err);
		else if (c == 'g')
			filter = BACKUP_GZIP;
		else
			r = usage(err);
	}
	if (r >= 0 && (!fd || optind != argc))
		r = usage(err);
	return r < 0 ? r : backup_write(stdin, stdout, (int)fd, filter, err);
}

static int run_read(int argc, char **argv, bool extract, struct err *err)
{
	static const struct option options[] = {
		{ "max-files", required_argument, NULL, 'f' },
		{ "max-bytes", required_argument, NULL, 'b' },
		{ 0 },
	};
	struct unpack u = { .type = UNPACK_TAR,
		.max_files = UINT64_C(4000000),
		.max_bytes = UINT64_C(1) << 40 };
	json_t *obj;
	int r = 0;
	int c;

	opterr = 0;
	while (r >= 0 && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'f')
			r = parse_uint(optarg, 1, UINT32_MAX, &u.max_files, err);
		else if (c == 'b')
			r = parse_uint(optarg, 1, UNPACK_LIMIT_MAX, &u.max_bytes, err);
		else
			r = usage(err);
	}
	if (r >= 0 && argc - optind != (extract ? 1 : 0))
		r = usage(err);
	if (r >= 0)
		r = extract ? backup_extract(&u, STDIN_FILENO, argv[optind], &obj, err)
			    : backup_list(&u, STDIN_FILENO, &obj, err);
	return r < 0 ? r : answer_print(obj, err);
}

static int run(int argc, char **argv, struct err *err)
{
	if (argc >= 2 && str_eq(argv[1], "create"))
		return run_create(argc - 1, argv + 1, err);
	if (argc >= 2 && str_eq(argv[1], "list"))
		return run_read(argc - 1, argv + 1, false, err);
	if (argc >= 2 && str_eq(argv[1], "extract"))
		return run_read(argc - 1, argv + 1, true, err);
	return usage(err);
}

int main(int argc, char **argv)
{
	AUTO_ERR err = ERR_INIT;

	/* libarchive turns names to and from UTF-8 by the locale; in "C" it loses them. */
	setlocale(LC_CTYPE, "C.UTF-8");
	if (run(argc, argv, &err) >= 0)
		return 0;
	fprintf(stderr, "%s\n", err_text(&err));
	return 1;
}
