/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spoken: what terminals wrote, read in the set of characters of their language. docs/PROTOCOL.md 5
 */
#ifndef PUNCHD_CTL_SPOKEN_H
#define PUNCHD_CTL_SPOKEN_H

#include "ctl/ask.h"
#include "store/control.h"
#include "store/item.h"

/* A fresh one is `= {.ask = …, .records = …}`. It asks its reader: not for visitors. */
struct spoken {
	const struct ask *ask;
	struct records_reader *records;
	/* private */
	struct control_reader *control;
	bool opened, known, gb18030;
	char serial[SERIAL_MAX + 1]; /* of which the last two tell */
};

void spoken_close(struct spoken *s);

/* What is known of a device. 0; -ENOENT where nothing is, or may be, known; other negative errno.
 */
must_check int spoken_device(struct spoken *s, struct span serial, struct device *ret);

/* A field of an item into `into` (emptied first): in UTF-8 as it is stored, or, where the device
 * writes GB18030, the bytes that came read anew; when they are none, as it is stored. 0; -ENOENT;
 * other negative errno. */
must_check int spoken_field(
	struct spoken *s, const struct item *i, const char *name, struct buf *into);

/* The same when it is known what the device writes. Pure. */
must_check int spoken_field_in(
	const struct item *i, const char *name, bool gb18030, struct buf *into);

#endif
