/* SPDX-License-Identifier: MIT */
/* What the compiler can be told, and the size that keeps two writers apart. */
#ifndef PP_BASE_COMPILER_H
#define PP_BASE_COMPILER_H

#include <stddef.h>

#define pp_likely(x)   __builtin_expect(!!(x), 1)
#define pp_unlikely(x) __builtin_expect(!!(x), 0)

#define PP_INLINE   static inline __attribute__((always_inline))
/* The path of nearly every item begins a line of its own: how fast it is must not hang on
 * what the linker puts before it. */
#define PP_HOT __attribute__((aligned(64)))
#define PP_NOINLINE __attribute__((noinline, cold, unused))

/* Adjacent 64-byte lines are fetched in pairs on x86, so what two sides write is
 * kept two lines apart. */
#define PP_LINE 128
#define PP_OWN_LINE _Alignas(PP_LINE)

/* Begin to bring the line of an address here, to be read; or all whole lines of some bytes. */
#define pp_fetch_line(address) __builtin_prefetch(address)

/* The same for an address that is about to be written: one way of the line instead of two. */
PP_INLINE void pp_fetch_to_write(const void *address)
{
#if defined(__x86_64__)
	/* The builtin is this only where the build may use it; where it is missing it does nothing. */
	__asm__ __volatile__("prefetchw %0" : : "m"(*(const char *)address));
#else
	__builtin_prefetch(address, 1);
#endif
}

PP_INLINE void pp_fetch(const void *from, size_t bytes)
{
	const unsigned char *line = (const unsigned char *)from;

	for (; bytes >= 64; bytes -= 64, line += 64)
		pp_fetch_line(line);
}

PP_INLINE void pp_fetch_all_to_write(const void *from, size_t bytes)
{
	const unsigned char *line = (const unsigned char *)from;

	for (; bytes >= 64; bytes -= 64, line += 64)
		pp_fetch_to_write(line);
}

PP_INLINE void pp_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || (defined(__arm__) && __ARM_ARCH >= 7)
	__asm__ __volatile__("yield" ::: "memory");
#elif defined(__riscv)
	__asm__ __volatile__(".4byte 0x0100000f" ::: "memory"); /* pause hint (a fence) */
#else
	__asm__ __volatile__("" ::: "memory");
#endif
}

#endif
