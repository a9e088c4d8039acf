/* SPDX-License-Identifier: GPL-2.0-or-later */
/* each_fsync PORT DIR threads|single: one synced file for each upload (G4), which is what a server
 * without group commit does: with a thread for each connection, or one after another in one. */
#include <pthread.h>
#include <stdatomic.h>

#include "tests/bench/bench.h"

#define REQUEST_MAX 16384
#define STACK_BYTES ((size_t)256 * 1024)

static int tmp_dir, new_dir;

static void commit(struct span bytes)
{
	static _Atomic unsigned long number;
	char name[32];
	snprintf(name, sizeof(name), "%016lx", atomic_fetch_add(&number, 1));
	int fd = bench_create(tmp_dir, name);
	/* Durability: file, name, directory, in this order, as the product does it. */
	if (io_write_all(fd, bytes) < 0 || fsync(fd) < 0 ||
		renameat(tmp_dir, name, new_dir, name) < 0 || fsync(new_dir) < 0)
		bench_die("commit");
	close(fd);
}

/* False when the peer is gone. */
static bool serve_request(int fd)
{
	char bytes[REQUEST_MAX + 1];
	size_t len = 0;
	do {
		ssize_t n = recv(fd, bytes + len, REQUEST_MAX - len, 0);
		if (n <= 0)
			return false;
		len += (size_t)n;
		bytes[len] = '\0';
	} while (!bench_request(bytes, len));
	commit(span_of(bytes, len));
	return bench_answer(fd, bytes, len);
}

static void *serve_connection(void *arg)
{
	int fd = (int)(intptr_t)arg;
	while (serve_request(fd))
		;
	close(fd);
	return NULL;
}

static void serve_in_thread(int fd)
{
	pthread_attr_t attr;
	pthread_t thread;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	if (pthread_create(&thread, &attr, serve_connection, (void *)(intptr_t)fd) != 0)
		bench_die("thread");
	pthread_attr_destroy(&attr);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return EX_USAGE;
	bool threads = strcmp(argv[3], "threads") == 0;
	tmp_dir = bench_dir(argv[2], "tmp");
	new_dir = bench_dir(argv[2], "new");
	int listen_fd = bench_listen(argv[1], 0);
	for (;;) {
		int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			bench_die("accept");
		if (threads)
			serve_in_thread(fd);
		else
			serve_connection((void *)(intptr_t)fd);
	}
}
