/* SPDX-License-Identifier: GPL-2.0-or-later */
/* epoll_server PORT DIR: the hand-written server that ingestd is measured against (G3). One epoll
 * loop; one committer that writes all waiting uploads into one file, fsync, rename, fsync of the
 * directory, and then they are answered. Nothing is checked, nothing is bounded. */
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "tests/bench/bench.h"

#define REQUEST_MAX 16384
#define PARTS       512
#define EVENTS      256
#define CLIENTS_MAX 65536

struct client {
	int fd;
	size_t len;
	struct client *next; /* of the waiting, or of the committed */
	char bytes[REQUEST_MAX + 1];
};

static struct client *clients[CLIENTS_MAX]; /* by descriptor; never given back */
static int epoll_fd, listen_fd, done_fd, tmp_dir, new_dir;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static struct client *waiting, *committed; /* under the mutex */

/* ---- the committer ---- */

static void write_group(int fd, const struct client *c)
{
	struct iovec parts[PARTS];
	while (c) {
		size_t n = 0;
		for (; c && n < PARTS; c = c->next)
			parts[n++] = (struct iovec){(void *)(uintptr_t)c->bytes, c->len};
		if (io_writev_all(fd, parts, n) < 0)
			bench_die("write");
	}
}

static void commit(const struct client *group)
{
	static unsigned long number;
	char name[32];
	snprintf(name, sizeof(name), "%016lx", ++number);
	int fd = bench_create(tmp_dir, name);
	write_group(fd, group);
	/* Durability: file, name, directory, in this order, as the product does it. */
	if (fsync(fd) < 0 || renameat(tmp_dir, name, new_dir, name) < 0 || fsync(new_dir) < 0)
		bench_die("commit");
	close(fd);
}

static struct client *take_waiting(void)
{
	pthread_mutex_lock(&mutex);
	while (!waiting)
		pthread_cond_wait(&work, &mutex);
	struct client *group = waiting;
	waiting = NULL;
	pthread_mutex_unlock(&mutex);
	return group;
}

static void *committer(void *arg)
{
	(void)arg;
	for (;;) {
		struct client *group = take_waiting(), *last = group;
		commit(group);
		while (last->next)
			last = last->next;
		pthread_mutex_lock(&mutex);
		last->next = committed;
		committed = group;
		pthread_mutex_unlock(&mutex);
		(void)eventfd_write(done_fd, 1);
	}
	return NULL;
}

/* ---- the loop ---- */

static void submit(struct client *c)
{
	pthread_mutex_lock(&mutex);
	bool idle = waiting == NULL;
	c->next = waiting;
	waiting = c;
	pthread_mutex_unlock(&mutex);
	if (idle)
		pthread_cond_signal(&work);
}

static void on_readable(struct client *c)
{
	ssize_t n = recv(c->fd, c->bytes + c->len, REQUEST_MAX - c->len, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		close(c->fd);
		return;
	}
	c->len += (size_t)n;
	c->bytes[c->len] = '\0';
	if (bench_request(c->bytes, c->len))
		submit(c);
}

static void watch(int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		bench_die("epoll_ctl");
}

static void on_connect(void)
{
	int fd;
	while ((fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		if (fd >= CLIENTS_MAX)
			bench_die("descriptors");
		if (!clients[fd])
			clients[fd] = malloc(sizeof(**clients));
		if (!clients[fd])
			bench_die("malloc");
		clients[fd]->fd = fd;
		clients[fd]->len = 0;
		watch(fd, EPOLLIN | EPOLLET);
	}
}

static void on_committed(void)
{
	eventfd_t count;
	(void)eventfd_read(done_fd, &count);
	pthread_mutex_lock(&mutex);
	struct client *next, *c = committed;
	committed = NULL;
	pthread_mutex_unlock(&mutex);
	for (; c; c = next) {
		next = c->next;
		bool stays = bench_answer(c->fd, c->bytes, c->len);
		c->len = 0;
		if (!stays)
			close(c->fd);
	}
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	pthread_t thread;
	if (argc != 3)
		return EX_USAGE;
	tmp_dir = bench_dir(argv[2], "tmp");
	new_dir = bench_dir(argv[2], "new");
	listen_fd = bench_listen(argv[1], SOCK_NONBLOCK);
	done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	watch(listen_fd, EPOLLIN);
	watch(done_fd, EPOLLIN);
	if (pthread_create(&thread, NULL, committer, NULL) != 0)
		bench_die("thread");
	for (;;) {
		int n = epoll_wait(epoll_fd, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listen_fd)
				on_connect();
			else if (events[i].data.fd == done_fd)
				on_committed();
			else
				on_readable(clients[events[i].data.fd]);
		}
	}
}
