/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times: both spellings, and the calendar, which is held against libc's. */
#include <errno.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/num.h"
#include "tests/fuzz/fuzz.h"

#define LAST_US 253402300799999999ULL /* 9999-12-31 23:59:59.999999 */
#define FIRST_S (-62167219200)        /* 0000-01-01 */
#define LAST_S  253402300799

static void check_utc(struct span text)
{
	char again[CLOCK_UTC_BYTES];
	uint64_t us, back;

	if (clock_parse_utc(text, &us) != 0)
		return;
	CHECK(us <= LAST_US && text.len >= 20 && text.len <= 27);
	clock_format_utc(us, again);
	CHECK(clock_parse_utc(span_str(again), &back) == 0 && back == us);
	/* The same but for digits that the fraction lacked. */
	CHECK(text.ptr[text.len - 1] == 'Z');
	text.len--;
	CHECK(span_eq(span_of(again, text.len), text));
	CHECK(strspn(again + text.len, ".0") + text.len == CLOCK_UTC_BYTES - 2);
}

static void check_format(uint64_t us)
{
	char text[CLOCK_UTC_BYTES];
	uint64_t back;

	clock_format_utc(us, text);
	CHECK(strlen(text) == CLOCK_UTC_BYTES - 1);
	CHECK(clock_parse_utc(span_str(text), &back) == 0);
	CHECK(back == (us < LAST_US ? us : LAST_US));
}

static void check_reading(struct clock_local l)
{
	struct clock_local back;
	struct tm tm = {.tm_year = l.year - 1900,
		.tm_mon = l.month - 1,
		.tm_mday = l.day,
		.tm_hour = l.hour,
		.tm_min = l.minute,
		.tm_sec = l.second};
	int64_t seconds = timegm(&tm);

	CHECK(clock_local_seconds(&l) == seconds);
	back = clock_local_from_seconds(seconds);
	CHECK(back.year == l.year && back.month == l.month && back.day == l.day);
	CHECK(back.hour == l.hour && back.minute == l.minute && back.second == l.second);
}

/* libc mends a day that does not exist; a reading that it leaves alone does. */
static bool exists_by_libc(const struct clock_local *l)
{
	struct tm tm = {.tm_year = l->year - 1900,
		.tm_mon = l->month - 1,
		.tm_mday = l->day,
		.tm_hour = l->hour,
		.tm_min = l->minute,
		.tm_sec = l->second};

	(void)timegm(&tm);
	return tm.tm_year == l->year - 1900 && tm.tm_mon == l->month - 1 && tm.tm_mday == l->day &&
	       tm.tm_hour == l->hour && tm.tm_min == l->minute && tm.tm_sec == l->second;
}

static void check_local(struct span text)
{
	struct clock_local l, back;
	char again[32];

	if (clock_parse_local(text, &l) != 0)
		return;
	CHECK(text.len >= 14 && text.len <= 19 && l.year <= 9999);
	CHECK(l.month <= 99 && l.day <= 99 && l.hour <= 99 && l.minute <= 99 && l.second <= 99);
	snprintf(again, sizeof(again), "%04u-%02u-%02u %02u:%02u:%02u", l.year, l.month, l.day,
		l.hour, l.minute, l.second);
	CHECK(clock_parse_local(span_str(again), &back) == 0);
	CHECK(back.year == l.year && back.month == l.month && back.day == l.day);
	CHECK(back.hour == l.hour && back.minute == l.minute && back.second == l.second);
	CHECK(clock_local_exists(&l) == exists_by_libc(&l));
	if (clock_local_exists(&l))
		check_reading(l);
}

static void check_seconds(int64_t seconds)
{
	struct clock_local l = clock_local_from_seconds(seconds);
	int64_t within = seconds < FIRST_S ? FIRST_S : seconds > LAST_S ? LAST_S : seconds;

	CHECK(clock_local_exists(&l));
	CHECK(clock_local_seconds(&l) == within);
	check_reading(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	uint64_t hash = fuzz_hash(text);
	int64_t number;

	check_utc(text);
	check_local(text);
	/* Any text is a moment as well, mostly one that a calendar has. */
	check_format(hash);
	check_format(hash >> 7);
	check_seconds((int64_t)hash);
	check_seconds((int64_t)(hash >> 26) - (int64_t)(hash & 0xffffffffff));
	if (num_i64(text, INT64_MIN, INT64_MAX, &number) == 0) {
		check_seconds(number);
		check_format((uint64_t)number);
	}
	return 0;
}
