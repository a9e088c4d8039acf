/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The body of an ATTLOG upload: no line is lost, none is seen twice, and every punch becomes a key
 * of its own that gives it back. */
#include "ingestd/route.h"
#include "parserd/body_attlog.h"
#include "tests/fuzz/fuzz.h"

#define RECEIVED_US 1795341600000000 /* 2026-11-22 10:00 */

struct visit {
	struct span rest; /* of the body: what no visitor has been shown */
	uint64_t received_us;
	uint64_t seen, punches, most;
	struct punch last; /* what came before */
	struct pack last_key;
};

/* The line that has to come now. */
static struct span next_line(struct visit *v)
{
	struct span line;

	do
		CHECK(span_next_line(&v->rest, &line));
	while (line.len == 0);
	v->seen++;
	return line;
}

static bool same_time(const struct clock_local *a, const struct clock_local *b)
{
	return a->year == b->year && a->month == b->month && a->day == b->day &&
	       a->hour == b->hour && a->minute == b->minute && a->second == b->second;
}

static bool same_identity(const struct punch *a, const struct punch *b)
{
	return same_time(&a->time, &b->time) && span_eq(a->pin, b->pin) &&
	       span_eq(a->status, b->status) && span_eq(a->verify, b->verify) &&
	       span_eq(a->workcode, b->workcode);
}

static int compare_times(const struct clock_local *a, const struct clock_local *b)
{
	int order = a->year - b->year;

	order = order ? order : a->month - b->month;
	order = order ? order : a->day - b->day;
	order = order ? order : a->hour - b->hour;
	order = order ? order : a->minute - b->minute;
	return order ? order : a->second - b->second;
}

static int sign(int number)
{
	return (number > 0) - (number < 0);
}

/* The fields are the line's, in order, and nothing of it is missing but TABs at its end. */
static void check_fields(struct span line, const struct punch *p)
{
	struct span rest = line, field, none = {NULL, 0};
	struct clock_local time;

	CHECK(span_next(&rest, '\t', &field) && field.ptr == p->pin.ptr);
	CHECK(span_eq(field, p->pin) && field.len > 0 && field.len <= PUNCH_PIN_MAX);
	CHECK(span_next(&rest, '\t', &field) && clock_parse_local(field, &time) == 0);
	CHECK(same_time(&time, &p->time));
	CHECK(span_eq(span_next(&rest, '\t', &field) ? field : none, p->status));
	CHECK(span_eq(span_next(&rest, '\t', &field) ? field : none, p->verify));
	CHECK(span_eq(span_next(&rest, '\t', &field) ? field : none, p->workcode));
	CHECK(fuzz_inside(p->extra, rest) && rest.len >= p->extra.len);
	CHECK(span_eq(span_of(rest.ptr, p->extra.len), p->extra));
	for (size_t i = p->extra.len; i < rest.len; i++)
		CHECK(rest.ptr[i] == '\t');
}

static void check_flag(const struct punch *p, uint64_t received_us)
{
	int64_t ahead_s;

	if (!clock_local_exists(&p->time) || p->time.year < 2000) {
		CHECK(p->flags == PUNCH_TIME_ABSURD);
		return;
	}
	ahead_s = clock_local_seconds(&p->time) - (int64_t)(received_us / 1000000);
	if (ahead_s <= 86400)
		CHECK(p->flags == 0);
	if (ahead_s > 2 * 86400)
		CHECK(p->flags == PUNCH_TIME_ABSURD);
}

static void check_packed(const struct punch *p, struct pack *key)
{
	struct pack value = {.len = 0};
	struct punch back;

	pack_clear(key);
	punch_pack_key(key, p);
	punch_pack_value(&value, p);
	CHECK(!key->failed && !value.failed);
	CHECK(punch_unpack(pack_span(key), pack_span(&value), &back) == 0);
	CHECK(same_identity(p, &back) && span_eq(p->serial, back.serial));
	CHECK(span_eq(p->extra, back.extra) && p->flags == back.flags);
	CHECK(p->seq == back.seq && p->received_us == back.received_us);
	CHECK(strcmp(p->entry.name, back.entry.name) == 0);
	CHECK(p->entry.number == back.entry.number);
}

/* Two punches are one exactly when their keys are, and keys sort as times do. */
static void check_pair(const struct visit *v, const struct punch *p, const struct pack *key)
{
	int by_time = compare_times(&v->last.time, &p->time);
	bool same = span_eq(pack_span(&v->last_key), pack_span(key));
	int by_key = memcmp(v->last_key.bytes, key->bytes, PUNCH_TIME_BYTES);

	CHECK(same == same_identity(&v->last, p));
	CHECK(sign(by_time) == sign(by_key));
}

static int on_punch(void *context, struct span line, struct punch *p)
{
	struct visit *v = context;
	struct span expected = next_line(v);
	struct pack key = {.len = 0};

	CHECK(line.ptr == expected.ptr && line.len == expected.len);
	check_fields(line, p);
	check_flag(p, v->received_us);
	p->serial = span_str("ABCD250100001");
	p->seq = v->seen;
	p->received_us = v->received_us;
	p->entry.number = (uint32_t)v->seen;
	memcpy(p->entry.name, "000661c5a0e1b2c3-0123456789abcdef", 34);
	check_packed(p, &key);
	if (v->punches++ > 0)
		check_pair(v, p, &key);
	v->last = *p;
	v->last_key = key;
	return v->seen == v->most ? -7 : 0;
}

static int on_refused(void *context, struct span line, const char *why)
{
	struct visit *v = context;
	struct span expected = next_line(v);

	CHECK(line.ptr == expected.ptr && line.len == expected.len);
	CHECK(why != NULL && *why != '\0');
	return v->seen == v->most ? -7 : 0;
}

/* Visits at most `most` lines; how many there were. */
static uint64_t parse(struct span body, uint64_t received_us, uint64_t most, uint64_t *ret_punches)
{
	static struct visit v;
	struct attlog_visitor visitor = {&v, on_punch, on_refused};
	struct span line;
	int rc;

	v = (struct visit){.rest = body, .received_us = received_us, .most = most};
	rc = body_attlog_parse(body, received_us, &visitor);
	CHECK(rc == (v.seen == most ? -7 : 0));
	while (rc == 0 && span_next_line(&v.rest, &line))
		CHECK(line.len == 0);
	*ret_punches = v.punches;
	return v.seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span body = span_of(data, size);
	struct route_lines told = {0};
	uint64_t punches, again, seen = parse(body, RECEIVED_US, UINT64_MAX, &punches);

	/* What the terminal was told: lines of blanks alone are the only difference. */
	route_count(&told, body);
	CHECK(punches <= told.count && told.count <= seen);
	CHECK(parse(body, 0, UINT64_MAX, &again) == seen && again == punches);
	CHECK(parse(body, UINT64_MAX, UINT64_MAX, &again) == seen && again == punches);
	/* A visitor that has had enough is asked no more. */
	if (seen > 0)
		CHECK(parse(body, RECEIVED_US, seen / 2 + 1, &again) == seen / 2 + 1);
	return 0;
}
