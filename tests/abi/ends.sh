#!/bin/sh
# SPDX-License-Identifier: MIT
# The types keep the ends apart: what an end cannot do does not compile.
#   ends.sh INCLUDE-FOLDER COMPILER
set -eu
include=$1
compiler=$2
failed=0

# expect yes|no STATEMENT: does it compile, given pp_tx *tx, pp_rx *rx, void *item and, for what
# PP_TYPED(jobs, struct job) defines, a struct job *job, a const *read_only, a struct other *other?
expect()
{
	for language in c:c11 c++:c++17; do
		got=yes
		printf '%s\n' '#include <pushpull/typed.h>' 'struct job { int x; }; struct other { int x; };' \
			'PP_TYPED(jobs, struct job);' 'static inline void f(pp_tx *tx, pp_rx *rx, void *item,' \
			'struct job *job, const struct job *read_only, struct other *other)' \
			'{ (void)tx, (void)rx, (void)item, (void)job, (void)read_only, (void)other;' "$2; }" |
			"$compiler" -x "${language%:*}" "-std=${language#*:}" -Wall -Werror -Wno-unused-function \
				-fsyntax-only -I"$include" - 2>/dev/null || got=no
		if [ $got != "$1" ]; then
			echo "FAILED: $2 (${language#*:}): compiles: $got, not $1"
			failed=1
		fi
	done
}

a_push_end_pushes_and_closes_and_does_not_pull_or_cancel()
{
	for call in 'pp_push(tx, item)' 'pp_try_push(tx, item)' 'pp_push_until(tx, item, 0)' \
		'pp_push_n(tx, item, 1)' 'pp_close(tx)' 'pp_tx_unref(tx)' 'pp_tx_depth(tx)'; do
		expect yes "$call"
	done
	for call in 'pp_pull(tx, item)' 'pp_try_pull(tx, item)' 'pp_pull_until(tx, item, 0)' \
		'pp_pull_n(tx, item, 1)' 'pp_cancel(tx)' 'pp_rx_unref(tx)' 'pp_rx_depth(tx)'; do
		expect no "$call"
	done
}

a_pull_end_pulls_and_cancels_and_does_not_push_or_close()
{
	for call in 'pp_pull(rx, item)' 'pp_try_pull(rx, item)' 'pp_pull_until(rx, item, 0)' \
		'pp_pull_n(rx, item, 1)' 'pp_cancel(rx)' 'pp_rx_unref(rx)' 'pp_rx_depth(rx)'; do
		expect yes "$call"
	done
	for call in 'pp_push(rx, item)' 'pp_try_push(rx, item)' 'pp_push_until(rx, item, 0)' \
		'pp_push_n(rx, item, 1)' 'pp_close(rx)' 'pp_tx_unref(rx)' 'pp_tx_depth(rx)'; do
		expect no "$call"
	done
}

typed_calls_take_the_ends_and_items_of_their_type_only()
{
	for call in 'jobs_push(tx, job)' 'jobs_push(tx, read_only)' 'jobs_try_push_n(tx, read_only, 1)' \
		'jobs_pull(rx, job)' 'jobs_pull_n(rx, job, 1)'; do
		expect yes "$call"
	done
	for push in push try_push; do
		for call in "jobs_$push(tx, other)" "jobs_$push(rx, job)" "jobs_${push}_n(tx, other, 1)" \
			"jobs_${push}_n(rx, job, 1)" "jobs_${push#try_}_until(tx, other, 0)" \
			"jobs_${push#try_}_n_until(tx, other, 1, 0)"; do
			expect no "$call"
		done
	done
	for pull in pull try_pull; do
		for call in "jobs_$pull(rx, other)" "jobs_$pull(tx, job)" "jobs_$pull(rx, read_only)" \
			"jobs_${pull}_n(rx, other, 1)" "jobs_${pull}_n(rx, read_only, 1)" \
			"jobs_${pull#try_}_until(rx, other, 0)" "jobs_${pull#try_}_n_until(rx, other, 1, 1, 0)"; do
			expect no "$call"
		done
	done
}

a_push_end_pushes_and_closes_and_does_not_pull_or_cancel
a_pull_end_pulls_and_cancels_and_does_not_push_or_close
typed_calls_take_the_ends_and_items_of_their_type_only
exit $failed
