/* SPDX-License-Identifier: GPL-2.0-or-later */
/* targets: the devices that an operator means: by serial, by alias, "@SITE" or all. */
#ifndef PUNCHD_CTL_TARGETS_H
#define PUNCHD_CTL_TARGETS_H

#include "ctl/ask.h"
#include "store/control.h"

/* What is known of a device to who looks for it. */
struct targets_known {
	char serial[SERIAL_MAX + 1];
	char alias[sizeof(((struct device_settings *)0)->alias)];
	char site[sizeof(((struct device_settings *)0)->site)];
	enum device_state state;
	bool taken;
};

enum targets_use {
	TARGETS_KNOWN, /* a serial that nobody has heard of is refused */
	TARGETS_ANY,   /* it is taken: an operator may decide about a device before it speaks */
};

struct targets {
	/* in the order of the words, none twice */
	char (*serials)[SERIAL_MAX + 1];
	size_t count, room;
	/* private: all that is known, in order of serial */
	bool readable;
	struct targets_known *known;
	size_t known_count, known_room;
};

/* Finds the devices of `words`, or with ask->all those that are approved. An exit code, said:
 * nothing is to be ordered then. Without a store that can be read a serial is taken as it is, and
 * all else is refused. */
int targets_find(const struct ask *a, char **words, size_t word_count, enum targets_use use,
	struct targets *ret);
void targets_free(struct targets *t);

/* ---- the parts of it that are pure ---- */

/* A device that is known; they come in order of serial. 0 or -ENOMEM. */
must_check int targets_note(struct targets *t, const struct device *d);
/* One word. 0; -ENOMEM; -ENOENT when there is none such, with the reason. */
#define TARGETS_WHY_BYTES 256
must_check int targets_add(struct targets *t, struct span word, enum targets_use use,
	char ret_why[static TARGETS_WHY_BYTES]);
/* All that are approved. The same. */
must_check int targets_add_approved(struct targets *t, char ret_why[static TARGETS_WHY_BYTES]);

#endif
