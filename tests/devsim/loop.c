/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event loop: one epoll, edge-triggered, and a heap of timers. */
#include "tests/devsim/devsim.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 512

static int epoll_fd = -1;
static volatile sig_atomic_t signalled;
static bool stopped;
static struct timer **heap; /* heap[1] is due first */
static size_t heap_len, heap_cap;

static void on_signal(int number)
{
	(void)number;
	signalled = 1;
}

void loop_open(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	/* Wake on the microsecond: an open loop would measure the timer's slack. */
	prctl(PR_SET_TIMERSLACK, 1UL);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0) {
		die(EX_OSERR, "epoll_create1: %s", strerror(errno));
	}
}

int loop_watch(int fd, struct watch *watch)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = watch,
	};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static void heap_put(size_t place, struct timer *timer)
{
	heap[place] = timer;
	timer->place = place;
}

static void heap_up(size_t place, struct timer *timer)
{
	while (place > 1 && heap[place / 2]->due_us > timer->due_us) {
		heap_put(place, heap[place / 2]);
		place /= 2;
	}
	heap_put(place, timer);
}

static void heap_down(size_t place, struct timer *timer)
{
	for (;;) {
		size_t child = place * 2;

		if (child > heap_len) {
			break;
		}
		if (child < heap_len && heap[child + 1]->due_us < heap[child]->due_us) {
			child++;
		}
		if (heap[child]->due_us >= timer->due_us) {
			break;
		}
		heap_put(place, heap[child]);
		place = child;
	}
	heap_put(place, timer);
}

static void heap_add(struct timer *timer)
{
	if (heap_len + 1 >= heap_cap) {
		size_t cap = heap_cap ? heap_cap * 2 : 1024;
		struct timer **bigger = must_alloc(cap, sizeof(struct timer *));

		if (heap_len > 0) {
			memcpy(bigger + 1, heap + 1, heap_len * sizeof(struct timer *));
		}
		free(heap);
		heap = bigger;
		heap_cap = cap;
	}
	heap_up(++heap_len, timer);
}

static struct timer *heap_pop(void)
{
	struct timer *first = heap[1];
	struct timer *last = heap[heap_len--];

	first->place = 0;
	if (heap_len > 0) {
		heap_down(1, last);
	}
	return first;
}

/*
 * A deadline is set and stopped for every request and comes up for hardly any. So it is only noted;
 * the heap is touched when the timer is not in it yet or must fire earlier.
 */
void timer_set(struct timer *timer, uint64_t at_us)
{
	timer->want_us = at_us ? at_us : 1;
	if (timer->place == 0) {
		timer->due_us = timer->want_us;
		heap_add(timer);
	} else if (timer->want_us < timer->due_us) {
		timer->due_us = timer->want_us;
		heap_up(timer->place, timer);
	}
}

void timer_stop(struct timer *timer)
{
	timer->want_us = 0;
}

/* Only timers due at the start of the pass: one that sets itself again lets the sockets have their
 * turn. */
static void fire_timers(void)
{
	uint64_t now = now_us();

	while (heap_len > 0 && heap[1]->due_us <= now && !stopped) {
		struct timer *timer = heap_pop();

		if (timer->want_us == 0) {
			continue;
		}
		if (timer->want_us > now) {
			timer->due_us = timer->want_us;
			heap_add(timer);
			continue;
		}
		timer->want_us = 0;
		timer->fire(timer);
	}
}

static int wait_events(struct epoll_event *events)
{
	static bool coarse;
	struct timespec wait;
	uint64_t now = now_us();
	uint64_t us = 1000000;

	if (heap_len > 0) {
		us = heap[1]->due_us > now ? heap[1]->due_us - now : 0;
	}
	if (us > 1000000) {
		us = 1000000;
	}
	wait.tv_sec = (time_t)(us / USEC);
	wait.tv_nsec = (long)(us % USEC) * 1000;
	if (!coarse) {
		int count = epoll_pwait2(epoll_fd, events, EVENTS, &wait, NULL);

		if (count >= 0 || errno != ENOSYS) {
			return count;
		}
		coarse = true; /* a kernel before 5.11 */
	}
	return epoll_wait(epoll_fd, events, EVENTS, (int)((us + 999) / 1000));
}

void loop_run(void)
{
	struct epoll_event events[EVENTS];

	while (!stopped && !signalled) {
		int count = wait_events(events);

		if (count < 0 && errno != EINTR) {
			die(EX_OSERR, "epoll_wait: %s", strerror(errno));
		}
		for (int i = 0; i < count && !stopped; i++) {
			struct watch *watch = events[i].data.ptr;

			watch->event(watch, events[i].events);
		}
		fire_timers();
	}
}

void loop_stop(void)
{
	stopped = true;
}
