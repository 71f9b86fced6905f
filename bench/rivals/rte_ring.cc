/* SPDX-License-Identifier: MIT */
/*
 * DPDK's rte_ring on memory of our own, which needs no EAL.  RIVAL_RTE says which of its kinds:
 * sp_sc, mp_mc (its default), or hts, where one thread at a time may be inside.  EXACT_SZ, its
 * flag for sizes that are no power of two less one.
 */
#include "rival.h"

#include <rte_ring.h>

#include <cstdlib>
#include <new>

struct free_it {
	void operator()(rte_ring *ring) const { std::free(ring); }
};

#define sp_sc 1
#define mp_mc 2
#define hts   3

#if RIVAL_RTE == sp_sc
#define RTE_PUSH  rte_ring_sp_enqueue_burst_elem
#define RTE_PULL  rte_ring_sc_dequeue_burst_elem
#define RTE_FLAGS (RING_F_SP_ENQ | RING_F_SC_DEQ)
#define RTE_ABOUT "DPDK rte_ring SP/SC, burst, try and yield"
#define RTE_MOST  1
#elif RIVAL_RTE == mp_mc
#define RTE_PUSH  rte_ring_mp_enqueue_burst_elem
#define RTE_PULL  rte_ring_mc_dequeue_burst_elem
#define RTE_FLAGS 0
#define RTE_ABOUT "DPDK rte_ring MP/MC, burst, try and yield, spins for a thread inside"
#define RTE_MOST  0
#else
#define RTE_PUSH  rte_ring_mp_hts_enqueue_burst_elem
#define RTE_PULL  rte_ring_mc_hts_dequeue_burst_elem
#define RTE_FLAGS (RING_F_MP_HTS_ENQ | RING_F_MC_HTS_DEQ)
#define RTE_ABOUT "DPDK rte_ring HTS, burst, try and yield, spins for a thread inside"
#define RTE_MOST  0
#endif

template <class T> struct dpdk_ring {
	explicit dpdk_ring(const pp_bench_spec &spec)
	{
		unsigned most = unsigned(spec.capacity), count = 1;
		ssize_t bytes;
		void *memory;

		while (count < most + 1)
			count *= 2;
		bytes = rte_ring_get_memsize_elem(sizeof(T), count);
		memory = bytes > 0 ? std::aligned_alloc(128, (size_t(bytes) + 127) & ~size_t(127)) :
				     nullptr;
		ring.reset(static_cast<rte_ring *>(memory));
		if (!ring || rte_ring_init(ring.get(), "rival", most, RTE_FLAGS | RING_F_EXACT_SZ))
			throw std::bad_alloc();
	}

	dpdk_ring &pusher() { return *this; }
	dpdk_ring &puller() { return *this; }

	ssize_t try_push_n(const T *items, size_t count)
	{
		return RTE_PUSH(ring.get(), items, sizeof(T), unsigned(count), nullptr);
	}

	size_t try_pull_n(T *items, size_t count)
	{
		return RTE_PULL(ring.get(), items, sizeof(T), unsigned(count), nullptr);
	}

	bool try_push(const T &item) { return try_push_n(&item, 1); }
	bool try_pull(T &item) { return try_pull_n(&item, 1); }
	size_t size() const { return rte_ring_count(ring.get()); }

	std::unique_ptr<rte_ring, free_it> ring;
};

RIVAL(dpdk_ring, RTE_ABOUT,
      PP_BENCH_FIFO | PP_BENCH_PRODUCER_FIFO | PP_BENCH_BOUNDED | PP_BENCH_EXACT,
      RTE_MOST, RTE_MOST)
