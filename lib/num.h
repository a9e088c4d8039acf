/* SPDX-License-Identifier: GPL-2.0-or-later */
/* num: numbers out of text. The whole input or nothing, digits only, an explicit range. */
#ifndef PUNCHD_LIB_NUM_H
#define PUNCHD_LIB_NUM_H

#include <stdint.h>

#include "lib/span.h"

/* All: 0; -EINVAL when it is not a number of that form; -ERANGE outside [min, max]. */
must_check int num_u64(struct span text, uint64_t min, uint64_t max, uint64_t *ret_value);
/* With an optional leading '-'. */
must_check int num_i64(struct span text, int64_t min, int64_t max, int64_t *ret_value);
/* Exactly `digits` lower-case hex digits (1 to 16). */
must_check int num_hex(struct span text, unsigned digits, uint64_t *ret_value);
/* "512", "64 KiB", "16MiB", "1 GiB", "100 B": bytes. */
must_check int num_bytes(struct span text, uint64_t min, uint64_t max, uint64_t *ret_bytes);
/* "250 ms", "30s", "5 min", "24 h", "30 days": milliseconds. A bare number is refused: a time needs
 * its unit. */
must_check int num_duration_ms(
	struct span text, uint64_t min_ms, uint64_t max_ms, uint64_t *ret_ms);

#endif
