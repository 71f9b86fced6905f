/* SPDX-License-Identifier: MIT */
/* Where everything stands that callers and the library share: "NAME VALUE" a line. */
#include <pushpull/async.h>
#include <pushpull/fast.h>
#include <pushpull/pushpull.h>

#include <stddef.h>
#include <stdio.h>

#define SIZE(type)         printf("%s %zu\n", #type, sizeof(type))
#define SIZE_OF(tag)       printf("%s %zu\n", #tag, sizeof(struct tag))
#define FIELD(type, field) printf("%s.%s %zu\n", #type, #field, offsetof(type, field))

int main(void)
{
	SIZE(pp_time);
	SIZE(pp_kind);
	SIZE(pp_config);
	FIELD(pp_config, kind);
	FIELD(pp_config, item_size);
	FIELD(pp_config, spin_ns);
	FIELD(pp_config, drop);
	FIELD(pp_config, name);
	SIZE(pp_case);
	FIELD(pp_case, item);
	FIELD(pp_case, result);
	FIELD(pp_case, reserved);
	SIZE(pp_stats);
	FIELD(pp_stats, name);
	FIELD(pp_stats, pushed);
	FIELD(pp_stats, depth_max);
	FIELD(pp_stats, push_parks);
	FIELD(pp_stats, pushers_parked);
	FIELD(pp_stats, cancelled);
	SIZE(pp_async);
	FIELD(pp_async, context);
	FIELD(pp_async, reserved);
	SIZE_OF(pp_fast_push);
	SIZE_OF(pp_fast_pull);
	SIZE_OF(pp_fast_shared);
	SIZE_OF(pp_fast_marks);
	return 0;
}
