/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reading: can what a terminal's clock showed be true? Pure. */
#ifndef PUNCHD_PARSERD_READING_H
#define PUNCHD_PARSERD_READING_H

#include "lib/clock.h"

/* A day that no calendar has, one before 2000, or more than 26 hours ahead of the receipt. */
bool reading_is_absurd(const struct clock_local *time, uint64_t received_us);

#endif
