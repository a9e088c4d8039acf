/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confine: see the header. */
#include "notifyd/confine.h"

#include "lib/daemon.h"
#include "lib/sandbox_table.h"

static const struct sandbox_call own[] = {
	CALL("recvfrom"),
	CALL("sendto"),
	CALLS_END,
};

const struct sandbox_call *const confine_notifyd_calls[] = {sandbox_program, own, NULL};

int confine_notifyd(void)
{
	int rc = sandbox_open_nothing();

	return rc < 0 ? rc : daemon_confine(NULL, 0, confine_notifyd_calls);
}
