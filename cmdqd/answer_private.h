/* SPDX-License-Identifier: GPL-2.0-or-later */
/* answer_private: what the parts of the answer share. For cmdqd/answer.c, cmdqd/greet.c,
 * cmdqd/offer.c, cmdqd/tell_time.c, cmdqd/remote.c, cmdqd/verify_look.c, cmdqd/verify_count.c and
 * cmdqd/fetch.c alone. */
#ifndef PUNCHD_CMDQD_ANSWER_PRIVATE_H
#define PUNCHD_CMDQD_ANSWER_PRIVATE_H

#include "cmdqd/answer.h"
#include "cmdqd/people.h"

#define ANSWER_BODY_MAX (MSG_MAX - 64) /* the answer's head has to fit as well */

/* answer.c: is nobody there any more to hear it, or will not be by the commit? */
bool answer_too_late(const struct answerer *a, const struct msg_question *q);
/* answer.c: gives the transaction up after `rc`; nothing else is put into one until answer_settle,
 * which will fail. Gives `rc` back, or -EAGAIN when only the map had to grow. */
int answer_give_up(struct answerer *a, int rc);
/* offer.c: into a->facts what the device said in its last INFO; nothing when it never did. */
must_check int answer_facts(struct answerer *a, struct span serial);
/* greet.c: makes the reply to a handshake in a->body. 0; 1 when it gives stamps of 0 that are given
 * once; negative errno. */
must_check int answer_greet(struct answerer *a, struct device *d, uint64_t now_us);
/* offer.c: puts the commands that are due into a->body. How many; a negative errno, then the
 * transaction is given up and answer_settle will fail. */
must_check int answer_offer(struct answerer *a, struct device *d, uint64_t now_us);
/* tell_time.c: NULL, or why this person may not come in now where the device stands, in words. */
const char *answer_objection(
	struct answerer *a, const struct device *d, const struct person *p, uint64_t now_us);
/* answer.c: false when there is no room for one more claim: then what it is about must not be done.
 */
bool answer_claim(struct answerer *a, const struct device *d, uint64_t resend);

#endif
