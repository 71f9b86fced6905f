/* SPDX-License-Identifier: MIT */
/*
 * Watchers: selects, each of which waits for items of every ring, and pushers who tell them.
 *
 * Anchors, steps and the claim about quiescence as in parking.pml.  Memory is sequentially
 * consistent here: which fence goes with the announcement is what flags.pml is about.  A ring
 * only fills (its slots are claimed and published one after the other, and so there is a gap where a
 * pusher stops between the two).  Left out: sleepers at the same eventcount, whose wakes are
 * others; descriptors; capacity 0, so that nobody claims a select; how one sleeps for the lock.
 * A teller takes any link of the list, not the oldest: what holds then holds for the oldest, too.
 *
 * -D chooses: RINGS (1, 2), SELECTS (2, 3), PUSHERS (1 to 3), DEADLINES, and M_... one break.
 */
#ifndef RINGS
#define RINGS 2
#endif
#ifndef SELECTS
#define SELECTS 2
#endif
#ifndef PUSHERS
#define PUSHERS 2
#endif

byte tail[RINGS], head[RINGS];
byte published[RINGS];   /* a bit for each slot */

#define is_ready(r) ((published[r] >> head[r]) & 1)

bit watched[RINGS];      /* EC_WATCHED */
bit held[RINGS];         /* the lock of the list ... */
byte owed[RINGS];        /* ... and the events for its holder: one word */
byte listed[RINGS];      /* a bit for each select; under the lock */

bit news[SELECTS], asleep[SELECTS]; /* one word */
bit in_kernel[SELECTS];

/* spin: waiter_tell */
inline take_one(w)
{
	found = 1; told = w + 1;
	listed[r] = listed[r] & ~(1 << w);
	wake = asleep[w]; asleep[w] = 0;
#ifndef M_NO_NEWS
	news[w] = 1
#endif
}

/* spin: watch_take */
inline watch_take()
{
	if
	:: listed[r] & 1 -> take_one(0)
#if SELECTS > 1
	:: listed[r] & 2 -> take_one(1)
#endif
#if SELECTS > 2
	:: listed[r] & 4 -> take_one(2)
#endif
	:: listed[r] == 0 -> found = 0
	fi
}

/* spin: watch_settle */
inline watch_settle()
{
#ifdef M_SETTLE_ALWAYS
	watched[r] = 0
#else
	if
	:: listed[r] == 0 -> watched[r] = 0
	:: else
	fi
#endif
}

/* What the kernel wakes is whoever sleeps at that address by then. */
inline pp_wake_make()
{
	if
	:: wake ->
#ifndef M_NO_WAKE
		in_kernel[told - 1] = 0;
#endif
		wake = 0
	:: else
	fi;
	told = 0
}

/* Up to n watchers of r. */
/* spin: watch_tell */
inline watch_tell()
{
	do
	:: n == 0 -> break
	:: else ->
		/* spin: watch_enter_or_owe */
		atomic {
			if
			:: held[r] ->
#ifndef M_OWES_NOTHING
				owed[r] = owed[r] + n;
#endif
				n = 0; break
			:: else -> held[r] = 1
			fi
		};
		/* Under the lock; others see the word of the select and EC_WATCHED. */
		atomic { watch_take() };
		watch_settle();
		/* spin: watch_leave */
		atomic {
			held[r] = 0;
			n = (found -> n - 1 : 0);
#ifndef M_HOLDER_FORGETS
			n = n + owed[r];
#endif
			owed[r] = 0; found = 0
		};
		pp_wake_make()
	od
}

/* The lock is waited for. */
inline watch_enter()
{
	atomic { !held[r] -> held[r] = 1 }
}

/* spin: watch_done */
inline watch_done()
{
	atomic {
		held[r] = 0;
#ifndef M_HOLDER_FORGETS
		n = owed[r];
#endif
		owed[r] = 0
	};
	watch_tell()
}

proctype pusher(byte r)
{
	byte at, n, told;
	bit found, wake;

	atomic { at = tail[r]; tail[r]++ };
	published[r] = published[r] | (1 << at);
	/* spin: watch_wake */
	if
	:: watched[r] -> n = 1; watch_tell()
	:: else
	fi
}

#define WAITING  0
#define TOOK     1
#define TOO_LATE 2

/* spin: look */
inline look()
{
	r = 0;
	do
	:: r < RINGS && done == TOOK -> break
	:: r < RINGS && done != TOOK ->
		atomic {
			if
			:: is_ready(r) -> head[r]++; done = TOOK
			:: else
			fi;
			r++
		}
	:: r == RINGS -> break
	od;
	r = 0
}

/* spin: watch_begin */
inline watch_begin()
{
	watch_enter();
	atomic {
		if
		:: !(listed[r] & (1 << me)) && (begun & (1 << r)) ->
#ifndef M_TOLD_IS_FORGOTTEN
			told_of = told_of | (1 << r);
#endif
#ifndef M_NO_WAY_BACK
			listed[r] = listed[r] | (1 << me)
#endif
		:: else -> listed[r] = listed[r] | (1 << me)
		fi;
#ifndef M_NOT_ANNOUNCED
		watched[r] = 1;
#endif
		begun = begun | (1 << r)
	};
	watch_done()
}

/* spin: watch_all */
inline watch_all()
{
	r = 0;
	do
	:: r < RINGS -> watch_begin(); r++
	:: else -> r = 0; break
	od
}

/* spin: watch_end */
inline watch_end()
{
	watch_enter();
	atomic {
		owes = !(listed[r] & (1 << me));
		listed[r] = listed[r] & ~(1 << me);
		watch_settle()
	};
	watch_done()
}

/* spin: leave_watch */
inline leave_watch()
{
	watch_end();
#ifndef M_NO_PASS_ON
	if
#ifdef M_TOLD_OWES_NOTHING
	:: (told_of & (1 << r)) && is_ready(r) ->
#else
	:: owes || ((told_of & (1 << r)) && is_ready(r)) ->
#endif
		if
		:: watched[r] -> n = 1; watch_tell()
		:: else
		fi
	:: else
	fi;
#endif
	owes = 0
}

/* spin: waiter_sleep */
inline waiter_sleep()
{
	atomic {
		if
#ifdef M_SLEEPS_ON_NEWS
		:: true -> news[me] = 0; asleep[me] = 1
#else
		:: !news[me] -> asleep[me] = 1
		:: else
#endif
		fi
	};
	/* The kernel compares the word. */
	atomic {
		if
		:: asleep[me] && !news[me] -> in_kernel[me] = 1
		:: else
		fi;
#ifdef DEADLINES
		if
		:: leaves = 0
		:: in_kernel[me] -> leaves = 1
		fi
#endif
	}
}

proctype selection(byte me)
{
	byte r, n, told, done, begun, told_of;
	bit found, wake, owes, leaves;

	/* spin: wait_entered */
	do
	:: true ->
#ifndef M_LOOKS_FIRST
		/* spin: waiter_look */
		news[me] = 0;
#endif
		watch_all();
#ifndef M_NO_RECHECK
		if
		:: done == TOO_LATE -> /* one more look, for it was told of something */
			look();
			break
		:: else ->
			look()
		fi;
#else
		if :: done == TOO_LATE -> break :: else fi;
#endif
#ifdef M_LOOKS_FIRST
		news[me] = 0;
#endif
		if
		:: done == TOOK -> break
		:: else
		fi;
		/* spin: sleep_here */
		do
		:: news[me] -> break
		:: !news[me] ->
			waiter_sleep();
end_asleep:		if
			:: !in_kernel[me]
			:: atomic { leaves && in_kernel[me] -> in_kernel[me] = 0; done = TOO_LATE }; break
			fi
		od;
		leaves = 0;
		if
		:: done == TOO_LATE && !news[me] -> break
		:: else
		fi;
#ifdef DEADLINES
		if
		:: done = TOO_LATE
		:: done = done
		fi
#endif
	od;
	/* spin: leave */
	do
	:: r < RINGS -> leave_watch(); r++
	:: else -> break
	od
}

#define asleep_beside_work(s) (in_kernel[s] && (is_ready(0) || (RINGS > 1 && is_ready(RINGS - 1))))

proctype quiescence()
{
end_waiting:
	timeout;
	assert(!asleep_beside_work(0));
#if SELECTS > 1
	assert(!asleep_beside_work(1));
#endif
#if SELECTS > 2
	assert(!asleep_beside_work(2));
#endif
	assert(!held[0] && !owed[0]);
	assert(!held[RINGS - 1] && !owed[RINGS - 1])
}

init {
	byte n;

	atomic {
		do
		:: n < SELECTS -> run selection(n); n++
		:: else -> break
		od;
		n = 0;
		do
		:: n < PUSHERS -> run pusher(n % RINGS); n++
		:: else -> break
		od;
		run quiescence();
		n = 0
	}
}
