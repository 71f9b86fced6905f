/* SPDX-License-Identifier: MIT */
#include <pushpull/pushpull.h>
int main(void)
{
	pp_tx *tx; pp_rx *rx; int in = 42, out = 0;
	if (pp_open(&tx, &rx, PP_SPSC, 1, sizeof(in)) || pp_push(tx, &in) || pp_pull(rx, &out))
		return 1;
	pp_tx_unref(tx); pp_rx_unref(rx);
	return out != 42;
}
