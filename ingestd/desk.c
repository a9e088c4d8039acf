/* SPDX-License-Identifier: GPL-2.0-or-later */
/* desk: the open questions and the one socket. */
#include "ingestd/desk.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "lib/clock.h"
#include "lib/io.h"

#define OPEN_MAX        16384 /* questions on their way at once */
#define RECONNECT_MS    200
#define SLOT_OF(ticket) ((ticket) % OPEN_MAX)

struct question {
	uint64_t ticket; /* 0: the slot is free */
	uint64_t due_ms; /* later than that no answer counts */
	void *owner;
};

struct desk {
	char *path;
	int fd;
	bool changed;
	uint64_t timeout_ms, next_try_ms;
	uint64_t due_ms; /* of all that are open none is due earlier; UINT64_MAX: none is open */
	desk_answered *answered;
	uint64_t next_ticket, oldest_ticket; /* all open tickets are in [oldest, next) */
	struct buf out;
	char in[MSG_MAX];
	struct question open[OPEN_MAX];
};

int desk_open(const char *path, uint64_t timeout_ms, desk_answered *answered, struct desk **ret)
{
	struct desk *d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->path = strdup(path);
	d->fd = -1;
	d->timeout_ms = timeout_ms;
	d->answered = answered;
	d->due_ms = UINT64_MAX;
	d->next_ticket = d->oldest_ticket = 1;
	d->out = buf_with_max(MSG_MAX);
	if (!d->path) {
		free(d);
		return -ENOMEM;
	}
	*ret = d;
	return 0;
}

int desk_fd(const struct desk *d)
{
	return d->fd;
}

static void settle(struct desk *d, struct question *q, const struct msg_answer *answer)
{
	void *owner = q->owner;
	q->ticket = 0;
	while (d->oldest_ticket < d->next_ticket && !d->open[SLOT_OF(d->oldest_ticket)].ticket)
		d->oldest_ticket++;
	d->answered(owner, answer);
}

/* The desk is away: everybody who waits is told so. */
void desk_hang_up(struct desk *d)
{
	io_close(d->fd);
	d->fd = -1;
	d->changed = true;
	for (uint64_t t = d->oldest_ticket, end = d->next_ticket; t < end; t++)
		if (d->open[SLOT_OF(t)].ticket == t)
			settle(d, &d->open[SLOT_OF(t)], NULL);
}

void desk_close(struct desk *d)
{
	io_close(d->fd);
	buf_free(&d->out);
	free(d->path);
	free(d);
}

static uint64_t patience_ms(const struct desk *d, enum msg_kind kind)
{
	return kind == MSG_VERIFY ? MSG_VERIFY_MS : d->timeout_ms;
}

static void note_due(struct desk *d, uint64_t due_ms)
{
	if (due_ms < d->due_ms)
		d->due_ms = due_ms;
}

static void note_open(struct desk *d, const struct msg_question *q, void *owner)
{
	uint64_t due_ms = q->asked_ms + patience_ms(d, q->kind);

	d->open[SLOT_OF(q->id)] = (struct question){q->id, due_ms, owner};
	d->next_ticket = q->id + 1;
	note_due(d, due_ms);
}

int desk_ask(struct desk *d, struct msg_question *q, void *owner)
{
	if (d->fd < 0)
		return -ENOTCONN;
	if (d->next_ticket - d->oldest_ticket >= OPEN_MAX)
		return -EAGAIN;
	q->id = d->next_ticket;
	q->asked_ms = clock_mono_ms();
	int rc = msg_put_question(&d->out, q);
	if (rc < 0)
		return rc;
	if (send(d->fd, d->out.ptr, d->out.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return errno == EWOULDBLOCK ? -EAGAIN
					    : -errno; /* a lost peer shows at the next read */
	note_open(d, q, owner);
	return 0;
}

void desk_read(struct desk *d)
{
	while (d->fd >= 0) {
		struct msg_answer a;
		ssize_t len = recv(d->fd, d->in, sizeof(d->in), MSG_DONTWAIT);
		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		/* The desk is trusted to run, not to be right: a packet that is none ends the
		 * connection. */
		if (len <= 0 || msg_get_answer(span_of(d->in, (size_t)len), &a) < 0) {
			desk_hang_up(d);
			return;
		}
		struct question *q = &d->open[SLOT_OF(a.id)];
		if (a.id && q->ticket == a.id)
			settle(d, q, &a);
	}
}

static void connect_now(struct desk *d, uint64_t now_ms)
{
	d->next_try_ms = now_ms + RECONNECT_MS;
	int fd = msg_connect(d->path);
	if (fd < 0)
		return; /* away; desk_tick tries again */
	d->fd = fd;
	d->changed = true;
}

/* Not all wait equally long, so all are looked at. Who is told may ask again. */
static void give_up_late(struct desk *d, uint64_t now_ms)
{
	d->due_ms = UINT64_MAX;
	for (uint64_t t = d->oldest_ticket, end = d->next_ticket; t < end; t++) {
		struct question *q = &d->open[SLOT_OF(t)];
		if (q->ticket == t && q->due_ms <= now_ms)
			settle(d, q, NULL);
		else if (q->ticket == t)
			note_due(d, q->due_ms);
	}
}

uint64_t desk_due_ms(const struct desk *d)
{
	return d->due_ms;
}

int desk_tick(struct desk *d, uint64_t now_ms)
{
	if (d->fd < 0 && now_ms >= d->next_try_ms)
		connect_now(d, now_ms);
	if (now_ms >= d->due_ms)
		give_up_late(d, now_ms);
	int changed = d->changed;
	d->changed = false;
	return changed;
}
