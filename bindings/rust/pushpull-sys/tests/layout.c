/* SPDX-License-Identifier: MIT */
/* What the compiler of C knows, for tests/header.rs: "name number" lines. */
#include <pushpull/async.h>

#include <stdio.h>

#define NUMBER(expression) printf("%s %lld\n", #expression, (long long)(expression))
#define SIZE(type) printf("size " #type " %zu\nalign " #type " %zu\n", sizeof(type), _Alignof(type))
#define FIELD(type, field) printf(#type "." #field " %zu %zu\n", offsetof(type, field), \
                                  sizeof(((type *)0)->field))

static void config(void)
{
	SIZE(pp_config);
	FIELD(pp_config, size);
	FIELD(pp_config, kind);
	FIELD(pp_config, capacity);
	FIELD(pp_config, item_size);
	FIELD(pp_config, flags);
	FIELD(pp_config, spin_ns);
	FIELD(pp_config, drop);
	FIELD(pp_config, drop_context);
	FIELD(pp_config, name);
}

static void stats(void)
{
	SIZE(pp_stats);
	FIELD(pp_stats, size);
	FIELD(pp_stats, name);
	FIELD(pp_stats, pushed);
	FIELD(pp_stats, pulled);
	FIELD(pp_stats, dropped);
	FIELD(pp_stats, depth);
	FIELD(pp_stats, capacity);
	FIELD(pp_stats, depth_max);
	FIELD(pp_stats, push_parks);
	FIELD(pp_stats, pull_parks);
	FIELD(pp_stats, push_wakes);
	FIELD(pp_stats, pull_wakes);
	FIELD(pp_stats, push_full);
	FIELD(pp_stats, pull_empty);
	FIELD(pp_stats, push_blocked_ns);
	FIELD(pp_stats, pull_blocked_ns);
	FIELD(pp_stats, pushers_parked);
	FIELD(pp_stats, pullers_parked);
	FIELD(pp_stats, tx_refs);
	FIELD(pp_stats, rx_refs);
	FIELD(pp_stats, closed);
	FIELD(pp_stats, cancelled);
}

static void cases(void)
{
	SIZE(pp_case);
	FIELD(pp_case, tx);
	FIELD(pp_case, rx);
	FIELD(pp_case, item);
	FIELD(pp_case, result);
	FIELD(pp_case, flags);
	FIELD(pp_case, reserved);
}

static void operation(void)
{
	SIZE(pp_async);
	FIELD(pp_async, ready);
	FIELD(pp_async, ref);
	FIELD(pp_async, unref);
	FIELD(pp_async, context);
	FIELD(pp_async, flags);
	FIELD(pp_async, reserved);
}

int main(void)
{
	SIZE(pp_kind);
	SIZE(pp_time);
	config();
	stats();
	cases();
	operation();
	NUMBER(PP_SPSC);
	NUMBER(PP_MPMC);
	NUMBER(PP_INTERRUPTIBLE);
	NUMBER(PP_TRACK_DEPTH);
	NUMBER(PP_SPIN_ADAPTIVE);
	NUMBER(PP_SPIN_NONE);
	NUMBER(PP_ORDERED);
	NUMBER(PP_FOREVER);
	NUMBER((char)-1 < 0);
	return 0;
}
