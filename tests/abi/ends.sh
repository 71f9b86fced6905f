#!/bin/sh
# SPDX-License-Identifier: MIT
# The types keep the ends apart: what an end cannot do does not compile.
#   ends.sh INCLUDE-FOLDER COMPILER
set -eu
include=$1
compiler=$2
failed=0

# expect yes|no STATEMENT: does it compile, given pp_tx *tx, pp_rx *rx, void *item?
expect()
{
	for language in c:c11 c++:c++17; do
		got=yes
		printf '#include <pushpull/pushpull.h>\nstatic inline void f(%s) { %s; %s; }\n' \
			'pp_tx *tx, pp_rx *rx, void *item' '(void)tx, (void)rx, (void)item' "$2" |
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

a_push_end_pushes_and_closes_and_does_not_pull_or_cancel
a_pull_end_pulls_and_cancels_and_does_not_push_or_close
exit $failed
