/* SPDX-License-Identifier: MIT */
/*
 * A single-worker job queue.  Everything that touches the account runs in one thread,
 * so the account needs no lock; the bound on the queue keeps the clients honest.
 */
#include "example.h"

enum { CLIENTS = 3, JOBS = 1000, BACKLOG = 16 };

struct account {
	long balance;
	long refused;
};

struct job {
	void (*run)(struct account *account, long amount);
	long   amount;
};

static void deposit(struct account *account, long amount)
{
	account->balance += amount;
}

static void withdraw(struct account *account, long amount)
{
	if (account->balance < amount)
		account->refused += amount;
	else
		account->balance -= amount;
}

static void *work(void *argument)
{
	static struct account account;
	pp_rx     *jobs = argument;
	struct job job;

	while (pp_pull(jobs, &job) == 0)
		job.run(&account, job.amount);
	pp_rx_unref(jobs);
	return &account;
}

static void *be_client(void *argument)
{
	pp_tx *jobs = argument;

	for (int i = 0; i < JOBS; i++) {
		struct job in = { deposit, 3 }, out = { withdraw, 2 };

		MUST(pp_push(jobs, &in));
		MUST(pp_push(jobs, &out));
	}
	pp_tx_unref(jobs); /* the last client to leave closes the queue */
	return NULL;
}

int main(void)
{
	pthread_t clients[CLIENTS];
	pp_tx    *jobs;
	pp_rx    *queue;
	void     *outcome;

	MUST(pp_open(&jobs, &queue, PP_MPMC, BACKLOG, sizeof(struct job)));

	pthread_t worker = start(work, queue);

	for (int i = 0; i < CLIENTS; i++) {
		MUST(pp_tx_ref(jobs));
		clients[i] = start(be_client, jobs);
	}
	pp_tx_unref(jobs);
	for (int i = 0; i < CLIENTS; i++)
		join(clients[i]);
	must(-pthread_join(worker, &outcome), "pthread_join");

	struct account *account = outcome;

	printf("%d jobs done: balance %ld, refused %ld\n", CLIENTS * JOBS * 2,
	       account->balance, account->refused);
	HOLDS(account->balance == CLIENTS * JOBS * (3 - 2));
	HOLDS(account->refused == 0); /* each client's deposit ran before its withdrawal */
	return EXIT_SUCCESS;
}
