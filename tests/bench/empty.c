/* SPDX-License-Identifier: MIT */
/*
 * What a program costs that does nothing: it is linked to the same libraries as ours and calls into
 * one of them, so that the linker keeps it. The measure for read commands.
 */
#include <jansson.h>

int main(void)
{
	json_t *nothing = json_null();

	return nothing ? 0 : 1;
}
