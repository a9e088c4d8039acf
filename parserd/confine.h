/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confine: what parserd may still do once it looks for files: its two spools, its photos, and the
 * stores that are open. docs/TRUST.md */
#ifndef PUNCHD_PARSERD_CONFINE_H
#define PUNCHD_PARSERD_CONFINE_H

#include "lib/sandbox.h"
#include "parserd/erase.h"
#include "parserd/photos.h"
#include "spool/spool.h"

/* Call it when all is open. 0 or a negative errno. */
must_check int confine_parserd(
	const struct spool *uploads, const struct erase *erase, const struct photos *photos);

/* The tables of system calls, for sandbox_filter. */
extern const struct sandbox_call *const confine_parserd_calls[];

#endif
