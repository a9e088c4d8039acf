/* SPDX-License-Identifier: GPL-2.0-or-later */
/* content: what results brought along (a terminal's file, the output of a shell, the lines of
 * INFO), each in a file CONF_CONTENT/<id of the command>. */
#ifndef PUNCHD_CMDQD_CONTENT_H
#define PUNCHD_CMDQD_CONTENT_H

#include <stdint.h>

#include "lib/span.h"

struct content {
	int above; /* CONF_CMDQD_DIR, somebody else's */
	int dir;   /* held */
};

/* Makes the directory (2750) in `above` when it is missing. `above` must stay open. 0 or a negative
 * errno; then an empty one is gone again, and the next call makes it anew. */
must_check int content_open(int above, struct content *ret);
void content_close(struct content *c);
/* Writes the file whole and durably before it returns, mode 0640; the same again replaces it. A
 * directory that was removed meanwhile is made again. 0 or a negative errno. */
must_check int content_put(struct content *c, uint64_t id, struct span bytes);

#endif
