/* SPDX-License-Identifier: GPL-2.0-or-later */
/* child: the matcher's process: started in its cage, spoken to, ended. */
#ifndef PUNCHD_MATCHD_CHILD_H
#define PUNCHD_MATCHD_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/span.h"

struct child {
	const char *program;   /* borrowed: a path from the root */
	uint64_t memory_bytes; /* of address space */
	int null_fd;           /* its standard error */
	pid_t pid;
	int pid_fd; /* to poll for its end; -1 when there is none */
	int fd;     /* its standard input and output, to poll for reading; -1 when it is let go */
};

/* Opens what starting needs later. 0 or a negative errno. */
must_check int child_open(const char *program, uint64_t memory_bytes, struct child *ret);
/* Ends it and waits for it, for a second at most. */
void child_close(struct child *c);

/* There is none when it is called. 0 or a negative errno. A program that cannot be run ends with
 * status 127. */
must_check int child_start(struct child *c);

/* Lets go of it and kills it; child_reap says when it is gone. */
void child_end(struct child *c);
/* True when there is no process (any more). `*ret_status` gets how it ended, when it just has, as
 * waitpid tells it. */
bool child_reap(struct child *c, int *ret_status);

/* A whole line, or a negative errno: -EAGAIN when it does not read. */
must_check int child_say(const struct child *c, struct span line);
/* How many bytes it said, up to `room`; -EAGAIN: nothing now; -EPIPE: never again; another negative
 * errno. */
must_check ssize_t child_hear(const struct child *c, void *into, size_t room);

#endif
