/* SPDX-License-Identifier: MIT */
/*
 * pipe(2).  The kernel counts whole pages, so the capacity is a wish: the pipe gets the
 * size that comes next above it.  Items up to PIPE_BUF bytes stay whole: a write that does
 * not fit behind the last one begins a page, so no read of one item is torn between consumers.
 */
#include "queues.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct pipe_queue {
	int    in, out;
	size_t item_size, capacity;
};

static inline int push(struct pipe_queue *q, const void *item)
{
	ssize_t n;

	do
		n = write(q->in, item, q->item_size);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)q->item_size ? 0 : -EPIPE;
}

static inline int pull(struct pipe_queue *q, void *item)
{
	size_t got = 0;

	while (got < q->item_size) {
		ssize_t n = read(q->out, (char *)item + got, q->item_size - got);

		if (n == 0 || (n < 0 && errno != EINTR))
			return -EPIPE;
		got += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

PP_BENCH_PRODUCE(produce, push(queue, item))
PP_BENCH_CONSUME(consume, pull(queue, item))

static int open_pipe(void **queue, const pp_bench_spec *spec)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes;
	struct pipe_queue *q;
	int ends[2], size;

	if (!spec->capacity || spec->item_size > PIPE_BUF || spec->capacity > INT_MAX)
		return -EOPNOTSUPP;
	/* What is left of a page when no further item fits is lost. */
	bytes = (spec->capacity - 1) / (page / spec->item_size) * page + page;
	if (bytes > INT_MAX)
		return -EOPNOTSUPP;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	size = fcntl(ends[1], F_SETPIPE_SZ, (int)bytes);
	if (size < 0) {
		close(ends[0]);
		close(ends[1]);
		return -EOPNOTSUPP;
	}
	q = malloc(sizeof(*q));
	if (!q)
		return -ENOMEM;
	*q = (struct pipe_queue){ .in = ends[1], .out = ends[0], .item_size = spec->item_size,
				  .capacity = (size_t)size / page * (page / spec->item_size) };
	*queue = q;
	return 0;
}

static void close_pipe(void *queue)
{
	struct pipe_queue *q = queue;

	close(q->in);
	q->in = -1;
}

static void destroy(void *queue)
{
	struct pipe_queue *q = queue;

	if (q->in >= 0)
		close(q->in);
	close(q->out);
	free(q);
}

static size_t depth(void *queue)
{
	struct pipe_queue *q = queue;
	int bytes = 0;

	ioctl(q->out, FIONREAD, &bytes);
	return (size_t)bytes / q->item_size;
}

static size_t capacity(void *queue)
{
	struct pipe_queue *q = queue;

	return q->capacity;
}

const pp_bench_queue queue_pipe = {
	PP_BENCH_HEADER, .name = "pipe", .about = "pipe(2), whole pages",
	.guarantees = PP_BENCH_FIFO | PP_BENCH_PRODUCER_FIFO | PP_BENCH_BOUNDED | PP_BENCH_BLOCKS,
	.open = open_pipe, .produce = produce, .consume = consume, .close = close_pipe,
	.destroy = destroy, .depth = depth, .capacity = capacity,
};
