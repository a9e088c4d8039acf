/* SPDX-License-Identifier: GPL-2.0-or-later */
/* erase_order: what is erased is beyond doubt, or nothing is. */
#include "parserd/erase_order.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/buf.h"

static struct erase_order takes(const char *body)
{
	struct erase_order o;
	const char *why = "";
	assert_int_equal(erase_order_parse(span_str(body), &o, &why), 0);
	return o;
}

static void has_pin(const char *body, const char *pin)
{
	assert_string_equal(takes(body).pin, pin);
}

static void refuses_bytes(struct span body, const char *part)
{
	struct erase_order o = {.what = ERASE_WHATS};
	const char *why = "";
	assert_int_equal(erase_order_parse(body, &o, &why), -EBADMSG);
	assert_non_null(strstr(why, part));
	assert_int_equal(o.what, ERASE_WHATS);
}

static void refuses(const char *body, const char *part)
{
	refuses_bytes(span_str(body), part);
}

static void takes_a_pin(void **state)
{
	(void)state;
	struct erase_order o = takes("erase: pin\npin: 1001\n");
	assert_int_equal(o.what, ERASE_PIN);
	assert_true(span_is(span_str(o.pin), "1001"));
	has_pin("erase: pin\npin: 1001", "1001");
	/* A PIN is text: what stands in it belongs to it. */
	has_pin("erase: pin\npin: a:b \n", "a:b ");
	has_pin("erase: pin\r\npin: L1005M\r\n", "L1005M");
}

/* Terminals send such PINs, and what is stored can be erased. */
static void takes_any_bytes_of_a_pin(void **state)
{
	(void)state;
	has_pin("erase: pin\npin: 5%01\n", "5\x01");
	has_pin("erase: pin\npin: %0a%0d%09%7f%25\n", "\n\r\t\x7f%");
	has_pin("erase: pin\npin: \xff\xfe\xc2\x9b\n", "\xff\xfe\xc2\x9b");
	/* The longest, with every byte escaped. */
	struct buf longest = buf_with_max(1024);
	assert_int_equal(buf_add_str(&longest, "erase: pin\npin: "), 0);
	for (unsigned i = 0; i < PUNCH_PIN_MAX; i++)
		assert_int_equal(buf_add_str(&longest, "%25"), 0);
	struct erase_order o;
	const char *why = "";
	assert_int_equal(erase_order_parse(buf_span(&longest), &o, &why), 0);
	assert_int_equal(strlen(o.pin), PUNCH_PIN_MAX);
	assert_int_equal(buf_add_str(&longest, "%25"), 0);
	refuses_bytes(buf_span(&longest), "the pin is none");
	buf_free(&longest);
}

static void takes_moments(void **state)
{
	(void)state;
	struct erase_order o = takes("erase: photos\nbefore: 2026-01-05 08:30:00\n");
	assert_int_equal(o.what, ERASE_PHOTOS);
	assert_int_equal(o.before.year, 2026);
	assert_int_equal(o.before.minute, 30);
	assert_int_equal(takes("erase: oplog\nbefore: 2026-01-05 08:30:00\n").what, ERASE_OPLOG);
}

static void refuses_what_is_not_said(void **state)
{
	(void)state;
	refuses("", "what is to be erased");
	refuses("erase: all\n", "what is to be erased");
	refuses("erase: PIN\npin: 1\n", "what is to be erased");
	refuses("erase:pin\npin: 1\n", "what is to be erased");
	refuses("pin: 1001\nerase: pin\n", "what is to be erased");
	refuses("erase: pin\n", "which pin");
	refuses("erase: pin\nbefore: 2026-01-05 08:00:00\n", "which pin");
	refuses("erase: photos\npin: 1001\n", "before when");
	refuses("erase: photos\n", "before when");
}

static void refuses_what_is_none(void **state)
{
	(void)state;
	char body[128] = "erase: pin\npin: ";
	refuses("erase: pin\npin: \n", "the pin is none");
	refuses("erase: pin\npin: 1%00\n", "the pin is none");
	refuses("erase: pin\npin: 1%\n", "the pin is none");
	refuses("erase: pin\npin: 1%4\n", "the pin is none");
	refuses("erase: pin\npin: 1%zz\n", "the pin is none");
	refuses_bytes(span_of("erase: pin\npin: 1\0\n", 18), "the pin is none");
	memset(body + strlen(body), '1', 65);
	refuses(body, "the pin is none");
	refuses("erase: photos\nbefore: 2026-02-30 00:00:00\n", "before is no time");
	refuses("erase: oplog\nbefore: yesterday\n", "before is no time");
	refuses("erase: oplog\nbefore: \n", "before is no time");
}

static void refuses_more_than_it_takes(void **state)
{
	(void)state;
	refuses("erase: pin\npin: 1001\npin: 1002\n", "more lines");
	refuses("erase: pin\npin: 1001\n\n", "more lines");
	refuses("erase: photos\nbefore: 2026-01-05 08:00:00\nerase: oplog\n", "more lines");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_pin),
		cmocka_unit_test(takes_any_bytes_of_a_pin),
		cmocka_unit_test(takes_moments),
		cmocka_unit_test(refuses_what_is_not_said),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(refuses_more_than_it_takes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
