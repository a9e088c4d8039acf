/* SPDX-License-Identifier: GPL-2.0-or-later */
/* result: the body of a devicecmd, in every form of docs/PROTOCOL.md 4, taken apart. Pure.
 *
 * Keys count in any case, the first of two that are the same; blanks around a key or a value do
 * not count. Three forms stand in one body, in any order:
 * - a line "ID=191&Return=0&CMD=DATA", its keys in any order. One that has further keys (VERIFY
 *   SUM: StartTime, EndTime, AttlogSum or AttlogCount) is itself its content.
 * - such a line with CMD=INFO, and then lines "key=value" up to the next such line or the end.
 * - a block: a line for each key, in any order, then "Content=" and raw bytes up to the end of the
 *   body. It begins with a line that has one of its keys and is not of the line form, that is
 *   without '&'; only FILENAME and Content may hold one. Keys that nobody knows are passed over.
 *   Without Content it ends before what cannot be a part of it: a key that it has, a line of the
 *   line form, one that is not "key=value".
 */
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
	struct span content; /* block form: the bytes behind Content=; INFO: its lines; a line with
				further keys: that line */
	struct span text;    /* the whole of this result in the body */
};

/* Takes the next result off `*rest`. 1 and *ret; 0 when nothing is left (blank lines do not count);
 * -EBADMSG with the reason for a line or a block that is no result, in ret->text: reading may go on
 * behind it. All calls together take a time that grows with the body's bytes. */
must_check int result_next(struct span *rest, struct result *ret, const char **ret_why);

/* The id as a number of ours: 1 to 16 digits, without a leading zero. False for any other. */
bool result_id_number(struct span id, uint64_t *ret_id);

#endif
