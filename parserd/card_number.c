/* SPDX-License-Identifier: GPL-2.0-or-later */
/* card_number: see the header. */
#include "parserd/card_number.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "lib/num.h"

#define HEX_BYTES_MAX 8

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' ^ 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_hex(struct span digits, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (digits.len % 2 != 0 || digits.len == 0 || digits.len > 2 * HEX_BYTES_MAX)
		return -EINVAL;
	for (size_t at = digits.len; at > 0; at -= 2) {
		int high = digit_of(digits.ptr[at - 2]), low = digit_of(digits.ptr[at - 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		number = number << 8 | (uint64_t)(high << 4 | low);
	}
	*ret_number = number;
	return 0;
}

static int read_number(struct span sent, uint64_t *ret_number)
{
	if (sent.ptr[0] != '[')
		return num_u64(sent, 0, UINT64_MAX, ret_number);
	if (sent.len < 2 || sent.ptr[sent.len - 1] != ']')
		return -EINVAL;
	return read_hex(span_of(sent.ptr + 1, sent.len - 2), ret_number);
}

int card_number_read(struct span sent, char ret_text[static CARD_NUMBER_BYTES])
{
	uint64_t number = 0;
	int rc = sent.len == 0 ? 0 : read_number(sent, &number);

	if (rc != 0)
		return rc;
	snprintf(ret_text, CARD_NUMBER_BYTES, number == 0 ? "" : "%" PRIu64, number);
	return 0;
}
