/* SPDX-License-Identifier: MIT */
#include "park/eventcount_impl.h"
