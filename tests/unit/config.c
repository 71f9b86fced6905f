/* SPDX-License-Identifier: MIT */
/* Opening: what is accepted, what is refused, and what the defaults are. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

SUITE(config);

#define BASE .kind = PP_MPMC, .capacity = 4, .item_size = 8

static int open_result(const pp_config *config)
{
	pp_tx *tx = (pp_tx *)1;
	pp_rx *rx = (pp_rx *)1;
	int result = pp_open_with(&tx, &rx, config);

	EXPECT((tx != NULL) == (result == 0));
	EXPECT((rx != NULL) == (result == 0));
	if (result == 0) {
		pp_tx_unref(tx);
		pp_rx_unref(rx);
	}
	return result;
}

Test(config, pp_config_sets_size_and_the_given_fields_and_leaves_the_rest_zero)
{
	pp_config config = PP_CONFIG(.capacity = 3, .kind = PP_SPSC);

	EXPECT_EQ(config.size, sizeof(pp_config));
	EXPECT_EQ(config.capacity, 3);
	EXPECT_EQ(config.kind, PP_SPSC);
	EXPECT_EQ(config.item_size, 0);
	EXPECT_EQ(config.flags, 0);
	EXPECT_EQ(config.spin_ns, 0);
	EXPECT(config.drop == NULL && config.drop_context == NULL && config.name == NULL);
}

Test(config, the_kinds_have_their_fixed_numbers)
{
	EXPECT_EQ(PP_SPSC, 1);
	EXPECT_EQ(PP_MPMC, 2);
}

Test(config, zero_in_the_other_fields_means_the_default)
{
	struct ends e = ends_open_with(&PP_CONFIG(BASE));

	EXPECT_EQ(ends_stats(&e).name[0], 0);
	EXPECT_EQ(ends_stats(&e).tx_refs, 1);
	EXPECT_EQ(ends_stats(&e).rx_refs, 1);
	ends_fill(&e, 0, 4);
	ends_let_go(&e); /* no drop: nothing happens */
}

Test(config, kind_and_item_size_have_no_default)
{
	EXPECT_EQ(open_result(&PP_CONFIG(.capacity = 4, .item_size = 8)), -EINVAL);
	EXPECT_EQ(open_result(&PP_CONFIG(.kind = PP_SPSC, .capacity = 4)), -EINVAL);
	EXPECT_EQ(open_result(&PP_CONFIG(.kind = (pp_kind)3, .capacity = 4, .item_size = 8)),
		  -EINVAL);
	EXPECT_EQ(open_result(&PP_CONFIG(.kind = PP_SPSC, .capacity = 4, .item_size = 1)), 0);
}

Test(config, unknown_flags_give_einval_and_the_known_ones_are_taken)
{
	EXPECT_EQ(open_result(&PP_CONFIG(BASE, .flags = PP_INTERRUPTIBLE)), 0);
	EXPECT_EQ(open_result(&PP_CONFIG(BASE, .flags = PP_TRACK_DEPTH)), 0);
	EXPECT_EQ(open_result(&PP_CONFIG(BASE, .flags = PP_INTERRUPTIBLE | PP_TRACK_DEPTH)), 0);
	for (unsigned bit = 2; bit < 32; bit++)
		EXPECT_EQ(open_result(&PP_CONFIG(BASE, .flags = 1u << bit)), -EINVAL);
}

Test(config, spin_ns_is_adaptive_none_or_a_limit)
{
	static const int64_t good[] = { 0, PP_SPIN_ADAPTIVE, PP_SPIN_NONE, 1, PP_SEC, INT64_MAX };
	static const int64_t bad[] = { -2, -PP_SEC, INT64_MIN };

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		EXPECT_EQ(open_result(&PP_CONFIG(BASE, .spin_ns = good[i])), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		EXPECT_EQ(open_result(&PP_CONFIG(BASE, .spin_ns = bad[i])), -EINVAL);
}

Test(config, every_spin_setting_streams_and_parks)
{
	static const int64_t spins[] = { PP_SPIN_ADAPTIVE, PP_SPIN_NONE, 1, 20 * PP_US };

	for (size_t i = 0; i < ARRAY_LEN(spins); i++) {
		for (size_t capacity = 0; capacity < 3; capacity++) {
			struct streams s = { .producers = 1, .consumers = 1, .items = 1000 };
			struct call pull;

			s.ends = ends_open_with(&PP_CONFIG(.kind = PP_SPSC, .capacity = capacity,
							   .item_size = 8, .spin_ns = spins[i]));
			call_pull(&pull, &s.ends, FOREVER);
			ends_await_parked(&s.ends, 0, 1);
			EXPECT_EQ(pp_push(s.ends.tx, &(uint64_t){ 1 }), 0);
			EXPECT_EQ(call_join(&pull), 0);
			streams_run(&s);
			ends_let_go(&s.ends);
		}
	}
}

Test(config, the_name_is_copied_and_cut_at_31_bytes)
{
	char name[64];
	struct ends e;

	for (size_t length = 0; length < sizeof(name) - 1; length++) {
		memset(name, 'a' + (int)(length % 26), length);
		name[length] = '\0';
		e = ends_open_with(&PP_CONFIG(BASE, .name = name));
		memset(name, '#', sizeof(name));
		EXPECT_EQ(strlen(ends_stats(&e).name), length < 31 ? length : 31);
		for (size_t i = 0; i < 31 && i < length; i++)
			EXPECT_EQ(ends_stats(&e).name[i], 'a' + (int)(length % 26));
		ends_let_go(&e);
	}
}

Test(config, null_pointers_give_einval)
{
	pp_config good = PP_CONFIG(BASE);
	pp_tx *tx = (pp_tx *)1;
	pp_rx *rx = (pp_rx *)1;

	EXPECT_EQ(pp_open_with(NULL, &rx, &good), -EINVAL);
	EXPECT(rx == NULL);
	EXPECT_EQ(pp_open_with(&tx, NULL, &good), -EINVAL);
	EXPECT(tx == NULL);
	EXPECT_EQ(pp_open(NULL, NULL, PP_SPSC, 1, 1), -EINVAL);
	EXPECT_EQ(open_result(NULL), -EINVAL);
}

/* ---- The size of the struct ------------------------------------------------------- */

Test(config, a_smaller_size_leaves_the_missing_fields_at_their_default)
{
	pp_config config = PP_CONFIG(BASE, .flags = 0xFFFFFFFF, .spin_ns = -99, .name = "unread");
	struct ends e = { NULL, NULL };

	config.size = offsetof(pp_config, flags); /* a caller of a time before flags */
	EXPECT_EQ(pp_open_with(&e.tx, &e.rx, &config), 0);
	EXPECT_EQ(ends_stats(&e).name[0], 0);
	EXPECT_EQ(pp_tx_capacity(e.tx), 4);
	ends_let_go(&e);

	config.size = offsetof(pp_config, item_size); /* no item_size: it has no default */
	EXPECT_EQ(open_result(&config), -EINVAL);
	config.size = 0;
	EXPECT_EQ(open_result(&config), -EINVAL);
}

Test(config, a_larger_size_is_taken_while_the_unknown_fields_are_zero)
{
	struct {
		pp_config     known;
		unsigned char later[40];
	} grown = { .known = PP_CONFIG(BASE) };

	grown.known.size = sizeof(grown);
	EXPECT_EQ(open_result(&grown.known), 0);
	for (size_t i = 0; i < sizeof(grown.later); i++) {
		grown.later[i] = 1;
		EXPECT_EQ(open_result(&grown.known), -EINVAL);
		grown.later[i] = 0;
	}
	EXPECT_EQ(open_result(&grown.known), 0);
}

/* ---- Capacity and item size -------------------------------------------------------- */

static void as_opened(pp_kind kind, size_t capacity)
{
	static const size_t sizes[] = { 1, 2, 3, 7, 8, 24, 64, 100 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		pp_tx *tx = NULL;
		pp_rx *rx = NULL;

		EXPECT_EQ(pp_open(&tx, &rx, kind, capacity, sizes[i]), 0);
		EXPECT_EQ(pp_tx_capacity(tx), capacity);
		EXPECT_EQ(pp_rx_capacity(rx), capacity);
		EXPECT_EQ(pp_tx_item_size(tx), sizes[i]);
		EXPECT_EQ(pp_rx_item_size(rx), sizes[i]);
		EXPECT_EQ(pp_tx_kind(tx), kind);
		EXPECT_EQ(pp_rx_kind(rx), kind);
		pp_tx_unref(tx);
		pp_rx_unref(rx);
	}
}

Test(config, both_kinds_come_in_every_capacity_and_report_it_exactly)
{
	for_each_ring(0, as_opened);
}

Test(config, sizes_that_overflow_give_einval_and_leave_null_ends)
{
	static const size_t wide[] = { SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX - 63 };
	const size_t root = (size_t)1 << (sizeof(size_t) * 4); /* of SIZE_MAX + 1 */

	for (pp_kind kind = PP_SPSC; kind <= PP_MPMC; kind++) {
		for (size_t i = 0; i < ARRAY_LEN(wide); i++) {
			EXPECT_EQ(open_result(&PP_CONFIG(.kind = kind, .capacity = wide[i],
							 .item_size = 8)), -EINVAL);
			EXPECT_EQ(open_result(&PP_CONFIG(.kind = kind, .capacity = 8,
							 .item_size = wide[i])), -EINVAL);
			EXPECT_EQ(open_result(&PP_CONFIG(.kind = kind, .capacity = wide[i],
							 .item_size = wide[i])), -EINVAL);
		}
		EXPECT_EQ(open_result(&PP_CONFIG(.kind = kind, .capacity = root,
						 .item_size = root)), -EINVAL);
	}
}

Test(config, what_cannot_be_allocated_gives_enomem_and_leaves_null_ends)
{
	/* 2^50 bytes, or 3 GiB of 4: more than an address space holds, and no overflow. */
	const size_t capacity = SIZE_MAX > UINT32_MAX ? (size_t)(UINT64_C(1) << 40)
						       : (size_t)3 << 20;

	for (pp_kind kind = PP_SPSC; kind <= PP_MPMC; kind++)
		EXPECT_EQ(open_result(&PP_CONFIG(.kind = kind, .capacity = capacity,
						 .item_size = 1 << 10)), -ENOMEM);
}
