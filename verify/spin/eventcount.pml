/* SPDX-License-Identifier: MIT */
/*
 * The ring and the two eventcounts of parking.pml.
 *
 * The ring is PP_MPMC's, seen from outside: who claims a slot owns it until it publishes.
 *
 * Memory is x86's, not plain sequential consistency, for the one pair of accesses that the
 * asymmetric fence is about: a publish waits in its thread's store buffer (buffered[]) until that
 * thread makes a full fence or a locked instruction, a heavy fence of another drains it, or it
 * drains by itself (buffers()).  Everything else that threads write here is a locked instruction.
 */

/* ---- the ring ------------------------------------------------------------------------------ */

#define FREE    0
#define PUSHING 1
#define FULL    2
#define PULLING 3

byte slot[CAP];
byte next[2];       /* by role: tail, head                            */
bit sealed[2];
bit cancelled;
byte buffered[THREADS + 1]; /* a publish that is not in memory yet: its slot + 1 */

#define other(r)     (1 - (r))
#define awaited(r)   ((r) == PUSH -> FREE : FULL)
#define claimed(r)   ((r) == PUSH -> PUSHING : PULLING)
#define published(r) ((r) == PUSH -> FULL : FREE)
#define role_of(t)   ((t) < PUSHERS -> PUSH : PULL)
#define here(r)      slot[next[r]]
/* Nothing is or will be published at the head: what a sealed tail makes the end of the stream. */
#define at_the_end   (sealed[PUSH] && (here(PULL) == FREE || here(PULL) == PULLING))
#define ended(r)     (sealed[r] || ((r) == PULL && at_the_end))
#define is_ready(r)  (ended(r) || here(r) == awaited(r))

inline drain(t)
{
	if
	:: buffered[t] -> slot[buffered[t] - 1] = published(role_of(t)); buffered[t] = 0
	:: else
	fi
}

/* What membarrier(2) does, to one thread after the other. */
inline drain_everybody()
{
	do
	:: atomic {
		drain(i);
		i++;
		do
		:: i < THREADS && !buffered[i] -> i++
		:: else -> break
		od;
		if
		:: i >= THREADS -> i = 0; break
		:: else
		fi }
	od
}

/* ---- the eventcount ------------------------------------------------------------------------- */

typedef Eventcount {
	byte sleepers; byte epoch; bit rung; bit fenced; bit settled; /* one word */
	byte bell;
	byte unwoken
}

Eventcount ec[2];          /* by the role of those who sleep at it */
bit in_kernel[THREADS];
byte returned;             /* threads that are back from their last call, for the claim below */

/* The kernel: wake up to n of those asleep at ec[r], whichever it likes. */
inline futex_wake(r, n)
{
	do
	:: woken < n ->
		if
		:: in_kernel[0] && role_of(0) == r -> in_kernel[0] = 0; woken++
		:: in_kernel[1] && role_of(1) == r -> in_kernel[1] = 0; woken++
#if THREADS > 2
		:: in_kernel[2] && role_of(2) == r -> in_kernel[2] = 0; woken++
#endif
#if THREADS > 3
		:: in_kernel[3] && role_of(3) == r -> in_kernel[3] = 0; woken++
#endif
		:: else -> break
		fi
	:: else -> break
	od
}

/* spin: ec_ring_bell */
inline ec_ring_bell(r, n)
{
	ec[r].bell++;
	/* The look at the number of threads asleep is left out: where it is 0 the call finds nobody.
	 * Nor is anybody in the kernel where unwoken is 0, so one step is as good as two. */
	atomic {
		if
		:: ec[r].unwoken == 0
		:: else -> futex_wake(r, n)
		fi
	};
	if
	:: woken -> atomic { ec[r].unwoken = ec[r].unwoken - woken; woken = 0 }
	:: else
	fi
}

/* spin: ec_in_vain */
inline ec_in_vain(r)
{
	if
	:: true /* not often enough yet */
	:: atomic { settled && ec[r].settled && ec[r].sleepers == 0 && ec[r].epoch == epoch ->
		drain(me); ec[r].fenced = 0; ec[r].settled = 0 }
	fi
}

/* spin: ec_look_fenced */
inline ec_look_fenced(r)
{
#ifndef M_NO_LOOK_FENCE
	atomic { drain(me) };
#endif
	atomic { seen = ec[r].sleepers; epoch = ec[r].epoch; settled = ec[r].settled };
	if
	:: seen == 0 -> ec_in_vain(r)
	:: else
	fi;
	atomic { epoch = 0; settled = 0 }
}

/* spin: ec_wake */
inline ec_wake(r, n)
{
#ifdef FENCED_RING
	/* Whether the look or the claim finds nobody is the same. */
	seen = 1;
#else
	atomic { seen = ec[r].sleepers; fenced = ec[r].fenced };
	if
	:: fenced -> ec_look_fenced(r)
	:: else
	fi;
#endif
	if
	:: seen == 0
	:: else ->
#ifdef M_BELL_BEFORE_CLAIM
		ec_ring_bell(r, n);
#endif
		atomic {
			drain(me);
			if
			:: seen = (ec[r].sleepers < n -> ec[r].sleepers : n)
#ifdef STALE
			:: ec[r].sleepers > n -> seen = ec[r].sleepers /* spin: ec_is_stale */
#endif
			fi;
			if
			:: seen ->
				ec[r].sleepers = ec[r].sleepers - seen;
#ifndef M_WAKE_WITHOUT_EPOCH
				ec[r].epoch++
#endif
			:: else
			fi
		};
#ifndef M_BELL_BEFORE_CLAIM
		if
		:: seen -> ec_ring_bell(r, seen)
		:: else
		fi
#endif
	fi;
	atomic { seen = 0; fenced = 0 }
}

/* ---- waiting ---------------------------------------------------------------------------- */

/* spin: ec_announce */
inline ec_announce(r)
{
#ifdef M_BELL_READ_LATE
	atomic { drain(me); ticket_epoch = ec[r].epoch; settled = ec[r].settled; fenced = ec[r].fenced;
		ec[r].sleepers++ };
	ticket_bell = ec[r].bell;
#else
	ticket_bell = ec[r].bell;
	atomic { drain(me); ticket_epoch = ec[r].epoch; settled = ec[r].settled; fenced = ec[r].fenced;
		ec[r].sleepers++ };
#endif
	ec_fence_wanted(r)
}

/* spin: ec_fence_wanted */
inline ec_fence_wanted(r)
{
#ifndef FENCED_RING
	if
	:: settled
	:: else ->
		atomic { fenced = ec[r].fenced; ec[r].fenced = 1 };
#ifndef M_NO_HEAVY_FENCE
		drain_everybody();
#endif
		ec_settle(r)
	fi;
#endif
	atomic { fenced = 0; settled = 0 }
}

/* spin: ec_settle */
inline ec_settle(r)
{
	if
	:: !fenced -> ec[r].settled = 1
	:: else
	fi
}

/* spin: ec_leave */
inline ec_leave(r)
{
	atomic {
		drain(me);
		if
#ifdef M_LEAVE_WITHOUT_LOOK
		:: ec[r].sleepers > 0 -> ec[r].sleepers--
		:: else
#else
		:: ec[r].epoch == ticket_epoch -> ec[r].sleepers--
#ifdef M_LEAVE_WITHOUT_OWING
		:: else
#else
		:: else -> owes = true
#endif
#endif
		fi;
		ticket_epoch = 0; ticket_bell = 0
	}
}
