/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe: what a terminal shows of somebody in background verification, taken apart. Pure.
 * docs/PROTOCOL.md 6 */
#ifndef PUNCHD_CMDQD_PROBE_H
#define PUNCHD_CMDQD_PROBE_H

#include "lib/target.h"

enum probe_method { PROBE_CARD, PROBE_PASSWORD, PROBE_FINGER, PROBE_FACE, PROBE_OTHER };
/* "card", "pwd", "fp", "face", "other". */
const char *probe_method_name(enum probe_method method);
/* By AuthType=, in any case; PROBE_OTHER for one that is not known, and for none. */
enum probe_method probe_method_of(const struct target *t);

struct probe {
	struct span pin;    /* empty when none was typed, which terminals say as 0 */
	struct span sample; /* TMP as it came: secret */
};

/* Takes the body "PIN=%s\tSize=%d\tTMP=%s" apart: these keys in any case and order, the first two
 * may be missing, others are passed over; an end of line behind it is dropped. NULL; or in words
 * why it is no probe, which says nothing of what was in it. The spans point into `body`. */
const char *probe_read(struct span body, struct probe *ret);

#endif
