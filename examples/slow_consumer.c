/* SPDX-License-Identifier: MIT */
/*
 * A hostile slow consumer, met by a bounded push.  A server sends the same news to
 * two clients, and one of them never pulls.  Its ring bounds the memory that it can
 * take up, the deadline of pp_push_until() bounds the time; then it is let go, and
 * the other client has missed nothing.
 */
#include "example.h"

enum { CLIENTS = 2, BACKLOG = 8, NEWS = 100 };
#define PATIENCE PP_SEC

struct client {
	const char *name;
	pp_tx      *tx; /* NULL once it is let go */
	pp_rx      *rx;
	int         sent;
};

/* Give the client its time, and not more. */
static void serve(struct client *client, int news)
{
	int result = pp_push_until(client->tx, &news, pp_in(PATIENCE));

	if (result == 0) {
		client->sent++;
		return;
	}
	printf("%s: %s after %d news, let go\n", client->name, strerror(-result),
	       client->sent);
	HOLDS(result == -ETIMEDOUT);
	pp_tx_unref(client->tx);
	client->tx = NULL;
}

/* A well-behaved client; returns how much it received. */
static int read_news(struct client *client)
{
	int news, count = 0, end;

	while ((end = pp_pull(client->rx, &news)) == 0)
		HOLDS(news == count++);
	HOLDS(end == -EPIPE);
	return count;
}

static void *read_all(void *argument)
{
	HOLDS(read_news(argument) == NEWS);
	return NULL;
}

int main(void)
{
	struct client clients[CLIENTS] = { { .name = "friend" }, { .name = "hostile" } };
	struct client *friend = &clients[0], *hostile = &clients[1];

	for (int i = 0; i < CLIENTS; i++)
		MUST(pp_open(&clients[i].tx, &clients[i].rx, PP_SPSC, BACKLOG, sizeof(int)));

	pthread_t reader = start(read_all, friend);

	for (int news = 0; news < NEWS; news++)
		for (int i = 0; i < CLIENTS; i++)
			if (clients[i].tx != NULL)
				serve(&clients[i], news);

	HOLDS(friend->sent == NEWS);
	HOLDS(hostile->sent == BACKLOG);
	pp_tx_unref(friend->tx);
	join(reader);

	/* What a push had accepted before is still there, and then the stream ends. */
	HOLDS(read_news(hostile) == BACKLOG);
	printf("friend: all %d news, never waiting for the other for more than %d ms\n", NEWS,
	       (int)(PATIENCE / PP_MS));
	pp_rx_unref(friend->rx);
	pp_rx_unref(hostile->rx);
	return EXIT_SUCCESS;
}
