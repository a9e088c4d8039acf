/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confine: what cmdqd may still do once it answers: its two spools, the lists and contents that it
 * writes, the records that it reads, zones, and sockets of this machine. docs/TRUST.md */
#ifndef PUNCHD_CMDQD_CONFINE_H
#define PUNCHD_CMDQD_CONFINE_H

#include "cmdqd/cmdqd.h"
#include "lib/sandbox.h"

/* Call it when all is open. 0 or a negative errno. */
must_check int confine_cmdqd(const struct cmdqd *c);

/* The tables of system calls, for sandbox_filter. */
extern const struct sandbox_call *const confine_cmdqd_calls[];

#endif
