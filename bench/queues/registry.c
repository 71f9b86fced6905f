/* SPDX-License-Identifier: MIT */
#include "queues.h"

#include "util.h"

#include <dlfcn.h>
#include <string.h>

static const pp_bench_queue *const builtins[] = {
	&queue_spsc, &queue_typed, &queue_mpmc, &queue_typed_mpmc, &queue_mutex, &queue_pipe, &queue_list,
};

const pp_bench_queue *queue_at(unsigned n)
{
	return n < COUNT_OF(builtins) ? builtins[n] : NULL;
}

const pp_bench_queue *queue_find(const char *name)
{
	unsigned i;

	for (i = 0; i < COUNT_OF(builtins); i++)
		if (!strcmp(builtins[i]->name, name))
			return builtins[i];
	return NULL;
}

static void require(const char *path, bool there, const char *what)
{
	if (!there)
		bad_use("%s: %s has no '%s'", path, PP_BENCH_SYMBOL, what);
}

/* Names end up in paths of results, so they are words. */
static void check_name(const char *path, const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._+-";

	if (!*name || name[strspn(name, letters)] || queue_find(name))
		bad_use("%s: '%s' cannot be its name: letters, digits and ._+- only, no built-in's",
			path, name);
}

const pp_bench_queue *queue_load(const char *path)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const pp_bench_queue *queue;

	if (!object)
		bad_use("cannot load a queue: %s", dlerror());
	queue = dlsym(object, PP_BENCH_SYMBOL);
	if (!queue)
		bad_use("%s: no symbol %s", path, PP_BENCH_SYMBOL);
	if (queue->abi != PP_BENCH_ABI || queue->size < sizeof(*queue))
		bad_use("%s: made for another version of pushpull/bench.h (%u, here %u)", path,
			queue->abi, PP_BENCH_ABI);
	require(path, queue->name != NULL, "name");
	require(path, queue->open != NULL, "open");
	require(path, queue->produce != NULL, "produce");
	require(path, queue->consume != NULL, "consume");
	require(path, queue->close != NULL, "close");
	require(path, queue->destroy != NULL, "destroy");
	check_name(path, queue->name);
	return queue;
}

char *queue_promises(const pp_bench_queue *queue)
{
	uint32_t g = queue->guarantees;

	return text("%s, %s, %s, %s", g & PP_BENCH_FIFO ? "one FIFO" :
		    g & PP_BENCH_PRODUCER_FIFO ? "FIFO per producer only" : "no order",
		    g & PP_BENCH_EXACT ? "exact capacity" :
		    g & PP_BENCH_BOUNDED ? "bounded, not exactly" : "unbounded",
		    g & PP_BENCH_BLOCKS ? "sleeps while it waits" : "spins while it waits",
		    g & PP_BENCH_RENDEZVOUS ? "hands over at capacity 0" : "no capacity 0");
}
