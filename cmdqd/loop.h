/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop: waits for many descriptors at once and calls whom each one belongs to. */
#ifndef PUNCHD_CMDQD_LOOP_H
#define PUNCHD_CMDQD_LOOP_H

#include <stdint.h>
#include <sys/epoll.h>

#include "lib/span.h"

/* A descriptor and who minds it. It comes first in the struct of who does, so that a pointer to it
 * is one to that. */
struct loop_source {
	int fd;
	/* Called with EPOLLIN, EPOLLOUT, … It may close itself, but no other source. */
	void (*ready)(struct loop_source *source, uint32_t events);
};

/* A descriptor for the functions below, or a negative errno. */
must_check int loop_open(void);

/* `source` stays where it is until its descriptor is closed. 0 or a negative errno. */
must_check int loop_add(int loop_fd, struct loop_source *source, uint32_t events);
must_check int loop_change(int loop_fd, struct loop_source *source, uint32_t events);
/* It is minded no more; its descriptor stays open. */
void loop_remove(int loop_fd, struct loop_source *source);

/* Waits for `wait_ms` at most and calls those that are ready. 0 or a negative errno. */
must_check int loop_turn(int loop_fd, uint64_t wait_ms);

#endif
