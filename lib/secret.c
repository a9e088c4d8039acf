/* SPDX-License-Identifier: GPL-2.0-or-later */
/* secret: see the header. */
#include "lib/secret.h"

#include <sodium.h>

/* Both take as much room and are looked at whole, however long they are. */
bool secret_is(struct span stored, struct span said)
{
	unsigned char left[SECRET_MAX] = {0}, right[SECRET_MAX] = {0};

	if (stored.len == 0 || stored.len > SECRET_MAX || said.len == 0 || said.len > SECRET_MAX)
		return false;
	memcpy(left, stored.ptr, stored.len);
	memcpy(right, said.ptr, said.len);
	bool same = (sodium_memcmp(left, right, SECRET_MAX) == 0) & (stored.len == said.len);
	sodium_memzero(left, SECRET_MAX);
	sodium_memzero(right, SECRET_MAX);
	return same;
}
