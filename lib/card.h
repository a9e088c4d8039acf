/* SPDX-License-Identifier: GPL-2.0-or-later */
/* card: a card's number in the forms that terminals use. Pure. docs/PROTOCOL.md 3.2, 5 */
#ifndef PUNCHD_LIB_CARD_H
#define PUNCHD_LIB_CARD_H

#include <stdint.h>

#include "lib/buf.h"

enum card_form {
	CARD_DECIMAL,  /* 123456789 */
	CARD_HEX_LOW,  /* [15CD5B0700]: ten hex digits, the low byte first */
	CARD_HEX_HIGH, /* [00075BCD15]: the high byte first */
	/* 365779719: decimal, of the bytes the other way round, as a reader says it that takes the
	 * first one for the high one. Four bytes, or as many as the number has above that. */
	CARD_DECIMAL_TURNED,
};

/* The number of the bytes the other way round. */
uint64_t card_turned(uint64_t number);

/* A number for people is decimal, at most 40 bits for the form of ten hex digits. 0 is no card. */
must_check int card_put(struct buf *b, uint64_t number, enum card_form form);
/* Reads any of the forms: decimal, turned if `form` is CARD_DECIMAL_TURNED, or hex digits (2 to 16,
 * an even count) in brackets, the low byte first unless `form` is CARD_HEX_HIGH. An empty text is
 * 0. 0, -EINVAL, -ERANGE. */
must_check int card_get(struct span text, enum card_form form, uint64_t *ret_number);

#endif
