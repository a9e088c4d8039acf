/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon: what all daemons have in common with the service manager. */
#ifndef PUNCHD_LIB_DAEMON_H
#define PUNCHD_LIB_DAEMON_H

#include <stdint.h>

#include "lib/sandbox.h"
#include "lib/span.h"

/* A daemon never runs as root: ends the program with EX_NOPERM and a line that says what to do
 * instead. */
void daemon_refuse_root(void);

/* Gives up all that a daemon needs no more: privileges, files but `places`, calls but those of
 * `tables` (lib/sandbox.h). Call it when all is open, before threads and daemon_ready. A kernel
 * without Landlock is told of once in the log, and in each status. 0 or a negative errno: then the
 * daemon must not go on. */
must_check int daemon_confine(const struct sandbox_place *places, size_t place_count,
	const struct sandbox_call *const tables[]);

/* What is read through a map, as a store is, and cannot be read any more is SIGBUS and no errno:
 * from now on the program ends with EX_IOERR then, and a line that says so. Call it before a store
 * is opened. */
void daemon_end_on_lost_page(void);

/* Blocks SIGTERM, SIGINT and SIGHUP and gives a descriptor that becomes readable when one came;
 * ignores SIGPIPE. A descriptor or a negative errno. */
must_check int daemon_signals(void);
/* The signal that came, or 0 when none is waiting. */
int daemon_next_signal(int signal_fd);

/* How many sockets the service manager handed over; they are DAEMON_FIRST_SOCKET, +1, … and
 * close-on-exec now. It counts once. */
#define DAEMON_FIRST_SOCKET 3
unsigned daemon_sockets(void);
/* Is that the name which it gave to a socket that was counted (FileDescriptorName=)? */
bool daemon_socket_is(int fd, const char *name);

/* Tells the service manager, where there is one. `status` is one short line for `systemctl status`.
 */
void daemon_ready(const char *status);
void daemon_status(const char *status);
void daemon_stopping(void);
/* Feeds the watchdog; call it from the real loop, at least every daemon_watchdog_ms() / 2. */
void daemon_alive(void);
/* The watchdog's period; 0 when there is none. */
uint64_t daemon_watchdog_ms(void);

#endif
