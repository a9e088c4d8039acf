/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commit: a lane's committers. One does all the work while it can: the group that gathers while it
 * waits for the disk is its next one. A second one starts only when much is waiting, so that the
 * disk is not idle while the first one writes and renames. */
#include "ingestd/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/io.h"

#define PARTS      512 /* entries a writev */
#define COMMITTERS 2
#define MUCH_ITEMS 16
#define MUCH_BYTES (1024u * 1024)

struct committer {
	struct commit_lane *lane;
	pthread_t thread;
	/* Durability: with a descriptor of new/ of its own. The kernel tells a failed write-back
	 * once to each descriptor; over a shared one the other committer's fsync could hear of the
	 * fault that was this one's too. */
	struct spool spool;
};

struct commit_lane {
	int done_fd;
	size_t group_max_bytes;
	struct committer committers[COMMITTERS];
	unsigned committer_count;
	pthread_mutex_t mutex;
	pthread_cond_t work;
	/* under the mutex */
	struct commit_item *waiting, **waiting_end;
	size_t waiting_items, waiting_bytes;
	bool kicked;   /* since the last were taken */
	unsigned busy; /* committers at work */
	struct commit_item *finished;
	bool ending;
};

/* ---- the committer's side; nothing here touches anything but the lane and its spool ---- */

/* Takes the first items of a list, up to a file's worth, off it. */
static struct commit_item *cut_group(struct commit_item **list, size_t max_bytes)
{
	struct commit_item *group = *list, *last = group;
	size_t bytes = group->bytes.len;
	while (last->next && bytes + last->next->bytes.len <= max_bytes) {
		last = last->next;
		bytes += last->bytes.len;
	}
	*list = last->next;
	last->next = NULL;
	return group;
}

static int write_parts(int fd, const struct commit_item *item)
{
	struct iovec parts[PARTS];
	while (item) {
		size_t n = 0;
		for (; item && n < PARTS; item = item->next)
			if (item->bytes.ptr)
				parts[n++] = (struct iovec){
					(void *)(uintptr_t)item->bytes.ptr, item->bytes.len};
		int rc = n ? io_writev_all(fd, parts, n) : 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* One file for all entries of the group that came without one. */
static int post_together(const struct spool *s, const struct commit_item *group)
{
	struct spool_draft d;
	int rc = spool_draft_open(s, &d);
	if (rc < 0)
		return rc;
	rc = write_parts(d.fd, group);
	if (rc < 0) {
		spool_draft_drop(s, &d);
		return rc;
	}
	return spool_draft_post(s, &d);
}

/* Starts the disk on all large files before the first of them is waited for. */
static void start_writeback(struct commit_item *group)
{
	for (struct commit_item *i = group; i; i = i->next)
		if (i->draft.fd >= 0)
			(void)sync_file_range(i->draft.fd, 0, 0,
				SYNC_FILE_RANGE_WRITE); /* a hint; fsync decides */
}

static void commit_group(const struct spool *s, struct commit_item *group)
{
	bool together = false;
	start_writeback(group);
	for (struct commit_item *i = group; i; i = i->next) {
		if (i->bytes.ptr)
			together = true;
		else
			i->result = spool_draft_post(s, &i->draft);
	}
	int shared = together ? post_together(s, group) : 0;
	/* Durability: one directory sync for the whole group, and nobody is answered before it. */
	int synced = spool_sync_new(s);
	for (struct commit_item *i = group; i; i = i->next) {
		if (i->bytes.ptr && shared < 0)
			i->result = shared;
		if (i->result == 0)
			i->result = synced;
	}
}

static void give_back(struct commit_lane *l, struct commit_item *group)
{
	struct commit_item *last = group;
	while (last->next)
		last = last->next;
	pthread_mutex_lock(&l->mutex);
	last->next = l->finished;
	l->finished = group;
	pthread_mutex_unlock(&l->mutex);
	/* Cannot fail but by overflow, and then the other side has been woken already. */
	(void)eventfd_write(l->done_fd, 1);
}

/* Under the mutex: is there work for one more committer? */
static bool is_wanted(const struct commit_lane *l)
{
	if (!l->waiting)
		return false;
	if (l->busy == 0 || l->ending)
		return true;
	return l->kicked && (l->waiting_items >= MUCH_ITEMS || l->waiting_bytes >= MUCH_BYTES);
}

static struct commit_item *take_waiting(struct commit_lane *l)
{
	pthread_mutex_lock(&l->mutex);
	while (!is_wanted(l) && !l->ending)
		pthread_cond_wait(&l->work, &l->mutex);
	struct commit_item *list = l->waiting;
	l->waiting = NULL;
	l->waiting_end = &l->waiting;
	l->waiting_items = l->waiting_bytes = 0;
	l->kicked = false;
	l->busy += list != NULL;
	pthread_mutex_unlock(&l->mutex);
	return list;
}

static void rest(struct commit_lane *l)
{
	pthread_mutex_lock(&l->mutex);
	l->busy--;
	pthread_mutex_unlock(&l->mutex);
}

static void *committer(void *arg)
{
	struct committer *c = arg;
	struct commit_item *list;
	while ((list = take_waiting(c->lane)) != NULL) {
		while (list) {
			struct commit_item *group = cut_group(&list, c->lane->group_max_bytes);
			commit_group(&c->spool, group);
			give_back(c->lane, group);
		}
		rest(c->lane);
	}
	return NULL;
}

/* ---- the other side ---- */

static int start(struct commit_lane *l, const struct spool *s)
{
	struct committer *c = &l->committers[l->committer_count];
	int fd = io_open_dir(s->dirs[SPOOL_NEW], ".");
	if (fd < 0)
		return fd;
	c->lane = l;
	c->spool = *s;
	c->spool.dirs[SPOOL_NEW] = fd;
	int code = pthread_create(&c->thread, NULL, committer, c);
	if (code) {
		io_close(fd);
		return -code;
	}
	l->committer_count++;
	return 0;
}

int commit_open(
	const struct spool *s, int done_fd, size_t group_max_bytes, struct commit_lane **ret)
{
	struct commit_lane *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->done_fd = done_fd;
	l->group_max_bytes = group_max_bytes;
	l->waiting_end = &l->waiting;
	pthread_mutex_init(&l->mutex, NULL);
	pthread_cond_init(&l->work, NULL);
	int rc = 0;
	while (rc == 0 && l->committer_count < COMMITTERS)
		rc = start(l, s);
	if (rc < 0) {
		commit_finish(l);
		commit_free(l);
		return rc;
	}
	*ret = l;
	return 0;
}

void commit_submit(struct commit_lane *l, struct commit_item *item)
{
	item->next = NULL;
	item->result = 0;
	pthread_mutex_lock(&l->mutex);
	*l->waiting_end = item;
	l->waiting_end = &item->next;
	l->waiting_items++;
	/* What is in a draft is large. */
	l->waiting_bytes += item->bytes.ptr ? item->bytes.len : MUCH_BYTES;
	pthread_mutex_unlock(&l->mutex);
}

void commit_kick(struct commit_lane *l)
{
	pthread_mutex_lock(&l->mutex);
	l->kicked = l->waiting != NULL;
	bool wanted = is_wanted(l);
	pthread_mutex_unlock(&l->mutex);
	/* Otherwise the one at work takes it when it is done. */
	if (wanted)
		pthread_cond_signal(&l->work);
}

struct commit_item *commit_collect(struct commit_lane *l)
{
	pthread_mutex_lock(&l->mutex);
	struct commit_item *list = l->finished;
	l->finished = NULL;
	pthread_mutex_unlock(&l->mutex);
	return list;
}

void commit_finish(struct commit_lane *l)
{
	pthread_mutex_lock(&l->mutex);
	l->ending = true;
	pthread_mutex_unlock(&l->mutex);
	pthread_cond_broadcast(&l->work);
	while (l->committer_count > 0) {
		struct committer *c = &l->committers[--l->committer_count];
		pthread_join(c->thread, NULL);
		io_close(c->spool.dirs[SPOOL_NEW]);
	}
}

void commit_free(struct commit_lane *l)
{
	pthread_cond_destroy(&l->work);
	pthread_mutex_destroy(&l->mutex);
	free(l);
}
