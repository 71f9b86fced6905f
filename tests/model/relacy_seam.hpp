/* SPDX-License-Identifier: MIT */
/*
 * The seam of base/atomic.h for Relacy: what the library's words mean in a model.
 *
 * Atomics are Relacy's.  Plain memory that threads share is an rl::var, so that a
 * missing edge shows as a data race.  What Relacy does not know is added here:
 *
 * The asymmetric fence gives what base/fence.h promises and nothing more.  A light
 * fence keeps what its thread can vouch for at that point (`shown`) and takes up what
 * heavy fences have left for it (`owed`).  A heavy fence is a full fence in its own
 * thread, and for each other thread, one after the other and with the scheduler in
 * between, takes up what that thread's last light fence showed and leaves its own view
 * from before for the next one.  So a heavy fence orders nothing against a thread that
 * makes no light fence, as a compiler may move that thread's accesses across the
 * interrupt.
 *
 * futex: the wait's look at the word sees at least what wakers of that word saw at
 * their last wake call (the kernel's bucket lock), and nothing else is ordered by it.  A wake
 * call happens before the return of the wait that it ended.  A wait may also end by
 * deadline, by signal, or for no reason.
 *
 * Relacy runs a thread's loads in order and never lets one see a later store.  For an
 * acquire load that is weakened the other case matters too: the load may take effect
 * after the next read-modify-write.  late_load() does that for a value that ends up as
 * a futex's expected value.
 */
#ifndef RELACY_SEAM_HPP
#define RELACY_SEAM_HPP

#include "relacy_pre.hpp"

#ifndef PP_SWITCH
#error "include base/atomic.h, which includes this"
#endif

#define EC_LEFT model::S.left
#define PP_BASE_CLOCK_H /* no clock: a deadline may pass at any moment */
#define _Alignas(n)     /* no lines to keep apart */
#define _Static_assert(...) struct pp_model_no_assert

#ifndef MODEL_THREADS
#define MODEL_THREADS 4
#endif

namespace model {

enum { N = MODEL_THREADS };
typedef rl::thread_info<N> thread;

struct view {
	rl::timestamp_t at[N];
};

static inline void join(rl::timestamp_t *to, const rl::timestamp_t *from)
{
	for (int i = 0; i < N; i++)
		if (to[i] < from[i])
			to[i] = from[i];
}

static inline void put(rl::timestamp_t *to, const rl::timestamp_t *from)
{
	for (int i = 0; i < N; i++)
		to[i] = from[i];
}

enum { WORDS = 16 };

/* What the seam remembers during one execution. */
struct state {
	view shown[N], owed[N];
	struct { void *word; view wakers; } futex[WORDS];
	int futexes;
	struct { void *word; view waker; } asleep[N]; /* word 0: awake */
	struct { void *word; uint32_t seen, now; bool pending; } late[N];
	bool spurious;
	bool marked; /* PP_SPSC */
	unsigned left; /* EC_LEFT: claims that take everybody are explored, and claims of one */
	bool patient[N]; /* its deadline passes only when nobody else can run */
	uint64_t sleeps, wakes;
};

static state S;

/* A model may watch every access to an atomic. */
static void (*touched)(const void *word);

static inline void touch(const void *word)
{
	if (touched)
		touched(word);
}

static inline bool chance(unsigned n);

static inline void reset(bool spurious)
{
	memset(&S, 0, sizeof S);
	S.spurious = spurious;
	S.left = chance(2) ? 1 : 64;
}

static inline thread *self()
{
	return static_cast<thread *>(rl::ctx().threadx_);
}

static inline bool chance(unsigned n)
{
	return rl::ctx().rand(n, rl::sched_type_user) == 0;
}

/* ---- fences ------------------------------------------------------------------ */

static inline void full()
{
	rl::ctx().atomic_thread_fence_seq_cst();
}

static inline void light(bool fenced)
{
	thread *t = self();
	int me = t->index_;

	if (fenced) {
		full();
		return;
	}
	join(t->acq_rel_order_, S.owed[me].at);
	put(S.shown[me].at, t->acq_rel_order_);
	join(S.shown[me].at, t->acquire_fence_order_);
}

static inline void heavy(bool fenced)
{
	thread *t = self();
	view before;

	full();
	if (fenced)
		return;
	light(false);
	put(before.at, t->acq_rel_order_);
	for (int k = 1; k < N; k++) {
		int other = (t->index_ + k) % N;

		rl::ctx().sched();
		join(t->acq_rel_order_, S.shown[other].at);
		join(S.owed[other].at, before.at);
	}
	full();
}

/* ---- accesses ---------------------------------------------------------------- */

template<class T>
T load(rl::atomic<T> *p, rl::memory_order order, rl::debug_info_param info)
{
	touch(p);
	return p->load(order, info);
}

template<class T, class V>
void store(rl::atomic<T> *p, V v, rl::memory_order order, rl::debug_info_param info)
{
	touch(p);
	p->store((T)v, order, info);
}

template<class T>
T late_load(rl::atomic<T> *p, rl::debug_info_param info)
{
	return p->load(rl::mo_relaxed, info);
}

static inline uint32_t late_load(rl::atomic<uint32_t> *p, rl::debug_info_param info)
{
	int me = rl::ctx().threadx_->index_;
	uint32_t v = p->load(rl::mo_relaxed, info);

	S.late[me].word = p;
	S.late[me].seen = S.late[me].now = v;
	S.late[me].pending = true;
	return v;
}

/* After a read-modify-write that is not a release: the load before it may only happen now. */
static inline void late_now(rl::debug_info_param info)
{
	int me = rl::ctx().threadx_->index_;

	if (!S.late[me].pending)
		return;
	S.late[me].pending = false;
	for (int i = 0; i < 8 && chance(2); i++)
		rl::ctx().sched();
	S.late[me].now = ((rl::atomic<uint32_t> *)S.late[me].word)->load(rl::mo_relaxed, info);
}

template<class T, class V>
T fetch_add(rl::atomic<T> *p, V v, rl::memory_order order, rl::debug_info_param info)
{
	T before = p->fetch_add((T)v, order, info);

	if (order == rl::mo_relaxed)
		late_now(info);
	return before;
}

template<class T, class V>
T fetch_or(rl::atomic<T> *p, V v, rl::memory_order order, rl::debug_info_param info)
{
	return p->fetch_or((T)v, order, info);
}

template<class T, class V>
T exchange(rl::atomic<T> *p, V v, rl::memory_order order, rl::debug_info_param info)
{
	return p->exchange((T)v, order, info);
}

template<class T, class V>
bool cas_weak(rl::atomic<T> *p, T *expected, V v, rl::memory_order order,
              rl::memory_order failure, rl::debug_info_param info)
{
	return p->compare_exchange_weak(*expected, (T)v, order, info, failure, info);
}

template<class T, class V>
bool cas_strong(rl::atomic<T> *p, T *expected, V v, rl::memory_order order,
                rl::memory_order failure, rl::debug_info_param info)
{
	return p->compare_exchange_strong(*expected, (T)v, order, info, failure, info);
}

/* ---- plain memory that threads share ----------------------------------------- */

template<class T>
class plain {
public:
	plain() {}
	/* The memory goes back: a late reader is a race. */
	~plain() { v($).store(T()); }
	operator T() const { return v($).load(); }
	T operator->() const { return v($).load(); }
	plain &operator=(T x)
	{
		v($).store(x);
		return *this;
	}
	plain &operator=(const plain &x) { return *this = (T)x; }

private:
	rl::var<T> v;
	plain(const plain &);
};

/* ---- places where a model may hold a thread ------------------------------------ */

static unsigned held_until; /* sleeps; 0: nobody is held */

/* Not for ever: the sleeps may never come to be. */
static inline void await_sleeps(unsigned count)
{
	for (int i = 0; i < 60 && S.sleeps < count; i++)
		rl::yield(1, $);
}

/* Thread 0 between its copy and its publish. */
static inline void stall(const char *point)
{
	if (held_until && rl::ctx().threadx_->index_ == 0 && strcmp(point, "push_copied") == 0)
		await_sleeps(held_until);
}

/* ---- futex ------------------------------------------------------------------- */

static inline view *wakers_of(void *word)
{
	for (int i = 0; i < S.futexes; i++)
		if (S.futex[i].word == word)
			return &S.futex[i].wakers;
	if (S.futexes == WORDS)
		abort();
	S.futex[S.futexes].word = word;
	return &S.futex[S.futexes++].wakers;
}

/* The kernel's look at the word: not older than the last wake call, and no edge. */
static inline uint32_t look(rl::atomic<uint32_t> *word)
{
	thread *t = self();
	view mine;
	uint32_t v;

	put(mine.at, t->acq_rel_order_);
	join(t->acq_rel_order_, wakers_of(word)->at);
	v = word->load(rl::mo_relaxed, $);
	mine.at[t->index_] = t->acq_rel_order_[t->index_];
	put(t->acq_rel_order_, mine.at);
	return v;
}

enum { PATIENT = 2 }; /* a deadline */

static inline int futex_wait(rl::atomic<uint32_t> *word, uint32_t expected, int64_t deadline,
                             bool interruptible)
{
	rl::context &c = rl::ctx();
	thread *t = self();
	int me = t->index_;
	rl::unpark_reason reason;
	uint32_t v;

	if (S.late[me].word == word && S.late[me].seen == expected)
		expected = S.late[me].now;
	c.sched();
	c.disable_preemption();
	v = look(word);
	c.enable_preemption();
	if (v != expected)
		return -EAGAIN;
	S.asleep[me].word = word;
	S.sleeps++;
	S.patient[me] = deadline == PATIENT;
	reason = c.park_current_thread(deadline != INT64_MAX, interruptible || S.spurious, false, $);
	S.asleep[me].word = 0;
	if (reason == rl::unpark_reason_timeout)
		return -ETIMEDOUT;
	if (reason == rl::unpark_reason_spurious)
		return interruptible ? -EINTR : 0;
	join(t->acq_rel_order_, S.asleep[me].waker.at);
	return 0;
}

static inline uint32_t futex_wake(void *word, uint32_t n)
{
	uint32_t wanted = n;

	rl::context &c = rl::ctx();
	thread *t = self();
	unsigned first;

	c.sched();
	t->own_acq_rel_order_ += 1;
	join(wakers_of(word)->at, t->acq_rel_order_);
	first = c.rand(N, rl::sched_type_user);
	S.wakes++;
	for (unsigned k = 0; k < N && n > 0; k++) {
		unsigned other = (first + k) % N;

		if (S.asleep[other].word != word)
			continue;
		S.asleep[other].word = 0;
		put(S.asleep[other].waker.at, t->acq_rel_order_);
		c.unpark_thread((rl::thread_id_t)other, false, $);
		n--;
	}
	return wanted - n;
}

} // namespace model

/* ---- the names of base/atomic.h ---------------------------------------------- */

/* All mutants in one program, none or one of them chosen when it starts: the same two texts that
 * -D'PP_MUTANT_<label>=~,' chooses between. */
#ifdef MODEL_MUTANTS
namespace model {
static const char *mutant = "";

static inline bool is_mutant(const char *label)
{
	return __builtin_expect(*mutant, 0) && strcmp(mutant, label) == 0;
}
}
#undef PP_SWITCH
#define PP_SWITCH(label, mutated, normal) (model::is_mutant(#label) ? mutated : normal)
#endif

#define PP_ATOMIC(type) rl::atomic<type>
#define PP_PLAIN(type)  model::plain<type>
#define PP_ORDER(label, weak, strong) PP_SWITCH(label, rl::mo_##weak, rl::mo_##strong)

#define pp_load(p)         model::load((p), rl::mo_relaxed, $)
#define pp_store(p, v)     model::store((p), (v), rl::mo_relaxed, $)
#define pp_fetch_add(p, v) model::fetch_add((p), (v), rl::mo_relaxed, $)
#define pp_exchange(p, v)  model::exchange((p), (v), rl::mo_relaxed, $)
#define pp_fetch_or(p, v)  model::fetch_or((p), (v), rl::mo_relaxed, $)
#define pp_cas(p, expected, v) \
	model::cas_weak((p), (expected), (v), rl::mo_relaxed, rl::mo_relaxed, $)
#define pp_decide_relaxed(p, expected, v) \
	model::cas_strong((p), (expected), (v), rl::mo_relaxed, rl::mo_relaxed, $)

#define pp_load_acquire(label, p) \
	PP_SWITCH(label, model::late_load((p), $), model::load((p), rl::mo_acquire, $))
#define pp_store_release(label, p, v) \
	model::store((p), (v), PP_ORDER(label, relaxed, release), $)
#define pp_fetch_add_release(label, p, v) \
	model::fetch_add((p), (v), PP_ORDER(label, relaxed, release), $)
#define pp_fetch_add_acq_rel(label, p, v) \
	model::fetch_add((p), (v), PP_ORDER(label, relaxed, acq_rel), $)
#define pp_fetch_or_acq_rel(label, p, v) \
	model::fetch_or((p), (v), PP_ORDER(label, relaxed, acq_rel), $)
#define pp_exchange_acquire(label, p, v) \
	model::exchange((p), (v), PP_ORDER(label, relaxed, acquire), $)
#define pp_exchange_release(label, p, v) \
	model::exchange((p), (v), PP_ORDER(label, relaxed, release), $)
#define pp_lock_cas(label, p, expected, v) \
	model::cas_strong((p), (expected), (v), PP_ORDER(label, relaxed, acquire), rl::mo_relaxed, $)
#define pp_cas_release(label, p, expected, v) \
	model::cas_weak((p), (expected), (v), PP_ORDER(label, relaxed, release), rl::mo_relaxed, $)
#define pp_decide(label, p, expected, v)                                       \
	model::cas_strong((p), (expected), (v), PP_ORDER(label, relaxed, acq_rel), \
	                  PP_ORDER(label, relaxed, acquire), $)

#define pp_light(label, fenced) PP_SWITCH(label, (void)0, model::light(fenced))
#define pp_heavy(label, fenced) PP_SWITCH(label, (void)0, model::heavy(fenced))
#define pp_full_fence(label)    PP_SWITCH(label, (void)0, model::full())
#define PP_STALL(point)         model::stall(#point)

#endif
