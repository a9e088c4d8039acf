/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info: what a terminal says of itself. */
#include "lib/info.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void field_is(const struct info *i, enum info_field f, const char *expected)
{
	assert_int_equal(i->fields[f].len, strlen(expected));
	if (i->fields[f].len > 0)
		assert_memory_equal(i->fields[f].ptr, expected, i->fields[f].len);
}

static void takes_fields_apart(void **state)
{
	(void)state;
	struct info i =
		info_read(span_str("Ver 8.0.4.2 x,14, 23 ,887,192.0.2.7,10,-1,0,0,101,17,4"));
	field_is(&i, INFO_FIRMWARE, "Ver 8.0.4.2 x");
	field_is(&i, INFO_USERS, "14");
	field_is(&i, INFO_FINGERS, "23");
	field_is(&i, INFO_PUNCHES, "887");
	field_is(&i, INFO_IP, "192.0.2.7");
	field_is(&i, INFO_FINGER_VERSION, "10");
	field_is(&i, INFO_FACE_VERSION, "-1");
	field_is(&i, INFO_FACES, "0");
	field_is(&i, INFO_FLAGS, "101");

	i = info_read(span_str("Ver 1,,3"));
	field_is(&i, INFO_USERS, "");
	field_is(&i, INFO_FINGERS, "3");
	field_is(&i, INFO_FLAGS, "");
	i = info_read(span_of(NULL, 0));
	field_is(&i, INFO_FIRMWARE, "");
}

static void able(const char *flags, const char *expected)
{
	struct buf b = buf_with_max(256);
	assert_int_equal(info_put_abilities(&b, span_str(flags)), 0);
	assert_int_equal(b.len, strlen(expected));
	if (b.len > 0)
		assert_memory_equal(b.ptr, expected, b.len);
	buf_free(&b);
}

static void reads_flags(void **state)
{
	(void)state;
	able("", "finger");
	able("0", "");
	able("1", "finger");
	able("011", "face userpic");
	able("11111", "finger face userpic biophoto biodata");
	able("1x01", "finger biophoto");
	able("000001", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_fields_apart),
		cmocka_unit_test(reads_flags),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
