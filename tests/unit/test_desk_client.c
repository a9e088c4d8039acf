/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ingestd's side of the desk: each question that was taken is answered exactly once, whatever the
 * desk does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/socket.h>

#include "ingestd/desk.h"
#include "lib/clock.h"
#include "lib/io.h"
#include "tests/unit/scratch.h"

#define TIMEOUT_MS 3000
#define OPEN_MAX   16384 /* as in desk.c */

static struct desk *desk;
static int listener, peer; /* the desk's own end, played by the test */

struct asker {
	unsigned answered, away;
	unsigned status;
	char body[32];
	bool asks_again;
};

static struct asker askers[OPEN_MAX + 1];

static struct msg_question question(void)
{
	return (struct msg_question){
		.kind = MSG_POLL,
		.serial = span_str("ABCD250100001"),
		.peer = span_str("192.0.2.7"),
		.target = span_str("/iclock/getrequest?SN=ABCD250100001"),
	};
}

static int ask(struct asker *a)
{
	struct msg_question q = question();

	return desk_ask(desk, &q, a);
}

static void on_answer(void *owner, const struct msg_answer *answer)
{
	struct asker *a = owner;

	if (!answer) {
		a->away++;
	} else {
		a->answered++;
		a->status = answer->status;
		assert_true(answer->body.len < sizeof(a->body));
		memcpy(a->body, answer->body.ptr, answer->body.len);
		a->body[answer->body.len] = '\0';
	}
	if (a->asks_again) {
		a->asks_again = false;
		(void)!ask(a);
	}
}

static int open_desk(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	memset(askers, 0, sizeof(askers));
	peer = listener = -1;
	assert_int_equal(
		desk_open(scratch_path(state, "desk.sock"), TIMEOUT_MS, on_answer, &desk), 0);
	return 0;
}

static int close_desk(void **state)
{
	desk_close(desk);
	io_close(peer);
	io_close(listener);
	return scratch_remove(state);
}

static void come(void **state)
{
	listener = msg_listen(scratch_path(state, "desk.sock"), 0600);
	assert_true(listener >= 0);
}

static void meet(void **state, uint64_t now_ms)
{
	if (listener < 0)
		come(state);
	assert_int_equal(desk_tick(desk, now_ms), 1);
	assert_true(desk_fd(desk) >= 0);
	peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	assert_true(peer >= 0);
}

static struct msg_question receive(void)
{
	static char packet[MSG_MAX];
	struct msg_question q;
	ssize_t len = recv(peer, packet, sizeof(packet), 0);

	assert_true(len > 0);
	assert_int_equal(msg_get_question(span_of(packet, (size_t)len), &q), 0);
	return q;
}

static void answer(uint64_t id, const char *body)
{
	struct buf b = buf_with_max(MSG_MAX);
	struct msg_answer a = {.id = id, .status = 200, .body = span_str(body)};

	assert_int_equal(msg_put_answer(&b, &a), 0);
	assert_int_equal(send(peer, b.ptr, b.len, MSG_NOSIGNAL), b.len);
	buf_free(&b);
}

/* ---- the tests ---- */

static void away_at_first(void **state)
{
	assert_int_equal(desk_fd(desk), -1);
	assert_int_equal(ask(&askers[0]), -ENOTCONN);
	assert_int_equal(desk_tick(desk, 1000), 0);
	come(state);
	assert_int_equal(desk_tick(desk, 1001), 0); /* not at every turn of the loop */
	assert_int_equal(desk_fd(desk), -1);
	meet(state, 2000);
	assert_int_equal(desk_tick(desk, 2001), 0);
	assert_int_equal(ask(&askers[0]), 0);
	assert_int_equal(askers[0].answered + askers[0].away, 0);
}

static void a_question_and_its_answer(void **state)
{
	meet(state, 1000);
	assert_int_equal(ask(&askers[0]), 0);
	struct msg_question q = receive(), sent = question();
	assert_int_equal(q.kind, sent.kind);
	assert_true(span_eq(q.serial, sent.serial));
	assert_true(span_eq(q.peer, sent.peer));
	assert_true(span_eq(q.target, sent.target));
	desk_read(desk);
	assert_int_equal(askers[0].answered, 0);
	answer(q.id, "C:1:LOG\n");
	desk_read(desk);
	assert_int_equal(askers[0].answered, 1);
	assert_int_equal(askers[0].status, 200);
	assert_string_equal(askers[0].body, "C:1:LOG\n");
	answer(q.id, "again");
	desk_read(desk);
	assert_int_equal(askers[0].answered, 1);
	assert_true(desk_fd(desk) >= 0);
}

static void answers_come_in_any_order(void **state)
{
	uint64_t ids[10];
	char body[16];

	meet(state, 1000);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(ask(&askers[i]), 0);
		ids[i] = receive().id;
	}
	for (int i = 9; i >= 0; i--) {
		snprintf(body, sizeof(body), "%d", i);
		answer(ids[i], body);
	}
	answer(0, "nobody's");
	answer(ids[9] + 1, "not asked yet");
	answer(ids[9] + OPEN_MAX, "of a slot that is taken");
	desk_read(desk);
	for (int i = 0; i < 10; i++) {
		snprintf(body, sizeof(body), "%d", i);
		assert_int_equal(askers[i].answered, 1);
		assert_int_equal(askers[i].away, 0);
		assert_string_equal(askers[i].body, body);
	}
	assert_int_equal(ask(&askers[10]), 0);
	assert_int_equal(askers[10].answered, 0);
}

static void all_hear_it_when_the_desk_goes(void **state)
{
	meet(state, 1000);
	for (int i = 0; i < 5; i++)
		assert_int_equal(ask(&askers[i]), 0);
	uint64_t ids[5];
	for (int i = 0; i < 5; i++)
		ids[i] = receive().id;
	answer(ids[1], "one");
	io_close(peer);
	peer = -1;
	desk_read(desk);
	assert_int_equal(desk_fd(desk), -1);
	assert_int_equal(askers[1].answered, 1);
	for (int i = 0; i < 5; i++)
		assert_int_equal(askers[i].answered + askers[i].away, 1);
	assert_int_equal(ask(&askers[5]), -ENOTCONN);
	/* It comes back; what was asked before is not answered again. */
	assert_int_equal(desk_tick(desk, 1001), 1); /* it went */
	meet(state, 5000);
	assert_int_equal(ask(&askers[5]), 0);
	answer(receive().id, "back");
	desk_read(desk);
	assert_int_equal(askers[5].answered, 1);
	for (int i = 0; i < 5; i++)
		assert_int_equal(askers[i].answered + askers[i].away, 1);
}

static void nonsense_ends_the_connection(void **state)
{
	static const char *const packets[] = {
		"x", "1 200", "1 201\nx", "-1 200\n", "1 200 \n", "\n", " 1 200\nx"};

	for (size_t i = 0; i < sizeof(packets) / sizeof(*packets); i++) {
		meet(state, 1000 * (i + 1));
		assert_int_equal(ask(&askers[i]), 0);
		assert_true(send(peer, packets[i], strlen(packets[i]), MSG_NOSIGNAL) > 0);
		desk_read(desk);
		assert_int_equal(desk_fd(desk), -1);
		assert_int_equal(askers[i].away, 1);
		io_close(peer);
	}
	peer = -1;
}

static void too_late(void **state)
{
	uint64_t asked_ms = clock_mono_ms();

	meet(state, asked_ms);
	assert_int_equal(ask(&askers[0]), 0);
	assert_int_equal(ask(&askers[1]), 0);
	uint64_t id = receive().id;
	assert_int_equal(desk_tick(desk, asked_ms + TIMEOUT_MS - 1), 0);
	assert_int_equal(askers[0].away, 0);
	assert_int_equal(desk_tick(desk, clock_mono_ms() + TIMEOUT_MS), 0);
	assert_int_equal(askers[0].away, 1);
	assert_int_equal(askers[1].away, 1);
	answer(id, "late");
	desk_read(desk);
	assert_int_equal(askers[0].answered, 0);
	assert_true(desk_fd(desk) >= 0); /* slow is not away */
	assert_int_equal(ask(&askers[2]), 0);
}

/* Whoever stands before a terminal waits for a second, however long a poll may take. */
static void a_verification_waits_no_longer(void **state)
{
	struct msg_question q = question();
	uint64_t now_ms = clock_mono_ms();

	meet(state, now_ms);
	assert_true(desk_due_ms(desk) == UINT64_MAX);
	assert_int_equal(ask(&askers[0]), 0);
	assert_in_range(desk_due_ms(desk), now_ms + TIMEOUT_MS, clock_mono_ms() + TIMEOUT_MS);
	q.kind = MSG_VERIFY;
	assert_int_equal(desk_ask(desk, &q, &askers[1]), 0);
	assert_int_equal(desk_due_ms(desk), q.asked_ms + MSG_VERIFY_MS);
	assert_int_equal(desk_tick(desk, q.asked_ms + MSG_VERIFY_MS - 1), 0);
	assert_int_equal(askers[1].away, 0);
	assert_int_equal(desk_tick(desk, q.asked_ms + MSG_VERIFY_MS), 0);
	assert_int_equal(askers[1].away, 1);
	assert_int_equal(askers[0].away, 0);
	assert_in_range(desk_due_ms(desk), now_ms + TIMEOUT_MS, clock_mono_ms() + TIMEOUT_MS);
	assert_int_equal(desk_tick(desk, desk_due_ms(desk)), 0);
	assert_int_equal(askers[0].away, 1);
	assert_true(desk_due_ms(desk) == UINT64_MAX);
}

static void there_is_a_most(void **state)
{
	int rc = 0;
	size_t taken = 0;

	meet(state, 1000);
	for (; taken <= OPEN_MAX; taken++) {
		rc = ask(&askers[taken]);
		if (rc < 0)
			break;
		(void)receive();
	}
	assert_int_equal(rc, -EAGAIN);
	assert_int_equal(taken, OPEN_MAX);
	io_close(peer);
	peer = -1;
	desk_read(desk);
	for (size_t i = 0; i < OPEN_MAX; i++)
		assert_int_equal(askers[i].away, 1);
	assert_int_equal(askers[OPEN_MAX].away, 0); /* it was told at once */
}

/* The desk stands still: its socket fills, and nobody's question is lost on the way. */
static void a_desk_that_does_not_read(void **state)
{
	size_t taken = 0;
	int rc = 0;

	meet(state, 1000);
	while (taken < OPEN_MAX && (rc = ask(&askers[taken])) == 0)
		taken++;
	assert_int_equal(rc, -EAGAIN);
	assert_true(taken > 0);
	for (size_t i = 0; i < taken; i++) {
		answer(receive().id, "x");
		desk_read(desk);
	}
	for (size_t i = 0; i < taken; i++)
		assert_int_equal(askers[i].answered, 1);
	assert_int_equal(askers[taken].answered + askers[taken].away, 0);
	assert_int_equal(ask(&askers[taken]), 0);
}

static void an_answer_may_lead_to_a_question(void **state)
{
	meet(state, 1000);
	askers[0].asks_again = true;
	assert_int_equal(ask(&askers[0]), 0);
	answer(receive().id, "first");
	desk_read(desk);
	assert_int_equal(askers[0].answered, 1);
	answer(receive().id, "second");
	desk_read(desk);
	assert_int_equal(askers[0].answered, 2);
	/* Also while the desk goes. */
	for (int i = 1; i < 4; i++) {
		askers[i].asks_again = true;
		assert_int_equal(ask(&askers[i]), 0);
	}
	io_close(peer);
	peer = -1;
	desk_read(desk);
	for (int i = 1; i < 4; i++)
		assert_int_equal(askers[i].away, 1);
}

static void closing_tells_all(void **state)
{
	meet(state, 1000);
	assert_int_equal(ask(&askers[0]), 0);
	desk_hang_up(desk);
	assert_int_equal(askers[0].away, 1);
	desk_close(desk);
	assert_int_equal(
		desk_open(scratch_path(state, "desk.sock"), TIMEOUT_MS, on_answer, &desk), 0);
}

static void a_question_that_is_too_long(void **state)
{
	static char target[MSG_MAX];
	struct msg_question q = question();

	meet(state, 1000);
	memset(target, 'a', sizeof(target));
	q.target = span_of(target, sizeof(target));
	assert_true(desk_ask(desk, &q, &askers[0]) < 0);
	assert_int_equal(ask(&askers[1]), 0);
	answer(receive().id, "x");
	desk_read(desk);
	assert_int_equal(askers[0].answered + askers[0].away, 0);
	assert_int_equal(askers[1].answered, 1);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, open_desk, close_desk)
	const struct CMUnitTest tests[] = {
		each(away_at_first),
		each(a_question_and_its_answer),
		each(answers_come_in_any_order),
		each(all_hear_it_when_the_desk_goes),
		each(nonsense_ends_the_connection),
		each(too_late),
		each(a_verification_waits_no_longer),
		each(there_is_a_most),
		each(a_desk_that_does_not_read),
		each(an_answer_may_lead_to_a_question),
		each(closing_tells_all),
		each(a_question_that_is_too_long),
	};

	return cmocka_run_group_tests_name("desk_client", tests, NULL, NULL);
}
