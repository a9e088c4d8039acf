/* SPDX-License-Identifier: GPL-2.0-or-later */
/* answer_private: what the halves of the answer share. For cmdqd/answer.c, cmdqd/greet.c and
 * cmdqd/offer.c alone. */
#ifndef PUNCHD_CMDQD_ANSWER_PRIVATE_H
#define PUNCHD_CMDQD_ANSWER_PRIVATE_H

#include "cmdqd/answer.h"

/* greet.c: makes the reply to a handshake in a->body. 0; 1 when it gives stamps of 0 that are given
 * once; negative errno. */
must_check int answer_greet(struct answerer *a, struct device *d, uint64_t now_us);
/* offer.c: puts the commands that are due into a->body. How many; a negative errno, then the
 * transaction is given up and answer_settle will fail. */
must_check int answer_offer(struct answerer *a, struct device *d, uint64_t now_us);
/* answer.c: false when there is no room for one more claim: then what it is about must not be done.
 */
bool answer_claim(struct answerer *a, const struct device *d, uint64_t resend);

#endif
