/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confine: what ingestd may still do once it serves: files of the spools that it writes, the
 * admission list, connections and threads. docs/TRUST.md */
#ifndef PUNCHD_INGESTD_CONFINE_H
#define PUNCHD_INGESTD_CONFINE_H

#include "ingestd/serve.h"
#include "lib/sandbox.h"

/* Call it when all is open, and before any thread. 0 or a negative errno. */
must_check int confine_ingestd(const struct serve *s);

/* The tables of system calls, for sandbox_filter. */
extern const struct sandbox_call *const confine_ingestd_calls[];

#endif
