/* SPDX-License-Identifier: GPL-2.0-or-later */
/* card: a card's number in the forms that terminals use. */
#include "lib/card.h"

#include <errno.h>
#include <inttypes.h>

#include "lib/num.h"

#define HEX_BYTES     5 /* that we write */
#define HEX_BYTES_MAX 8 /* that we read */

static unsigned char byte_of(uint64_t number, size_t at)
{
	return (unsigned char)(number >> 8 * at);
}

uint64_t card_turned(uint64_t number)
{
	uint64_t turned = 0;

	for (size_t i = 0; i < 4 || number > 0; i++, number >>= 8)
		turned = turned << 8 | byte_of(number, 0);
	return turned;
}

int card_put(struct buf *b, uint64_t number, enum card_form form)
{
	char hex[1 + 2 * HEX_BYTES + 1], *to = hex;

	if (number == 0)
		return 0;
	if (form == CARD_DECIMAL || form == CARD_DECIMAL_TURNED)
		return buf_printf(
			b, "%" PRIu64, form == CARD_DECIMAL ? number : card_turned(number));
	if (number >> 8 * HEX_BYTES)
		return -ERANGE;
	*to++ = '[';
	for (size_t i = 0; i < HEX_BYTES; i++) {
		unsigned char byte = byte_of(number, form == CARD_HEX_HIGH ? HEX_BYTES - 1 - i : i);

		*to++ = "0123456789ABCDEF"[byte >> 4];
		*to++ = "0123456789ABCDEF"[byte & 0xF];
	}
	*to = ']';
	return buf_add(b, hex, sizeof(hex));
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' ^ 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int get_hex(struct span digits, bool low_first, uint64_t *ret_number)
{
	size_t bytes = digits.len / 2;
	uint64_t number = 0;

	if (digits.len % 2 != 0 || bytes < 1 || bytes > HEX_BYTES_MAX)
		return -EINVAL;
	for (size_t i = 0; i < bytes; i++) {
		size_t at = low_first ? bytes - 1 - i : i;
		int high = digit_of(digits.ptr[2 * at]), low = digit_of(digits.ptr[2 * at + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		number = number << 8 | (uint64_t)(high << 4 | low);
	}
	*ret_number = number;
	return 0;
}

static int get_decimal(struct span digits, enum card_form form, uint64_t *ret_number)
{
	uint64_t number;
	int rc = num_u64(digits, 0, UINT64_MAX, &number);

	if (rc == 0)
		*ret_number = form == CARD_DECIMAL_TURNED ? card_turned(number) : number;
	return rc;
}

int card_get(struct span text, enum card_form form, uint64_t *ret_number)
{
	if (text.len == 0) {
		*ret_number = 0;
		return 0;
	}
	if (text.ptr[0] != '[')
		return get_decimal(text, form, ret_number);
	if (text.len < 2 || text.ptr[text.len - 1] != ']')
		return -EINVAL;
	return get_hex(span_of(text.ptr + 1, text.len - 2), form != CARD_HEX_HIGH, ret_number);
}
