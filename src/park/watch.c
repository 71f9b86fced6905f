/* SPDX-License-Identifier: MIT */
#include "park/watch_impl.h"
