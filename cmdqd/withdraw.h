/* SPDX-License-Identifier: GPL-2.0-or-later */
/* withdraw: takes back whom devices were told of, when it is due. */
#ifndef PUNCHD_CMDQD_WITHDRAW_H
#define PUNCHD_CMDQD_WITHDRAW_H

#include "cmdqd/people.h"
#include "lib/conf.h"

#define WITHDRAW_MOST     64 /* in one withdraw_due */
#define WITHDRAW_LATER_US (UINT64_C(3600) * 1000000)

/* Of what is due at most WITHDRAW_MOST: queues what deletes the user there, unless the device is by
 * now one that he comes from (origin.h), is gone, or an order gave him to it; audits it, and
 * commits all of it. What cannot be done now is due again in an hour. How many it dealt with, or a
 * negative errno; then the transaction is given up and nothing has happened. */
must_check int withdraw_due(struct people *p, const struct conf *conf, uint64_t now_us);

#endif
