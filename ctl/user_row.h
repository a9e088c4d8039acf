/* SPDX-License-Identifier: GPL-2.0-or-later */
/* user_row: a user of a device as a row. */
#ifndef PUNCHD_CTL_USER_ROW_H
#define PUNCHD_CTL_USER_ROW_H

#include "ctl/cell.h"
#include "ctl/spoken.h"
#include "spool/spool.h"

#define USER_COLUMNS 17
#define USER_TEXTS   11
extern const struct out_column user_columns[USER_COLUMNS];

/* How much of what is private is shown. */
enum user_secrets {
	USER_UNKNOWN,  /* it may not be read */
	USER_MASKED,   /* "(set)" */
	USER_REVEALED, /* as it is */
};

struct user_texts {
	struct buf fields[USER_TEXTS];
	char entry[SPOOL_ENTRY_ID_BYTES];
	struct cell_moment received;
};

/* `credential` is NULL when there is none. The cells hold until the texts are used again or freed;
 * fresh ones are all zeros. 0 or a negative errno. */
must_check int user_cells(struct spoken *s, const struct item *user, const struct item *credential,
	enum user_secrets secrets, struct user_texts *t,
	struct out_cell ret_cells[static USER_COLUMNS]);
void user_texts_free(struct user_texts *t);

/* "user", "admin"; the number itself when it has no name. docs/PROTOCOL.md 3.2 */
struct span user_privilege(struct span number);

#endif
