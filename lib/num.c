/* SPDX-License-Identifier: GPL-2.0-or-later */
/* num: numbers out of text, and amounts with a unit. */
#include "lib/num.h"

#include <errno.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The whole text is looked at before the size is: "99999999999999999999x" is no number at all. */
static int read_digits(struct span text, uint64_t *ret_value)
{
	uint64_t value = 0;
	bool too_big = false;

	if (text.len == 0)
		return -EINVAL;
	for (size_t i = 0; i < text.len; i++) {
		if (!is_digit(text.ptr[i]))
			return -EINVAL;
		too_big |= __builtin_mul_overflow(value, 10, &value);
		too_big |= __builtin_add_overflow(value, (uint64_t)(text.ptr[i] - '0'), &value);
	}
	if (too_big)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int num_u64(struct span text, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	uint64_t value;
	int rc = read_digits(text, &value);

	if (rc < 0)
		return rc;
	if (value < min || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int num_i64(struct span text, int64_t min, int64_t max, int64_t *ret_value)
{
	bool negative = span_starts(text, "-");
	uint64_t most = (uint64_t)INT64_MAX + (negative ? 1 : 0);
	uint64_t size;
	int64_t value;
	int rc = num_u64(span_from(text, negative ? 1 : 0), 0, most, &size);

	if (rc < 0)
		return rc;
	/* By complement, because -INT64_MIN is no int64_t. */
	value = negative && size > 0 ? -(int64_t)(size - 1) - 1 : (int64_t)size;
	if (value < min || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int num_hex(struct span text, unsigned digits, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (digits < 1 || digits > 16 || text.len != digits)
		return -EINVAL;
	for (size_t i = 0; i < text.len; i++) {
		int digit = hex_digit(text.ptr[i]);

		if (digit < 0)
			return -EINVAL;
		value = value << 4 | (uint64_t)digit;
	}
	*ret_value = value;
	return 0;
}

/* Digits, blanks or none, and the name of a unit. */
static int read_amount(
	struct span text, const struct unit *units, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	size_t digits = 0;
	struct span name;
	uint64_t value;
	int rc;

	while (digits < text.len && is_digit(text.ptr[digits]))
		digits++;
	name = span_from(text, digits);
	while (name.len > 1 && name.ptr[0] == ' ')
		name = span_from(name, 1);
	while (units->name && !span_is(name, units->name))
		units++;
	if (!units->name)
		return -EINVAL;
	rc = num_u64(span_of(text.ptr, digits), 0, UINT64_MAX / units->factor, &value);
	if (rc < 0)
		return rc;
	value *= units->factor;
	if (value < min || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int num_bytes(struct span text, uint64_t min, uint64_t max, uint64_t *ret_bytes)
{
	static const struct unit units[] = {{"", 1}, {"B", 1}, {"KiB", 1ULL << 10},
		{"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}, {"TiB", 1ULL << 40}, {NULL, 0}};

	return read_amount(text, units, min, max, ret_bytes);
}

int num_duration_ms(struct span text, uint64_t min_ms, uint64_t max_ms, uint64_t *ret_ms)
{
	static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {"min", 60 * 1000ULL},
		{"h", 3600 * 1000ULL}, {"day", 86400 * 1000ULL}, {"days", 86400 * 1000ULL},
		{NULL, 0}};

	return read_amount(text, units, min_ms, max_ms, ret_ms);
}
