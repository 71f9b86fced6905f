/* SPDX-License-Identifier: MIT */
#include "rendezvous/meeting.h"

#include "rendezvous/meeting_impl.h"
