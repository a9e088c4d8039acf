/* SPDX-License-Identifier: GPL-2.0-or-later */
/* render: a command as the bytes that a terminal of a certain kind understands. Pure.
 * docs/PROTOCOL.md 4, 5 */
#ifndef PUNCHD_COMMAND_RENDER_H
#define PUNCHD_COMMAND_RENDER_H

#include "command/typed.h"
#include "lib/card.h"

enum able { ABLE_UNKNOWN = 0, ABLE_YES = 1, ABLE_NO = -1 };
enum charset { CHARSET_UTF_8, CHARSET_GB18030 };

/* The kind of terminal. All zeros is a new one that nothing is known of. */
struct dialect {
	bool old; /* pushver absent or below 2 */
	enum charset charset;
	enum card_form card;
	enum able finger, face, userpic, biophoto, biodata;
	unsigned finger_version; /* the fingerprint algorithm's: 9, 10; 0 unknown */
};

#define RENDER_MAX   (40 * 1024) /* bytes of a line with its "C:<id>:" and LF: section 4 */
#define RENDER_FRAME 20          /* of these for "C:", an id of 16 digits, ":" and LF */

/* Appends the command's line without "C:<id>:" and without LF. 0; -EINVAL with the reason when this
 * terminal cannot take it (no face, another algorithm version, longer than RENDER_MAX, a
 * text too long or a card too large for it, a character that its charset lacks); -ENOMEM,
 * -EMSGSIZE. The buffer is untouched on failure. */
must_check int render_put(struct buf *b, const struct typed *t, const struct dialect *d,
	char ret_why[static VERB_WHY_BYTES]);

/* The number of a template's algorithm by its first bytes (after base64): 9, 10, or 0 for another
 * format. */
unsigned render_template_version(struct span base64);

#endif
