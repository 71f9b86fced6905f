/* SPDX-License-Identifier: MIT */
/*
 * Frequent sleepers: which fence a waiter and a publisher make, for EC_FENCED and EC_SETTLED.
 *
 * Of the eventcount only the word with the count and the flags is left, and of the ring one item of
 * each publisher.  No number grows, so every thread goes round for ever: the search covers any
 * number of sleeps, looks and clearings.  The claim: a waiter that has looked in vain for an item
 * and still is announced is never there together with a publisher of such an item that has looked
 * in vain for a waiter.
 *
 * Memory as in parking.pml: a publish may wait in the store buffer.  -D chooses WAITERS,
 * PUBLISHERS, and M_... one break.
 */
#ifndef WAITERS
#define WAITERS 3
#endif
#ifndef PUBLISHERS
#define PUBLISHERS 2
#endif

byte sleepers;                 /* one word: the count ... */
bit fenced, settled;           /* ... and the flags       */
bit item[PUBLISHERS];
bit buffered[PUBLISHERS];      /* published, not in memory yet               */
bit in_vain[PUBLISHERS];       /* its look found nobody, the item still is there */
byte missed[WAITERS];          /* announced, and these items were not there: a bit each */

#define drain(p) item[p] = item[p] | buffered[p]; buffered[p] = 0

inline drain_everybody()
{
	drain(0);
#if PUBLISHERS > 1
	drain(1);
#endif
}

/* membarrier(2): one thread after the other, any time between the call and its return. */
inline heavy_fence()
{
#ifndef M_NO_HEAVY_FENCE
	atomic { drain(0) };
#if PUBLISHERS > 1
	atomic { drain(1) };
#endif
#endif
	skip
}

proctype waiter(byte me)
{
	bit was_fenced, was_settled;

	do
	:: atomic { /* spin: ec_announce */
			sleepers++; was_settled = settled; was_fenced = fenced };
		/* spin: ec_fence_wanted */
		if
#ifdef M_FULL_FENCE_UNSETTLED
		:: was_settled || was_fenced
#else
		:: was_settled
#endif
		:: else ->
			atomic { was_fenced = fenced; fenced = 1 };
#ifdef M_SETTLE_BEFORE_FENCE
			if
			:: was_fenced
			:: else -> settled = 1
			fi;
#endif
			heavy_fence();
			/* spin: ec_settle */
			if
#ifndef M_ANYBODY_SETTLES
			:: was_fenced
#endif
			:: else -> settled = 1
			fi
		fi;
		/* It tries again, here everything at once: what it missed each alone is missed then, too. */
		atomic {
			was_fenced = 0; was_settled = 0;
			missed[me] = (1 << PUBLISHERS) - 1;
			if
			:: item[0] -> missed[me] = missed[me] & ~1
			:: else
			fi;
#if PUBLISHERS > 1
			if
			:: item[1] -> missed[me] = missed[me] & ~2
			:: else
			fi;
#endif
		};
		/* spin: ec_leave */
		atomic { sleepers--; missed[me] = 0 }
	od
}

proctype publisher(byte me)
{
	byte seen;
	bit was_fenced, was_settled;

	do
	:: buffered[me] = 1; /* behind it the light fence, which orders nothing here */
		/* spin: ec_alert */
		atomic { seen = sleepers; was_fenced = fenced };
		/* spin: ec_look_fenced */
		if
		:: was_fenced ->
#ifndef M_NO_LOOK_FENCE
			atomic { drain(me) };
#endif
			atomic { seen = sleepers; was_fenced = fenced; was_settled = settled };
			/* spin: ec_in_vain */
			if
			:: true
#ifdef M_CLEAR_FENCED_ALONE
			:: seen == 0 && was_fenced ->
#else
			:: seen == 0 && was_settled ->
#endif
				if
				:: atomic { sleepers == 0 && fenced == was_fenced && settled == was_settled ->
					drain(me);
#ifndef M_CLEAR_ONLY_SETTLED
					fenced = 0;
#endif
#ifndef M_CLEAR_ONLY_FENCED
					settled = 0
#endif
					}
				:: else
				fi
			fi
		:: else
		fi;
		atomic {
			in_vain[me] = (seen == 0);
			seen = 0; was_fenced = 0; was_settled = 0
		};
		/* Somebody takes the item, and this thread comes again, by a locked instruction. */
		atomic { drain(me); item[me] = 0; in_vain[me] = 0 }
	od
}

/* Store buffers drain in their own time. */
proctype buffers()
{
	do
	:: atomic { buffered[0] -> drain(0) }
#if PUBLISHERS > 1
	:: atomic { buffered[1] -> drain(1) }
#endif
	od
}

#if PUBLISHERS == 1
#define stranded(w) ((missed[w] & 1) && in_vain[0])
#elif PUBLISHERS == 2
#define stranded(w) ((missed[w] & 1) && in_vain[0] || (missed[w] & 2) && in_vain[1])
#endif
#if WAITERS == 2
#define anybody_stranded (stranded(0) || stranded(1))
#elif WAITERS == 3
#define anybody_stranded (stranded(0) || stranded(1) || stranded(2))
#elif WAITERS == 4
#define anybody_stranded (stranded(0) || stranded(1) || stranded(2) || stranded(3))
#endif

proctype claim()
{
end_never:
	atomic { anybody_stranded -> assert(false) }
}

init {
	byte n;

	atomic {
		do
		:: n < WAITERS -> run waiter(n); n++
		:: else -> break
		od;
		n = 0;
		do
		:: n < PUBLISHERS -> run publisher(n); n++
		:: else -> break
		od;
		run buffers();
		run claim();
		n = 0
	}
}
