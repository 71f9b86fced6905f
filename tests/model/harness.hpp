/* SPDX-License-Identifier: MIT */
/* Running a model: the scheduler, the named properties, and what is printed. */
#ifndef HARNESS_HPP
#define HARNESS_HPP

#include "base/atomic.h"

namespace model {

/* The property that the last execution broke; mutants.tsv names them. */
static const char *broken;
/* Over all executions: what really happened. */
static uint64_t moved, slept, executions;

static inline void require(bool ok, const char *property, rl::debug_info_param info)
{
	if (ok)
		return;
	broken = property;
	rl::ctx().fail_test(property, rl::test_result_user_assert_failed, info);
}

#define REQUIRE(ok, property) model::require((ok), (property), $)

/* A name, what each thread does, a letter for each step, and how many executions of a default run. */
struct bare_scenario {
	const char *name;
	const char *thread[N];
	unsigned thousands;
};

/*
 * Which thread goes on.  Relacy's own choice, each step any thread, hardly ever stops
 * one thread for long, and long stops are what lost wakes are made of.  So each
 * execution draws a habit: how likely a thread is to go on, and whether one thread is
 * frozen for a while; and how readily deadlines pass and signals come.
 */
template<rl::thread_id_t n>
class scheduler
	: public rl::scheduler<scheduler<n>, rl::scheduler_thread_info, n> {
public:
	typedef rl::scheduler<scheduler<n>, rl::scheduler_thread_info, n> base;
	typedef typename base::shared_context_t shared_context_t;
	struct task_t {};

	scheduler(rl::test_params &p, shared_context_t &c, rl::thread_id_t dynamic)
		: base(p, c, dynamic) {}

	rl::thread_id_t iteration_begin_impl()
	{
		rl::unpark_reason reason;

		random = this->iter_ * UINT64_C(0x9e3779b97f4a7c15) + 1;
		stay = draw(4);
		frozen = draw(2) ? (rl::thread_id_t)draw(n) : -1;
		from = draw(60);
		until = from + draw(200);
		step = 0;
		early = 4u << 2 * draw(4);
		return schedule_impl(reason, 1);
	}

	bool iteration_end_impl() { return this->iter_ >= this->params_.iteration_count; }

	rl::thread_id_t schedule_impl(rl::unpark_reason &reason, unsigned yield)
	{
		step++;
		if (this->timed_thread_count_ && (!this->running_threads_count || draw(early) == 0)) {
			rl::scheduler_thread_info *t = out_of_time();

			if (t)
				return end_sleep(t, rl::unpark_reason_timeout, reason);
		}
		if (this->spurious_thread_count_ && this->running_threads_count && draw(4 * early) == 0)
			return end_sleep(this->spurious_threads_[draw(this->spurious_thread_count_)],
			                 rl::unpark_reason_spurious, reason);
		reason = rl::unpark_reason_normal;
		if (!yield && stay && this->thread_ &&
		    this->thread_->state_ == rl::thread_state_running &&
		    this->thread_->index_ != halted() && draw(1u << stay) != 0)
			return this->thread_->index_;
		return any();
	}

	unsigned rand_impl(unsigned limit, rl::sched_type) { return draw(limit); }
	rl::iteration_t iteration_count_impl() { return this->params_.iteration_count; }
	void get_state_impl(std::ostream &) {}
	void set_state_impl(std::istream &) {}
	void on_thread_block(rl::thread_id_t, bool) {}

private:
	uint64_t random;
	rl::thread_id_t frozen;
	unsigned stay, from, until, step, early;

	unsigned draw(unsigned limit)
	{
		uint64_t z = random += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		return (unsigned)((z ^ z >> 31) % limit);
	}

	rl::thread_id_t halted() const { return step >= from && step < until ? frozen : -1; }

	rl::thread_id_t any()
	{
		unsigned count = this->running_threads_count;
		unsigned i = draw(count);

		if (count > 1 && this->running_threads[i] == halted())
			i = (i + 1 + draw(count - 1)) % count;
		return this->running_threads[i];
	}

	/* The patient only when nobody else is left. */
	rl::scheduler_thread_info *out_of_time()
	{
		unsigned count = this->timed_thread_count_, first = draw(count);

		for (unsigned i = 0; i < count; i++) {
			rl::scheduler_thread_info *t = this->timed_threads_[(first + i) % count];

			if (!S.patient[t->index_])
				return t;
		}
		return this->running_threads_count ? 0 : this->timed_threads_[first];
	}

	rl::thread_id_t end_sleep(rl::scheduler_thread_info *t, rl::unpark_reason why,
	                          rl::unpark_reason &reason)
	{
		this->unpark_thread(t->index_);
		reason = why;
		return t->index_;
	}
};

static inline const char *property_of(rl::test_result_e r)
{
	switch (r) {
	case rl::test_result_user_assert_failed:     return broken;
	case rl::test_result_data_race:              return "data race";
	case rl::test_result_unitialized_access:     return "uninitialized";
	case rl::test_result_access_to_freed_memory: return "freed memory";
	case rl::test_result_deadlock:               return "deadlock";
	case rl::test_result_livelock:               return "livelock";
	default:                                     return rl::test_result_str(r);
	}
}

/* Run suite T.  True: no execution broke anything. */
template<class T>
bool run(const char *name, uint64_t count, bool history)
{
	typedef scheduler<N> sched;
	rl::test_params p;
	rl::ostringstream state, text;
	rl::test_result_e r;

	p.iteration_count = count;
	p.output_stream = p.progress_stream = &text;
	p.execution_depth_limit = 20000;
	broken = 0;
	moved = slept = executions = 0;
	r = rl::run_test<T, sched>(p, state, false);
	printf("%s: %llu executions, %llu moved, %llu sleeps: ", name,
	       (unsigned long long)executions, (unsigned long long)moved,
	       (unsigned long long)slept);
	if (r == rl::test_result_success) {
		puts("ok");
		return true;
	}
	printf("BROKEN %s (execution %llu)\n", property_of(r), (unsigned long long)p.stop_iteration);
	if (history) {
		p.initial_state = state.str();
		p.collect_history = true;
		rl::run_test<T, sched>(p, state, true);
		puts(text.str().c_str());
	}
	return false;
}

} // namespace model

#endif
