/* SPDX-License-Identifier: GPL-2.0-or-later */
/* intake: takes the files out of a spool and sees that they are done. */
#include "cmdqd/intake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmdqd/devices.h"
#include "lib/clock.h"
#include "lib/log.h"

#define NAMES_AT_ONCE    4096 /* of a scan; more than can be in the way */
#define FILES_AT_ONCE    256
#define PASS_MS          100 /* the desk is deaf for as long; one file at least is taken */
#define INTAKE_WHY_BYTES 192
#define SWEEP_EVERY_MS   UINT64_C(3600000)

/* ---- one file ---- */

/* One that was worked on, and is in cur/ until all is settled. */
struct taken {
	const char *name;
	bool refused;
	char why[INTAKE_WHY_BYTES];
};

struct taking {
	struct taken files[FILES_AT_ONCE];
	size_t count, moved; /* `moved` left new/ in all */
	bool spoilt;         /* one failed in the midst of its work: nothing can be settled */
};

static int tell(const struct intake *in, const char *name, int fate, const struct spool_taking *t)
{
	if (fate == SPOOL_REFUSED)
		log_warning("file refused", LOG_TEXT("entry", name), LOG_TEXT("bad", t->bad_name),
			LOG_TEXT("kind", in->work.kind), LOG_TEXT("reason", t->why));
	if (fate == SPOOL_LEFT && t->first)
		log_warning("file can be neither taken nor refused; it is left",
			LOG_TEXT("entry", name), LOG_TEXT("kind", in->work.kind),
			LOG_TEXT("reason", t->why), LOG_ERR(t->error));
	return fate;
}

static int refuse_file(struct intake *in, const char *name, const char *why, uint64_t now_ms)
{
	struct spool_taking t;

	return tell(in, name, spool_take_refuse(&in->taker, name, now_ms * 1000, why, &t), &t);
}

static int leave_file(struct intake *in, const char *name, int error, uint64_t now_ms)
{
	struct spool_taking t;

	return tell(in, name,
		spool_take_leave(
			&in->taker, name, now_ms * 1000, "it cannot be worked on now", error, &t),
		&t);
}

static void note_stuck(struct intake *in, const char *name, int rc)
{
	if (rc >= 0)
		return;
	log_error("file stays in cur", LOG_TEXT("kind", in->work.kind), LOG_TEXT("entry", name),
		LOG_ERR(rc));
	in->taker.stranded = true;
}

static void give_back(struct intake *in, const char *name)
{
	note_stuck(in, name, spool_release(&in->spool, name));
}

/* Nobody is kept waiting by one that cannot be done: it is passed over for a while. But the map of
 * a store that had to grow, or one that is damaged, is no file's fault. */
static int put_back(struct intake *in, const char *name, int error, uint64_t now_ms)
{
	if (error != -EAGAIN && !devices_damaged(error)) {
		int fate = leave_file(in, name, error, now_ms);
		return fate < 0 ? fate : -EAGAIN;
	}
	give_back(in, name);
	return error;
}

/* TAKEN when its effects wait to be settled and it is in cur/. */
static int do_taken(struct intake *in, const char *name, uint64_t now_ms, struct taking *t)
{
	struct taken *f = &t->files[t->count];
	const char *why = NULL;
	int rc = in->work.file(in->work.context, &in->spool, name, buf_span(&in->file), &why);

	if (rc < 0 && rc != -EBADMSG) {
		t->spoilt = true;
		return put_back(in, name, rc, now_ms);
	}
	f->name = name;
	f->refused = rc < 0;
	snprintf(f->why, sizeof(f->why), "%s", rc < 0 ? why : "");
	t->count++;
	return SPOOL_TAKEN;
}

typedef int take_function(
	struct spool_taker *, const char *, uint64_t, struct buf *, struct spool_taking *);

/* A fate, or a negative errno: no more can be taken now. */
static int do_file(
	struct intake *in, take_function *take, const char *name, uint64_t now_ms, struct taking *t)
{
	struct spool_taking s;
	int fate = tell(in, name, take(&in->taker, name, now_ms * 1000, &in->file, &s), &s);

	return fate == SPOOL_TAKEN ? do_taken(in, name, now_ms, t) : fate;
}

/* ---- one pass ---- */

static void finish(struct intake *in, const struct taken *f, uint64_t now_ms)
{
	int rc = f->refused ? refuse_file(in, f->name, f->why, now_ms)
			    : spool_finish(&in->spool, f->name);

	if (rc == -EEXIST)
		rc = refuse_file(
			in, f->name, "its name is that of a file that was done before", now_ms);
	note_stuck(in, f->name, rc);
}

/* What a file says is in the spool until it is done, so memory may be ahead of the store: after a
 * failure, or a crash, it is done again to the same end. `taken` is what taking the files met. */
static int settle(struct intake *in, const struct taking *t, int taken, uint64_t now_ms)
{
	int rc = t->spoilt ? taken : 0;

	/* Durability: first the effects, and only then are the files done or refused. */
	if (rc == 0 && t->count > 0)
		rc = in->work.settle(in->work.context, now_ms);
	if (rc < 0)
		in->work.abandon(in->work.context);
	for (size_t i = 0; i < t->count; i++)
		if (rc == 0)
			finish(in, &t->files[i], now_ms);
		else
			give_back(in, t->files[i].name);
	return rc < 0 ? rc : taken;
}

static int take_files(
	struct intake *in, const struct spool_list *l, uint64_t now_ms, struct taking *t)
{
	const uint64_t begun_ms = clock_mono_ms();

	for (size_t i = 0; i < l->count && t->count < FILES_AT_ONCE; i++) {
		if (t->moved > 0 && clock_mono_ms() - begun_ms >= PASS_MS)
			break;
		int fate = do_file(in, spool_take, l->items[i].name, now_ms, t);
		if (fate < 0)
			return fate;
		t->moved += fate == SPOOL_TAKEN || fate == SPOOL_REFUSED;
	}
	return 0;
}

/* Not `= {0}`: its reasons are many bytes. */
static void begin(struct taking *t)
{
	t->count = t->moved = 0;
	t->spoilt = false;
}

static int pass(struct intake *in, uint64_t now_ms)
{
	struct taking t;
	struct spool_list l;
	int rc = spool_scan(&in->spool, SPOOL_NEW, NAMES_AT_ONCE, &l);

	if (rc < 0)
		return rc;
	begin(&t);
	rc = settle(in, &t, take_files(in, &l, now_ms, &t), now_ms);
	/* What stays behind is no reason to hurry. */
	in->hurry = t.moved > 0 && l.total > t.moved;
	spool_list_free(&l);
	return rc;
}

/* ---- what was in work when cmdqd died, or could not leave cur/ since ---- */

/* One that kills it harms no other, and not for ever. */
static int work_alone(struct intake *in, const char *name, uint64_t now_ms)
{
	struct taking t;
	int before = spool_tries_count(&in->spool, name);

	if (before < 0)
		return before;
	begin(&t);
	/* The first death was in the pass that it was found in, where nothing counts. */
	int rc = before + 1 >= SPOOL_TRIES_MAX
			 ? refuse_file(in, name, "cmdqd died of it ten times", now_ms)
			 : do_file(in, spool_take_up, name, now_ms, &t);
	rc = settle(in, &t, rc < 0 ? rc : 0, now_ms);
	spool_tries_forget(&in->spool, name);
	return rc;
}

/* The list is made once: a file that cannot even be moved out of cur/ is met once, until the next
 * scan. What failed is in new/ and comes again with the others. */
static int recover_next(struct intake *in, uint64_t now_ms)
{
	int rc = 0;

	if (!in->in_work.items) {
		in->next_in_work = 0;
		rc = spool_scan(&in->spool, SPOOL_CUR, SPOOL_SCAN_ALL, &in->in_work);
	}
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
	int rc = spool_sweep(&in->spool, clock_wall_us(), in->draft_stale_ms);
	if (rc < 0)
		log_warning(
			"cannot sweep stale drafts", LOG_TEXT("kind", in->work.kind), LOG_ERR(rc));
	else if (rc > 0)
		log_info("stale drafts swept", LOG_TEXT("kind", in->work.kind),
			LOG_NUM("files", rc));
}

int intake_turn(struct intake *in, uint64_t now_ms)
{
	bool due = now_ms >= in->next_scan_ms;

	/* What is given back to new/ raises the watch again, so after a failure only time counts.
	 */
	if (!due && (!in->hurry || in->failed))
		return 0;
	if (due && in->recovered && in->taker.stranded) {
		in->taker.stranded = false;
		in->recovered = false;
	}
	int rc = in->recovered ? pass(in, now_ms) : recover_next(in, now_ms);
	bool again = rc == -EAGAIN;
	if (rc < 0 && !again)
		log_error("files have to wait", LOG_TEXT("kind", in->work.kind), LOG_ERR(rc));
	in->hurry |= again;
	in->failed = rc < 0 && !again;
	in->next_scan_ms = now_ms + in->rescan_ms;
	if (now_ms >= in->next_sweep_ms)
		sweep(in, now_ms);
	return devices_damaged(rc) ? rc : 0;
}

/* ---- opening ---- */

static int watch(const char *spool_dir, const char *kind)
{
	char *dir = conf_join(spool_dir, kind);
	char *new_dir = dir ? conf_join(dir, spool_state_name(SPOOL_NEW)) : NULL;
	int fd = new_dir ? spool_watch_open(new_dir) : -ENOMEM;

	free(new_dir);
	free(dir);
	return fd;
}

int intake_open(struct intake *in, const char *kind, const struct conf *conf, int *ret_watch_fd)
{
	*in = (struct intake){
		.work.kind = kind,
		.taker.spool = &in->spool,
		.file = buf_with_max(conf->file_max_bytes),
		.rescan_ms = conf->rescan_ms,
		.hurry = true, /* what waits for it already is not to wait longer */
		.draft_stale_ms = conf->draft_stale_ms,
	};
	int rc = spool_make(conf->spool_dir, kind);
	if (rc == 0)
		rc = spool_open(conf->spool_dir, kind, SPOOL_FOR_CONSUMING, &in->spool);
	if (rc < 0)
		return rc;
	rc = watch(conf->spool_dir, kind);
	if (rc < 0)
		spool_close(&in->spool);
	else
		*ret_watch_fd = rc;
	return rc < 0 ? rc : 0;
}

void intake_close(struct intake *in)
{
	spool_list_free(&in->in_work);
	spool_watch_close();
	spool_close(&in->spool);
	buf_free(&in->file);
}

/* ---- the watch ---- */

static void watch_ready(struct loop_source *source, uint32_t events)
{
	struct intake_watch *w = (struct intake_watch *)source;
	int rc = spool_watch_drain();
	(void)events;

	for (size_t i = 0; i < INTAKES_MAX; i++)
		if (w->intakes[i])
			w->intakes[i]->hurry = true;
	if (rc >= 0)
		return;
	log_warning("watch is lost; the spools are looked at every rescan interval", LOG_ERR(rc));
	loop_remove(w->loop_fd, source); /* or it would wake us for ever */
}

int intake_watch(struct intake_watch *w, int loop_fd, int watch_fd)
{
	w->source = (struct loop_source){watch_fd, watch_ready};
	w->loop_fd = loop_fd;
	return loop_add(loop_fd, &w->source, EPOLLIN);
}
