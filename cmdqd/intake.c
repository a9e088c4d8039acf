/* SPDX-License-Identifier: GPL-2.0-or-later */
/* intake: takes orders out of the spool "order" and sees that they are done. */
#include "cmdqd/intake.h"

#include <errno.h>
#include <stdlib.h>

#include "cmdqd/obey.h"
#include "lib/clock.h"
#include "lib/log.h"

#define KIND           "order"
#define NAMES_AT_ONCE  4096 /* of a scan; more than can be in the way */
#define FILES_AT_ONCE  256
#define SWEEP_EVERY_MS UINT64_C(3600000)

/* ---- one file ---- */

static int tell(const char *name, int fate, const struct spool_taking *t)
{
	if (fate == SPOOL_REFUSED)
		log_warning("order refused", LOG_TEXT("entry", name), LOG_TEXT("bad", t->bad_name),
			LOG_TEXT("reason", t->why));
	if (fate == SPOOL_LEFT && t->first)
		log_warning("order can be neither done nor refused; it is left",
			LOG_TEXT("entry", name), LOG_TEXT("reason", t->why), LOG_ERR(t->error));
	return fate;
}

static int refuse_file(struct intake *in, const char *name, const char *why, uint64_t now_ms)
{
	struct spool_taking t;

	return tell(name, spool_take_refuse(&in->taker, name, now_ms * 1000, why, &t), &t);
}

static int leave_file(struct intake *in, const char *name, int error, uint64_t now_ms)
{
	struct spool_taking t;

	return tell(name,
		spool_take_leave(
			&in->taker, name, now_ms * 1000, "it cannot be worked on now", error, &t),
		&t);
}

/* TAKEN when what it orders is done in memory and the file is in cur/. */
static int do_taken(struct intake *in, const char *name, uint64_t now_ms)
{
	const char *why;
	int rc = obey_file(in->devices, &in->orders, name, buf_span(&in->file), &why);

	if (rc == -EBADMSG)
		return refuse_file(in, name, why, now_ms);
	return rc < 0 ? leave_file(in, name, rc, now_ms) : SPOOL_TAKEN;
}

typedef int take_function(
	struct spool_taker *, const char *, uint64_t, struct buf *, struct spool_taking *);

/* A fate, or a negative errno when the surroundings are bad. */
static int do_file(struct intake *in, take_function *take, const char *name, uint64_t now_ms)
{
	struct spool_taking t;
	int fate = tell(name, take(&in->taker, name, now_ms * 1000, &in->file, &t), &t);

	return fate == SPOOL_TAKEN ? do_taken(in, name, now_ms) : fate;
}

/* ---- one pass ---- */

/* Durability: first the devices, then the list that is made of them, and only then are the files
 * done. */
static int settle(struct intake *in, uint64_t now_ms)
{
	int rc = devices_save(in->devices);

	return rc < 0 ? rc : admission_write(in->admission, now_ms);
}

static void finish(struct intake *in, const char *name, uint64_t now_ms)
{
	int rc = spool_finish(&in->orders, name);

	if (rc == -EEXIST)
		rc = refuse_file(
			in, name, "its name is that of a file that was done before", now_ms);
	if (rc < 0)
		log_error("order stays in cur", LOG_TEXT("entry", name), LOG_ERR(rc));
}

static void give_back(struct intake *in, const char *name)
{
	int rc = spool_release(&in->orders, name);

	if (rc < 0)
		log_error("order stays in cur", LOG_TEXT("entry", name), LOG_ERR(rc));
}

/* Names of files in cur/ that wait to be settled, and how many left new/ in all. */
struct taken {
	const char *names[FILES_AT_ONCE];
	size_t count, moved;
};

/* An order is in the spool until it is done, so memory may be ahead of the store: after a failure,
 * or a crash, it is done again to the same end. */
static int finish_files(struct intake *in, const struct taken *taken, uint64_t now_ms)
{
	int rc = taken->count > 0 ? settle(in, now_ms) : 0;

	for (size_t i = 0; i < taken->count; i++)
		if (rc == 0)
			finish(in, taken->names[i], now_ms);
		else
			give_back(in, taken->names[i]);
	return rc;
}

static int take_files(
	struct intake *in, const struct spool_list *l, uint64_t now_ms, struct taken *ret)
{
	for (size_t i = 0; i < l->count && ret->count < FILES_AT_ONCE; i++) {
		int fate = do_file(in, spool_take, l->items[i].name, now_ms);
		if (fate < 0)
			return fate;
		if (fate == SPOOL_TAKEN)
			ret->names[ret->count++] = l->items[i].name;
		ret->moved += fate == SPOOL_TAKEN || fate == SPOOL_REFUSED;
	}
	return 0;
}

static int pass(struct intake *in, uint64_t now_ms)
{
	struct taken taken = {.count = 0};
	struct spool_list l;
	int rc = spool_scan(&in->orders, SPOOL_NEW, NAMES_AT_ONCE, &l);

	if (rc < 0)
		return rc;
	rc = take_files(in, &l, now_ms, &taken);
	int finished = finish_files(in, &taken, now_ms);
	/* What stays behind is no reason to hurry. */
	in->hurry = taken.moved > 0 && l.total > taken.moved;
	spool_list_free(&l);
	return finished < 0 ? finished : rc;
}

/* ---- what was in work when cmdqd died ---- */

/* One that kills it harms no other, and not for ever. */
static int work_alone(struct intake *in, const char *name, uint64_t now_ms)
{
	struct taken taken = {.names = {name}};
	int before = spool_tries_count(&in->orders, name);

	if (before < 0)
		return before;
	/* The first death was in the pass that it was found in, where nothing counts. */
	int rc = before + 1 >= SPOOL_TRIES_MAX
			 ? refuse_file(in, name, "cmdqd died of it ten times", now_ms)
			 : do_file(in, spool_take_up, name, now_ms);
	taken.count = rc == SPOOL_TAKEN;
	if (rc >= 0)
		rc = finish_files(in, &taken, now_ms);
	spool_tries_forget(&in->orders, name);
	return rc;
}

/* The list is made once: a file that cannot even be moved out of cur/ is met once. What failed is
 * in new/ and comes again with the others. */
static int recover_next(struct intake *in, uint64_t now_ms)
{
	int rc = 0;

	if (!in->in_work.items)
		rc = spool_scan(&in->orders, SPOOL_CUR, SPOOL_SCAN_ALL, &in->in_work);
	if (rc < 0)
		return rc;
	in->recovered = !in->in_work.items || in->next_in_work == in->in_work.count;
	in->hurry = true;
	if (in->recovered) {
		spool_list_free(&in->in_work);
		return 0;
	}
	const char *name = in->in_work.items[in->next_in_work].name;
	if (spool_name_valid(span_str(name), NULL))
		rc = work_alone(in, name, now_ms);
	in->next_in_work += rc == 0;
	return rc;
}

static void sweep(struct intake *in, uint64_t now_ms)
{
	in->next_sweep_ms = now_ms + SWEEP_EVERY_MS;
	int rc = spool_sweep(&in->orders, clock_wall_us(), in->draft_stale_ms);
	if (rc < 0)
		log_warning("cannot sweep stale drafts", LOG_ERR(rc));
	else if (rc > 0)
		log_info("stale drafts of orders swept", LOG_NUM("files", rc));
}

int intake_turn(struct intake *in, uint64_t now_ms)
{
	bool due = now_ms >= in->next_scan_ms;

	/* What is given back to new/ raises the watch again, so after a failure only time counts.
	 */
	if (!due && (!in->hurry || in->failed))
		return 0;
	int rc = in->recovered ? pass(in, now_ms) : recover_next(in, now_ms);
	if (rc < 0)
		log_error("orders have to wait", LOG_ERR(rc));
	in->failed = rc < 0;
	in->next_scan_ms = now_ms + in->rescan_ms;
	if (now_ms >= in->next_sweep_ms)
		sweep(in, now_ms);
	return devices_damaged(rc) ? rc : 0;
}

/* ---- opening ---- */

static void watch_ready(struct loop_source *source, uint32_t events)
{
	struct intake *in = (struct intake *)source;
	int rc = spool_watch_drain();
	(void)events;

	in->hurry = true;
	if (rc >= 0)
		return;
	log_warning("watch is lost; the spool is looked at every rescan interval", LOG_ERR(rc));
	loop_remove(in->loop_fd, source); /* or it would wake us for ever */
}

static int watch(struct intake *in, int loop_fd, const char *spool_dir)
{
	char *new_dir = conf_join(spool_dir, KIND "/new");

	if (!new_dir)
		return -ENOMEM;
	int fd = spool_watch_open(new_dir);
	free(new_dir);
	if (fd < 0)
		return fd;
	in->watch = (struct loop_source){fd, watch_ready};
	return loop_add(loop_fd, &in->watch, EPOLLIN);
}

int intake_open(struct intake *in, int loop_fd, const struct conf *conf)
{
	*in = (struct intake){
		.loop_fd = loop_fd,
		.taker.spool = &in->orders,
		.file = buf_with_max(conf->file_max_bytes),
		.rescan_ms = conf->rescan_ms,
		.draft_stale_ms = conf->draft_stale_ms,
	};
	int rc = spool_make(conf->spool_dir, KIND);
	if (rc == 0)
		rc = spool_open(conf->spool_dir, KIND, SPOOL_FOR_CONSUMING, &in->orders);
	if (rc == 0)
		rc = watch(in, loop_fd, conf->spool_dir);
	return rc;
}

void intake_close(struct intake *in)
{
	spool_list_free(&in->in_work);
	spool_watch_close();
	spool_close(&in->orders);
	buf_free(&in->file);
}
