/* SPDX-License-Identifier: GPL-2.0-or-later */
/* somebody: for tests about what one may not do. Root may do everything, and has one group. */
#ifndef PUNCHD_TESTS_UNIT_SOMEBODY_H
#define PUNCHD_TESTS_UNIT_SOMEBODY_H

#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

/* As setup of a group of cmocka's: whoever is root becomes nobody, with one group more. */
static inline int become_somebody(void **state)
{
	const gid_t groups[] = {65533};

	(void)state;
	if (geteuid() != 0)
		return 0;
	return setgroups(1, groups) < 0 || setresgid(65534, 65534, 65534) < 0 ||
	       setresuid(65534, 65534, 65534) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0;
}

#endif
