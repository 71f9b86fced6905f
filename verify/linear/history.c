/* SPDX-License-Identifier: MIT */
#include "history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct call_kind call_kinds[CALL_COUNT] = {
#define CALL_ROW(name, role, form, part, batch) { #name, role, form, part, batch },
	CALLS(CALL_ROW)
#undef CALL_ROW
};

static const struct { int number; const char *name; } errors[] = {
	{ -EAGAIN, "-EAGAIN" }, { -EBUSY, "-EBUSY" }, { -ETIMEDOUT, "-ETIMEDOUT" },
	{ -EPIPE, "-EPIPE" }, { -ESHUTDOWN, "-ESHUTDOWN" }, { -EINTR, "-EINTR" },
	{ -EINVAL, "-EINVAL" },
};

enum { ERRORS = sizeof(errors) / sizeof(errors[0]) };

unsigned op_moved(const struct op *op)
{
	if (op->result < 0 || kind_of(op)->role > ROLE_PULL)
		return 0;
	return kind_of(op)->batch ? (unsigned)op->result : op->result == 0;
}

static int compare_ops(const void *a, const void *b)
{
	const struct op *x = a, *y = b;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	return x->begin < y->begin ? -1 : x->begin > y->begin;
}

void history_sort(struct history *h)
{
	qsort(h->op, h->ops, sizeof(h->op[0]), compare_ops);
}

/* ---- reading -------------------------------------------------------------------------- */

static bool read_result(const char *word, int *result)
{
	char *end;
	size_t i;

	for (i = 0; i < ERRORS; i++) {
		if (strcmp(word, errors[i].name) == 0) {
			*result = errors[i].number;
			return true;
		}
	}
	*result = (int)strtol(word, &end, 10);
	return *end == '\0';
}

static bool read_call(const char *word, enum call *call)
{
	int i;

	for (i = 0; i < CALL_COUNT; i++) {
		if (strcmp(word, call_kinds[i].name) == 0) {
			*call = (enum call)i;
			return true;
		}
	}
	return false;
}

/* The numbers in front of the next word that is none; how many, or -1. */
static int read_numbers(char **rest, uint32_t *numbers, char **word)
{
	int n = 0;

	while ((*word = strtok_r(NULL, " \t", rest)) != NULL) {
		char *end;
		unsigned long number = strtoul(*word, &end, 10);

		if (*end != '\0')
			break;
		if (n == BATCH_MAX)
			return -1;
		numbers[n++] = (uint32_t)number;
	}
	return n;
}

static bool read_asked(struct op *op, const uint32_t *asked, int n)
{
	const struct call_kind *kind = kind_of(op);

	op->min = op->n = 1;
	if (kind->role == ROLE_PUSH || kind->part == PART_COMMIT) {
		op->n = (unsigned)n;
		memcpy(op->items, asked, sizeof(op->items));
		return n >= 1 && (kind->batch || n == 1);
	}
	if (kind->batch) {
		op->n = asked[n - 1];
		if (n == 2)
			op->min = asked[0];
		return n >= 1 && n <= 2 && op->n <= BATCH_MAX;
	}
	return n == 0;
}

static bool read_op(struct op *op, char *thread, char **rest)
{
	uint32_t asked[BATCH_MAX] = { 0 }, given[BATCH_MAX] = { 0 };
	char *begin, *end, *call, *word;
	int n;

	*op = (struct op){ .thread = (unsigned)strtoul(thread, NULL, 10) };
	begin = strtok_r(NULL, " \t", rest);
	end = begin ? strtok_r(NULL, " \t", rest) : NULL;
	call = end ? strtok_r(NULL, " \t", rest) : NULL;
	if (!call || !read_call(call, &op->call) || op->thread >= THREADS_MAX)
		return false;
	op->begin = strtoll(begin, NULL, 10);
	op->end = strtoll(end, NULL, 10);
	n = read_numbers(rest, asked, &word);
	if (n < 0 || !read_asked(op, asked, n) || !word || strcmp(word, "=") != 0)
		return false;
	word = strtok_r(NULL, " \t", rest);
	if (!word || !read_result(word, &op->result))
		return false;
	n = read_numbers(rest, given, &word);
	if (kind_of(op)->role != ROLE_PULL || kind_of(op)->part == PART_COMMIT)
		return n == 0 && !word;
	memcpy(op->items, given, sizeof(op->items));
	return !word && n == (int)op_moved(op) && op->begin <= op->end;
}

static bool read_ring(struct history *h, char *name, size_t size, char **rest)
{
	char *kind = strtok_r(NULL, " \t", rest), *capacity = kind ? strtok_r(NULL, " \t", rest) : NULL;

	if (!capacity)
		return false;
	h->ops = h->drops = 0;
	h->over = false;
	h->spsc = strcmp(kind, "spsc") == 0;
	h->capacity = strtoul(capacity, NULL, 10);
	while (**rest == ' ')
		++*rest;
	snprintf(name, size, "%s", *rest);
	return (h->spsc || strcmp(kind, "mpmc") == 0) && h->capacity <= CAPACITY_MAX;
}

static bool read_line(struct history *h, char *first, char **rest)
{
	if (strcmp(first, "over") == 0) {
		h->over = true;
		return true;
	}
	if (strcmp(first, "drop") == 0) {
		const char *value = strtok_r(NULL, " \t", rest);

		if (!value || h->drops == sizeof(h->drop) / sizeof(h->drop[0]))
			return false;
		h->drop[h->drops++] = (uint32_t)strtoul(value, NULL, 10);
		return true;
	}
	return h->ops < OPS_MAX && read_op(&h->op[h->ops++], first, rest);
}

int history_read(struct history *h, FILE *file, char *name, size_t size)
{
	char line[512], copy[512];
	bool any = false;
	long before;

	while (before = ftell(file), fgets(line, sizeof(line), file)) {
		char *rest = NULL, *first;
		bool good;

		line[strcspn(line, "#\n")] = '\0';
		memcpy(copy, line, sizeof(copy));
		first = strtok_r(line, " \t", &rest);
		if (!first)
			continue;
		if (strcmp(first, "ring") == 0) {
			if (any) {
				fseek(file, before, SEEK_SET);
				break;
			}
			any = good = read_ring(h, name, size, &rest);
		} else {
			good = any && read_line(h, first, &rest);
		}
		if (!good) {
			fprintf(stderr, "cannot read: %s\n", copy);
			return -1;
		}
	}
	if (any)
		history_sort(h);
	return any;
}

/* ---- writing -------------------------------------------------------------------------- */

static const char *result_name(int result, char *room, size_t size)
{
	size_t i;

	for (i = 0; i < ERRORS; i++)
		if (errors[i].number == result)
			return errors[i].name;
	snprintf(room, size, "%d", result);
	return room;
}

static void print_items(const struct op *op, unsigned n, FILE *file)
{
	unsigned i;

	for (i = 0; i < n; i++)
		fprintf(file, " %u", (unsigned)op->items[i]);
}

static void write_call(const struct op *op, FILE *file)
{
	const struct call_kind *kind = kind_of(op);
	bool gives = kind->role == ROLE_PULL && kind->part != PART_COMMIT;
	char room[16];

	fputs(kind->name, file);
	if (gives && kind->batch && op->min != 1)
		fprintf(file, " %u", op->min);
	if (gives && kind->batch)
		fprintf(file, " %u", op->n);
	if (!gives && kind->role <= ROLE_PULL)
		print_items(op, op->n, file);
	fprintf(file, " = %s", result_name(op->result, room, sizeof(room)));
	if (gives)
		print_items(op, op_moved(op), file);
}

void history_write(const struct history *h, FILE *file)
{
	size_t i;

	fprintf(file, "ring %s %zu\n%s", h->spsc ? "spsc" : "mpmc", h->capacity,
	        h->over ? "over\n" : "");
	for (i = 0; i < h->ops; i++) {
		const struct op *op = &h->op[i];

		fprintf(file, "%u %lld %lld ", op->thread, (long long)op->begin, (long long)op->end);
		write_call(op, file);
		fputc('\n', file);
	}
	for (i = 0; i < h->drops; i++)
		fprintf(file, "drop %u\n", (unsigned)h->drop[i]);
}

/* ---- a picture ------------------------------------------------------------------------ */

struct moment { int64_t at; const struct op *op; bool ends; };

static int compare_moments(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (int)x->ends - (int)y->ends; /* equal times overlap */
}

static void draw_row(const struct moment *m, const bool *running, unsigned threads, FILE *file)
{
	unsigned t;

	fprintf(file, "# %14lld ", (long long)m->at);
	for (t = 0; t < threads; t++)
		fputs(t == m->op->thread ? m->ends ? " '" : " ." : running[t] ? " |" : "  ", file);
	fprintf(file, "  %u %s ", m->op->thread, m->ends ? "end  " : "begin");
	write_call(m->op, file);
	fputc('\n', file);
}

void history_draw(const struct history *h, FILE *file)
{
	struct moment *moments = malloc((2 * h->ops + 1) * sizeof(*moments));
	bool running[THREADS_MAX] = { false };
	unsigned threads = 0;
	size_t i, n = 0;

	if (!moments)
		return;
	for (i = 0; i < h->ops; i++) {
		moments[n++] = (struct moment){ h->op[i].begin, &h->op[i], false };
		moments[n++] = (struct moment){ h->op[i].end, &h->op[i], true };
		if (threads <= h->op[i].thread)
			threads = h->op[i].thread + 1;
	}
	qsort(moments, n, sizeof(*moments), compare_moments);
	for (i = 0; i < n; i++) {
		draw_row(&moments[i], running, threads, file);
		running[moments[i].op->thread] = !moments[i].ends;
	}
	free(moments);
}
