/* SPDX-License-Identifier: GPL-2.0-or-later */
/* matching_format: the formats of fingerprint templates, by name and by their bytes. */
#include "lib/matching.h"

#define ISO_HEAD_BYTES       24
#define ANSI_HEAD_BYTES      26
#define ANSI_LONG_HEAD_BYTES 30
#define ZK_HEAD_BYTES        10

static const char *const names[MATCHING_FORMATS] = {
	[MATCHING_ISO_19794_2] = "iso19794-2",
	[MATCHING_ANSI_378] = "ansi378-2004",
	[MATCHING_ZKFINGER_9] = "zkfinger9",
	[MATCHING_ZKFINGER_10] = "zkfinger10",
};

const char *matching_format_name(enum matching_format format)
{
	return format < MATCHING_FORMATS ? names[format] : NULL;
}

enum matching_format matching_format_named(struct span name)
{
	for (enum matching_format f = MATCHING_UNKNOWN + 1; f < MATCHING_FORMATS; f++)
		if (span_is(name, names[f]))
			return f;
	return MATCHING_UNKNOWN;
}

/* ---- by the bytes ---- */

static bool has_at(struct span s, size_t at, const char *bytes, size_t count)
{
	return s.len >= at + count && memcmp(s.ptr + at, bytes, count) == 0;
}

/* Big endian; the bytes are there. */
static uint64_t number_at(struct span s, size_t at, size_t count)
{
	uint64_t value = 0;

	for (size_t i = at; i < at + count; i++)
		value = value << 8 | (unsigned char)s.ptr[i];
	return value;
}

/* Both begin with "FMR" and " 20", each with its NUL, and then say the length of the whole record:
 * ISO in 4 bytes, ANSI in 2, or in 4 more where these are 0 because 2 are not enough. No length is
 * right in both readings. docs/MATCHER.md "Formats" */
static enum matching_format minutiae_record(struct span s)
{
	uint64_t ansi = number_at(s, 8, 2);

	if (number_at(s, 8, 4) == s.len)
		return MATCHING_ISO_19794_2;
	if (ansi == 0 && s.len >= ANSI_LONG_HEAD_BYTES && s.len > UINT16_MAX)
		ansi = number_at(s, 10, 4);
	return ansi == s.len && s.len >= ANSI_HEAD_BYTES ? MATCHING_ANSI_378 : MATCHING_UNKNOWN;
}

enum matching_format matching_format_of(struct span template_bytes)
{
	struct span s = template_bytes;

	if (s.len >= ISO_HEAD_BYTES && has_at(s, 0, "FMR\0 20\0", 8))
		return minutiae_record(s);
	if (has_at(s, 2, "SS21", 4))
		return s.len >= ZK_HEAD_BYTES && number_at(s, 6, 4) == s.len ? MATCHING_ZKFINGER_10
									     : MATCHING_UNKNOWN;
	return has_at(s, 0, "\xA1\xCA", 2) ? MATCHING_ZKFINGER_9 : MATCHING_UNKNOWN;
}
