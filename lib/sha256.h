/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sha256: SHA-256 of what comes in parts. Pure. */
#ifndef PUNCHD_LIB_SHA256_H
#define PUNCHD_LIB_SHA256_H

#include <stdint.h>

#include "lib/span.h"

#define SHA256_BYTES     32
#define SHA256_HEX_BYTES 65 /* with NUL; lower case */

struct sha256 {
	uint64_t state[16]; /* the library's own */
};

void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, struct span bytes);
void sha256_end(struct sha256 *s, char ret_hex[static SHA256_HEX_BYTES]);
/* Of what is there whole, as bytes. */
void sha256_of(struct span bytes, unsigned char ret[static SHA256_BYTES]);

#endif
