/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wrong on purpose: the file is in done/ before its effects are durable. G3 */
#define FINISHES_FIRST 1
#include "tests/crash/consumer.c"
