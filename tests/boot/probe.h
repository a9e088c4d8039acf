/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe: what its parts share. An attempt has a name for the table and gives 0 where it worked, or
 * an errno. Each part has a list of its own, whose end is an attempt without a name. */
#ifndef PUNCHD_BOOT_PROBE_H
#define PUNCHD_BOOT_PROBE_H

#include <errno.h>

#define STATE "/var/lib/punchd/"
#define SPOOL "/var/spool/punchd/"
#define RUN   "/run/punchd/"

struct attempt {
	const char *what;
	int (*try)(const char *argument);
	const char *argument;
};

extern const struct attempt probe_files[], probe_sockets[], probe_kernel[];

/* 0 or the errno of what has just returned `rc`. */
static inline int outcome(long rc)
{
	return rc < 0 ? errno : 0;
}

enum { PROBE_TRAPPED = 200 /* an exit status that is no errno */ };
/* Runs it in a child of its own: an errno, or PROBE_TRAPPED where a signal ended that. */
int probe_in_child(int (*run)(const char *), const char *argument);

#endif
