/* SPDX-License-Identifier: MIT */
/* http-probe: asks one address at a steady rate and says, at the end, how each request ended. */
#include "probe.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"

static int usage(void)
{
	fputs("usage: http-probe [OPTIONS] ADDRESS:PORT\n"
	      "  -r RATE     requests a second (100)\n"
	      "  -t SECONDS  how long; without it until SIGTERM\n"
	      "  -T MS       time-out of one request (10000)\n"
	      "  -H HOST     Host header (ADDRESS:PORT)\n"
	      "  -p PATH     (/)\n"
	      "  -k N        keep up to N connections alive instead of one per request\n"
	      "Prints one line of JSON; exit code 0 if every request was answered with 200.\n",
		stderr);
	return 2;
}

static int parse_address(const char *text, struct sockaddr_in *ret, struct err *err)
{
	const char *colon = strrchr(text, ':');
	AUTO_FREE char *host = colon ? xstrndup(text, (size_t)(colon - text)) : NULL;
	uint64_t port;

	if (!colon || parse_uint(colon + 1, 1, 65535, &port, err) < 0 ||
		inet_pton(AF_INET, host, &ret->sin_addr) != 1) {
		err_clear(err);
		return err_set(err, ERR_USAGE, "'%s' is not ADDRESS:PORT", text);
	}
	ret->sin_family = AF_INET;
	ret->sin_port = htons((uint16_t)port);
	return 0;
}

static int parse_options(int argc, char **argv, struct probe_options *opt, struct err *err)
{
	uint64_t seconds = 0;
	int c;

	while ((c = getopt(argc, argv, "r:t:T:H:p:k:")) != -1) {
		int r = 0;

		if (c == 'r')
			r = parse_uint(optarg, 1, 100000, &opt->rate, err);
		else if (c == 't')
			r = parse_uint(optarg, 1, 86400, &seconds, err);
		else if (c == 'T')
			r = parse_uint(optarg, 1, 600000, &opt->timeout_ms, err);
		else if (c == 'k')
			r = parse_uint(optarg, 1, 10000, &opt->keep_alive, err);
		else if (c == 'H')
			opt->host = optarg;
		else if (c == 'p')
			opt->path = optarg;
		else
			return err_set(err, ERR_USAGE, "unknown option");
		if (r < 0)
			return err_wrap(err, "option -%c", c);
	}
	if (optind + 1 != argc)
		return err_set(err, ERR_USAGE, "one ADDRESS:PORT is needed");
	opt->run_ms = seconds * 1000;
	if (!opt->host)
		opt->host = argv[optind];
	return parse_address(argv[optind], &opt->addr, err);
}

int main(int argc, char **argv)
{
	struct probe_options opt = { .path = "/", .rate = 100, .timeout_ms = 10000 };
	CLEANUP(probe_stats_done) struct probe_stats stats = {};
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	if (parse_options(argc, argv, &opt, &err) < 0) {
		fprintf(stderr, "http-probe: %s\n", err_text(&err));
		return usage();
	}
	if (probe_run(&opt, &stats, &err) < 0) {
		fprintf(stderr, "http-probe: %s\n", err_text(&err));
		return 2;
	}
	probe_report(&opt, &stats, &out);
	if (fs_write_all(1, out.buf, out.len) < 0)
		return 2;
	return stats.sent && stats.ends[PROBE_OK] == stats.sent ? 0 : 1;
}
