/* SPDX-License-Identifier: MIT */
/* pp_dump(): only loads, a buffer on the stack, and write(2), so that it may run in a
 * signal handler whatever the thread under it was doing. */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "registry.h"

struct line {
	char text[320];
	size_t length;
};

static void add_char(struct line *l, char c)
{
	if (l->length < sizeof l->text)
		l->text[l->length++] = c;
}

static void add(struct line *l, const char *text)
{
	while (*text)
		add_char(l, *text++);
}

static void add_number(struct line *l, uint64_t n)
{
	char digits[20];
	int i = 0;

	do
		digits[i++] = (char)('0' + n % 10);
	while (n /= 10);
	while (i)
		add_char(l, digits[--i]);
}

/* Names are shown as they are but for what would break the line. */
static void add_name(struct line *l, const char *name)
{
	size_t i;

	for (i = 0; i < 32 && name[i]; i++)
		add_char(l, (unsigned char)name[i] < ' ' || name[i] == 127 ? '?' : name[i]);
	if (i == 0)
		add_char(l, '-');
}

static void describe(struct line *l, struct pp_channel *ch)
{
	uint32_t ended = pp_ended(ch);
	struct pp_position p;

	pp_positions(ch, &p);
	add(l, "ring ");
	add_name(l, ch->name);
	add(l, ch->kind == PP_SPSC ? " spsc depth " : " mpmc depth ");
	add_number(l, p.depth);
	add(l, " of ");
	add_number(l, ch->capacity);
	add(l, " pushed ");
	add_number(l, p.pushed);
	add(l, " pulled ");
	add_number(l, p.pulled);
	add(l, " pushers asleep ");
	add_number(l, pp_load(&pp_sleepers_of(ch, MEET_PUSH)->asleep));
	add(l, " pullers asleep ");
	add_number(l, pp_load(&pp_sleepers_of(ch, MEET_PULL)->asleep));
	add(l, !ended ? " open" : "");
	add(l, ended & RING_CLOSED ? " closed" : "");
	add(l, ended & RING_CANCELLED ? " cancelled" : "");
	add_char(l, '\n');
}

/* 0, or the negative errno value of write(2). */
static int write_all(int fd, const char *text, size_t length)
{
	while (length) {
		long n = syscall(SYS_write, fd, text, length); /* no cancellation point */

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			length -= (size_t)n;
		}
	}
	return 0;
}

static int show(struct pp_channel *ch, void *context)
{
	struct line l = { .length = 0 };

	describe(&l, ch);
	return write_all(*(int *)context, l.text, l.length);
}

int pp_dump(int fd)
{
	int saved = errno;
	int r = pp_each_ring(show, &fd);

	errno = saved;
	return r;
}
