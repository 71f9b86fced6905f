/* SPDX-License-Identifier: MIT */
/*
 * pushpull-bench: how a queue presents itself to be measured.
 *
 * A queue is measured as its users have it, inlined: what it hands to the harness
 * are not push and pull but whole loops, made here from one expression for each.
 * Build them into a shared object that exports one symbol, `pp_bench_queue_v1`:
 *
 *     static int mine_push(struct mine *q, const void *item);   0, or not 0: give up
 *     static int mine_pull(struct mine *q, void *item);         0, or not 0: the end
 *
 *     PP_BENCH_PRODUCE(mine_produce, mine_push(queue, item))
 *     PP_BENCH_CONSUME(mine_consume, mine_pull(queue, item))
 *
 *     PP_BENCH_EXPORT = {
 *         PP_BENCH_HEADER, .name = "mine", .guarantees = PP_BENCH_FIFO | PP_BENCH_BOUNDED,
 *         .open = mine_open, .produce = mine_produce, .consume = mine_consume,
 *         .close = mine_close, .destroy = mine_destroy, .depth = mine_depth,
 *     };
 *
 *     cc -O3 -shared -fPIC mine.c -o mine.so && pushpull-bench check --queue ./mine.so
 *
 * C++ has pp_bench::adapter<Queue> at the end of this file instead.  A complete
 * plugin is in docs/benchmarking.md.
 *
 * An item has 1 byte or more, and is aligned to 8 if its size is a multiple of that.  Its
 * first 8 bytes are its word: from the top, one bit that marks an item whose way through the
 * queue is timed, 15 bits of the producer's number, 48 bits of sequence.  A smaller item has
 * the mark and as many of the low bits as fit.  The queue copies items and need not
 * look at them.
 */
#ifndef PUSHPULL_BENCH_H
#define PUSHPULL_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PP_BENCH_ABI 1u

#define PP_BENCH_MARK      (UINT64_C(1) << 63)
#define PP_BENCH_SEQ_BITS  48
#define PP_BENCH_SEQ_MASK  ((UINT64_C(1) << PP_BENCH_SEQ_BITS) - 1)
#define PP_BENCH_PRODUCER(word) ((unsigned)(((word) >> PP_BENCH_SEQ_BITS) & 0x7fff))

/* What a queue promises; `check` verifies it, and every table shows it. */
#define PP_BENCH_FIFO          0x001u /* one order for all items                       */
#define PP_BENCH_PRODUCER_FIFO 0x002u /* each producer's items stay in order (FIFO implies it) */
#define PP_BENCH_BOUNDED       0x004u /* a push into a full queue does not succeed     */
#define PP_BENCH_EXACT         0x008u /* holds exactly the capacity asked for          */
#define PP_BENCH_BLOCKS        0x010u /* waits asleep (without it: waits spinning)     */
#define PP_BENCH_RENDEZVOUS    0x020u /* capacity 0 is a hand-off                      */
#define PP_BENCH_BATCHES       0x040u /* honours spec->batch                           */
#define PP_BENCH_FORMS         0x080u /* honours spec->form                            */

typedef enum pp_bench_form {
	PP_BENCH_BLOCKING = 0, /* wait until it can be done    */
	PP_BENCH_TRY      = 1, /* ask again until it was done  */
	PP_BENCH_DEADLINE = 2  /* wait, with a far deadline    */
} pp_bench_form;

#define PP_BENCH_PARK 0x1u /* spec->flags: a waiter shall sleep at once, without spinning */

/* What is to be opened.  Fields are only ever added at the end. */
typedef struct pp_bench_spec {
	size_t        size;         /* sizeof(pp_bench_spec) of the harness              */
	size_t        capacity;     /* items                                             */
	size_t        item_size;    /* bytes, 1 or more                                  */
	unsigned      producers, consumers;
	unsigned      batch;        /* items per call                                    */
	pp_bench_form form;
	unsigned      flags;
	uint64_t      memory_limit; /* bytes an unbounded queue may take; then push fails */
} pp_bench_spec;

/*
 * One thread of a run.  The harness fills it, the loops below use it; a queue that
 * uses the loops never touches it.
 */
typedef struct pp_bench_side pp_bench_side;
struct pp_bench_side {
	uint64_t  word;      /* producer: word of its next item                            */
	uint64_t  left;      /* producer: items yet to push; consumer: most to pull        */
	uint64_t  run;       /* producer: items until `tick` wants to be called            */
	uint64_t  mark;      /* producer: 0 or PP_BENCH_MARK, for the last item of the run */
	uint64_t  moved;     /* items pushed or pulled                                     */
	uint64_t  sum;       /* consumer: sum of the words, with wrap-around               */
	uint64_t  work;      /* rounds of pp_bench_work after each item                    */
	int64_t   deadline;  /* of the deadline form, CLOCK_MONOTONIC, ns                  */
	void     *items;     /* room for `batch` items                                     */
	size_t    item_size;
	size_t    batch;
	void    (*tick)(pp_bench_side *side);                /* the run is over: set the next  */
	void    (*marked)(pp_bench_side *side, uint64_t word); /* consumer: a marked item came */
	void    (*verify)(pp_bench_side *side, uint64_t word); /* consumer: every item, or NULL */
	void     *queue;
	void     *harness;
};

typedef struct pp_bench_counts {
	uint64_t push_parks, pull_parks; /* times a thread went to sleep               */
	uint64_t push_wakes, pull_wakes; /* system calls made to wake one              */
	uint64_t memory;                 /* most bytes held, for queues without bounds */
} pp_bench_counts;

/* A queue.  Everything is required but what is marked as optional (NULL). */
typedef struct pp_bench_queue {
	uint32_t    abi;         /* PP_BENCH_ABI                                     */
	uint32_t    size;        /* sizeof(pp_bench_queue)                           */
	const char *name;
	const char *about;       /* one line, or NULL                                */
	uint32_t    guarantees;
	uint32_t    max_producers, max_consumers; /* 0: any number                   */

	int  (*open)(void **queue, const pp_bench_spec *spec); /* 0, or a negative errno value */
	void (*produce)(void *queue, pp_bench_side *side);
	void (*consume)(void *queue, pp_bench_side *side);
	void (*close)(void *queue);   /* all is pushed: consumers drain, then stop   */
	void (*destroy)(void *queue); /* nobody uses it any more                     */
	size_t (*depth)(void *queue); /* optional: items inside now, from the true indices */
	void (*counts)(void *queue, pp_bench_counts *counts); /* optional                  */
	size_t (*capacity)(void *queue); /* optional: what it holds, where not what was asked */
} pp_bench_queue;

#define PP_BENCH_SYMBOL "pp_bench_queue_v1"

#if defined(__GNUC__)
#define PP_BENCH_PUBLIC __attribute__((visibility("default")))
#else
#define PP_BENCH_PUBLIC
#endif

extern PP_BENCH_PUBLIC const pp_bench_queue pp_bench_queue_v1;
#define PP_BENCH_EXPORT const pp_bench_queue pp_bench_queue_v1
#define PP_BENCH_HEADER .abi = PP_BENCH_ABI, .size = sizeof(pp_bench_queue)

/* ---- What the loops are made of ------------------------------------------ */

/* A relaxation for the loops that spin. */
static inline void pp_bench_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
	__asm__ __volatile__("yield");
#else
	__asm__ __volatile__("");
#endif
}

/* Work between two items: a chain that no compiler shortens and no CPU runs ahead of. */
static inline void pp_bench_work(uint64_t rounds)
{
	uint64_t x = rounds;

	while (rounds--) {
		x = x * UINT64_C(6364136223846793005) + 1;
		__asm__ __volatile__("" : "+r"(x));
	}
}

/* Items are written in their first word only: the rest is copied, not made.  These two are
 * for items of 8 bytes or more; a smaller one lies in 8 bytes that may be read. */
static inline void pp_bench_put(void *item, uint64_t word)
{
	memcpy(item, &word, sizeof(word));
}

static inline uint64_t pp_bench_get(const void *item)
{
	uint64_t word;

	memcpy(&word, item, sizeof(word));
	return word;
}

/* Size of an item that is too small for a whole word, else 0. */
static inline size_t pp_bench_few(const pp_bench_side *side)
{
	return side->item_size < sizeof(uint64_t) ? side->item_size : 0;
}

static inline void pp_bench_put_low(void *item, uint64_t word, size_t few)
{
	unsigned char *bytes = (unsigned char *)item;
	const uint64_t top = UINT64_C(1) << (8 * few - 1);
	uint64_t low = (word & (top - 1)) | (word & PP_BENCH_MARK ? top : 0);
	size_t i;

	for (i = 0; i < few; i++)
		bytes[i] = (unsigned char)(low >> 8 * i);
}

static inline uint64_t pp_bench_get_low(const void *item, size_t few)
{
	const unsigned char *bytes = (const unsigned char *)item;
	const uint64_t top = UINT64_C(1) << (8 * few - 1);
	uint64_t low = 0;
	size_t i;

	for (i = 0; i < few; i++)
		low |= (uint64_t)bytes[i] << 8 * i;
	return low & top ? (low - top) | PP_BENCH_MARK : low;
}

/* Any size; `few` as above. */
static inline void pp_bench_write(void *item, uint64_t word, size_t few)
{
	if (few)
		pp_bench_put_low(item, word, few);
	else
		pp_bench_put(item, word);
}

static inline uint64_t pp_bench_read(const void *item, size_t few)
{
	return few ? pp_bench_get_low(item, few) : pp_bench_get(item);
}

/* Take note of one pulled item. */
static inline void pp_bench_took(pp_bench_side *side, uint64_t word, uint64_t *sum, int verify)
{
	*sum += word;
	if (word & PP_BENCH_MARK)
		side->marked(side, word);
	if (verify)
		side->verify(side, word);
}

/* Items of the run that starts now, 0 when all are pushed. */
static inline uint64_t pp_bench_run(const pp_bench_side *side)
{
	return side->run < side->left ? side->run : side->left;
}

/* `n` items of a run are pushed. */
static inline void pp_bench_ran(pp_bench_side *side, uint64_t n)
{
	side->word += n;
	side->left -= n;
	side->run -= n;
	side->moved += n;
	if (!side->run)
		side->tick(side);
}

/*
 * PP_BENCH_PRODUCE(function, PUSH) defines a produce loop.  PUSH is an expression that
 * may use `queue` (void *), `item` (const void *) and `side`; not 0: stop.
 */
#define PP_BENCH_PRODUCE(function, PUSH)                                        \
	static void function(void *queue, pp_bench_side *side)                  \
	{                                                                       \
		void *item = side->items;                                       \
		const uint64_t work = side->work;                               \
		const size_t few = pp_bench_few(side);                          \
		uint64_t n, i;                                                  \
                                                                                \
		while ((n = pp_bench_run(side)) != 0) {                         \
			const uint64_t word = side->word;                       \
			const uint64_t last = n == side->run ? n - 1 : n;       \
			const uint64_t mark = side->mark;                       \
                                                                                \
			for (i = 0; i < n; i++) {                               \
				pp_bench_write(item, (word + i) | (i == last ? mark : 0), few); \
				if ((PUSH) != 0)                                \
					break;                                  \
				if (work)                                       \
					pp_bench_work(work);                    \
			}                                                       \
			pp_bench_ran(side, i);                                  \
			if (i < n)                                              \
				return;                                         \
		}                                                               \
		(void)queue;                                                    \
	}

/* PP_BENCH_CONSUME(function, PULL): PULL fills `item` (void *); not 0: the end. */
#define PP_BENCH_CONSUME(function, PULL)                                        \
	static void function(void *queue, pp_bench_side *side)                  \
	{                                                                       \
		void *item = side->items;                                       \
		const uint64_t work = side->work, most = side->left;            \
		const int verify = side->verify != NULL;                        \
		const size_t few = pp_bench_few(side);                          \
		uint64_t sum = 0, n = 0;                                        \
                                                                                \
		while (n < most && (PULL) == 0) {                               \
			n++;                                                    \
			pp_bench_took(side, pp_bench_read(item, few), &sum, verify); \
			if (work)                                               \
				pp_bench_work(work);                            \
		}                                                               \
		side->moved += n;                                               \
		side->left -= n;                                                \
		side->sum += sum;                                               \
		(void)queue;                                                    \
	}

/*
 * The same with batches: PUSH_N pushes `count` (size_t) items that begin at `items` and
 * gives how many went in (0: ask again; negative: stop); PULL_N pulls `count` at most to `items`.
 */
#define PP_BENCH_PRODUCE_N(function, PUSH_N)                                    \
	static void function(void *queue, pp_bench_side *side)                  \
	{                                                                       \
		const uint64_t work = side->work;                               \
		const size_t few = pp_bench_few(side);                          \
		uint64_t n;                                                     \
                                                                                \
		while ((n = pp_bench_run(side)) != 0) {                         \
			char *items = (char *)side->items;                      \
			size_t count = n < side->batch ? (size_t)n : side->batch, total = count, i; \
			const size_t last = count == side->run ? count - 1 : count; \
                                                                                \
			for (i = 0; i < count; i++)                             \
				pp_bench_write(items + i * side->item_size,     \
					       (side->word + i) | (i == last ? side->mark : 0), few); \
			while (count) {                                         \
				ssize_t in = (PUSH_N);                          \
                                                                                \
				if (in < 0)                                     \
					break;                                  \
				items += (size_t)in * side->item_size;          \
				count -= (size_t)in;                            \
			}                                                       \
			if (work)                                               \
				pp_bench_work(work * (total - count));          \
			pp_bench_ran(side, total - count);                      \
			if (count)                                              \
				return;                                         \
		}                                                               \
		(void)queue;                                                    \
	}

#define PP_BENCH_CONSUME_N(function, PULL_N)                                    \
	static void function(void *queue, pp_bench_side *side)                  \
	{                                                                       \
		char *items = (char *)side->items;                              \
		const uint64_t work = side->work;                               \
		const int verify = side->verify != NULL;                        \
		const size_t few = pp_bench_few(side);                          \
		uint64_t sum = 0;                                               \
                                                                                \
		while (side->left) {                                            \
			size_t count = side->batch < side->left ? side->batch : (size_t)side->left; \
			ssize_t out = (PULL_N), i;                              \
                                                                                \
			if (out < 0)                                            \
				break;                                          \
			for (i = 0; i < out; i++)                               \
				pp_bench_took(side, pp_bench_read(items + (size_t)i * side->item_size, \
								  few), &sum, verify); \
			if (work)                                               \
				pp_bench_work(work * (uint64_t)out);            \
			side->moved += (uint64_t)out;                           \
			side->left -= (uint64_t)out;                            \
		}                                                               \
		side->sum += sum;                                               \
		(void)queue;                                                    \
	}

#ifdef __cplusplus
}

namespace pp_bench {

/*
 * A queue from a class: constructor (const pp_bench_spec &), bool push(const void *),
 * bool pull(void *), void close(), size_t depth() const.  In a plugin:
 *
 *     extern "C" const pp_bench_queue pp_bench_queue_v1 =
 *         pp_bench::adapter<mine>::queue("mine", PP_BENCH_FIFO | PP_BENCH_BOUNDED);
 */
template <class Queue> struct adapter {
	static int open(void **queue, const pp_bench_spec *spec)
	{
		try {
			*queue = new Queue(*spec);
			return 0;
		} catch (...) {
			return -12; /* -ENOMEM */
		}
	}

	PP_BENCH_PRODUCE(produce, static_cast<Queue *>(queue)->push(item) ? 0 : -1)
	PP_BENCH_CONSUME(consume, static_cast<Queue *>(queue)->pull(item) ? 0 : -1)

	static void close(void *queue) { static_cast<Queue *>(queue)->close(); }
	static void destroy(void *queue) { delete static_cast<Queue *>(queue); }
	static size_t depth(void *queue) { return static_cast<Queue *>(queue)->depth(); }

	static pp_bench_queue queue(const char *name, uint32_t guarantees,
				    uint32_t max_producers = 0, uint32_t max_consumers = 0)
	{
		return { PP_BENCH_ABI, sizeof(pp_bench_queue), name, nullptr, guarantees,
			 max_producers, max_consumers, open, produce, consume, close, destroy,
			 depth, nullptr, nullptr };
	}
};

}
#endif

#endif
