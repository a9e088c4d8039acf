/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confine: what notifyd may still do once it is ready: hear and send on the sockets that are open.
 * docs/TRUST.md */
#ifndef PUNCHD_NOTIFYD_CONFINE_H
#define PUNCHD_NOTIFYD_CONFINE_H

#include "lib/sandbox.h"

/* Call it when all is open. 0 or a negative errno. */
must_check int confine_notifyd(void);

/* The tables of system calls, for sandbox_filter. */
extern const struct sandbox_call *const confine_notifyd_calls[];

#endif
