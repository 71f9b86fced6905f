/* SPDX-License-Identifier: MIT */
/*
 * A target without libFuzzer: the strings of some folders, then pseudo-random ones.
 *
 *   replay-TARGET [-n COUNT] [-s SEED] [FOLDER|FILE]...
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BYTES_MAX = 4096, RANDOM_MAX = 400, LIMIT_S = 100 };

static unsigned long replayed;

static void run_file(const char *path)
{
	static uint8_t bytes[BYTES_MAX];
	FILE *file = fopen(path, "rb");
	uint8_t *exact;
	size_t size;

	FUZZ_CHECK(file, "cannot open %s", path);
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	exact = malloc(size + 1);
	FUZZ_CHECK(exact, "no memory");
	memcpy(exact, bytes, size);
	fuzz_input_name = path;
	replayed++;
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static void run_path(const char *path)
{
	struct dirent **names;
	struct stat st;
	char inside[1024];
	int i, n;

	FUZZ_CHECK(stat(path, &st) == 0, "no %s", path);
	if (!S_ISDIR(st.st_mode)) {
		run_file(path);
		return;
	}
	n = scandir(path, &names, NULL, alphasort);
	FUZZ_CHECK(n >= 0, "cannot read %s", path);
	for (i = 0; i < n; i++) {
		snprintf(inside, sizeof(inside), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			run_file(inside);
		free(names[i]);
	}
	free(names);
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
