/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inbox: see the header. */
#include "parserd/inbox.h"

#include <errno.h>

#include "lib/log.h"
#include "parserd/tries.h"

/* ---- files that cannot even be refused ---- */

static uint64_t hash_of(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a: a clash costs one line of log */

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3;
	return hash;
}

static bool first_told(struct inbox *in, const char *name)
{
	uint64_t hash = hash_of(name);

	for (size_t i = 0; i < INBOX_TOLD_MAX; i++)
		if (in->told[i] == hash)
			return false;
	in->told[in->told_next++ % INBOX_TOLD_MAX] = hash;
	return true;
}

/* A directory of another owner, say, cannot be moved. It must not keep the others waiting. 1 when
 * it is out of the way, 0 when it has to stay. */
static int refuse_or_leave(struct inbox *in, const char *name, const char *why)
{
	int rc = batch_refuse(in->spool, SPOOL_NEW, name, why);

	if (rc != 0 && first_told(in, name))
		log_warning("file can be neither taken nor refused; an operator has to remove it",
			LOG_TEXT("entry", name), LOG_TEXT("reason", why), LOG_ERR(rc));
	return rc == 0;
}

/* ---- taking files into the batch ---- */

static bool is_the_files_own_fault(int rc)
{
	return rc == -EEXIST || rc == -EACCES || rc == -EPERM || rc == -EBUSY;
}

static int load(struct inbox *in, const char *name)
{
	int rc = batch_add(in->batch, name);

	if (rc == 0 || rc == -ENOENT)
		return rc == 0;
	/* Bad surroundings: it waits where it was. */
	int back = spool_release(in->spool, name);
	if (back != 0)
		log_error("file stays in cur", LOG_TEXT("entry", name), LOG_ERR(back));
	return rc;
}

/* 1 when the file left new/, 0 when it did not, or a negative errno. */
static int take(struct inbox *in, const char *name)
{
	if (!spool_name_valid(span_str(name), NULL))
		return refuse_or_leave(in, name, "its name is not one that spoolput makes");
	int rc = spool_claim(in->spool, name);
	if (rc == 0)
		return load(in, name);
	if (rc == -ENOENT)
		return 0; /* an operator was faster */
	if (!is_the_files_own_fault(rc))
		return rc;
	return refuse_or_leave(in, name,
		rc == -EEXIST ? "its name is that of another file of this spool"
			      : "it may not be moved: a directory, or not of the spool's group");
}

static int fill(struct inbox *in)
{
	int taken = 0;

	while (in->next < in->list.count && !batch_full(in->batch)) {
		int rc = take(in, in->list.items[in->next++].name);
		if (rc < 0) {
			batch_drop(in->batch, true);
			return rc;
		}
		taken += rc;
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
		taken = fill(in);
		rc = taken < 0 ? taken : batch_work(in->batch, now_us, true);
	}
	if (rc != 0)
		inbox_rescan(in); /* what was released is to be found again */
	return rc != 0 ? rc : taken;
}

static int work_alone(struct inbox *in, const char *name, uint64_t now_us)
{
	int before = tries_count(in->spool, name);

	if (before < 0)
		return before;
	/* The first death was in the batch that it was found in, where nothing counts. */
	int rc = before + 1 >= TRIES_MAX
			 ? batch_refuse(in->spool, SPOOL_CUR, name, "parserd died of it ten times")
			 : batch_add(in->batch, name);
	if (rc == 0)
		rc = batch_work(in->batch, now_us, false);
	tries_forget(in->spool, name);
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
