/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confine: see the header. A filter and Landlock hold for the matcher too, so both have all that it
 * has; the cage takes the rest from it. */
#include "matchd/confine.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "lib/daemon.h"
#include "lib/sandbox_table.h"
#include "matchd/cage.h"

/* clang-format off */
static const struct sandbox_call own[] = {
	/* the client */
	CALL("accept4"),
	/* a new process, and what it does before it is the matcher */
	CALL_IF("socketpair", 0, AF_UNIX),
	CALL("clone"), CALL("clone3"), CALL("fork"),
	CALL_IF("prctl", 0, PR_SET_PDEATHSIG),
	CALL_IF("prctl", 0, PR_SET_NO_NEW_PRIVS),
	CALL_IF("prctl", 0, PR_SET_SECCOMP),
	CALL("close_range"), CALL("setsid"), CALL("chdir"), CALL("umask"),
	CALL("landlock_create_ruleset"), CALL("landlock_add_rule"), CALL("landlock_restrict_self"),
	CALL("seccomp"),
	/* its end */
	CALL("pidfd_open"), CALL("pidfd_send_signal"), CALL("wait4"), CALL("kill"),
	CALLS_END,
};
/* clang-format on */

const struct sandbox_call *const confine_matchd_calls[] = {sandbox_program, cage_calls, own, NULL};

int confine_matchd(const char *program)
{
	struct sandbox_place places[CAGE_PLACES];
	char *directory;
	int rc;

	if (program[0] == '\0')
		return daemon_confine(NULL, 0, confine_matchd_calls);
	directory = cage_directory(program);
	rc = directory
		     ? daemon_confine(places, cage_places(directory, places), confine_matchd_calls)
		     : -ENOMEM;
	free(directory);
	return rc;
}
