/* SPDX-License-Identifier: MIT */
/* In place of what the library takes from the system: memory, futexes, descriptors, fences, and how
 * long to spin. */
#include <errno.h>
#include <stdio.h>

#include "explore.h"
#include "sched.h"

#include "base/atomic.h"
#include "park/futex.h"
#include "park/pollable.h"
#include "park/spin.h"

#undef aligned_alloc
#undef free

/* ---- memory ------------------------------------------------------------------------------ */

enum { MOST_BLOCKS = 16 };

static struct block {
	unsigned char *memory;
	size_t size;
	bool used, freed; /* what is freed stays until the end, so that a late access shows */
} blocks[MOST_BLOCKS];
static unsigned blocks_freed;

enum { MOST_FDS = 4, FIRST_FD = 1000 };

static struct { bool open, readable; } fds[MOST_FDS];

void steps_forget_memory(void)
{
	unsigned i;

	for (i = 0; i < MOST_BLOCKS; i++)
		blocks[i].used = blocks[i].freed = false;
	blocks_freed = 0;
	memset(fds, 0, sizeof fds);
}

void *steps_alloc(size_t align, size_t size)
{
	struct block *b, *found = NULL;

	for (b = blocks; b < blocks + MOST_BLOCKS; b++)
		if (!b->used && b->size == size) {
			found = b;
			break;
		} else if (!b->size && !found) {
			found = b;
		}
	if (!found)
		abort();
	if (!found->size) {
		found->size = size;
		found->memory = aligned_alloc(align, size);
	}
	found->used = true;
	memset(found->memory, 0xa5, size);
	return found->memory;
}

void steps_free(void *memory)
{
	unsigned i;

	if (!memory)
		return;
	for (i = 0; i < MOST_BLOCKS; i++)
		if (blocks[i].memory == memory && blocks[i].used) {
			if (blocks[i].freed)
				steps_fail("freed memory", "a block is freed twice");
			blocks[i].freed = true;
			blocks_freed++;
			memset(memory, 0xdd, blocks[i].size);
			return;
		}
	free(memory);
}

unsigned steps_not_freed(void)
{
	unsigned n = 0, i;

	for (i = 0; i < MOST_BLOCKS; i++)
		n += blocks[i].used && !blocks[i].freed;
	return n;
}

void steps_check_block(const struct steps_site *site, const void *address)
{
	const unsigned char *p = address;
	unsigned i;

	for (i = 0; blocks_freed && i < MOST_BLOCKS; i++) {
		const struct block *b = &blocks[i];

		if (b->freed && p >= b->memory && p < b->memory + b->size)
			steps_fail("freed memory", "%s:%d: %s %s", site->file, site->line,
			           site->what, site->text);
	}
}

/* ---- futexes ------------------------------------------------------------------------------ */

int pp_futex_wait(PP_ATOMIC(uint32_t) *word, uint32_t expected, int64_t deadline,
                  bool interruptible)
{
	static const struct steps_site site = { "futex", 0, "wait", "" };

	return steps_sleep(&site, word, expected, deadline, interruptible);
}

uint32_t pp_futex_wake(PP_ATOMIC(uint32_t) *word, uint32_t n)
{
	static const struct steps_site site = { "futex", 0, "wake", "" };

	return steps_wake(&site, word, n);
}

/* ---- descriptors --------------------------------------------------------------------------- */

int pp_pollable_open(void)
{
	int i;

	for (i = 0; i < MOST_FDS; i++)
		if (!fds[i].open) {
			fds[i].open = true;
			fds[i].readable = false;
			return FIRST_FD + i;
		}
	return -EMFILE;
}

bool *steps_fd_flag(int fd)
{
	if (fd < FIRST_FD || fd >= FIRST_FD + MOST_FDS || !fds[fd - FIRST_FD].open)
		steps_fail("descriptor", "%d is not open", fd);
	return &fds[fd - FIRST_FD].readable;
}

void pp_pollable_close(int fd)
{
	*steps_fd_flag(fd) = false;
	fds[fd - FIRST_FD].open = false;
}

void pp_pollable_signal(int fd)
{
	static const struct steps_site site = { "eventfd", 0, "signal", "" };

	steps_at(&site);
	steps_set(steps_fd_flag(fd));
}

void pp_pollable_reset(int fd)
{
	static const struct steps_site site = { "eventfd", 0, "reset", "" };

	steps_at(&site);
	*steps_fd_flag(fd) = false;
}

unsigned steps_fds_open(void)
{
	unsigned n = 0, i;

	for (i = 0; i < MOST_FDS; i++)
		n += fds[i].open;
	return n;
}

/* ---- fences ------------------------------------------------------------------------------- */

bool pp_fence_needed(void)
{
	return steps_options.fenced;
}

/* ---- spinning: one more look, or none ------------------------------------------------------ */

void pp_spin_init(struct pp_spin *spin, int64_t spin_ns, struct pp_spin_wish wish)
{
	(void)wish;
	spin->adaptive = spin_ns == 0;
	spin->alone = !steps_options.spins;
}

bool pp_spin_pace(struct pp_spin *spin, uint64_t found, bool trying)
{
	(void)found;
	(void)trying;
	return !spin->alone;
}

void pp_spin_begin(struct pp_spinner *s, struct pp_spin *spin)
{
	s->spin = spin;
	s->looks = 0;
}

bool pp_spin_step(struct pp_spinner *s)
{
	return !s->spin->alone && s->looks++ == 0;
}

void pp_spin_end(struct pp_spinner *s, bool won)
{
	(void)s;
	(void)won;
}

void pp_spin_parked(struct pp_spinner *s)
{
	(void)s;
}

/* ---- choices, hooks, calls ------------------------------------------------------------------- */

bool steps_weak_fails(void)
{
	static const struct option two[2] = { { OPTION_PICK, 0 }, { OPTION_PICK, 1 } };

	return steps_is_running() && steps_options.fine && explore_decide(two, 2, 1, true);
}

uint32_t steps_random_below(uint32_t n)
{
	struct option o[MOST_OPTIONS];
	unsigned i;

	for (i = 0; i < n; i++)
		o[i] = (struct option){ OPTION_PICK, (unsigned char)i };
	return steps_is_running() ? explore_decide(o, n, n, false) : 0;
}

void steps_stall(enum pp_stall_point point)
{
	static const char *const names[] = {
#define NAME(name) #name,
		PP_STALL_POINTS(NAME)
#undef NAME
	};
	struct steps_site site = { "hook", point, "at", names[point] };

	if (steps_options.fine)
		steps_note(&site); /* the next access is the step */
	else
		steps_at(&site);
}

void steps_call(char letter, const char *what)
{
	char text[2] = { letter, '\0' };
	struct steps_site site = { "script", 0, text, what };

	steps_at(&site);
}
