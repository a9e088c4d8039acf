/* SPDX-License-Identifier: GPL-2.0-or-later */
/* connection: what is late, and that it is ended once; with a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ingestd/connection.h"

static const struct http_limits limits = {
	.idle_s = 20, .deadline_ms = 10000, .body_rate_min = 1000};

/* The last moment at which it is not late, when it is late for good after that. */
static uint64_t until(const struct connection *c, const struct http_limits *l)
{
	uint64_t at = 0;

	while (!connection_is_late(c, l, at))
		if (at++ > 1000000)
			return UINT64_MAX;
	return at - 1;
}

static void a_request_has_its_deadline(void **state)
{
	struct connection *list = NULL, *c = connection_add(&list, -1, 1000);

	(void)state;
	assert_non_null(c);
	assert_int_equal(until(c, &limits), 11000); /* nothing was said yet */
	connection_begin_request(c, 3000);
	assert_int_equal(until(c, &limits), 13000);
	c->body_bytes = 5500; /* has come at the rate that it must come at */
	assert_int_equal(until(c, &limits), 18500);
	c->waiting = true;
	assert_int_equal(until(c, &limits), UINT64_MAX);
	connection_begin_reply(c, 50000);
	assert_int_equal(until(c, &limits), 65500);
	connection_end_request(c, 60000);
	assert_int_equal(until(c, &limits), 90000); /* idle, and then the deadline */
	connection_begin_request(c, 85000);
	assert_int_equal(until(c, &limits), 95000);
	connection_remove(c);
	assert_null(list);
}

static void without_a_rate_a_body_is_as_slow_as_it_likes(void **state)
{
	struct http_limits l = limits;
	struct connection *list = NULL, *c = connection_add(&list, -1, 0);

	(void)state;
	assert_non_null(c);
	l.body_rate_min = 0;
	assert_int_equal(until(c, &l), 10000);
	c->body_bytes = 1;
	assert_int_equal(until(c, &l), UINT64_MAX);
	connection_remove(c);
}

static bool is_shut(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void who_is_late_is_ended_once(void **state)
{
	struct connection *list = NULL, *c[3];
	int fds[3][2];

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds[i]), 0);
		c[i] = connection_add(&list, fds[i][0], 1000 * (uint64_t)i);
		assert_non_null(c[i]);
	}
	assert_int_equal(connection_expire(list, &limits, 10000), 0);
	assert_int_equal(connection_expire(list, &limits, 11001), 2);
	assert_true(is_shut(fds[0][1]) && is_shut(fds[1][1]) && !is_shut(fds[2][1]));
	assert_int_equal(connection_expire(list, &limits, 11001), 0);
	connection_remove(c[1]); /* from the middle */
	assert_int_equal(connection_expire(list, &limits, 12001), 1);
	assert_true(is_shut(fds[2][1]));
	connection_remove(c[0]);
	connection_remove(c[2]);
	assert_null(list);
	for (int i = 0; i < 3; i++) {
		close(fds[i][0]);
		close(fds[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_has_its_deadline),
		cmocka_unit_test(without_a_rate_a_body_is_as_slow_as_it_likes),
		cmocka_unit_test(who_is_late_is_ended_once),
	};

	return cmocka_run_group_tests_name("connection", tests, NULL, NULL);
}
