/* SPDX-License-Identifier: GPL-2.0-or-later */
/* result: the body of a devicecmd, in every form of docs/PROTOCOL.md 4, taken apart. Pure. */
#ifndef PUNCHD_CMDQD_RESULT_H
#define PUNCHD_CMDQD_RESULT_H

#include "lib/span.h"

#include <stdint.h>

struct result {
	struct span id;     /* as it came; empty: there was none */
	struct span serial; /* SN= in the body; empty: none */
	struct span name;   /* CMD=; empty: none */
	struct span file;   /* FILENAME=, a word of the terminal's and never a path of ours; empty:
			       none */
	bool has_code;
	int64_t code; /* Return= */
	bool has_content;
	struct span content; /* block form: the bytes behind Content=; INFO: its lines */
	struct span text;    /* the whole of this result in the body */
};

/* Takes the next result off `*rest`. 1 and *ret; 0 when nothing is left (blank lines do not count);
 * -EBADMSG with the reason for a line that is no result, in ret->text: reading may go on behind it.
 */
must_check int result_next(struct span *rest, struct result *ret, const char **ret_why);

/* The id as a number of ours: 1 to 16 digits, without a leading zero. False for any other. */
bool result_id_number(struct span id, uint64_t *ret_id);

#endif
