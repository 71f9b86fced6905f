/* SPDX-License-Identifier: MIT */
/* Looking at no end at all shows nothing, as letting go of none does nothing. */
#include "support.h"

SUITE(looking);

Test(looking, no_end_has_no_depth_no_capacity_no_item_size_and_no_kind)
{
	EXPECT_EQ(pp_tx_depth(NULL), 0);
	EXPECT_EQ(pp_rx_depth(NULL), 0);
	EXPECT_EQ(pp_tx_capacity(NULL), 0);
	EXPECT_EQ(pp_rx_capacity(NULL), 0);
	EXPECT_EQ(pp_tx_item_size(NULL), 0);
	EXPECT_EQ(pp_rx_item_size(NULL), 0);
	EXPECT_EQ(pp_tx_kind(NULL), 0);
	EXPECT_EQ(pp_rx_kind(NULL), 0);
}
