/* SPDX-License-Identifier: MIT */
/*
 * moorage-archive: archives, for the commands that need them.
 *
 *   extract [OPTIONS] DEST < archive      unpacks into DEST, which is missing or an empty folder
 *   list [OPTIONS] < archive              says what is in it
 *       --type auto|tar|tar.gz|zip   default auto
 *       --max-files N                default 10000 members
 *       --max-bytes N                default 1 GiB of unpacked content
 *       --strip-common               extract: drop leading folders that all members share
 *   create [-C DIR] PATH... > tar         files and folders, for build contexts
 *   create --json < description > tar     [{"name", "mode", "content"}], for bundles
 *
 * extract and list print one JSON object on stdout ({"files", "bytes", "common", "stripped"}; for
 * list see unpack.h). Failure: one line on stderr, exit code 1; a member that would land outside
 * DEST, is neither file, folder nor link, or breaks a limit is named, and DEST is left empty, or
 * missing if it was. create may have written part of its stream when it fails.
 */
#include <getopt.h>
#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/parse.h"
#include "tools/answer.h"
#include "tools/pack.h"
#include "tools/unpack.h"

static int usage(struct err *err)
{
	return err_set(err, ERR_USAGE,
		"usage: moorage-archive extract [--type T] [--max-files N] [--max-bytes N] "
		"[--strip-common] DEST | list [--type T] ... | create [-C DIR] PATH... | "
		"create --json");
}

static int parse_unpack(int argc, char **argv, struct unpack *u, struct err *err)
{
	static const struct option options[] = {
		{ "type", required_argument, NULL, 't' },
		{ "max-files", required_argument, NULL, 'f' },
		{ "max-bytes", required_argument, NULL, 'b' },
		{ "strip-common", no_argument, NULL, 's' },
		{ 0 },
	};
	int r = 0;
	int c;

	opterr = 0;
	while (r >= 0 && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 't')
			r = unpack_type_parse(optarg, &u->type, err);
		else if (c == 'f')
			r = parse_uint(optarg, 1, UINT32_MAX, &u->max_files, err);
		else if (c == 'b')
			r = parse_uint(optarg, 1, UNPACK_LIMIT_MAX, &u->max_bytes, err);
		else if (c == 's')
			u->strip_common = true;
		else
			r = usage(err);
	}
	return r;
}

static int run_extract(int argc, char **argv, struct err *err)
{
	struct unpack u = { .max_files = UNPACK_FILES_DEFAULT, .max_bytes = UNPACK_BYTES_DEFAULT };
	struct unpack_result done;
	int r = parse_unpack(argc, argv, &u, err);

	if (r >= 0 && argc - optind != 1)
		r = usage(err);
	if (r < 0 || (r = unpack_extract(&u, STDIN_FILENO, argv[optind], &done, err)) < 0)
		return r;
	return answer_print(json_pack("{s:I, s:I, s:I, s:I}", "files", (json_int_t)done.files,
				    "bytes", (json_int_t)done.bytes, "common",
				    (json_int_t)done.common, "stripped", (json_int_t)done.stripped),
		err);
}

static int run_list(int argc, char **argv, struct err *err)
{
	struct unpack u = { .max_files = UNPACK_FILES_DEFAULT, .max_bytes = UNPACK_BYTES_DEFAULT };
	json_t *obj;
	int r = parse_unpack(argc, argv, &u, err);

	if (r >= 0 && argc - optind != 0)
		r = usage(err);
	if (r < 0 || (r = unpack_list(&u, STDIN_FILENO, &obj, err)) < 0)
		return r;
	return answer_print(obj, err);
}

static int run_create(int argc, char **argv, struct err *err)
{
	AUTO_STRVEC paths = STRVEC_INIT;
	int first = 1;

	if (argc == 2 && str_eq(argv[1], "--json"))
		return pack_json(STDIN_FILENO, STDOUT_FILENO, err);
	if (argc > 2 && str_eq(argv[1], "-C")) {
		if (chdir(argv[2]) < 0)
			return err_sys(err, "enter folder '%s'", argv[2]);
		first = 3;
	}
	if (first < argc && str_eq(argv[first], "--"))
		first++;
	else if (first < argc && argv[first][0] == '-')
		return usage(err);
	for (int i = first; i < argc; i++)
		strvec_push(&paths, argv[i]);
	return paths.count ? pack_tree(&paths, STDOUT_FILENO, err) : usage(err);
}

static int run(int argc, char **argv, struct err *err)
{
	if (argc >= 2 && str_eq(argv[1], "extract"))
		return run_extract(argc - 1, argv + 1, err);
	if (argc >= 2 && str_eq(argv[1], "list"))
		return run_list(argc - 1, argv + 1, err);
	if (argc >= 2 && str_eq(argv[1], "create"))
		return run_create(argc - 1, argv + 1, err);
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
