/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The packets of desk.sock: what is read is what was written, and what was written is read. */
#include <errno.h>

#include "lib/msg.h"
#include "lib/serial.h"
#include "tests/fuzz/fuzz.h"

static void check_question(struct span packet, struct buf *b)
{
	struct msg_question q, back;
	int rc;

	if (msg_get_question(packet, &q) != 0)
		return;
	CHECK(q.kind <= MSG_TIME);
	CHECK(serial_valid(q.serial) || (q.kind == MSG_FILE && q.serial.len == 0));
	CHECK(q.peer.len > 0 && !fuzz_has_control(q.peer) && !span_has(q.peer, ' '));
	CHECK(q.serial.len == 0 || fuzz_inside(q.serial, packet));
	CHECK(fuzz_inside(q.peer, packet));
	struct span last = q.kind == MSG_VERIFY ? q.body : q.target;
	CHECK(fuzz_inside(q.target, packet) && fuzz_inside(last, packet));
	CHECK(last.ptr + last.len == packet.ptr + packet.len);
	CHECK(q.kind == MSG_VERIFY ? !span_has(q.target, '\n') : q.body.len == 0);
	rc = msg_put_question(b, &q);
	CHECK(rc == 0 || (rc == -EMSGSIZE && packet.len > MSG_MAX));
	if (rc < 0)
		return;
	CHECK(b->len <= packet.len && b->len <= MSG_MAX);
	CHECK(msg_get_question(buf_span(b), &back) == 0);
	CHECK(back.id == q.id && back.kind == q.kind && span_eq(back.serial, q.serial));
	CHECK(span_eq(back.peer, q.peer) && span_eq(back.target, q.target));
	CHECK(span_eq(back.body, q.body));
}

static void check_answer(struct span packet, struct buf *b)
{
	struct msg_answer a, back;
	int rc;

	if (msg_get_answer(packet, &a) != 0)
		return;
	CHECK(a.status == 200 || a.status == 403 || a.status == 404 || a.status == 503);
	CHECK(fuzz_inside(a.body, packet));
	CHECK(a.body.ptr + a.body.len == packet.ptr + packet.len);
	rc = msg_put_answer(b, &a);
	CHECK(rc == 0 || (rc == -EMSGSIZE && packet.len > MSG_MAX));
	if (rc < 0)
		return;
	CHECK(b->len <= packet.len && b->len <= MSG_MAX);
	CHECK(msg_get_answer(buf_span(b), &back) == 0);
	CHECK(back.id == a.id && back.status == a.status && span_eq(back.body, a.body));
}

/* Any target as a question, and any peer on one line: none becomes a part of another. */
static void check_asked(struct span input, struct buf *b)
{
	struct msg_question q = {.id = fuzz_hash(input)}, back;
	bool fits;
	int rc;

	q.kind = input.len % 2 ? MSG_HELLO : MSG_POLL;
	q.serial = fuzz_piece(&input);
	q.peer = fuzz_piece(&input);
	q.target = input;
	/* The two words are the asker's to check; behind a blank in one the time of asking could
	 * stand. */
	if (!serial_valid(q.serial) || span_has(q.peer, '\0') || span_has(q.peer, '\n') ||
		span_has(q.peer, ' '))
		return;
	rc = msg_put_question(b, &q);
	CHECK(rc == 0 || rc == -EMSGSIZE);
	if (rc < 0)
		return;
	fits = q.peer.len > 0 && !fuzz_has_control(q.peer);
	for (size_t i = 0; i < q.peer.len; i++)
		fits = fits && (unsigned char)q.peer.ptr[i] < 0x80;
	rc = msg_get_question(buf_span(b), &back);
	if (!fits)
		CHECK(rc == -EBADMSG);
	if (!fits)
		return;
	CHECK(rc == 0 && back.id == q.id && back.kind == q.kind);
	CHECK(span_eq(back.serial, q.serial) && span_eq(back.peer, q.peer));
	CHECK(span_eq(back.target, q.target));
}

static void check_answered(struct span input, struct buf *b)
{
	static const unsigned statuses[] = {200, 403, 404, 503, 302};
	struct msg_answer a = {.id = fuzz_hash(input), .body = input}, back;

	a.status = statuses[input.len % 5];
	if (msg_put_answer(b, &a) < 0) {
		CHECK(input.len > MSG_MAX - 64);
		return;
	}
	if (a.status == 302) {
		CHECK(msg_get_answer(buf_span(b), &back) == -EBADMSG);
		return;
	}
	CHECK(msg_get_answer(buf_span(b), &back) == 0);
	CHECK(back.id == a.id && back.status == a.status && span_eq(back.body, a.body));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf b = buf_with_max(2 * MSG_MAX);

	check_question(span_of(data, size), &b);
	check_answer(span_of(data, size), &b);
	check_asked(span_of(data, size), &b);
	check_answered(span_of(data, size), &b);
	buf_free(&b);
	return 0;
}
