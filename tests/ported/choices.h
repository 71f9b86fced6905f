/* SPDX-License-Identifier: MIT */
/*
 * Expectations that crossbeam-channel has of its Select twice: where select() performs an
 * operation, and where ready() only names one and the caller performs it.  Here the first is
 * pp_select(), the second to arm and to poll, and then to try.
 */
#ifndef TESTS_PORTED_CHOICES_H
#define TESTS_PORTED_CHOICES_H

#include "support.h"

/* Perform one of the cases, as pp_select() without flags. */
typedef int chooser(pp_case *cases, size_t count, pp_time deadline);
int by_select(pp_case *cases, size_t count, pp_time deadline);
int by_readiness(pp_case *cases, size_t count, pp_time deadline);

/* The plain call that blocks, for a single case. */
int by_call(pp_case *cases, size_t count, pp_time deadline);

/* The pull end of a new ring goes through the last one, again and again. */
void rings_through_rings(chooser *choose_by, pp_kind kind, size_t capacity);

/* What crossbeam calls unbounded: never full in these cases. */
#define WIDE 64

/* One body for each test that tests/select.rs and tests/ready.rs have under one name. */
typedef void choice_body(chooser *choose_by, pp_kind kind);
choice_body one_of_two, one_of_five, ended_is_ready, default_and_not, timeout_and_not,
	default_when_ended, unblocked, both_in_turn, beside_a_reference, woken_beside_a_reference,
	item_there_before, item_before_the_end, only_the_end, one_after_the_other,
	alternating_pulls, alternating_pushes, pull_and_push, deadlines;
void only_default(chooser *choose_by);
/* Over both kinds. */
void for_kinds(chooser *choose_by, choice_body *body);

#endif
