/* SPDX-License-Identifier: MIT */
#include "base/hooks.h"

#include <stddef.h>

void (*pp_test_stall_hook)(enum pp_stall_point point) = NULL;
uint64_t pp_test_start_before_wrap = 0;
uint64_t pp_test_most_marked = 128;
