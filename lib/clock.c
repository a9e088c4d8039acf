/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock: reading the clocks, and the calendar between seconds and words. The calendar is worked out
 * here because gmtime() and timegm() look at the environment and mend days that do not exist. */
#include "lib/clock.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#define US_PER_S    1000000
#define DAY_SECONDS 86400
#define YEAR_DAYS   365
#define ERA_DAYS    146097         /* 400 years */
#define EPOCH_DAYS  719468         /* 1970-01-01, counted from 0000-03-01 */
#define FIRST_S     (-62167219200) /* 0000-01-01 00:00:00 */
#define LAST_S      253402300799   /* 9999-12-31 23:59:59 */

static struct timespec now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t); /* fails only for a clock that does not exist */
	return t;
}

uint64_t clock_wall_us(void)
{
	struct timespec t = now(CLOCK_REALTIME);

	return (uint64_t)t.tv_sec * US_PER_S + (uint64_t)t.tv_nsec / 1000;
}

uint64_t clock_mono_ms(void)
{
	struct timespec t = now(CLOCK_MONOTONIC);

	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t clock_zk_seconds(const struct clock_local *local)
{
	uint64_t days = (local->year - 2000u) * UINT64_C(372) + (local->month - 1u) * 31u +
			(local->day - 1u);

	return days * 86400 + local->hour * 3600u + local->minute * 60u + local->second;
}

void clock_sleep_ms(uint64_t wait_ms)
{
	struct timespec until = now(CLOCK_MONOTONIC);

	until.tv_sec += (time_t)(wait_ms / 1000);
	until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	/* A point in time and not a span, so that signals do not make the wait longer. */
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

/* ---- the calendar ---- */

static bool is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_in_month(unsigned year, unsigned month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

bool clock_local_exists(const struct clock_local *l)
{
	return l->year <= 9999 && l->month >= 1 && l->month <= 12 && l->day >= 1 &&
	       l->day <= days_in_month(l->year, l->month) && l->hour < 24 && l->minute < 60 &&
	       l->second < 60;
}

/* Years are counted from March, so that the leap day is the last of its year and every month's
 * first day is a straight line through the months' lengths: (153 m + 2) / 5. */
int64_t clock_local_seconds(const struct clock_local *l)
{
	int64_t year = (int64_t)l->year - (l->month <= 2);
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t month = (l->month + 9) % 12;
	int64_t day_of_year = (153 * month + 2) / 5 + l->day - 1;
	int64_t day_of_era =
		year_of_era * YEAR_DAYS + year_of_era / 4 - year_of_era / 100 + day_of_year;
	int64_t days = era * ERA_DAYS + day_of_era - EPOCH_DAYS;

	return days * DAY_SECONDS + (int64_t)l->hour * 3600 + (int64_t)l->minute * 60 + l->second;
}

/* The way back: what is taken off `day_of_era` are the leap days before it, so that years are of
 * one length. */
static void set_date(struct clock_local *l, int64_t days_since_march_0)
{
	int64_t era =
		(days_since_march_0 >= 0 ? days_since_march_0 : days_since_march_0 - ERA_DAYS + 1) /
		ERA_DAYS;
	int64_t day_of_era = days_since_march_0 - era * ERA_DAYS;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
				      day_of_era / (ERA_DAYS - 1)) /
			      YEAR_DAYS;
	int64_t day_of_year =
		day_of_era - (year_of_era * YEAR_DAYS + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * day_of_year + 2) / 153;

	l->day = (uint8_t)(day_of_year - (153 * month + 2) / 5 + 1);
	l->month = (uint8_t)(month < 10 ? month + 3 : month - 9);
	l->year = (uint16_t)(year_of_era + era * 400 + (l->month <= 2));
}

struct clock_local clock_local_from_seconds(int64_t seconds)
{
	struct clock_local l;
	int64_t second_of_day;

	seconds = seconds < FIRST_S ? FIRST_S : seconds;
	seconds = seconds > LAST_S ? LAST_S : seconds;
	second_of_day = ((seconds % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;
	l.hour = (uint8_t)(second_of_day / 3600);
	l.minute = (uint8_t)(second_of_day / 60 % 60);
	l.second = (uint8_t)(second_of_day % 60);
	set_date(&l, (seconds - second_of_day) / DAY_SECONDS + EPOCH_DAYS);
	return l;
}

/* ---- text ---- */

void clock_format_utc(uint64_t wall_us, char ret_text[static CLOCK_UTC_BYTES])
{
	const uint64_t last_us = (uint64_t)LAST_S * US_PER_S + US_PER_S - 1;
	uint64_t us = wall_us < last_us ? wall_us : last_us;
	struct clock_local l = clock_local_from_seconds((int64_t)(us / US_PER_S));

	snprintf(ret_text, CLOCK_UTC_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ", l.year % 10000U,
		l.month % 100U, l.day % 100U, l.hour % 100U, l.minute % 100U, l.second % 100U,
		(unsigned)(us % US_PER_S));
}

/* Takes `min` to `max` digits off `*rest`. False when there are fewer; `max` is small enough for an
 * unsigned. */
static bool take_number(struct span *rest, unsigned min, unsigned max, unsigned *ret_value)
{
	unsigned digits = 0, value = 0;

	while (digits < max && digits < rest->len && rest->ptr[digits] >= '0' &&
		rest->ptr[digits] <= '9')
		value = value * 10 + (unsigned)(rest->ptr[digits++] - '0');
	if (digits < min)
		return false;
	*rest = span_from(*rest, digits);
	*ret_value = value;
	return true;
}

static bool take_byte(struct span *rest, char byte)
{
	if (rest->len == 0 || rest->ptr[0] != byte)
		return false;
	*rest = span_from(*rest, 1);
	return true;
}

/* Takes "2026-01-05 08:00:00" off, with `between` in place of the blank. */
static bool take_reading(
	struct span *rest, unsigned min_digits, char between, struct clock_local *ret)
{
	unsigned year, month, day, hour, minute, second;

	if (!take_number(rest, 4, 4, &year) || !take_byte(rest, '-') ||
		!take_number(rest, min_digits, 2, &month) || !take_byte(rest, '-') ||
		!take_number(rest, min_digits, 2, &day) || !take_byte(rest, between) ||
		!take_number(rest, min_digits, 2, &hour) || !take_byte(rest, ':') ||
		!take_number(rest, min_digits, 2, &minute) || !take_byte(rest, ':') ||
		!take_number(rest, min_digits, 2, &second))
		return false;
	*ret = (struct clock_local){(uint16_t)year, (uint8_t)month, (uint8_t)day, (uint8_t)hour,
		(uint8_t)minute, (uint8_t)second};
	return true;
}

int clock_parse_local(struct span text, struct clock_local *ret_local)
{
	struct clock_local l;

	if (!take_reading(&text, 1, ' ', &l) || text.len > 0)
		return -EINVAL;
	*ret_local = l;
	return 0;
}

/* ".5" is half a second: the digits are followed by zeros in thought. */
static bool take_fraction_us(struct span *rest, unsigned *ret_us)
{
	size_t before = rest->len;

	if (!take_number(rest, 1, 6, ret_us))
		return false;
	for (size_t digits = before - rest->len; digits < 6; digits++)
		*ret_us *= 10;
	return true;
}

int clock_parse_utc(struct span text, uint64_t *ret_wall_us)
{
	struct clock_local l;
	unsigned us = 0;

	if (!take_reading(&text, 2, 'T', &l) ||
		(take_byte(&text, '.') && !take_fraction_us(&text, &us)) ||
		!take_byte(&text, 'Z') || text.len > 0)
		return -EINVAL;
	if (!clock_local_exists(&l) || l.year < 1970)
		return -EINVAL;
	*ret_wall_us = (uint64_t)clock_local_seconds(&l) * US_PER_S + us;
	return 0;
}
