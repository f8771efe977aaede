/* SPDX-License-Identifier: MIT */
#include "page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t page_write(const char *path, char *buf, size_t size)
{
	const char *greeting = getenv("GREETING");
	char body[256];
	int found = strcmp(path, "/") == 0;
	int len = snprintf(body, sizeof(body), "%s\n",
		!found     ? "There is no such page"
		: greeting ? greeting
			   : "Hello from C");
	int all = snprintf(buf, size,
		"HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
		"Connection: close\r\n\r\n%s",
		found ? "200 OK" : "404 Not Found", len, body);

	return all > 0 && (size_t)all < size ? (size_t)all : 0;
}
