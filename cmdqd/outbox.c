/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outbox: what one client of the desk is still to hear. */
#include "cmdqd/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "cmdqd/verdict.h"

struct letter {
	STAILQ_ENTRY(letter) next;
	uint64_t id; /* of the question, and its kind: of those that are held */
	enum msg_kind kind;
	size_t len;
	char bytes[];
};

void outbox_open(struct outbox *o, int fd)
{
	*o = (struct outbox){.fd = fd};
	STAILQ_INIT(&o->held);
	STAILQ_INIT(&o->unsent);
}

/* A command may hold a password or a template, and who was let in has a name and a photo. */
static void burn(struct letter *l)
{
	explicit_bzero(l->bytes, l->len);
	free(l);
}

static void burn_all(struct letters *letters)
{
	struct letter *l;

	while ((l = STAILQ_FIRST(letters))) {
		STAILQ_REMOVE_HEAD(letters, next);
		burn(l);
	}
}

void outbox_close(struct outbox *o)
{
	burn_all(&o->held);
	burn_all(&o->unsent);
	o->held_count = o->held_bytes = 0;
}

bool outbox_stalled(const struct outbox *o)
{
	return !STAILQ_EMPTY(&o->unsent);
}

bool outbox_has_room(const struct outbox *o)
{
	return !outbox_stalled(o) && o->held_bytes < OUTBOX_HELD_MAX;
}

/* Adds the packet to the end of one of the two lists. */
static struct letter *keep(struct letters *letters, struct span packet)
{
	struct letter *l = malloc(sizeof(*l) + packet.len);

	if (!l)
		return NULL;
	l->len = packet.len;
	memcpy(l->bytes, packet.ptr, packet.len);
	STAILQ_INSERT_TAIL(letters, l, next);
	return l;
}

/* 0; -EAGAIN when the socket is full; other negative errno. */
static int send_packet(int fd, struct span packet)
{
	return send(fd, packet.ptr, packet.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int outbox_send(struct outbox *o, struct span packet)
{
	int rc = outbox_stalled(o) ? -EAGAIN : send_packet(o->fd, packet);

	if (rc != -EAGAIN)
		return rc;
	return keep(&o->unsent, packet) ? 0 : -ENOMEM;
}

int outbox_hold(struct outbox *o, uint64_t id, enum msg_kind kind, struct span packet)
{
	struct letter *l = keep(&o->held, packet);

	if (!l)
		return -ENOMEM;
	l->id = id;
	l->kind = kind;
	o->held_count++;
	o->held_bytes += packet.len;
	return 0;
}

static struct msg_answer promise_of_nothing(const struct letter *l)
{
	switch (l->kind) {
	case MSG_POLL:
		return (struct msg_answer){l->id, 200, span_str("OK")};
	case MSG_VERIFY:
		return (struct msg_answer){l->id, 200, span_str(VERDICT_FAILED)};
	case MSG_HELLO:
	case MSG_LOOKUP:
	case MSG_FILE:
	case MSG_TIME:
		break;
	}
	return (struct msg_answer){l->id, 503, span_str("")};
}

static int send_promise_of_nothing(struct outbox *o, const struct letter *l, struct buf *scratch)
{
	const struct msg_answer a = promise_of_nothing(l);
	int rc = msg_put_answer(scratch, &a);

	return rc < 0 ? rc : outbox_send(o, buf_span(scratch));
}

int outbox_release(struct outbox *o, bool durable, struct buf *scratch)
{
	struct letter *l;
	int rc = 0;

	while (rc == 0 && (l = STAILQ_FIRST(&o->held))) {
		rc = durable ? outbox_send(o, span_of(l->bytes, l->len))
			     : send_promise_of_nothing(o, l, scratch);
		STAILQ_REMOVE_HEAD(&o->held, next);
		o->held_count--;
		o->held_bytes -= l->len;
		burn(l);
	}
	return rc;
}

int outbox_flush(struct outbox *o)
{
	struct letter *l;

	while ((l = STAILQ_FIRST(&o->unsent))) {
		int rc = send_packet(o->fd, span_of(l->bytes, l->len));
		if (rc < 0)
			return rc == -EAGAIN ? 0 : rc;
		STAILQ_REMOVE_HEAD(&o->unsent, next);
		burn(l);
	}
	return 0;
}
