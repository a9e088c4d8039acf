/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trans_flag: the names of TransFlag, in the order of its places. Pure. docs/PROTOCOL.md 1.5 */
#ifndef PUNCHD_LIB_TRANS_FLAG_H
#define PUNCHD_LIB_TRANS_FLAG_H

#include "lib/span.h"

enum trans_flag { TRANS_FLAG_NONE = -1, TRANS_FLAGS = 12 };

/* All names with one blank between. */
#define TRANS_FLAG_NAMES                                                                        \
	"AttLog OpLog AttPhoto EnrollUser ChgUser EnrollFP ChgFP FPImag FACE UserPic WORKCODE " \
	"BioPhoto"

/* Takes the next name off a list that blanks separate; false when none is left. */
bool trans_flag_next(struct span *rest, struct span *ret_word);
/* In any case; TRANS_FLAG_NONE for an unknown name. */
enum trans_flag trans_flag_of(struct span name);
/* As it is spelled on the wire. */
const char *trans_flag_name(enum trans_flag flag);
/* A list of known names, in the spelling of the wire. */
bool trans_flag_list_valid(struct span list);

#endif
