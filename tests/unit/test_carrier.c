/* SPDX-License-Identifier: GPL-2.0-or-later */
/* carrier: it does not spin while nobody can be accepted, and its line does not grow. (The rest of
 * it is in tests/system/test_matchd.py.) */
#include "matchd/carrier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/socket.h>

#include "lib/io.h"
#include "lib/local.h"
#include "tests/unit/no_accept.h"
#include "tests/unit/scratch.h"

static struct carrier carrier;

/* How many of its descriptors have news. */
static int news(void)
{
	struct pollfd fds[CARRIER_FDS];

	carrier_fds(&carrier, fds);
	return poll(fds, CARRIER_FDS, 0);
}

static void without_descriptors_it_is_deaf_for_a_while(void **state)
{
	const char *path = scratch_path(state, "match.sock");
	int fd;

	assert_int_equal(carrier_open(path, "", 1 << 20, 1000, &carrier), 0);
	fd = local_connect(path, SOCK_SEQPACKET);
	assert_true(fd >= 0);
	assert_int_equal(news(), 1);
	assert_int_equal(carrier_wait_ms(&carrier, 1), UINT64_MAX);
	for (uint64_t now_ms = 1; now_ms <= 2; now_ms++) {
		accept_error = EMFILE;
		carrier_turn(&carrier, now_ms);
		assert_int_equal(news(), 0);
		/* Nobody has to wake it. */
		assert_in_range(carrier_wait_ms(&carrier, now_ms), 1, 10000);
	}
	/* That is none: who has gone meanwhile. */
	accept_error = ECONNABORTED;
	carrier_turn(&carrier, 3);
	assert_int_equal(news(), 1);
	accept_error = 0;
	carrier_turn(&carrier, 3);
	assert_true(carrier.client.fd >= 0);
	assert_int_equal(news(), 0);
	assert_int_equal(carrier_wait_ms(&carrier, 3), UINT64_MAX);
	int next = local_connect(path, SOCK_SEQPACKET);
	assert_true(next >= 0);
	assert_int_equal(news(), 1);
	io_close(next);
	io_close(fd);
	carrier_close(&carrier);
}

/* What grows leaves a part of it where it was. */
static void what_templates_pass_through_does_not_grow(void **state)
{
	const char *path = scratch_path(state, "match.sock");

	assert_int_equal(carrier_open(path, "", 1 << 20, 1000, &carrier), 0);
	assert_int_equal(carrier.line.room, MATCHING_REQUEST_MAX);
	carrier_close(&carrier);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			without_descriptors_it_is_deaf_for_a_while, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(
			what_templates_pass_through_does_not_grow, scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests_name("carrier", tests, NULL, NULL);
}
