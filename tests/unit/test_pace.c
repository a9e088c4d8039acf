/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pace: when whom, by a clock that the test turns; and that no crowd makes it go faster. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "notifyd/pace.h"

#define POKES 4
#define RATE  10

static struct pace *pace;
static uint64_t now_ms;

static void make(unsigned serials, unsigned pokes, unsigned rate)
{
	const struct pace_limits limits = {serials, pokes, rate, 0x5eed};

	assert_int_equal(pace_open(&limits, &pace), 0);
	now_ms = 1000;
}

static int setup(void **state)
{
	(void)state;
	make(8, POKES, RATE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pace_close(pace);
	return 0;
}

static struct in6_addr address(unsigned number)
{
	struct in6_addr a = {.s6_addr = {[10] = 0xff, [11] = 0xff, [12] = 10}};

	a.s6_addr[13] = (unsigned char)(number >> 16);
	a.s6_addr[14] = (unsigned char)(number >> 8);
	a.s6_addr[15] = (unsigned char)number;
	return a;
}

static unsigned number_of(const struct in6_addr *a)
{
	return (unsigned)a->s6_addr[13] << 16 | (unsigned)a->s6_addr[14] << 8 | a->s6_addr[15];
}

static bool wake(const char *serial, unsigned number)
{
	struct in6_addr a = address(number);

	return pace_wake(pace, span_str(serial), &a, now_ms);
}

static void seen(const char *serial)
{
	pace_seen(pace, span_str(serial));
}

/* The number of the address that is poked now; 0 for none. */
static unsigned next(void)
{
	struct in6_addr a;

	return pace_next(pace, now_ms, &a) ? number_of(&a) : 0;
}

static uint64_t wait_ms(void)
{
	return pace_wait_ms(pace, now_ms);
}

/* Goes to when something may be due, and says who is poked then. */
static unsigned next_later(uint64_t *ret_waited_ms)
{
	unsigned who = 0;

	*ret_waited_ms = 0;
	while (who == 0 && wait_ms() != UINT64_MAX) {
		*ret_waited_ms += wait_ms();
		now_ms += wait_ms();
		who = next();
	}
	return who;
}

static void test_at_once_then_doubling_then_left_alone(void **state)
{
	static const uint64_t pauses_ms[POKES - 1] = {2000, 4000, 8000};
	uint64_t waited_ms;

	(void)state;
	assert_int_equal(wait_ms(), UINT64_MAX);
	assert_true(wake("A", 7));
	assert_int_equal(wait_ms(), 0);
	assert_int_equal(next(), 7);
	for (int i = 0; i < POKES - 1; i++) {
		assert_int_equal(next(), 0);
		assert_int_equal(next_later(&waited_ms), 7);
		assert_int_equal(waited_ms, pauses_ms[i]);
	}
	assert_int_equal(pace_count(pace), 0);
	assert_int_equal(wait_ms(), UINT64_MAX);
	now_ms += 1000000;
	assert_int_equal(next(), 0);
}

static void test_pauses_have_an_end(void **state)
{
	uint64_t waited_ms;

	(void)state;
	teardown(state);
	make(8, 100, RATE);
	wake("A", 7);
	for (int i = 0; i < 99; i++) {
		assert_int_equal(next_later(&waited_ms), 7);
		assert_true(waited_ms <= PACE_LONGEST_PAUSE_MS);
	}
	assert_int_equal(waited_ms, PACE_LONGEST_PAUSE_MS);
}

static void test_seen(void **state)
{
	(void)state;
	wake("A", 7);
	wake("B", 8);
	assert_int_equal(next(), 7);
	seen("A");
	seen("NOBODY");
	assert_int_equal(pace_count(pace), 1);
	assert_int_equal(next(), 8);
	now_ms += 2000;
	assert_int_equal(next(), 8);
	assert_int_equal(next(), 0);
	seen("B");
	assert_int_equal(wait_ms(), UINT64_MAX);
}

static void test_anew_once_a_second(void **state)
{
	uint64_t waited_ms;

	(void)state;
	wake("A", 7);
	assert_int_equal(next(), 7);
	now_ms += PACE_ANEW_MS - 1;
	wake("A", 7);
	assert_int_equal(next(), 0);
	now_ms += 1;
	assert_int_equal(next(), 0);
	wake("A", 7);
	assert_int_equal(next(), 7);
	/* And the pokes are counted from there. */
	for (int i = 0; i < POKES - 1; i++)
		assert_int_equal(next_later(&waited_ms), 7);
	assert_int_equal(next_later(&waited_ms), 0);
}

static void test_a_new_address_counts_from_now_on(void **state)
{
	uint64_t waited_ms;

	(void)state;
	wake("A", 7);
	assert_int_equal(next(), 7);
	wake("A", 8);
	assert_int_equal(next(), 0);
	assert_int_equal(next_later(&waited_ms), 8);
	assert_int_equal(waited_ms, 2000);
}

/* It asked, and at once there is another command for it. */
static void test_one_datagram_a_second_to_an_address(void **state)
{
	uint64_t waited_ms;

	(void)state;
	wake("A", 7);
	assert_int_equal(next(), 7);
	for (int i = 0; i < 5; i++) {
		seen("A");
		now_ms += 10;
		wake("A", 7);
		assert_int_equal(next(), 0);
		assert_int_equal(next_later(&waited_ms), 7);
		assert_int_equal(waited_ms, PACE_ADDRESS_MS - 10);
	}
}

static void test_the_datagram_before_it_is_not_its_own(void **state)
{
	uint64_t waited_ms;

	(void)state;
	wake("A", 7);
	assert_int_equal(next(), 7);
	wake("B", 7);
	assert_int_equal(next(), 0);
	seen("A");
	assert_int_equal(next_later(&waited_ms), 7);
	assert_int_equal(waited_ms, PACE_ADDRESS_MS);
}

/* Whoever is seen in between, the others are poked as they came. */
static void test_first_come_first_served(void **state)
{
	unsigned last = 0, who;
	char serial[16];

	(void)state;
	teardown(state);
	make(100, POKES, 100);
	for (unsigned i = 1; i <= 100; i++, now_ms++) {
		snprintf(serial, sizeof(serial), "S%u", i);
		wake(serial, i);
	}
	for (unsigned i = 1; i <= 100; i += 3) {
		snprintf(serial, sizeof(serial), "S%u", i);
		seen(serial);
	}
	for (unsigned i = 0; i < 66; i++, last = who) {
		who = next();
		assert_true(who > last && who % 3 != 1);
	}
	assert_int_equal(next(), 0);
}

/* One datagram is for all who waited at its address when it left, but not for who came after. */
static void test_terminals_at_one_address(void **state)
{
	uint64_t waited_ms;

	(void)state;
	wake("A", 7);
	assert_int_equal(next(), 7);
	wake("B", 7);
	now_ms += PACE_ADDRESS_MS - 1;
	wake("C", 7);
	assert_int_equal(next_later(&waited_ms), 7);
	assert_int_equal(waited_ms, 1);
	assert_int_equal(next(), 0);
	assert_int_equal(pace_count(pace), 3);
	/* Whoever of them is due next, no second has two. */
	for (uint64_t last_ms = now_ms; next_later(&waited_ms) == 7; last_ms = now_ms)
		assert_true(now_ms - last_ms >= PACE_ADDRESS_MS);
	assert_int_equal(pace_count(pace), 0);
}

/* Another address that is kept in the same place as 1: a datagram to one delays the other's. */
static unsigned find_like_1(void)
{
	for (unsigned other = 2; other < 1u << 24; other++) {
		now_ms += PACE_ANEW_MS;
		wake("A", 1);
		assert_int_equal(next(), 1);
		wake("B", other);
		if (next() == 0)
			return other;
		seen("B");
	}
	return 0;
}

static void test_addresses_in_one_place(void **state)
{
	unsigned other = find_like_1();
	uint64_t waited_ms;

	(void)state;
	assert_int_not_equal(other, 0);
	seen("A");
	assert_int_equal(next_later(&waited_ms), other);
	now_ms += 1500;
	wake("A", 1);
	assert_int_equal(next(), 1);
	/* What went to 1 was not for the terminal at the other. */
	assert_int_equal(next_later(&waited_ms), other);
	assert_int_equal(waited_ms, PACE_ADDRESS_MS);
}

static void test_the_oldest_goes(void **state)
{
	char serial[16];

	(void)state;
	for (unsigned i = 1; i <= 8; i++) {
		snprintf(serial, sizeof(serial), "S%u", i);
		assert_true(wake(serial, i));
		now_ms++;
		assert_true(i > 2 || next() == i);
	}
	/* S1 begins anew, so S2 is the oldest, and not the one that is due first. */
	now_ms += PACE_ANEW_MS;
	assert_true(wake("S1", 1));
	assert_false(wake("S9", 9));
	assert_int_equal(pace_count(pace), 8);
	for (unsigned who; (who = next()) != 0;)
		assert_int_not_equal(who, 2);
	assert_false(wake("S2", 2));
	assert_int_equal(next(), 2);
}

static void test_rate_over_all(void **state)
{
	(void)state;
	teardown(state);
	make(100, POKES, RATE);
	for (unsigned i = 1; i <= 25; i++) {
		char serial[16];
		snprintf(serial, sizeof(serial), "S%u", i);
		wake(serial, i);
	}
	for (unsigned i = 0; i < 25; i++) {
		if (i > 0 && i % RATE == 0) {
			assert_int_equal(next(), 0);
			assert_int_equal(wait_ms(), 1000);
			now_ms += 999;
			assert_int_equal(next(), 0);
			now_ms += 1;
		}
		/* First come, first served, and once each. */
		assert_int_not_equal(next(), 0);
	}
}

/* ---- any events in any order ---- */

#define CROWD     300
#define ADDRESSES 120
#define EVENTS    60000

/* What the test itself keeps of one address or terminal. */
static struct {
	uint64_t sent_ms[ADDRESSES + 1];
	uint64_t recent_ms[RATE];
	unsigned recent;
	unsigned expected[ADDRESSES + 1]; /* datagrams that its terminals may still cause */
} model;

static void check_datagram(unsigned who)
{
	uint64_t *nth = &model.recent_ms[model.recent++ % RATE];

	assert_true(who >= 1 && who <= ADDRESSES);
	assert_true(!model.sent_ms[who] || now_ms - model.sent_ms[who] >= PACE_ADDRESS_MS);
	assert_true(!*nth || now_ms - *nth >= 1000);
	assert_true(model.expected[who] > 0);
	model.expected[who]--;
	model.sent_ms[who] = *nth = now_ms;
}

static unsigned pick(unsigned below)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (unsigned)(x >> 33) % below;
}

static void any_event(void)
{
	unsigned who = pick(CROWD), where = 1 + who % ADDRESSES;
	char serial[16];

	snprintf(serial, sizeof(serial), "S%u", who);
	switch (pick(4)) {
	case 0:
		seen(serial);
		break;
	case 1:
		now_ms += pick(100);
		break;
	default:
		wake(serial, where);
		model.expected[where] += POKES;
	}
}

static void test_rates_hold_whatever_comes(void **state)
{
	unsigned who, sent = 0;
	uint64_t waited_ms;

	(void)state;
	teardown(state);
	make(CROWD / 2, POKES, RATE);
	for (unsigned i = 0; i < EVENTS; i++) {
		any_event();
		for (; (who = next()) != 0; sent++)
			check_datagram(who);
		/* Nothing is due that it does not say, and nothing is said that is not due. */
		assert_true(wait_ms() > 0);
		assert_true(pace_count(pace) <= CROWD / 2);
	}
	/* The limit is reached and not only kept. */
	assert_true(sent > (now_ms - 1000) / 1000 * RATE * 9 / 10);
	while ((who = next_later(&waited_ms)) != 0)
		check_datagram(who);
	assert_int_equal(pace_count(pace), 0);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		each(test_at_once_then_doubling_then_left_alone),
		each(test_pauses_have_an_end),
		each(test_seen),
		each(test_anew_once_a_second),
		each(test_a_new_address_counts_from_now_on),
		each(test_one_datagram_a_second_to_an_address),
		each(test_the_datagram_before_it_is_not_its_own),
		each(test_first_come_first_served),
		each(test_terminals_at_one_address),
		each(test_addresses_in_one_place),
		each(test_the_oldest_goes),
		each(test_rate_over_all),
		each(test_rates_hold_whatever_comes),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
