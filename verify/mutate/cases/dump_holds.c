/* SPDX-License-Identifier: MIT */
/* A ring that ends while pp_dump() runs keeps its memory until that has finished, and then gives
 * it back. */
#include "support.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

SUITE(dump_holds);

/* ---- The library calls these, as the program's come first ---------------------------------- */

static void *blocks[16]; /* its aligned ones that are not given back */
static unsigned taken;

void *aligned_alloc(size_t alignment, size_t size)
{
	void *block = NULL;

	if (posix_memalign(&block, alignment, size))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
		if (!blocks[i]) {
			blocks[i] = block;
			taken++;
			break;
		}
	return block;
}

void free(void *block)
{
	extern void __libc_free(void *block);

	for (size_t i = 0; block && i < ARRAY_LEN(blocks); i++)
		if (blocks[i] == block) {
			blocks[i] = NULL;
			taken--;
		}
	__libc_free(block);
}

static struct ends goes; /* when the dump writes its next line */
static unsigned lines;

static long pass_to_kernel(long number, const long *a)
{
	static long (*kernel)(long, ...);

	if (!kernel)
		*(void **)&kernel = dlsym(RTLD_NEXT, "syscall");
	return kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

long syscall(long number, ...)
{
	long a[6];
	va_list rest;

	va_start(rest, number);
	for (size_t i = 0; i < ARRAY_LEN(a); i++)
		a[i] = va_arg(rest, long);
	va_end(rest);
	if (number == SYS_write) {
		lines++;
		ends_let_go(&goes);
		goes = (struct ends){ NULL, NULL };
	}
	return pass_to_kernel(number, a);
}

/* ---- The cases ------------------------------------------------------------------------------- */

static void dump_to_nowhere(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	EXPECT(fd >= 0);
	EXPECT_EQ(pp_dump(fd), 0);
	EXPECT_EQ(close(fd), 0);
}

static void ends_in_a_dump(pp_kind kind, size_t capacity)
{
	struct ends other;
	unsigned held;

	goes = ends_open(kind, capacity);
	held = taken;
	EXPECT_EQ(held, capacity ? 2 : 1);
	lines = 0;
	dump_to_nowhere();
	EXPECT_EQ(lines, 1);
	EXPECT(goes.tx == NULL);
	EXPECT_EQ(taken, held); /* the dump might still have looked at it */
	other = ends_open(kind, capacity);
	EXPECT_EQ(taken, held); /* of the other */
	ends_let_go(&other);
	EXPECT_EQ(taken, 0);
}

Test(dump_holds, a_ring_that_ends_in_a_dump_goes_with_the_next_one)
{
	for (size_t capacity = 0; capacity < 3; capacity++)
		for_each_kind(capacity, ends_in_a_dump);
}

static void ends_after_a_dump(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	dump_to_nowhere();
	EXPECT(taken > 0);
	ends_let_go(&e);
	EXPECT_EQ(taken, 0);
}

Test(dump_holds, after_a_dump_a_ring_goes_at_once)
{
	for (size_t capacity = 0; capacity < 3; capacity++)
		for_each_kind(capacity, ends_after_a_dump);
}
