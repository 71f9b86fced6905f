/* SPDX-License-Identifier: MIT */
/*
 * Capacity 0: nothing is ever stored, the two sides meet.  When a push returns 0 a
 * puller has the item, so a push is also a signature: what the puller wrote before
 * it pulled can be read after the push, with no other synchronisation.
 */
#include "example.h"

struct desk {
	pp_rx *rx;
	char   signature[32]; /* plain memory: the rendezvous alone orders it */
	int    parcel, second_parcel;
};

static void *receive(void *argument)
{
	struct desk *desk = argument;

	strcpy(desk->signature, "signed, the receiver");
	MUST(pp_pull(desk->rx, &desk->parcel));
	MUST(pp_pull(desk->rx, &desk->second_parcel));
	return NULL;
}

/* Keeps trying: succeeds once the receiver is there, and not before. */
static void catch_receiver(pp_tx *tx, int parcel)
{
	int result;

	while ((result = pp_try_push(tx, &parcel)) != 0) {
		HOLDS(result == -EAGAIN || result == -EBUSY);
		doze(PP_MS);
	}
}

int main(void)
{
	struct desk desk = { .rx = NULL };
	int         parcel = 42;
	pp_tx      *tx;

	MUST(pp_open(&tx, &desk.rx, PP_SPSC, 0, sizeof(parcel)));

	HOLDS(pp_try_push(tx, &parcel) == -EAGAIN);
	printf("try: nobody is waiting for it\n");
	HOLDS(pp_push_until(tx, &parcel, pp_in(20 * PP_MS)) == -ETIMEDOUT);
	printf("20 ms: nobody came, the parcel is still ours\n");
	HOLDS(pp_tx_depth(tx) == 0);

	pthread_t receiver = start(receive, &desk);

	MUST(pp_push(tx, &parcel));
	printf("handed over: \"%s\"\n", desk.signature);
	HOLDS(strcmp(desk.signature, "signed, the receiver") == 0);
	HOLDS(pp_tx_depth(tx) == 0);

	catch_receiver(tx, 43);
	printf("try: the receiver was waiting\n");

	join(receiver);
	HOLDS(desk.parcel == 42 && desk.second_parcel == 43);
	pp_tx_unref(tx);
	pp_rx_unref(desk.rx);
	return EXIT_SUCCESS;
}
