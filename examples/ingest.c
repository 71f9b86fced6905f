/* SPDX-License-Identifier: MIT */
/*
 * ingest FILE - read a large log file in one thread, parse it in another.
 *
 * Two rings between two threads: full blocks go down, empty ones come back.  All
 * memory is there from the start, whatever the size of the file; only pointers travel;
 * and whichever side is slower, the other waits for it.  The depth of the ring of full
 * blocks tells which one that is.
 *
 * A line is "<timestamp> <LEVEL> <text>"; what is printed: lines, lines per level,
 * throughput, depth.
 */
#include <fcntl.h>
#include <unistd.h>

#include "example.h"

enum { BLOCKS = 16, BLOCK_SIZE = 64 << 10, HEAD_SIZE = 64 };

struct block {
	size_t length;
	char   bytes[BLOCK_SIZE];
};

/* ---- Reading -------------------------------------------------------------- */

struct reader {
	int    file;
	pp_rx *empty;
	pp_tx *full;
	int    error;
};

static void *read_blocks(void *argument)
{
	struct reader *reader = argument;
	struct block  *block;

	while (pp_pull(reader->empty, &block) == 0) {
		ssize_t length = read(reader->file, block->bytes, BLOCK_SIZE);

		if (length <= 0) {
			reader->error = length < 0 ? errno : 0;
			break;
		}
		block->length = (size_t)length;
		if (pp_push(reader->full, &block) < 0)
			break;
	}
	pp_tx_unref(reader->full);
	pp_rx_unref(reader->empty);
	return NULL;
}

/* ---- Parsing -------------------------------------------------------------- */

static const char *const levels[] = { "ERROR", "WARN", "INFO", "DEBUG" };
enum { LEVELS = sizeof(levels) / sizeof(levels[0]) };

/* A line may lie across any number of blocks; its head is all that has to be kept. */
struct parser {
	char   head[HEAD_SIZE];
	size_t head_length;
	bool   in_line;
	size_t lines, bytes, of_level[LEVELS];
};

static void keep_head(struct parser *parser, const char *bytes, size_t length)
{
	size_t room = HEAD_SIZE - parser->head_length;

	if (length > room)
		length = room;
	memcpy(parser->head + parser->head_length, bytes, length);
	parser->head_length += length;
	parser->in_line = true;
}

static void end_line(struct parser *parser)
{
	const char *end = parser->head + parser->head_length;
	const char *space = memchr(parser->head, ' ', parser->head_length);

	for (size_t i = 0; space != NULL && i < LEVELS; i++) {
		size_t length = strlen(levels[i]);

		if ((size_t)(end - space) > length + 1 && space[length + 1] == ' ' &&
		    memcmp(space + 1, levels[i], length) == 0)
			parser->of_level[i]++;
	}
	parser->lines++;
	parser->head_length = 0;
	parser->in_line = false;
}

static void parse_block(struct parser *parser, const struct block *block)
{
	const char *at = block->bytes, *end = at + block->length, *newline;

	while (at < end && (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		keep_head(parser, at, (size_t)(newline - at));
		end_line(parser);
		at = newline + 1;
	}
	if (at < end)
		keep_head(parser, at, (size_t)(end - at));
	parser->bytes += block->length;
}

/* ---- Both together -------------------------------------------------------- */

struct depth {
	size_t sum, max, samples;
};

static void sample_depth(struct depth *depth, const pp_rx *rx)
{
	size_t now = pp_rx_depth(rx);

	depth->sum += now;
	depth->samples++;
	if (now > depth->max)
		depth->max = now;
}

static void parse_all(struct parser *parser, struct depth *depth, pp_rx *full, pp_tx *empty)
{
	struct block *block;

	while (sample_depth(depth, full), pp_pull(full, &block) == 0) {
		parse_block(parser, block);
		/* Fails once the reader has left, at the end of the file: nothing is lost. */
		(void)pp_push(empty, &block);
	}
	if (parser->in_line)
		end_line(parser); /* a last line without a newline */
}

static void report(const struct parser *parser, const struct depth *depth, pp_time took)
{
	double seconds = (double)took / (double)PP_SEC;

	printf("lines %zu\nbytes %zu\n", parser->lines, parser->bytes);
	for (size_t i = 0; i < LEVELS; i++)
		printf("%s %zu\n", levels[i], parser->of_level[i]);
	printf("throughput %.0f MB/s, %.2f M lines/s\n",
	       (double)parser->bytes / seconds / 1e6, (double)parser->lines / seconds / 1e6);
	printf("depth mean %.1f, max %zu of %d blocks\n",
	       (double)depth->sum / (double)depth->samples, depth->max, BLOCKS);
}

static int ingest(int file)
{
	struct block *blocks = malloc(BLOCKS * sizeof(*blocks));
	struct parser parser = { .lines = 0 };
	struct depth  depth = { .max = 0 };
	struct reader reader = { .file = file };
	pp_tx        *empty;
	pp_rx        *full;

	HOLDS(blocks != NULL);
	MUST(pp_open(&reader.full, &full, PP_SPSC, BLOCKS, sizeof(struct block *)));
	MUST(pp_open(&empty, &reader.empty, PP_SPSC, BLOCKS, sizeof(struct block *)));
	for (int i = 0; i < BLOCKS; i++) {
		struct block *block = &blocks[i];

		MUST(pp_push(empty, &block));
	}

	pp_time   begin = pp_now();
	pthread_t thread = start(read_blocks, &reader);

	parse_all(&parser, &depth, full, empty);
	join(thread);
	report(&parser, &depth, pp_now() - begin);
	HOLDS(depth.max <= BLOCKS);
	pp_tx_unref(empty);
	pp_rx_unref(full);
	free(blocks);
	return reader.error;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s FILE\n", argv[0]);
		return 2;
	}

	int file = open(argv[1], O_RDONLY | O_CLOEXEC);
	int error = file < 0 ? errno : ingest(file);

	if (error != 0) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(error));
		return EXIT_FAILURE;
	}
	close(file);
	return EXIT_SUCCESS;
}
