/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gate: whether a device may speak: from where it does, and with the comm key that it has. What is
 * refused is noted in the device and logged, the key never. docs/PROTOCOL.md 1.1 */
#ifndef PUNCHD_CMDQD_GATE_H
#define PUNCHD_CMDQD_GATE_H

#include <stdint.h>

#include "lib/span.h"
#include "store/control.h"

/* Is `peer` in its networks? */
bool gate_network(struct device *d, struct span peer, uint64_t now_us);
/* Is the key of its handshake right? Always when none is set for it. */
bool gate_key(struct device *d, struct span key, struct span peer, uint64_t now_us);
/* Was its key right at the last handshake that had one, since the key was set? Polls bring none. */
bool gate_key_seen(const struct device *d, struct span peer);

#endif
