/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wrong on purpose: bad entries of a file with good ones are not set aside. */
#define SETS_PARTS_ASIDE 0
#include "tests/crash/consumer.c"
