/* SPDX-License-Identifier: MIT */
#include <pushpull/pushpull.h>

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

const char *pp_version(void)
{
	return TEXT(PP_VERSION_MAJOR) "." TEXT(PP_VERSION_MINOR) "." TEXT(PP_VERSION_PATCH);
}
