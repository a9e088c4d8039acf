/* SPDX-License-Identifier: GPL-2.0-or-later */
/* punch_follow: new punches, as they are committed. */
#include <errno.h>
#include <stdlib.h>

#include "ctl/fail.h"
#include "ctl/punch.h"
#include "ctl/rows.h"
#include "ctl/stop.h"

#define POLL_MS 250

/* Waits for the records to be made. EX_OK with a NULL reader when it was stopped before. */
static int await_records(const struct ask *a, struct records_reader **ret, bool *ret_waited)
{
	char *path = conf_join(a->conf.state_dir, CONF_RECORDS);
	int rc = path ? records_open(path, ret) : -ENOMEM;
	*ret_waited = rc == -ENOENT;
	if (*ret_waited)
		fail_note("there are no records yet; waiting for parserd to make %s", path);
	while (rc == -ENOENT && !stop_asked() && !out_unread(stdout)) {
		clock_sleep_ms(POLL_MS);
		rc = records_open(path, ret);
	}
	int code =
		rc < 0 && rc != -ENOENT ? fail_at(rc, "read", path ? path : "the records") : EX_OK;
	free(path);
	return code;
}

static int follow(struct rows *w)
{
	int rc = 0;
	while (rc == 0 && !stop_asked() && !rows_spent(w)) {
		rc = rows_by_journal(w);
		if (rc == 0 && out_unread(stdout))
			rc = -EPIPE;
		if (rc == 0 && !stop_asked() && !rows_spent(w))
			clock_sleep_ms(POLL_MS);
	}
	return rc;
}

int punch_follow(struct ask *a)
{
	struct records_reader *r = NULL;
	struct rows w;
	bool waited;

	stop_on_signals();
	int code = await_records(a, &r, &waited);
	if (code != EX_OK || !r)
		return code;
	code = punch_check_after(r, a);
	int rc = 0;
	if (code == EX_OK) {
		rc = rows_begin(&w, a, r, true);
		/* What was there already is not new, unless there was nothing when we came. */
		if (rc == 0 && !a->has_after && !waited)
			rc = records_last_seq(r, &w.seq);
		if (rc == 0)
			rc = follow(&w);
		int end_rc = rows_end(&w);
		rc = rc < 0 ? rc : end_rc;
	}
	records_close(r);
	return rc < 0 ? fail_at(rc, "follow", "the records") : code;
}
