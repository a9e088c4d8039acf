/* SPDX-License-Identifier: GPL-2.0-or-later */
/* buf: grows to its limit and not past it, and a failure leaves it as it was. */
#include "lib/buf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_holds(b, text) assert_true(span_is(buf_span(&(b)), (text)))

static void grows_to_its_limit(void **state)
{
	struct buf b = buf_with_max(1000);

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(buf_add(&b, "x", 1), 0);
	assert_int_equal(buf_add(&b, "y", 1), -EMSGSIZE);
	assert_int_equal(buf_printf(&b, "%d", 1), -EMSGSIZE);
	assert_int_equal(b.len, 1000);
	assert_int_equal(b.ptr[999], 'x');
	assert_true(b.room <= 1000);
	buf_free(&b);
}

static void keeps_contents_on_failure(void **state)
{
	struct buf b = buf_with_max(4);

	(void)state;
	assert_int_equal(buf_add_str(&b, "ab"), 0);
	assert_int_equal(buf_add_str(&b, "cde"), -EMSGSIZE);
	assert_int_equal(buf_reserve(&b, SIZE_MAX), -EMSGSIZE);
	assert_int_equal(buf_printf(&b, "%s", "cde"), -EMSGSIZE);
	assert_holds(b, "ab");
	buf_free(&b);
}

static void prints_up_to_the_last_byte(void **state)
{
	struct buf b = buf_with_max(5);

	(void)state;
	assert_int_equal(buf_printf(&b, "%s-%d", "ab", 42), 0);
	assert_holds(b, "ab-42");
	assert_int_equal(buf_printf(&b, "%s", ""), 0);
	buf_free(&b);
}

static void adds_nothing(void **state)
{
	struct buf b = buf_with_max(0);

	(void)state;
	assert_int_equal(buf_add(&b, NULL, 0), 0);
	assert_int_equal(buf_add_span(&b, span_of(NULL, 0)), 0);
	assert_int_equal(buf_add(&b, "x", 1), -EMSGSIZE);
	assert_holds(b, "");
	buf_free(&b);
}

static void refuses_what_no_machine_has(void **state)
{
	struct buf b = buf_with_max(SIZE_MAX);

	(void)state;
	assert_int_equal(buf_add_str(&b, "ab"), 0);
	assert_int_equal(buf_reserve(&b, SIZE_MAX - 2), -ENOMEM);
	assert_holds(b, "ab");
	buf_free(&b);
}

static void is_used_again(void **state)
{
	struct buf b = buf_with_max(10);
	char *kept;

	(void)state;
	assert_int_equal(buf_add(&b, "a\0b", 3), 0);
	kept = b.ptr;
	buf_clear(&b);
	assert_int_equal(b.len, 0);
	assert_int_equal(buf_add_str(&b, "again"), 0);
	assert_ptr_equal(b.ptr, kept);
	buf_free(&b);
	assert_null(b.ptr);
	assert_int_equal(b.max, 10);
	assert_int_equal(buf_add_str(&b, "again"), 0);
	buf_free(&b);
}

static void leaves_nothing_of_a_secret(void **state)
{
	static const char nothing[100];
	struct buf b = buf_with_max(sizeof(nothing));

	(void)state;
	buf_wipe(&b);
	assert_null(b.ptr);
	for (size_t i = 0; i < sizeof(nothing); i++)
		assert_int_equal(buf_add_str(&b, "s"), 0);
	b.len = 1; /* what was longer before is still there */
	buf_wipe(&b);
	assert_int_equal(b.len, 0);
	assert_memory_equal(b.ptr, nothing, sizeof(nothing));
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_to_its_limit),
		cmocka_unit_test(keeps_contents_on_failure),
		cmocka_unit_test(prints_up_to_the_last_byte),
		cmocka_unit_test(adds_nothing),
		cmocka_unit_test(refuses_what_no_machine_has),
		cmocka_unit_test(is_used_again),
		cmocka_unit_test(leaves_nothing_of_a_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
