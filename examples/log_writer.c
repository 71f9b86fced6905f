/* SPDX-License-Identifier: MIT */
/*
 * A log writer that flushes by count or by time, whichever comes first: it waits for
 * a first line as long as it takes, then up to 20 ms for a full batch.  The ring is
 * bounded, so a program that logs faster than the disk writes is slowed down instead
 * of filling the memory.
 */
#include <stdatomic.h>

#include "example.h"

enum { BATCH = 16, BACKLOG = 64 };
#define PATIENCE (20 * PP_MS)

struct line {
	char text[64];
};

struct writer {
	pp_rx     *lines;
	FILE      *file;
	atomic_int written;
	int        by_count, by_time;
};

/* One write to the file for all of them. */
static void flush(struct writer *writer, const struct line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		HOLDS(fprintf(writer->file, "%s\n", lines[i].text) > 0);
	HOLDS(fflush(writer->file) == 0);
	if (count == BATCH)
		writer->by_count++;
	else
		writer->by_time++;
	atomic_fetch_add(&writer->written, (int)count);
}

static void *write_lines(void *argument)
{
	struct writer *writer = argument;
	struct line    lines[BATCH];

	while (pp_pull(writer->lines, &lines[0]) == 0) {
		ssize_t more = pp_pull_n_until(writer->lines, lines + 1, BATCH - 1, BATCH - 1,
		                               pp_in(PATIENCE));

		/* Too late, or the end: what came before is written all the same. */
		flush(writer, lines, more > 0 ? (size_t)more + 1 : 1);
	}
	pp_rx_unref(writer->lines);
	return NULL;
}

static void write_log(pp_tx *log, int number)
{
	struct line line;

	snprintf(line.text, sizeof(line.text), "line %d", number);
	MUST(pp_push(log, &line));
}

static int count_lines_in_order(FILE *file)
{
	char expected[64], found[64];
	int  count = 0;

	rewind(file);
	while (fgets(found, sizeof(found), file) != NULL) {
		snprintf(expected, sizeof(expected), "line %d\n", count++);
		HOLDS(strcmp(found, expected) == 0);
	}
	return count;
}

int main(void)
{
	struct writer writer = { .file = tmpfile() };
	pp_tx        *log;
	int           number = 0;

	HOLDS(writer.file != NULL);
	MUST(pp_open(&log, &writer.lines, PP_MPMC, BACKLOG, sizeof(struct line)));

	pthread_t thread = start(write_lines, &writer);

	/* A lone line gets to the file although nothing follows it. */
	write_log(log, number++);
	while (atomic_load(&writer.written) < number)
		doze(PP_MS);
	HOLDS(writer.by_time == 1);

	while (number < 1000)
		write_log(log, number++);
	pp_tx_unref(log);
	join(thread);

	printf("%d lines written: %d flushes by count, %d by time or at the end\n",
	       number, writer.by_count, writer.by_time);
	HOLDS(count_lines_in_order(writer.file) == 1000);
	fclose(writer.file);
	return EXIT_SUCCESS;
}
