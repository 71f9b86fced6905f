/* SPDX-License-Identifier: MIT */
/* What every target shares: the string that it reads its operations from, and how it fails. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t left;
};

/* The next byte; 0 behind the end. */
static inline unsigned take(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->data++;
}

static inline unsigned take_below(struct input *in, unsigned n)
{
	return take(in) % n;
}

/* A result that was not foreseen.  With FUZZ_TRACE in the environment every operation is printed,
 * so that the last lines before this one say how it came to that. */
_Noreturn void fuzz_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void fuzz_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define FUZZ_CHECK(condition, ...) \
	((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, __VA_ARGS__))

/* What the program does now, for the message. */
extern const char *fuzz_input_name;

#endif
