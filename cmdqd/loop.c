/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop: waits for many descriptors at once and calls whom each one belongs to. */
#include "cmdqd/loop.h"

#include <errno.h>
#include <limits.h>

#define EVENTS_AT_ONCE 64

int loop_open(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int control(int loop_fd, int what, struct loop_source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	return epoll_ctl(loop_fd, what, source->fd, &event) < 0 ? -errno : 0;
}

int loop_add(int loop_fd, struct loop_source *source, uint32_t events)
{
	return control(loop_fd, EPOLL_CTL_ADD, source, events);
}

int loop_change(int loop_fd, struct loop_source *source, uint32_t events)
{
	return control(loop_fd, EPOLL_CTL_MOD, source, events);
}

void loop_remove(int loop_fd, struct loop_source *source)
{
	/* Fails only when it is out already. */
	(void)!control(loop_fd, EPOLL_CTL_DEL, source, 0);
}

int loop_turn(int loop_fd, uint64_t wait_ms)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int timeout = wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;
	int count = epoll_wait(loop_fd, events, EVENTS_AT_ONCE, timeout);

	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		struct loop_source *source = events[i].data.ptr;
		source->ready(source, events[i].events);
	}
	return 0;
}
