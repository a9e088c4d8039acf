/* SPDX-License-Identifier: GPL-2.0-or-later */
/* serial: the one place that says what a serial number may be. */
#include "lib/serial.h"

/* Not isalnum(): a locale may call more bytes letters. */
static bool allowed(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

bool serial_valid(struct span text)
{
	if (text.len < 1 || text.len > SERIAL_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!allowed(text.ptr[i]))
			return false;
	return true;
}
