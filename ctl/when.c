/* SPDX-License-Identifier: GPL-2.0-or-later */
/* when: days and times as people write them. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "ctl/when.h"
#include "lib/num.h"

#define DAY_S 86400

static struct clock_local day_of(struct clock_local l, int64_t days_later)
{
	l.hour = l.minute = l.second = 0;
	return clock_local_from_seconds(clock_local_seconds(&l) + days_later * DAY_S);
}

/* Exactly `digits` digits off the front. */
static int take_number(struct span *s, size_t digits, unsigned *ret)
{
	uint64_t value;
	if (s->len < digits || num_u64(span_of(s->ptr, digits), 0, 9999, &value) < 0)
		return -EINVAL;
	*s = span_from(*s, digits);
	*ret = (unsigned)value;
	return 0;
}

static int take_byte(struct span *s, char byte)
{
	if (s->len == 0 || s->ptr[0] != byte)
		return -EINVAL;
	*s = span_from(*s, 1);
	return 0;
}

/* "08:00" or "08:00:00" */
static int parse_time_of_day(struct span s, struct clock_local *l)
{
	unsigned hour, minute, second = 0;
	if (take_number(&s, 2, &hour) < 0 || take_byte(&s, ':') < 0 ||
		take_number(&s, 2, &minute) < 0)
		return -EINVAL;
	if (s.len > 0 && (take_byte(&s, ':') < 0 || take_number(&s, 2, &second) < 0 || s.len > 0))
		return -EINVAL;
	l->hour = (uint8_t)hour;
	l->minute = (uint8_t)minute;
	l->second = (uint8_t)second;
	return 0;
}

/* "2026-01-05", and what follows it in `*rest`. */
static int parse_day(struct span *rest, struct clock_local *l)
{
	unsigned year, month, day;
	if (take_number(rest, 4, &year) < 0 || take_byte(rest, '-') < 0 ||
		take_number(rest, 2, &month) < 0 || take_byte(rest, '-') < 0 ||
		take_number(rest, 2, &day) < 0)
		return -EINVAL;
	*l = (struct clock_local){
		.year = (uint16_t)year, .month = (uint8_t)month, .day = (uint8_t)day};
	return 0;
}

static int parse_date(struct span text, enum when_edge edge, struct clock_local *ret)
{
	struct clock_local l;
	struct span rest = text;
	int rc = parse_day(&rest, &l);
	bool bare = rest.len == 0;
	if (rc == 0 && !bare)
		rc = rest.ptr[0] == ' ' || rest.ptr[0] == 'T'
			     ? parse_time_of_day(span_from(rest, 1), &l)
			     : -EINVAL;
	if (rc < 0)
		return rc;
	if (!clock_local_exists(&l) || l.year < 1970)
		return -ERANGE;
	if (bare && edge == WHEN_UNTIL)
		l = day_of(l, 1);
	*ret = l;
	return 0;
}

/* "-7d" */
static int parse_back(struct span text, const struct clock_local *now, struct clock_local *ret)
{
	static const struct {
		const char *unit;
		int64_t seconds;
	} units[] = {{"min", 60}, {"h", 3600}, {"d", DAY_S}, {"w", 7L * DAY_S}};
	uint64_t count;
	size_t digits = 0;
	struct span s = span_from(text, 1);
	while (digits < s.len && s.ptr[digits] >= '0' && s.ptr[digits] <= '9')
		digits++;
	int rc = num_u64(span_of(s.ptr, digits), 0, 10000000, &count);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (span_is(span_from(s, digits), units[i].unit)) {
			int64_t seconds =
				clock_local_seconds(now) - (int64_t)count * units[i].seconds;
			if (seconds < 0)
				return -ERANGE;
			*ret = clock_local_from_seconds(seconds);
			return 0;
		}
	return -EINVAL;
}

int when_parse(struct span text, const struct clock_local *now, enum when_edge edge,
	struct clock_local *ret_local)
{
	int64_t through = edge == WHEN_UNTIL ? 1 : 0;
	if (text.len > 0 && text.ptr[0] == '-')
		return parse_back(text, now, ret_local);
	if (span_is(text, "now"))
		*ret_local = *now;
	else if (span_is(text, "today"))
		*ret_local = day_of(*now, through);
	else if (span_is(text, "yesterday"))
		*ret_local = day_of(*now, through - 1);
	else
		return parse_date(text, edge, ret_local);
	return 0;
}

struct clock_local when_now(void)
{
	time_t now = time(NULL);
	struct tm tm;
	localtime_r(&now, &tm);
	return (struct clock_local){.year = (uint16_t)(tm.tm_year + 1900),
		.month = (uint8_t)(tm.tm_mon + 1),
		.day = (uint8_t)tm.tm_mday,
		.hour = (uint8_t)tm.tm_hour,
		.minute = (uint8_t)tm.tm_min,
		.second = (uint8_t)(tm.tm_sec > 59 ? 59 : tm.tm_sec)};
}

uint64_t when_wall_us(const struct clock_local *local)
{
	struct tm tm = {.tm_year = local->year - 1900,
		.tm_mon = local->month - 1,
		.tm_mday = local->day,
		.tm_hour = local->hour,
		.tm_min = local->minute,
		.tm_sec = local->second,
		.tm_isdst = -1};
	time_t seconds = mktime(&tm);
	return seconds < 0 ? 0 : (uint64_t)seconds * 1000000;
}

void when_format(const struct clock_local *local, char ret_text[static WHEN_LOCAL_BYTES])
{
	snprintf(ret_text, WHEN_LOCAL_BYTES, "%04u-%02u-%02u %02u:%02u:%02u", local->year,
		local->month, local->day, local->hour, local->minute, local->second);
}

void when_format_short(uint64_t wall_us, char ret_text[static WHEN_LOCAL_BYTES])
{
	char utc[CLOCK_UTC_BYTES];
	clock_format_utc(wall_us, utc);
	if (wall_us == 0)
		snprintf(ret_text, WHEN_LOCAL_BYTES, "-");
	else
		snprintf(ret_text, WHEN_LOCAL_BYTES, "%.10s %.8sZ", utc, utc + 11);
}
