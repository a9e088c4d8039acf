/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers: what is read is what libc reads, within the range that was asked for, and writing it
 * down gives it again. An input is TEXT|LEAST|MOST. */
#include <errno.h>
#include <inttypes.h>

#include "lib/num.h"
#include "tests/fuzz/fuzz.h"

static bool all_digits(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return s.len > 0;
}

/* For libc: ended by NUL; longer ones are cut, and then not compared. */
static const char *as_text(struct span s, char text[static 64])
{
	size_t len = s.len < 63 ? s.len : 63;

	if (len > 0)
		memcpy(text, s.ptr, len);
	text[len] = '\0';
	return text;
}

static void check_u64(struct span s, uint64_t min, uint64_t max)
{
	uint64_t value = 4711;
	char text[64], again[32];
	int rc = num_u64(s, min, max, &value);

	CHECK((rc == -EINVAL) == !all_digits(s));
	CHECK(rc == 0 || rc == -EINVAL || rc == -ERANGE);
	if (rc != 0) {
		CHECK(value == 4711);
		if (rc == -ERANGE && s.len < 63 && num_u64(s, 0, UINT64_MAX, &value) == 0)
			CHECK(value < min || value > max);
		return;
	}
	CHECK(value >= min && value <= max);
	if (s.len < 63)
		CHECK(strtoull(as_text(s, text), NULL, 10) == value);
	while (s.len > 1 && s.ptr[0] == '0')
		s = span_from(s, 1);
	snprintf(again, sizeof(again), "%" PRIu64, value);
	CHECK(span_is(s, again));
}

static void check_i64(struct span s, int64_t min, int64_t max)
{
	bool negative = span_starts(s, "-");
	struct span digits = span_from(s, negative ? 1 : 0);
	int64_t value = 4711;
	char text[64];
	int rc = num_i64(s, min, max, &value);

	CHECK((rc == -EINVAL) == !all_digits(digits));
	if (rc != 0) {
		CHECK(value == 4711);
		return;
	}
	CHECK(value >= min && value <= max);
	if (s.len < 63)
		CHECK(strtoll(as_text(s, text), NULL, 10) == value);
}

static void check_hex(struct span s)
{
	for (unsigned digits = 0; digits <= 18; digits++) {
		uint64_t value;
		char again[32];

		if (num_hex(s, digits, &value) != 0)
			continue;
		CHECK(digits >= 1 && digits <= 16 && s.len == digits);
		snprintf(again, sizeof(again), "%0*" PRIx64, (int)digits, value);
		CHECK(span_is(s, again));
	}
}

/* What a unit is worth; 0 for one that is none. */
static uint64_t worth(struct span unit)
{
	static const struct {
		const char *name;
		uint64_t factor;
	} units[] = {
		{"", 1},
		{"B", 1},
		{"KiB", 1024},
		{"MiB", 1024 * 1024},
		{"GiB", 1024 * 1024 * 1024},
		{"TiB", 1024ULL * 1024 * 1024 * 1024},
		{"ms", 1},
		{"s", 1000},
		{"min", 60 * 1000},
		{"h", 60 * 60 * 1000},
		{"day", 24 * 60 * 60 * 1000},
		{"days", 24 * 60 * 60 * 1000},
	};

	while (unit.len > 0 && ((*unit.ptr >= '0' && *unit.ptr <= '9') || *unit.ptr == ' '))
		unit = span_from(unit, 1);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (span_is(unit, units[i].name))
			return units[i].factor;
	return 0;
}

typedef int reader(struct span text, uint64_t min, uint64_t max, uint64_t *ret);

/* An amount is its leading digits times a unit, and the same amount in the smallest unit is read as
 * the same. */
static void check_amount(
	reader *read, const char *smallest, struct span s, uint64_t min, uint64_t max)
{
	uint64_t value = 4711, whole;
	char text[64];
	int rc = read(s, min, max, &value);

	CHECK(rc == 0 || rc == -EINVAL || rc == -ERANGE);
	if (rc != 0) {
		CHECK(value == 4711);
		return;
	}
	CHECK(value >= min && value <= max && s.len > 0);
	whole = strtoull(as_text(s, text), NULL, 10);
	CHECK(worth(s) > 0 && value % worth(s) == 0);
	if (s.len < 63)
		CHECK(value / worth(s) == whole);
	snprintf(text, sizeof(text), "%" PRIu64 " %s", value, smallest);
	whole = 0;
	CHECK(read(span_str(text), min, max, &whole) == 0 && whole == value);
	CHECK(read(span_str(text), value + 1, UINT64_MAX, &whole) == (value + 1 ? -ERANGE : 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size), text = fuzz_piece(&rest);
	uint64_t min = 0, max = UINT64_MAX;

	(void)!num_u64(fuzz_piece(&rest), 0, UINT64_MAX, &min);
	(void)!num_u64(fuzz_piece(&rest), 0, UINT64_MAX, &max);
	check_u64(text, min, max);
	check_u64(text, 0, UINT64_MAX);
	check_i64(text, (int64_t)min, (int64_t)max);
	check_i64(text, INT64_MIN, INT64_MAX);
	check_hex(text);
	check_amount(num_bytes, "B", text, min, max);
	check_amount(num_duration_ms, "ms", text, min, max);
	check_amount(num_bytes, "B", text, 0, UINT64_MAX);
	check_amount(num_duration_ms, "ms", text, 0, UINT64_MAX);
	return 0;
}
