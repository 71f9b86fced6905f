/* SPDX-License-Identifier: MIT */
/* For disassembly.py: what the inlined path becomes in a caller. */
#include <pushpull/typed.h>

PP_TYPED(words, uint64_t);

int inlined_push(pp_tx *tx, const uint64_t *item);
int inlined_pull(pp_rx *rx, uint64_t *item);
int own_push(struct pp_fast_push *f, const uint64_t *item);
int own_pull(struct pp_fast_pull *f, uint64_t *item);
int marked_push(struct pp_fast_push *f, const uint64_t *item);
int marked_pull(struct pp_fast_pull *f, uint64_t *item);

int inlined_push(pp_tx *tx, const uint64_t *item)
{
	return words_push(tx, item);
}

int inlined_pull(pp_rx *rx, uint64_t *item)
{
	return words_pull(rx, item);
}

/* What of it is PP_SPSC's. */
int own_push(struct pp_fast_push *f, const uint64_t *item)
{
	return pp_fast_put(f, item, sizeof *item);
}

int own_pull(struct pp_fast_pull *f, uint64_t *item)
{
	return pp_fast_get(f, item, sizeof *item);
}

int marked_push(struct pp_fast_push *f, const uint64_t *item)
{
	return pp_fast_put_marked(f, item, sizeof *item);
}

int marked_pull(struct pp_fast_pull *f, uint64_t *item)
{
	return pp_fast_get_marked(f, item, sizeof *item);
}

int main(void)
{
	return 0;
}
