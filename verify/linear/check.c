/* SPDX-License-Identifier: MIT */
/*
 * check FILE...           says of every history in the files whether it is linearizable
 *   --draw                and draws those that are not
 *   --expect              the name of each says what it is: "good ..." or "bad ..."
 *   --limit STATES        where it gives up
 *   --atomic-cancel       stricter than the contract: a cancel ends both sides at one moment
 *
 * Exit status: 0 all are (as expected), 1 some are not, 2 cannot be read, 3 gave up on some.
 */
#include <stdlib.h>
#include <string.h>

#include "brute.h"
#include "search.h"

static struct history history;
static unsigned counts[3], surprises;
static bool draws, expects;

static const char *const verdicts[] = { "accepted", "REJECTED", "gave up" };

static bool in_place(const struct history *h)
{
	size_t i;

	for (i = 0; i < h->ops; i++)
		if (kind_of(&h->op[i])->part != PART_WHOLE)
			return true;
	return false;
}

/* A tiny one is put before the second opinion, too. */
static bool is_surprise(enum verdict v, const char *name)
{
	bool good = strncmp(name, "good ", 5) == 0;

	if (v == GAVE_UP || good != (v == ACCEPTED))
		return true;
	return history.ops <= BRUTE_OPS && !in_place(&history) && brute_accepts(&history) != good;
}

static void check(struct search *search, const char *name)
{
	char why[ERROR_MAX] = "";
	enum verdict v = search_run(search, &history, why, sizeof(why));

	counts[v]++;
	if (!expects) {
		printf("%s %s%s%s\n", verdicts[v], name, v == ACCEPTED ? "" : ": ", why);
	} else if (is_surprise(v, name)) {
		surprises++;
		printf("FAILED  %s: %s %s\n", name, verdicts[v], why);
	} else {
		printf("ok      %s\n", name);
	}
	if (draws && v != ACCEPTED)
		history_draw(&history, stdout);
}

static int check_file(struct search *search, const char *path)
{
	char name[256];
	FILE *file = fopen(path, "r");
	int r;

	if (!file) {
		perror(path);
		return -1;
	}
	while ((r = history_read(&history, file, name, sizeof(name))) > 0)
		check(search, name[0] ? name : path);
	fclose(file);
	return r;
}

static int conclude(void)
{
	if (expects)
		printf("%u histories, %u failed\n", counts[0] + counts[1] + counts[2], surprises);
	else
		printf("%u accepted, %u rejected, %u gave up\n", counts[0], counts[1], counts[2]);
	if (expects ? surprises : counts[REJECTED])
		return 1;
	return !expects && counts[GAVE_UP] ? 3 : 0;
}

int main(int argc, char **argv)
{
	size_t limit = SEARCH_LIMIT;
	bool atomic_cancel = false;
	struct search *search;
	int i, files = argc;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--draw") == 0)
			draws = true;
		else if (strcmp(argv[i], "--expect") == 0)
			expects = true;
		else if (strcmp(argv[i], "--atomic-cancel") == 0)
			atomic_cancel = true;
		else if (strcmp(argv[i], "--limit") == 0 && i + 1 < argc)
			limit = strtoul(argv[++i], NULL, 10);
		else if (files == argc)
			files = i;
	}
	if (files == argc) {
		fprintf(stderr, "usage: check [--draw] [--expect] [--limit STATES] FILE...\n");
		return 2;
	}
	search = search_make(limit);
	search_atomic_cancel(search, atomic_cancel);
	for (i = files; i < argc; i++)
		if (argv[i][0] != '-' && check_file(search, argv[i]) < 0)
			return 2;
	search_free(search);
	return conclude();
}
