/* SPDX-License-Identifier: MIT */
/*
 * A target without libFuzzer: the strings of a corpus, then pseudo-random ones.
 *
 *   replay-TARGET [-n COUNT] [-s SEED] [CORPUS.hex | FILE]...
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BYTES_MAX = 4096, RANDOM_MAX = 400, LIMIT_S = 100 };

static unsigned long replayed;

static void run_string(const char *name, const uint8_t *bytes, size_t size)
{
	uint8_t *exact = malloc(size + 1);

	FUZZ_CHECK(exact, "no memory");
	memcpy(exact, bytes, size);
	fuzz_input_name = name;
	replayed++;
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

/* A string as it is, as libFuzzer writes those that fail. */
static void run_file(const char *path, FILE *file)
{
	static uint8_t bytes[BYTES_MAX];

	run_string(path, bytes, fread(bytes, 1, sizeof(bytes), file));
}

/* A line for each string: its name, a blank, its bytes in hexadecimal. */
static void run_corpus(FILE *file)
{
	static char line[2 * BYTES_MAX + 128];
	static uint8_t bytes[BYTES_MAX];

	while (fgets(line, sizeof(line), file)) {
		char *hex = strchr(line, ' ');
		size_t size = 0;

		FUZZ_CHECK(hex, "no name: %s", line);
		*hex++ = '\0';
		for (; size < BYTES_MAX && sscanf(hex, "%2hhx", &bytes[size]) == 1; hex += 2)
			size++;
		run_string(line, bytes, size);
	}
}

static void run_path(const char *path)
{
	const char *dot = strrchr(path, '.');
	FILE *file = fopen(path, "rb");

	FUZZ_CHECK(file, "cannot open %s", path);
	if (dot && strcmp(dot, ".hex") == 0)
		run_corpus(file);
	else
		run_file(path, file);
	fclose(file);
}

static void run_random(unsigned long number, unsigned seed)
{
	uint64_t state = (uint64_t)seed << 32 ^ number;
	uint8_t bytes[RANDOM_MAX];
	char name[64];
	size_t size, i;

	for (i = 0; i < sizeof(bytes); i++) {
		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		bytes[i] = (uint8_t)(state >> 56);
	}
	size = (bytes[0] * 256u + bytes[1]) % sizeof(bytes);
	snprintf(name, sizeof(name), "random %lu of seed %u", number, seed);
	fuzz_input_name = name;
	LLVMFuzzerTestOneInput(bytes, size);
}

int main(int argc, char **argv)
{
	unsigned long count = 0, n;
	unsigned seed = 1;
	int option;

	while ((option = getopt(argc, argv, "n:s:")) != -1) {
		if (option == 'n')
			count = strtoul(optarg, NULL, 10);
		else if (option == 's')
			seed = (unsigned)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	alarm(LIMIT_S); /* a hang */
	for (; optind < argc; optind++)
		run_path(argv[optind]);
	for (n = 0; n < count; n++)
		run_random(n, seed);
	printf("%lu strings of the corpus, %lu pseudo-random ones\n", replayed, count);
	return replayed + count ? 0 : 1;
}
