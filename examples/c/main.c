/* SPDX-License-Identifier: MIT */
/* A small HTTP server: one request after the other, on $PORT. Ends on SIGTERM. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "page.h"

static volatile sig_atomic_t ending;

static void on_signal(int sig)
{
	(void)sig;
	ending = 1;
}

static int listen_on(int port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 64) < 0) {
		perror("listen");
		exit(1);
	}
	return fd;
}

static void answer(int fd)
{
	char request[4096] = "";
	char path[256] = "/";
	char text[1024];
	ssize_t n = read(fd, request, sizeof(request) - 1);

	if (n > 0) {
		sscanf(request, "%*s %255s", path);
		(void)!write(fd, text, page_write(path, text, sizeof(text)));
	}
	close(fd);
}

int main(void)
{
	struct sigaction act = { .sa_handler = on_signal };
	const char *port = getenv("PORT");
	int fd = listen_on(port ? atoi(port) : 5000);

	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	printf("Listening on port %s\n", port ? port : "5000");
	fflush(stdout);
	while (!ending) {
		int client = accept(fd, NULL, NULL);

		if (client >= 0)
			answer(client);
		else if (errno != EINTR)
			perror("accept");
	}
	return 0;
}
