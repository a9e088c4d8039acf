/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe: laid in the place of a daemon's program and started by its unit, it tries what an attacker
 * would who had taken the daemon over, and prints for each attempt "probe: WHAT: yes" or the error.
 * docs/TRUST.md has the table that must come out. */
#include "probe.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

int probe_in_child(int (*run)(const char *), const char *argument)
{
	pid_t child = fork();
	int status = 0;

	if (child < 0)
		return errno;
	if (child == 0)
		_exit(run(argument));
	if (waitpid(child, &status, 0) < 0)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : PROBE_TRAPPED;
}

static void print(const char *what, int rc)
{
	if (rc == 0)
		printf("probe: %s: yes\n", what);
	else
		printf("probe: %s: %s\n", what,
			rc == PROBE_TRAPPED ? "killed" : strerrorname_np(rc));
}

/* Each attempt is a process's: what is allowed must not change the next one. */
static void try_all(const struct attempt *list)
{
	for (; list->what; list++) {
		print(list->what, probe_in_child(list->try, list->argument));
		fflush(stdout);
	}
}

/* Root would really mount and really set the host's name, so whoever starts this by mistake must
 * not be root. */
int main(void)
{
	if (getuid() == 0 || geteuid() == 0) {
		fprintf(stderr, "probe: not as root: what it tries would work\n");
		return EX_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	try_all(probe_files);
	try_all(probe_sockets);
	try_all(probe_kernel);
	return 0;
}
