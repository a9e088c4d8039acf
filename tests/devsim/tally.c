/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Latencies in bounded memory (1.6 % fine, 64 steps for every doubling) and the closing line. */
#include "tests/devsim/devsim.h"

#include <stdio.h>
#include <sys/resource.h>

#define STEPS 64U

static size_t slot_of(uint64_t us)
{
	unsigned int top;

	if (us < STEPS) {
		return (size_t)us;
	}
	top = 63U - (unsigned int)__builtin_clzll(us);
	if (top > 46) {
		return (size_t)STEPS * 42 - 1;
	}
	return (size_t)(top - 5) * STEPS + ((us >> (top - 6)) & (STEPS - 1));
}

/* The largest value that falls into a slot. */
static uint64_t slot_top(size_t slot)
{
	unsigned int shift;

	if (slot < STEPS) {
		return slot;
	}
	shift = (unsigned int)(slot / STEPS) - 1;
	return ((uint64_t)(STEPS + slot % STEPS) << shift) + ((1ULL << shift) - 1);
}

void tally_add(struct tally *tally, uint64_t us)
{
	tally->slots[slot_of(us)]++;
	tally->count++;
	if (us > tally->max_us) {
		tally->max_us = us;
	}
}

uint64_t tally_percentile(const struct tally *tally, double percent)
{
	uint64_t rank = (uint64_t)((double)tally->count * percent / 100.0);
	uint64_t seen = 0;

	for (size_t i = 0; i < sizeof(tally->slots) / sizeof(tally->slots[0]); i++) {
		seen += tally->slots[i];
		if (seen > rank) {
			return slot_top(i) < tally->max_us ? slot_top(i) : tally->max_us;
		}
	}
	return tally->max_us;
}

static void report_key(struct report *report, const char *key)
{
	struct bytes *line = &report->line;

	if (settings.json) {
		bytes_format(line, "%s\"%s\":", line->len ? "," : "{", key);
	} else {
		bytes_format(line, "%s%s=", line->len ? " " : "", key);
	}
}

void report_count(struct report *report, const char *key, uint64_t value)
{
	report_key(report, key);
	bytes_number(&report->line, value, 1);
}

void report_real(struct report *report, const char *key, double value)
{
	report_key(report, key);
	bytes_format(&report->line, "%.3f", value);
}

void report_print(struct report *report)
{
	bytes_text(&report->line, settings.json ? "}\n" : "\n");
	fwrite(report->line.data, 1, report->line.len, stdout);
	fflush(stdout);
	bytes_free(&report->line);
}

/* User and system time of this program so far. */
double cpu_seconds(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) < 0) {
		return 0;
	}
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}
