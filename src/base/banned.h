/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Functions that have a safer replacement here, made uncompilable. Included by every .c through
 * the build flags (-include), after the libc headers that declare them. alloca is caught by -Walloca.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok gmtime localtime
#pragma GCC poison atoi atol atof popen system tmpnam mktemp
