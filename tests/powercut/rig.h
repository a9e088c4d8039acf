/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rig: the real daemons, started on the disk that a power cut left. They die with who started them.
 */
#ifndef PUNCHD_TESTS_POWERCUT_RIG_H
#define PUNCHD_TESTS_POWERCUT_RIG_H

#include <stdbool.h>
#include <sys/types.h>

#define RIG_USER 65534

struct rig {
	const char *bin; /* the directory of the programs */
	char dir[256];   /* of this shard: its configuration, sockets, logs, and the mount below */
	char mount[300];
	char conf[300];
	char spool[320], state[320];
};

/* Makes what is in `dir`, as root. Ends the program when it cannot. */
void rig_open(struct rig *r, const char *bin, const char *dir);

/* As the daemons' user: brings all daemons up, or objects ("dead:"), and lets them work everything
 * off. With `serving` ingestd takes one upload besides: one punch of `pin`, from `serial`. */
void rig_work_off(const struct rig *r);
void rig_serve(const struct rig *r, const char *serial, unsigned long long pin);
/* An operator's replay of all that is done in this spool. */
void rig_replay(const struct rig *r, const char *kind);

#endif
