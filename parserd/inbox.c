/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inbox: see the header. */
#include "parserd/inbox.h"

/* ---- taking files into the batch ---- */

static int fill(struct inbox *in, uint64_t now_us)
{
	int taken = 0;

	while (in->next < in->list.count && !batch_full(in->batch)) {
		int fate = batch_take(in->batch, in->list.items[in->next++].name, now_us);
		if (fate < 0) {
			batch_drop(in->batch, true);
			return fate;
		}
		taken += fate == SPOOL_TAKEN || fate == SPOOL_REFUSED;
	}
	return taken;
}

/* ---- the two ways in ---- */

void inbox_rescan(struct inbox *in)
{
	spool_list_free(&in->list);
	in->next = 0;
	in->recovering = false;
}

void inbox_close(struct inbox *in)
{
	inbox_rescan(in);
}

uint64_t inbox_waiting(const struct inbox *in)
{
	return in->list.total - in->next;
}

int inbox_work(struct inbox *in, uint64_t now_us)
{
	int taken = 0;
	int rc = 0;

	if (in->next == in->list.count) {
		inbox_rescan(in);
		rc = spool_scan(in->spool, SPOOL_NEW, INBOX_NAMES_MAX, &in->list);
	}
	while (rc == 0 && taken == 0 && in->next < in->list.count) {
		taken = fill(in, now_us);
		rc = taken < 0 ? taken : batch_work(in->batch, now_us, true);
	}
	if (rc != 0)
		inbox_rescan(in); /* what was released is to be found again */
	return rc != 0 ? rc : taken;
}

static int work_alone(struct inbox *in, const char *name, uint64_t now_us)
{
	int before = spool_tries_count(in->spool, name);

	if (before < 0)
		return before;
	/* The first death was in the batch that it was found in, where nothing counts. */
	int rc = before + 1 >= SPOOL_TRIES_MAX
			 ? batch_refuse(in->batch, name, "parserd died of it ten times", now_us)
			 : batch_take_up(in->batch, name, now_us);
	if (rc >= 0)
		rc = batch_work(in->batch, now_us, false);
	spool_tries_forget(in->spool, name);
	return rc;
}

/* The list is made once: a file that cannot even be moved out of cur/ is met once. */
int inbox_recover(struct inbox *in, uint64_t now_us)
{
	int rc = 0;

	if (!in->recovering)
		rc = spool_scan(in->spool, SPOOL_CUR, INBOX_NAMES_MAX, &in->list);
	if (rc != 0)
		return rc;
	in->recovering = in->next < in->list.count;
	if (!in->recovering) {
		inbox_rescan(in);
		return 0;
	}
	const char *name = in->list.items[in->next].name;
	if (spool_name_valid(span_str(name), NULL))
		rc = work_alone(in, name, now_us);
	if (rc != 0)
		return rc;
	in->next++;
	return 1;
}
