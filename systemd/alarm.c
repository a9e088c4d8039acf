/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alarm: run by a unit when its daemon has ended (ExecStopPost=), in the daemon's own sandbox,
 * where there is no shell. An end that nobody asked for becomes one line of the journal at the
 * priority of an alert: systemd tells of none as long as it starts the daemon again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const char *said(const char *variable)
{
	const char *text = getenv(variable);

	return text ? text : "?";
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: SERVICE_RESULT=RESULT alarm UNIT\n");
		return EX_USAGE;
	}
	if (strcmp(said("SERVICE_RESULT"), "success") == 0)
		return EX_OK;
	/* <1> is the priority to whoever reads this into the journal. */
	fprintf(stderr,
		"<1>%s has ended by itself: result=%s code=%s status=%s; it is started again\n",
		argv[1], said("SERVICE_RESULT"), said("EXIT_CODE"), said("EXIT_STATUS"));
	return EX_OK;
}
