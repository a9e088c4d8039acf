/* SPDX-License-Identifier: GPL-2.0-or-later */
/* msg: the packets of desk.sock and the sockets they go through. */
#include "lib/msg.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/socket.h>

#include "lib/local.h"
#include "lib/num.h"
#include "lib/serial.h"

#define PEER_MAX 64  /* bytes; an IPv6 address with its scope is shorter */
#define NOBODY   "-" /* in the place of a serial that was not said; so nobody can be called so */

static const char *const kind_names[] = {
	[MSG_HELLO] = "hello",
	[MSG_POLL] = "poll",
	[MSG_LOOKUP] = "lookup",
	[MSG_VERIFY] = "verify",
	[MSG_FILE] = "file",
	[MSG_TIME] = "time",
};

/* ---- packets ---- */

/* What follows the head's LF goes in as it is. The head alone cannot reach the limit. */
static int end_packet(struct buf *b, int rc, struct span rest)
{
	if (rc == 0 && rest.len > MSG_MAX - b->len)
		rc = -EMSGSIZE;
	return rc < 0 ? rc : buf_add_span(b, rest);
}

int msg_put_question(struct buf *b, const struct msg_question *q)
{
	const bool nobody = q->kind == MSG_FILE && q->serial.len == 0;
	const struct span serial = nobody ? span_str(NOBODY) : q->serial;
	int rc;

	buf_clear(b);
	if (serial.len > SERIAL_MAX || q->peer.len > PEER_MAX)
		return -EMSGSIZE;
	rc = buf_printf(b, "%" PRIu64 " %s %.*s %.*s", q->id, kind_names[q->kind], SPAN_ARG(serial),
		SPAN_ARG(q->peer));
	if (rc == 0 && q->asked_ms != 0)
		rc = buf_printf(b, " %" PRIu64, q->asked_ms);
	if (rc == 0)
		rc = buf_add_str(b, "\n");
	if (q->kind != MSG_VERIFY)
		return end_packet(b, rc, q->target);
	if (span_has(q->target, '\n'))
		return -EINVAL;
	rc = end_packet(b, rc, q->target);
	return end_packet(b, end_packet(b, rc, span_str("\n")), q->body);
}

int msg_put_answer(struct buf *b, const struct msg_answer *a)
{
	buf_clear(b);
	return end_packet(b, buf_printf(b, "%" PRIu64 " %u\n", a->id, a->status), a->body);
}

/* Cuts the head off and into exactly `count` words. */
static bool read_head(struct span *packet, struct span *words, size_t count)
{
	struct span head;

	if (!span_next(packet, '\n', &head) || !packet->ptr)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!span_next(&head, ' ', &words[i]))
			return false;
	return !head.ptr;
}

static bool read_kind(struct span name, enum msg_kind *ret)
{
	for (size_t i = 0; i < sizeof(kind_names) / sizeof(*kind_names); i++) {
		if (span_is(name, kind_names[i])) {
			*ret = (enum msg_kind)i;
			return true;
		}
	}
	return false;
}

/* Something that can be shown and stored; whose address it is does not matter here. */
static bool peer_valid(struct span peer)
{
	if (peer.len < 1 || peer.len > PEER_MAX)
		return false;
	for (size_t i = 0; i < peer.len; i++)
		if (peer.ptr[i] <= ' ' || peer.ptr[i] > '~')
			return false;
	return true;
}

int msg_get_question(struct span packet, struct msg_question *ret)
{
	struct msg_question q = {.asked_ms = 0};
	struct span words[5], whole = packet;

	/* An ingestd of before says no time. */
	if (!read_head(&packet, words, 5)) {
		packet = whole;
		words[4] = span_str("0");
		if (!read_head(&packet, words, 4))
			return -EBADMSG;
	}
	if (num_u64(words[4], 0, UINT64_MAX, &q.asked_ms) < 0 ||
		num_u64(words[0], 0, UINT64_MAX, &q.id) < 0 || !read_kind(words[1], &q.kind) ||
		!serial_valid(words[2]) || !peer_valid(words[3]))
		return -EBADMSG;
	if (q.kind != MSG_FILE || !span_is(words[2], NOBODY))
		q.serial = words[2];
	q.peer = words[3];
	q.target = packet;
	if (q.kind == MSG_VERIFY) {
		if (!span_has(packet, '\n'))
			return -EBADMSG;
		(void)span_next(&packet, '\n', &q.target);
		q.body = packet;
	}
	*ret = q;
	return 0;
}

int msg_get_answer(struct span packet, struct msg_answer *ret)
{
	struct span words[2];
	uint64_t id, status;

	if (!read_head(&packet, words, 2) || num_u64(words[0], 0, UINT64_MAX, &id) < 0 ||
		num_u64(words[1], 0, 999, &status) < 0)
		return -EBADMSG;
	if (status != 200 && status != 403 && status != 404 && status != 503)
		return -EBADMSG;
	*ret = (struct msg_answer){.id = id, .status = (unsigned)status, .body = packet};
	return 0;
}

/* ---- sockets ---- */

int msg_connect(const char *path)
{
	return local_connect(path, SOCK_SEQPACKET);
}

int msg_listen(const char *path, unsigned mode)
{
	return local_listen(path, SOCK_SEQPACKET, mode);
}
