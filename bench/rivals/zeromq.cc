/* SPDX-License-Identifier: MIT */
/*
 * ZeroMQ, PUSH to PULL over inproc: a socket per producer, all connected to one consumer's.  Each
 * connection is a pipe of its own, so the capacity is shared out over them; a pipe holds
 * the high-water marks of its two ends.  No I/O threads, as inproc needs none.
 */
#include "rival.h"

#include <zmq.h>

#include <new>
#include <vector>

template <class T> class zeromq {
	struct end {
		void *socket;

		bool push_as(const T &item, int how)
		{
			return zmq_send(socket, &item, sizeof(item), how) >= 0;
		}

		bool pull_as(T &item, int how)
		{
			return zmq_recv(socket, &item, sizeof(item), how) >= 0;
		}

		bool try_push(const T &item) { return push_as(item, ZMQ_DONTWAIT); }
		bool try_pull(T &item) { return pull_as(item, ZMQ_DONTWAIT); }

		/* A signal is no reason to give up. */
		bool push(const T &item)
		{
			while (!push_as(item, 0)) {}
			return true;
		}

		bool pull(T &item)
		{
			while (!pull_as(item, 0)) {}
			return true;
		}
	};

	void *add(int type, int option, int items, bool bind)
	{
		void *socket = zmq_socket(context_, type);
		int no_linger = 0;

		if (!socket)
			throw std::bad_alloc();
		sockets_.push_back(socket);
		if (zmq_setsockopt(socket, option, &items, sizeof(items)) ||
		    zmq_setsockopt(socket, ZMQ_LINGER, &no_linger, sizeof(no_linger)) ||
		    (bind ? zmq_bind : zmq_connect)(socket, "inproc://rival"))
			throw std::bad_alloc();
		return socket;
	}

	/* A mark of 0 would mean none. */
	int mark(size_t side) const
	{
		size_t each = (spec_.capacity / spec_.producers + side) / 2;

		return each ? static_cast<int>(each) : 1;
	}


	const pp_bench_spec spec_;
	void *context_;
	std::vector<void *> sockets_; /* the consumer's, then the producers' */
	std::atomic<unsigned> next_{0};

public:
	explicit zeromq(const pp_bench_spec &spec) : spec_(spec), context_(zmq_ctx_new())
	{
		zmq_ctx_set(context_, ZMQ_IO_THREADS, 0);
		sockets_.reserve(spec.producers + 1);
		add(ZMQ_PULL, ZMQ_RCVHWM, mark(0), true);
		for (unsigned i = 0; i < spec.producers; i++)
			add(ZMQ_PUSH, ZMQ_SNDHWM, mark(1), false);
	}

	~zeromq()
	{
		for (void *socket : sockets_)
			zmq_close(socket);
		zmq_ctx_term(context_);
	}

	/* Sockets may change threads, one after the other: whoever closes gets one that is done. */
	end pusher() { return { sockets_[1 + next_.fetch_add(1) % spec_.producers] }; }
	end puller() { return { sockets_[0] }; }

	size_t capacity() const { return static_cast<size_t>(mark(0) + mark(1)) * spec_.producers; }
};

RIVAL(zeromq, "ZeroMQ PUSH/PULL over inproc, zmq_send and zmq_recv sleep",
      PP_BENCH_PRODUCER_FIFO | PP_BENCH_BOUNDED | PP_BENCH_BLOCKS, 0, 1)
