/* SPDX-License-Identifier: GPL-2.0-or-later */
/* card_number: a card's number as terminals write it, in decimal. Pure. docs/PROTOCOL.md 3.2, 5 */
#ifndef PUNCHD_PARSERD_CARD_NUMBER_H
#define PUNCHD_PARSERD_CARD_NUMBER_H

#include "lib/span.h"

#define CARD_NUMBER_BYTES 24 /* of the longest text, with its NUL */

/* Decimal digits, or 1 to 8 bytes in hex between brackets, the low one first. No card (nothing, or
 * a number that is 0) becomes an empty text. 0; -EINVAL, -ERANGE. */
must_check int card_number_read(struct span sent, char ret_text[static CARD_NUMBER_BYTES]);

#endif
