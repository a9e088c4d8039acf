/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commit: a committer thread for a spool. */
#include "ingestd/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/io.h"

#define GROUP_BYTES (8u * 1024 * 1024) /* a file's worth; well below the consumer's file_max */
#define PARTS       512                /* entries a writev */

struct commit_lane {
	const struct spool *spool;
	int done_fd;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t work;
	/* under the mutex */
	struct commit_item *waiting, **waiting_end;
	struct commit_item *finished;
	bool ending;
};

/* ---- the committer's side; nothing here touches anything but the lane and its spool ---- */

/* Takes the first items of a list, up to a file's worth, off it. */
static struct commit_item *cut_group(struct commit_item **list)
{
	struct commit_item *group = *list, *last = group;
	size_t bytes = group->bytes.len;
	while (last->next && bytes + last->next->bytes.len <= GROUP_BYTES) {
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

static struct commit_item *take_waiting(struct commit_lane *l)
{
	pthread_mutex_lock(&l->mutex);
	while (!l->waiting && !l->ending)
		pthread_cond_wait(&l->work, &l->mutex);
	struct commit_item *list = l->waiting;
	l->waiting = NULL;
	l->waiting_end = &l->waiting;
	pthread_mutex_unlock(&l->mutex);
	return list;
}

static void *committer(void *arg)
{
	struct commit_lane *l = arg;
	struct commit_item *list;
	while ((list = take_waiting(l)) != NULL)
		while (list) {
			struct commit_item *group = cut_group(&list);
			commit_group(l->spool, group);
			give_back(l, group);
		}
	return NULL;
}

/* ---- the other side ---- */

int commit_open(const struct spool *s, int done_fd, struct commit_lane **ret)
{
	struct commit_lane *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->spool = s;
	l->done_fd = done_fd;
	l->waiting_end = &l->waiting;
	pthread_mutex_init(&l->mutex, NULL);
	pthread_cond_init(&l->work, NULL);
	int code = pthread_create(&l->thread, NULL, committer, l);
	if (code) {
		commit_free(l);
		return -code;
	}
	*ret = l;
	return 0;
}

void commit_submit(struct commit_lane *l, struct commit_item *item)
{
	item->next = NULL;
	item->result = 0;
	pthread_mutex_lock(&l->mutex);
	bool idle = l->waiting == NULL;
	*l->waiting_end = item;
	l->waiting_end = &item->next;
	pthread_mutex_unlock(&l->mutex);
	if (idle)
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
	pthread_cond_signal(&l->work);
	pthread_join(l->thread, NULL);
}

void commit_free(struct commit_lane *l)
{
	pthread_cond_destroy(&l->work);
	pthread_mutex_destroy(&l->mutex);
	free(l);
}
