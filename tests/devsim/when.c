/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The wall clock of a terminal: seconds since 2000-01-01, to and from text; and this machine's
 * clock for waiting. */
#include "tests/devsim/devsim.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define SECONDS_TO_2000 946684800

static const uint16_t days_before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};

/* Between 2000 and 2099 every fourth year is a leap year, without exception. */
static bool is_leap(uint32_t year)
{
	return year % 4 == 0;
}

static uint32_t month_start(uint32_t year, uint32_t month)
{
	return days_before[month] + (month >= 2 && is_leap(year) ? 1U : 0U);
}

static uint32_t year_start(uint32_t year)
{
	return year * 365 + (year + 3) / 4;
}

static void when_split(uint32_t when, uint32_t *ret_year, uint32_t *ret_month, uint32_t *ret_day)
{
	uint32_t day = when / 86400;
	uint32_t year = day * 4 / 1461;
	uint32_t month = 11;

	day -= year_start(year);
	while (month_start(year, month) > day) {
		month--;
	}
	*ret_year = year;
	*ret_month = month;
	*ret_day = day - month_start(year, month);
}

static int two_digits(const char *text, uint32_t min, uint32_t max, uint32_t *ret_number)
{
	uint32_t number;

	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') {
		return -EINVAL;
	}
	number = (uint32_t)((text[0] - '0') * 10 + (text[1] - '0'));
	if (number < min || number > max) {
		return -ERANGE;
	}
	*ret_number = number;
	return 0;
}

/* "YYYY-MM-DD HH:MM:SS" or the same with a T, years 2000 to 2099. */
int when_parse(const char *text, uint32_t *ret_when)
{
	uint32_t year, month, day, hour, minute, second, days_in_month;

	if (strlen(text) != WHEN_LEN || strncmp(text, "20", 2) != 0 || text[4] != '-' ||
		text[7] != '-' || (text[10] != ' ' && text[10] != 'T') || text[13] != ':' ||
		text[16] != ':') {
		return -EINVAL;
	}
	if (two_digits(text + 2, 0, 99, &year) < 0 || two_digits(text + 5, 1, 12, &month) < 0 ||
		two_digits(text + 8, 1, 31, &day) < 0 || two_digits(text + 11, 0, 23, &hour) < 0 ||
		two_digits(text + 14, 0, 59, &minute) < 0 ||
		two_digits(text + 17, 0, 59, &second) < 0) {
		return -EINVAL;
	}
	days_in_month = (month == 12 ? 365U + is_leap(year) : month_start(year, month)) -
			month_start(year, month - 1);
	if (day > days_in_month) {
		return -EINVAL;
	}
	*ret_when = (year_start(year) + month_start(year, month - 1) + day - 1) * 86400 +
		    hour * 3600 + minute * 60 + second;
	return 0;
}

static void put_two(char *out, uint32_t number)
{
	out[0] = (char)('0' + number / 10);
	out[1] = (char)('0' + number % 10);
}

/* Writes WHEN_LEN characters, no NUL. The day of the last call is remembered: bursts stay within
 * one. */
void when_text(uint32_t when, char out[WHEN_LEN])
{
	static char date[11] = "2000-01-01 ";
	static uint32_t date_day;
	uint32_t second = when % 86400;

	if (when / 86400 != date_day) {
		uint32_t year, month, day;

		when_split(when, &year, &month, &day);
		put_two(date + 2, year);
		put_two(date + 5, month + 1);
		put_two(date + 8, day + 1);
		date_day = when / 86400;
	}
	memcpy(out, date, sizeof(date));
	put_two(out + 11, second / 3600);
	out[13] = ':';
	put_two(out + 14, second / 60 % 60);
	out[16] = ':';
	put_two(out + 17, second % 60);
}

/* The number that old firmware uses as a stamp. */
uint32_t when_zk(uint32_t when)
{
	uint32_t year, month, day;

	when_split(when, &year, &month, &day);
	return (year * 372 + month * 31 + day) * 86400 + when % 86400;
}

/* This machine's clock, in GMT. */
uint32_t when_now(void)
{
	return (uint32_t)(time(NULL) - SECONDS_TO_2000);
}

uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * USEC + (uint64_t)now.tv_nsec / 1000;
}
