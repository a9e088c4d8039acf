/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names: who a PIN is on a device. What was asked for lately is remembered. */
#ifndef PUNCHD_CTL_NAMES_H
#define PUNCHD_CTL_NAMES_H

#include "ctl/spoken.h"

struct names_slot;

struct names {
	struct spoken spoken;
	/* private */
	struct names_slot *slots;
};

/* 0 or -ENOMEM. It asks the reader: not for visitors. */
must_check int names_open(struct names *n, const struct ask *a, struct records_reader *r);
void names_close(struct names *n);
/* Names may have changed. */
void names_forget(struct names *n);

/* The name of a user that is there, or was; empty when none is known. It holds until the next call.
 * 0 or a negative errno. */
must_check int names_find(
	struct names *n, struct span serial, struct span pin, struct span *ret_name);

#endif
