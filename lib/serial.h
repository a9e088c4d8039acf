/* SPDX-License-Identifier: GPL-2.0-or-later */
/* serial: a terminal's serial number, checked before any use. docs/PROTOCOL.md 1.1 */
#ifndef PUNCHD_LIB_SERIAL_H
#define PUNCHD_LIB_SERIAL_H

#include "lib/span.h"

#define SERIAL_MAX 32 /* bytes, without NUL */

/* One to 32 of A-Z a-z 0-9 _ and -. */
bool serial_valid(struct span text);

#endif
