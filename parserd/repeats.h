/* SPDX-License-Identifier: GPL-2.0-or-later */
/* repeats: how many times was this line seen? For logs, in which equal lines of one body are
 * different facts. Pure. docs/PROTOCOL.md 2 */
#ifndef PUNCHD_PARSERD_REPEATS_H
#define PUNCHD_PARSERD_REPEATS_H

#include <stdint.h>

#include "lib/span.h"

struct repeat;
struct repeats {
	struct repeat *slots;
	size_t slot_count, used;
	struct span body;
	unsigned char key[16]; /* made when the first line comes: most bodies have none */
};

/* `body` is what the lines are of. Nothing is allocated yet; give back with repeats_free. */
struct repeats repeats_of(struct span body);
void repeats_free(struct repeats *r);
/* 0 for the first `line` of the body with these bytes, then 1 and so on. 0; -ENOMEM; -EMSGSIZE for
 * a body above 4 GiB. Memory: at most 48 bytes for each different line, 72 for the moment of
 * growing. */
must_check int repeats_count(struct repeats *r, struct span line, uint32_t *ret_ordinal);

#endif
