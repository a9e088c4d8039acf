/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wiped: a buffer for what is secret, after use. */
#ifndef PUNCHD_TESTS_WIPED_H
#define PUNCHD_TESTS_WIPED_H

#include "lib/buf.h"

/* Nothing is left in it, and nothing elsewhere: it never moved from where it was at first. */
static inline void assert_wiped(const struct buf *b, const char *at_first)
{
	assert_non_null(at_first);
	assert_ptr_equal(b->ptr, at_first);
	for (size_t i = 0; i < b->room; i++)
		assert_int_equal(b->ptr[i], 0);
}

#endif
