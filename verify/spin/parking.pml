/* SPDX-License-Identifier: MIT */
/*
 * The parking protocol: an eventcount for each side of a ring (eventcount.pml), and threads that
 * sleep at them.
 *
 * An anchor "spin: NAME" stands at the same step of the C source (anchors.py checks both sides).
 * Every step between two semicolons is one access to shared memory, or one that nobody can tell
 * from it: a compare-and-swap that fails and tries again is its last, successful, turn.
 *
 * -D chooses: CAP, PUSHERS, PULLERS, PUSHES, PULLS (calls of each), ENDER (0 nobody, CLOSE,
 * CANCEL), FATES (how sleeps end), FILLED (items at the start), FENCED_RING, STALE (a claim may
 * take every count, at any time: more than the library ever does), LIVE, and M_... one break.
 */
#ifndef CAP
#define CAP 1
#endif
#ifndef PUSHERS
#define PUSHERS 2
#endif
#ifndef PULLERS
#define PULLERS 2
#endif
#ifndef PUSHES
#define PUSHES 1
#endif
#ifndef PULLS
#define PULLS 1
#endif
#ifndef FILLED
#define FILLED 0
#endif
#ifndef ENDER
#define ENDER 0
#endif
#define CLOSE  1
#define CANCEL 2
#ifndef FATES
#define FATES (LEAVES)
#endif
#define LEAVES   1 /* a deadline passes, or a signal ends the wait: at any moment */
#define SPURIOUS 2 /* futex(2) returns 0 and nobody called                        */
#define RESTARTS 4 /* a signal that does not end the wait                         */

#ifdef FENCED_RING
#define fenced_ring true
#else
#define fenced_ring false
#endif

#define THREADS (PUSHERS + PULLERS)
#define ALL     THREADS
#define PUSH    0
#define PULL    1
#define ENDING  THREADS /* the ender's place in what is indexed by thread */

#include "eventcount.pml"

/* ---- a call --------------------------------------------------------------------------------- */

#define UNDECIDED 0
#define DONE      1
#define LEFT      2 /* deadline, signal, or an end */

/* Claim, copy, publish, and tell the other side: push_some(), pull_some(). */
inline attempt()
{
	atomic {
		if
		:: ended(role) -> drain(me); result = LEFT
		:: else ->
			if
			:: here(role) == awaited(role) ->
				drain(me);
				at = next[role];
				slot[at] = claimed(role);
				next[role] = (at + 1) % CAP;
				result = DONE
			:: else -> result = UNDECIDED
			fi
		fi
	};
	if
	:: result == DONE ->
#ifdef M_PUBLISH_AFTER_LOOK
		fenced = (ec[other(role)].sleepers || ec[other(role)].fenced || ec[other(role)].rung);
		atomic { slot[at] = published(role); at = 0 };
#else
		atomic {
			buffered[me] = at + 1; at = 0;
			if
			:: fenced_ring -> drain(me)
			:: else
			fi
		};
		/* spin: ec_alert */
		fenced = (ec[other(role)].sleepers || ec[other(role)].fenced || ec[other(role)].rung);
#endif
		if
		:: fenced -> atomic { fenced = 0 }; ec_wake(other(role), 1)
		:: else
		fi
	:: else
	fi
}

#define STAYS 0

inline choose_fate()
{
	if
	:: fate = STAYS
	:: FATES & LEAVES -> fate = LEAVES
	:: (FATES & SPURIOUS) && !once -> fate = SPURIOUS; once = 1 /* each leaves a count behind */
	:: FATES & RESTARTS -> fate = RESTARTS
	fi
}

/* spin: pass_on */
inline pass_on(r)
{
#ifndef M_NO_PASS_ON
	if
	:: is_ready(r) -> ec_wake(r, 1)
	:: else
	fi
#endif
	owes = false
}

/* ---- ending --------------------------------------------------------------------------------- */

/* spin: drop_rest_mpmc */
inline drop_rest()
{
#ifndef M_NO_DROP_HEAVY
	drain_everybody();
#endif
	do
	:: atomic { sealed[PULL] && here(PULL) == FULL -> slot[next[PULL]] = FREE;
		next[PULL] = (next[PULL] + 1) % CAP }
	:: atomic { else -> break }
	od
}

/* spin: done */
inline drop_if_cancelled()
{
	if
	:: ENDER == CANCEL && role == PUSH && result == DONE && ec[PULL].rung && cancelled -> drop_rest()
	:: else
	fi
}

/* ---- the threads ------------------------------------------------------------------------- */

proctype thread(byte me; bit role; byte calls)
{
	byte result, at, i, seen, woken, epoch, ticket_epoch, ticket_bell, fate;
	bit fenced, settled, owes, slept, once;

	do
	:: calls == 0 -> break
	:: else ->
		calls--;
		attempt();
		/* spin: pp_wait */
		do
		:: result != UNDECIDED -> break
		:: result == UNDECIDED && (FATES & LEAVES) -> result = LEFT
		:: result == UNDECIDED ->
			/* spin: park */
			ec_announce(role);
again:
#ifndef M_NO_RECHECK
			attempt();
#endif
			if
			:: result != UNDECIDED -> ec_leave(role)
			:: else ->
				/* spin: ec_sleep */
#ifndef M_UNWOKEN_LATE
				ec[role].unwoken++;
#endif
				/* spin: pp_sleep */
				atomic {
					drain(me);
					if
					:: ec[role].bell == ticket_bell ->
						in_kernel[me] = 1; slept = 1;
						choose_fate()
					:: else -> slept = 0
					fi
				};
#ifdef M_UNWOKEN_LATE
				ec[role].unwoken++;
#endif
				if
				:: slept ->
end_asleep:				if
					:: atomic { !in_kernel[me] -> fate = STAYS }
					:: atomic { in_kernel[me] && fate != STAYS -> in_kernel[me] = 0 }
					fi
				:: else
				fi;
				if
				:: !slept || fate == LEAVES || fate == RESTARTS -> ec[role].unwoken--
				:: else
				fi;
				if
				:: !slept ->
					/* spin: ec_after_bell */
					ticket_bell = ec[role].bell;
					if
#ifdef M_WAKE_WITHOUT_EPOCH
					:: true ->
#else
					:: ec[role].epoch != ticket_epoch ->
#endif
						atomic { owes = true; ticket_epoch = 0; ticket_bell = 0 };
						attempt()
					:: ec[role].epoch == ticket_epoch -> goto again
					fi
				:: slept && fate == RESTARTS -> atomic { fate = 0; slept = 0 }; goto again
				:: slept && fate == LEAVES ->
					atomic { result = LEFT; fate = 0; slept = 0 };
					ec_leave(role)
				:: slept && (fate == STAYS || fate == SPURIOUS) ->
					atomic { owes = true; fate = 0; slept = 0; ticket_epoch = 0; ticket_bell = 0 };
					attempt()
				fi
			fi
		od;
		if
		:: result == LEFT ->
			/* spin: look_last */
			attempt();
			if
			:: result == UNDECIDED -> result = LEFT
			:: else
			fi
		:: else
		fi;
		if
		:: owes -> pass_on(role)
		:: else
		fi;
		drop_if_cancelled();
		result = 0
	od;
	returned++
}

/* spin: end_ring */
proctype ender()
{
	byte i, seen, woken, epoch, me = ENDING;
	bit fenced, settled;

#ifndef M_NO_RUNG
	ec[PULL].rung = 1;
#endif
	cancelled = (ENDER == CANCEL);
	sealed[PUSH] = 1;
	sealed[PULL] = (ENDER == CANCEL);
#ifndef M_END_FORGETS_ITEMS
	ec_wake(PULL, ALL);
#endif
#ifndef M_END_FORGETS_SPACE
	ec_wake(PUSH, ALL);
#endif
	if
	:: ENDER == CANCEL -> drop_rest()
	:: else
	fi
}

/* ---- the rest of the machine ----------------------------------------------------------------- */

/* Store buffers drain in their own time. */
proctype buffers()
{
end_drained:
	do
	:: atomic { buffered[0] -> drain(0) }
	:: atomic { buffered[1] -> drain(1) }
#if THREADS > 2
	:: atomic { buffered[2] -> drain(2) }
#endif
#if THREADS > 3
	:: atomic { buffered[3] -> drain(3) }
#endif
	od
}

#define asleep_beside_work(t) (in_kernel[t] && is_ready(role_of(t)))

/* Nothing moves: whoever is left sleeps, and none of them beside work. */
proctype quiescence()
{
	byte t, count[2];

end_waiting:
	timeout;
	d_step {
		do
		:: t < THREADS ->
			assert(!asleep_beside_work(t));
			assert(!buffered[t]);
			count[role_of(t)] = count[role_of(t)] + in_kernel[t];
			t++
		:: else -> break
		od;
		/* The counts may be too large, never too small. */
#ifdef EXACT
		assert(ec[PUSH].sleepers == count[PUSH] && ec[PULL].sleepers == count[PULL]);
#endif
		assert(ec[PUSH].sleepers >= count[PUSH] && ec[PULL].sleepers >= count[PULL]);
		assert(ec[PUSH].unwoken >= count[PUSH] && ec[PULL].unwoken >= count[PULL]);
		t = 0;
		do
		:: t < CAP -> assert(!sealed[PULL] || slot[t] == FREE); t++
		:: else -> break
		od
	}
}

init {
	byte n;

	atomic {
		do
		:: n < FILLED -> slot[n] = FULL; n++
		:: else -> break
		od;
		next[PUSH] = FILLED % CAP;
		n = 0;
		do
		:: n < THREADS -> run thread(n, role_of(n), (role_of(n) == PUSH -> PUSHES : PULLS)); n++
		:: else -> break
		od;
		run buffers();
		if
		:: ENDER -> run ender()
		:: else
		fi;
#ifndef LIVE
		run quiescence();
#endif
		n = 0
	}
}

/* Under weak fairness; waits that restart may do so for ever before the end. */
#ifdef LIVE
#define every_side_ended (sealed[PUSH] && (ENDER == CLOSE || sealed[PULL]))

ltl the_end_reaches_everybody { [] (every_side_ended -> <> (returned == THREADS)) }
#endif
