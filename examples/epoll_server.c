/* SPDX-License-Identifier: MIT */
/*
 * A server whose only thread for the network waits in epoll and never blocks elsewhere.  It
 * hands requests to workers through one ring, with tries, and gets answers back through
 * another, whose armed descriptor is in the same epoll set as the sockets.
 *
 * Each client has one request under way at a time: it is not read from again (EPOLLONESHOT)
 * before it got its answer.  So the memory is bounded by the number of clients, and where the
 * ring of requests is full the clients wait in line until its push end has room.
 *
 * The descriptors of the ring are edge-triggered: nobody arms the push end again while nobody
 * waits for room, and until then a level-triggered one would go on reporting.
 */
#include "example.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CLIENTS = 8, REQUESTS = 300, WORKERS = 2, CAPACITY = 2 };

/* Whatever epoll watches. */
struct server;
struct watched {
	int fd;
	void (*go_on)(struct server *server, struct watched *watched);
};

/* An item of both rings: the number that came, and its square on the way back. */
struct request {
	struct client *client;
	uint64_t       number;
};

struct client {
	struct watched watched;
	struct request request; /* that waits for room in the ring */
	struct client *next;
};

struct server {
	int            epoll;
	struct watched listener, room, answers;
	pp_tx         *requests_tx;
	pp_rx         *answers_rx;
	struct client *first, **last; /* in line for room */
	int            clients, had_to_wait;
	bool           ended;
};

/* ---- Workers -------------------------------------------------------------------- */

struct workers {
	pp_rx *requests_rx;
	pp_tx *answers_tx;
};

static void *work(void *argument)
{
	struct workers *workers = argument;
	struct request  request;

	while (pp_pull(workers->requests_rx, &request) == 0) {
		request.number *= request.number;
		MUST(pp_push(workers->answers_tx, &request));
	}
	pp_rx_unref(workers->requests_rx);
	pp_tx_unref(workers->answers_tx);
	return NULL;
}

/* ---- The loop ------------------------------------------------------------------- */

static void watch(struct server *server, int operation, struct watched *watched, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watched };

	HOLDS(epoll_ctl(server->epoll, operation, watched->fd, &event) == 0);
}

static void hang_up(struct server *server, struct client *client)
{
	close(client->watched.fd); /* leaves the epoll set too */
	free(client);
	if (--server->clients > 0)
		return;
	pp_tx_unref(server->requests_tx); /* the test is over: the workers end, then the answers */
	server->requests_tx = NULL;
}

/* Push for those in line while there is room, then arm. */
static void push_requests(struct server *server, struct watched *room)
{
	struct client *client;
	int            result;

	(void)room;
	while ((client = server->first) != NULL) {
		result = pp_try_push(server->requests_tx, &client->request);
		if (result == 0) {
			server->first = client->next;
			if (server->first == NULL)
				server->last = &server->first;
			continue;
		}
		HOLDS(result == -EAGAIN || result == -EBUSY);
		server->had_to_wait++;
		if (MUST(pp_tx_arm(server->requests_tx)) == 0)
			return;
	}
}

static void read_request(struct server *server, struct watched *watched)
{
	struct client *client = (struct client *)(void *)watched;
	ssize_t length = recv(watched->fd, &client->request.number, sizeof(uint64_t), MSG_DONTWAIT);

	if (length != sizeof(uint64_t)) {
		hang_up(server, client);
		return;
	}
	client->request.client = client;
	client->next = NULL;
	*server->last = client;
	server->last = &client->next;
	push_requests(server, &server->room);
}

/* Pull the answers that there are, then arm. */
static void send_answers(struct server *server, struct watched *answers)
{
	struct request answer;
	int            result;

	(void)answers;
	do {
		while ((result = pp_try_pull(server->answers_rx, &answer)) == 0) {
			struct client *client = answer.client;

			if (send(client->watched.fd, &answer.number, sizeof(uint64_t),
			         MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
				hang_up(server, client); /* gone, or does not read */
			else
				watch(server, EPOLL_CTL_MOD, &client->watched,
				      EPOLLIN | EPOLLONESHOT);
		}
		if (result == -EAGAIN || result == -EBUSY)
			result = (int)MUST(pp_rx_arm(server->answers_rx));
	} while (result == 1);
	server->ended = result == -EPIPE;
}

static void accept_client(struct server *server, struct watched *listener)
{
	struct client *client = calloc(1, sizeof(*client));

	HOLDS(client != NULL);
	client->watched.fd = accept(listener->fd, NULL, NULL);
	client->watched.go_on = read_request;
	HOLDS(client->watched.fd >= 0);
	watch(server, EPOLL_CTL_ADD, &client->watched, EPOLLIN | EPOLLONESHOT);
}

static void serve(struct server *server)
{
	struct epoll_event events[8];

	server->last = &server->first;
	server->room = (struct watched){ .go_on = push_requests };
	server->room.fd = (int)MUST(pp_tx_fd(server->requests_tx));
	server->answers = (struct watched){ .go_on = send_answers };
	server->answers.fd = (int)MUST(pp_rx_fd(server->answers_rx));
	watch(server, EPOLL_CTL_ADD, &server->listener, EPOLLIN);
	watch(server, EPOLL_CTL_ADD, &server->room, EPOLLIN | EPOLLET);
	watch(server, EPOLL_CTL_ADD, &server->answers, EPOLLIN | EPOLLET);
	send_answers(server, &server->answers); /* arms for the first time */
	while (!server->ended) {
		int count = epoll_wait(server->epoll, events, 8, -1);

		HOLDS(count >= 0 || errno == EINTR);
		for (int i = 0; i < count; i++) {
			struct watched *watched = events[i].data.ptr;

			watched->go_on(server, watched);
		}
	}
}

/* ---- Clients, for the test --------------------------------------------------------- */

struct address {
	struct sockaddr_un name;
	socklen_t          length;
};

static void *ask(void *argument)
{
	const struct address *address = argument;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	HOLDS(fd >= 0);
	HOLDS(connect(fd, (const struct sockaddr *)&address->name, address->length) == 0);
	for (uint64_t n = 1, square; n <= REQUESTS; n++) {
		HOLDS(send(fd, &n, sizeof(n), 0) == sizeof(n));
		HOLDS(recv(fd, &square, sizeof(square), 0) == sizeof(square));
		HOLDS(square == n * n);
	}
	close(fd);
	return NULL;
}

/* The kernel chooses a name, which is no file. */
static int listen_somewhere(struct address *address)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	*address = (struct address){ { .sun_family = AF_UNIX }, sizeof(address->name) };
	HOLDS(fd >= 0);
	HOLDS(bind(fd, (struct sockaddr *)&address->name, sizeof(sa_family_t)) == 0);
	HOLDS(getsockname(fd, (struct sockaddr *)&address->name, &address->length) == 0);
	HOLDS(listen(fd, CLIENTS) == 0);
	return fd;
}

int main(void)
{
	struct address address;
	struct server  server = { .epoll = epoll_create1(EPOLL_CLOEXEC), .clients = CLIENTS,
	                          .listener = { listen_somewhere(&address), accept_client } };
	struct workers workers;
	pthread_t      threads[WORKERS + CLIENTS];

	HOLDS(server.epoll >= 0);
	MUST(pp_open(&server.requests_tx, &workers.requests_rx, PP_MPMC, CAPACITY,
	             sizeof(struct request)));
	MUST(pp_open(&workers.answers_tx, &server.answers_rx, PP_MPMC, CAPACITY,
	             sizeof(struct request)));
	for (int i = 0; i < WORKERS; i++) {
		MUST(pp_rx_ref(workers.requests_rx));
		MUST(pp_tx_ref(workers.answers_tx));
		threads[i] = start(work, &workers);
	}
	pp_rx_unref(workers.requests_rx);
	pp_tx_unref(workers.answers_tx);
	for (int i = 0; i < CLIENTS; i++)
		threads[WORKERS + i] = start(ask, &address);

	serve(&server);
	printf("%d clients got %d answers each; %d times a request had to wait for room\n", CLIENTS,
	       REQUESTS, server.had_to_wait);
	HOLDS(server.clients == 0);
	for (int i = 0; i < WORKERS + CLIENTS; i++)
		join(threads[i]);
	close(server.epoll); /* before the rings, whose descriptors it watches */
	pp_rx_unref(server.answers_rx);
	close(server.listener.fd);
	return EXIT_SUCCESS;
}
