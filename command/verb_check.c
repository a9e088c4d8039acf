/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verb_check: what each kind of field may hold, whatever the device. */
#include <errno.h>
#include <inttypes.h>

#include "command/why.h"
#include "lib/base64.h"
#include "lib/clock.h"
#include "lib/file_target.h"
#include "lib/num.h"
#include "lib/utf8.h"

#define TIME_BYTES 19 /* "YYYY-MM-DD HH:MM:SS" */
#define DAY_BYTES  10

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

typedef int check(const struct verb_field *f, struct span value, char *ret_why);

static bool all_of(struct span s, const char *good)
{
	struct span set = span_str(good);

	for (size_t i = 0; i < s.len; i++)
		if (!span_has(set, s.ptr[i]))
			return false;
	return true;
}

static bool has_control(struct span s, bool tab_is_good)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if ((c < 0x20 && !(c == '\t' && tab_is_good)) || c == 0x7F)
			return true;
	}
	return false;
}

static int check_pin(const struct verb_field *f, struct span value, char *ret_why)
{
	if (value.len < f->min || value.len > f->max)
		return why_refuse(ret_why, "%s: %" PRIu64 " to %" PRIu64 " characters", f->name,
			f->min, f->max);
	if (!all_of(value, LETTERS DIGITS "-_."))
		return why_refuse(ret_why, "%s: only letters, digits, - _ and .", f->name);
	return 0;
}

/* The bytes that a text takes in the charset that is kindest to it: 1 for ASCII, 2 for the rest. */
static size_t least_bytes(struct span text)
{
	size_t bytes = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		bytes += c < 0x80 ? 1 : c >= 0xC0 ? 2 : 0;
	}
	return bytes;
}

static int check_text(const struct verb_field *f, struct span value, char *ret_why)
{
	if (least_bytes(value) > f->max)
		return why_refuse(ret_why, "%s: at most %" PRIu64 " bytes", f->name, f->max);
	return 0;
}

/* Too long is only cut. */
static int check_name(const struct verb_field *f, struct span value, char *ret_why)
{
	(void)f;
	(void)value;
	(void)ret_why;
	return 0;
}

static int check_number(const struct verb_field *f, struct span value, char *ret_why)
{
	uint64_t number;

	if (num_u64(value, f->min, f->max, &number) < 0)
		return why_refuse(ret_why, "%s: a number from %" PRIu64 " to %" PRIu64, f->name,
			f->min, f->max);
	return 0;
}

static int check_digits(const struct verb_field *f, struct span value, char *ret_why)
{
	if (value.len > f->max || !all_of(value, DIGITS))
		return why_refuse(ret_why, "%s: at most %" PRIu64 " digits", f->name, f->max);
	return 0;
}

static int check_card(const struct verb_field *f, struct span value, char *ret_why)
{
	uint64_t number;

	if (num_u64(value, f->min, f->max, &number) < 0)
		return why_refuse(ret_why, "%s: the decimal number of a card, or empty", f->name);
	return 0;
}

static bool is_moment(struct span value, bool day_alone)
{
	char text[TIME_BYTES + 1] = "2000-01-01 00:00:00";
	struct clock_local local;

	if (value.len != TIME_BYTES && !(day_alone && value.len == DAY_BYTES))
		return false;
	memcpy(text, value.ptr, value.len);
	return clock_parse_local(span_of(text, TIME_BYTES), &local) == 0 &&
	       clock_local_exists(&local);
}

static int check_time(const struct verb_field *f, struct span value, char *ret_why)
{
	if (!is_moment(value, false))
		return why_refuse(ret_why, "%s: an existing time, as 2026-01-31 08:00:00", f->name);
	return 0;
}

static int check_day(const struct verb_field *f, struct span value, char *ret_why)
{
	if (!is_moment(value, true))
		return why_refuse(ret_why,
			"%s: an existing day or time, as 2026-01-31 or 2026-01-31 08:00:00",
			f->name);
	return 0;
}

static int check_base64(const struct verb_field *f, struct span value, char *ret_why)
{
	if (!base64_valid(value))
		return why_refuse(ret_why, "%s: not whole base64", f->name);
	return 0;
}

/* One pair and no other behind a comma, for newer terminals take several. */
static int check_option(const struct verb_field *f, struct span value, char *ret_why)
{
	struct span rest = value, key, first;

	if (!span_next(&rest, '=', &key) || key.len == 0 || !rest.ptr)
		return why_refuse(ret_why, "%s: KEY=VALUE", f->name);
	if (verb_option_reserved(key) || verb_keys_reserved(rest))
		return why_refuse(
			ret_why, "%s: one that begins with ~ is the terminal's own", f->name);
	if (!all_of(key, LETTERS DIGITS "_"))
		return why_refuse(
			ret_why, "%s: only letters, digits and _ in an option's name", f->name);
	if (span_next(&rest, ',', &first) && span_has(rest, '='))
		return why_refuse(ret_why, "%s: one option at a time", f->name);
	if (value.len > f->max)
		return why_refuse(ret_why, "%s: at most %" PRIu64 " bytes", f->name, f->max);
	return 0;
}

static int check_line(const struct verb_field *f, struct span value, char *ret_why)
{
	struct span start = span_trim(value);

	if (start.len == 0)
		return why_refuse(ret_why, "%s: blank", f->name);
	if (start.len >= 2 && span_is_nocase(span_of(start.ptr, 2), "C:"))
		return why_refuse(ret_why,
			"%s: the command alone, \"C:\" and the id are put before it", f->name);
	if (verb_raw_reserved(value))
		return why_refuse(
			ret_why, "%s: an option that begins with ~ is the terminal's own", f->name);
	return 0;
}

/* It must not lead out of the folder that the terminal keeps its photos in. */
static int check_file_name(const struct verb_field *f, struct span value, char *ret_why)
{
	if (value.ptr[0] == '.' || span_has(value, '/') || span_has(value, '\\'))
		return why_refuse(ret_why, "%s: a name, not a path", f->name);
	return check_text(f, value, ret_why);
}

static int check_served(const struct verb_field *f, struct span value, char *ret_why)
{
	if (!file_name_valid(value))
		return why_refuse(ret_why,
			"%s: 1 to %d letters, digits, . _ + and -, not beginning with a dot; no "
			"path and no address",
			f->name, FILE_NAME_MAX);
	return 0;
}

static int check_sha256(const struct verb_field *f, struct span value, char *ret_why)
{
	if (!file_hex_valid(value, FILE_SHA256_BYTES))
		return why_refuse(
			ret_why, "%s: %d hex digits, a to f small", f->name, FILE_SHA256_BYTES);
	return 0;
}

static int check_nothing(const struct verb_field *f, struct span value, char *ret_why)
{
	(void)value;
	return why_refuse(ret_why, "%s: is worked out and not given", f->name);
}

int verb_field_check(
	const struct verb_field *f, struct span value, char ret_why[static VERB_WHY_BYTES])
{
	static check *const checks[] = {
		[FIELD_PIN] = check_pin,
		[FIELD_TEXT] = check_text,
		[FIELD_NAME] = check_name,
		[FIELD_NUMBER] = check_number,
		[FIELD_DIGITS] = check_digits,
		[FIELD_CARD] = check_card,
		[FIELD_TIME] = check_time,
		[FIELD_DAY] = check_day,
		[FIELD_BASE64] = check_base64,
		[FIELD_TEMPLATE] = check_base64,
		[FIELD_SIZE] = check_nothing,
		[FIELD_OPTION] = check_option,
		[FIELD_LINE] = check_line,
		[FIELD_FILE] = check_file_name,
		[FIELD_SERVED] = check_served,
		[FIELD_SHA256] = check_sha256,
	};

	if (value.len == 0)
		return f->clears ? 0 : why_refuse(ret_why, "%s: empty", f->name);
	if (has_control(value, f->kind == FIELD_LINE))
		return why_refuse(ret_why, "%s: holds a control character", f->name);
	if (!utf8_valid(value))
		return why_refuse(ret_why, "%s: is not UTF-8", f->name);
	return checks[f->kind](f, value, ret_why);
}
