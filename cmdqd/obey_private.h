/* SPDX-License-Identifier: GPL-2.0-or-later */
/* obey_private: one order at work; what obey.c and obey_command.c share. */
#ifndef PUNCHD_CMDQD_OBEY_PRIVATE_H
#define PUNCHD_CMDQD_OBEY_PRIVATE_H

#include "cmdqd/obey.h"
#include "cmdqd/order.h"

struct obey_order {
	struct obey *obey;
	const struct order *order;
	const char *entry;    /* "NAME.1" */
	uint64_t owner_uid;   /* who gave it */
	uint64_t received_us; /* when; never in the future */
	uint64_t now_us;
};

/* The reason in words; -EBADMSG. */
must_check int obey_refuse(const char *why, char ret_why[static SPOOL_WHY_BYTES]);
/* It is poked after the commit. 0 or -ENOMEM. */
must_check int obey_wake_later(struct obey *o, const struct device *d);

/* ---- obey_command.c: each 0, -EBADMSG with the reason, or another negative errno ---- */

must_check int obey_command(
	const struct obey_order *w, uint64_t *ret_id, char ret_why[static SPOOL_WHY_BYTES]);
must_check int obey_cancel(const struct obey_order *w, char ret_why[static SPOOL_WHY_BYTES]);
must_check int obey_resend(
	const struct obey_order *w, uint64_t *ret_id, char ret_why[static SPOOL_WHY_BYTES]);

#endif
