/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file_target: the address of a file that a terminal was told to fetch (docs/PROTOCOL.md 6), as
 * cmdqd writes it into the command and the terminal asks for it: FILE_TARGET_PATH<token>/<name>.
 * There is one spelling of it and no other: what bends it is refused before anybody is asked. Pure.
 */
#ifndef PUNCHD_LIB_FILE_TARGET_H
#define PUNCHD_LIB_FILE_TARGET_H

#include <stdint.h>

#include "lib/buf.h"

#define FILE_TARGET_PATH  "/iclock/file/"
#define FILE_TOKEN_BYTES  32 /* lower case hex */
#define FILE_NAME_MAX     64 /* bytes of a name: A-Z a-z 0-9 . _ + -, and no dot in front */
#define FILE_BYTES_MAX    (UINT64_C(64) << 20) /* of what a terminal is told to fetch */
#define FILE_SHA256_BYTES 64 /* lower case hex, of the name of a file below CONF_SERVED */

/* The spans point into what was read. */
struct file_target {
	struct span token, name;
	struct span
		serial; /* of "?SN="; empty: not said, a terminal fetches just what it was given */
};

/* Is it meant for a file at all, whether or not it names one? */
bool file_target_is(struct span target);
/* 0, or -EINVAL when it is none, or is followed by anything but "?SN=<serial>". */
must_check int file_target_read(struct span target, struct file_target *ret);

bool file_name_valid(struct span name);
/* So many bytes, all of 0-9 a-f. */
bool file_hex_valid(struct span text, size_t bytes);

/* Which file that is, as the desk says it: "<sha256> <bytes>". */
struct file_grant {
	struct span sha256; /* FILE_SHA256_BYTES; its name below CONF_SERVED */
	uint64_t bytes;
};
must_check int file_grant_put(struct buf *b, const struct file_grant *grant);
/* 0 or -EBADMSG; the span points into `text`. */
must_check int file_grant_read(struct span text, struct file_grant *ret);

#endif
