/* SPDX-License-Identifier: GPL-2.0-or-later */
/* serve: one request from its head to its reply. What a terminal says goes to a committer, what it
 * asks goes to the desk. */
#ifndef PUNCHD_INGESTD_SERVE_H
#define PUNCHD_INGESTD_SERVE_H

#include "ingestd/admit.h"
#include "ingestd/commit.h"
#include "ingestd/desk.h"
#include "ingestd/http.h"
#include "ingestd/upload.h"
#include "lib/conf.h"
#include "lib/log.h"

struct serve {
	const struct conf *conf;
	struct admit *admit;
	struct desk *desk;
	int state_fd; /* of served_open */
	struct spool upload_spool, result_spool;
	struct commit_lane *upload_lane, *result_lane;
	struct upload_budget budget;
	bool disk_full; /* below the floor: uploads are refused before their body is read */
	bool ending;    /* nothing is submitted or asked any more: 503 */
	struct log_limit refusals, failures, list_faults;
	uint64_t accepted, refused; /* since the start, for the status line */
	unsigned waiting;           /* exchanges that wait for a committer or the desk */
};

extern const struct http_calls serve_calls; /* with a struct serve as context */

/* Answers all that a lane has finished. */
void serve_committed(struct commit_lane *lane);
/* For desk_open. */
void serve_answered(void *owner, const struct msg_answer *answer);
/* Looks at the free space; logs when the floor is passed in either direction. */
void serve_check_space(struct serve *s);

#endif
