/* SPDX-License-Identifier: MIT */
#include <pushpull/pushpull.h>

#include "base/clock.h"

pp_time pp_now(void)
{
	return pp_clock_now();
}

pp_time pp_in(int64_t ns)
{
	int64_t now = pp_clock_now();

	if (ns > PP_FOREVER - now)
		return PP_FOREVER;
	return ns < -now ? 0 : now + ns;
}
