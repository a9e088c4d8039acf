/* SPDX-License-Identifier: GPL-2.0-or-later */
/* direction: which way a punch went. What its device is set to mean holds, else what the punch says
 * of itself. docs/PROTOCOL.md 3.1 */
#ifndef PUNCHD_CTL_DIRECTION_H
#define PUNCHD_CTL_DIRECTION_H

#include "ctl/spoken.h"

struct direction_slot;

struct directions {
	struct spoken *spoken; /* who knows the devices */
	/* private */
	struct direction_slot *slots;
};

/* 0 or -ENOMEM. */
must_check int directions_open(struct directions *d, struct spoken *spoken);
void directions_close(struct directions *d);
/* Settings may have changed. */
void directions_forget(struct directions *d);

/* "in", "out", or "" where nobody says. It holds until the next call. 0 or a negative errno. */
must_check int directions_find(
	struct directions *d, struct span serial, struct span status, const char **ret);

/* What a status says: "in", "out", or "" for one that is neither. */
const char *direction_of_status(struct span status);

#endif
