/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base64_code: bytes as base64, and back. In a file of its own, for it alone needs the library. */
#include <errno.h>
#include <sodium.h>

#include "lib/base64.h"

int base64_put(struct buf *b, struct span bytes)
{
	size_t room = sodium_base64_encoded_len(bytes.len, sodium_base64_VARIANT_ORIGINAL);
	int rc = buf_reserve(b, room);

	if (rc < 0)
		return rc;
	sodium_bin2base64(b->ptr + b->len, room, (const unsigned char *)bytes.ptr, bytes.len,
		sodium_base64_VARIANT_ORIGINAL);
	b->len += room - 1; /* without its NUL */
	return 0;
}

int base64_get(struct buf *b, struct span text)
{
	size_t most = text.len / 4 * 3, len;
	int rc = buf_reserve(b, most);

	if (rc < 0 || text.len == 0)
		return rc;
	if (sodium_base642bin((unsigned char *)b->ptr + b->len, most, text.ptr, text.len, NULL,
		    &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return -EINVAL;
	b->len += len;
	return 0;
}
