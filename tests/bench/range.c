/* SPDX-License-Identifier: GPL-2.0-or-later */
/* range STATE/parserd/records SERIAL SINCE UNTIL: how long the question "this device, from then to
 * then" takes, and how many records a second it looks at. The times are as terminals write them. */
#include "store/records.h"
#include "tests/bench/bench.h"

static int count(void *context, const struct punch *p)
{
	(void)p;
	++*(uint64_t *)context;
	return 0;
}

static uint64_t ask(struct records_reader *r, const struct punch_query *q, uint64_t *ret_us)
{
	uint64_t found = 0, from_us = bench_now_us();
	int rc = records_punches(r, q, count, &found);
	*ret_us = bench_now_us() - from_us;
	if (rc == 0)
		return found;
	errno = -rc;
	bench_die("question");
}

int main(int argc, char **argv)
{
	struct records_reader *r;
	struct punch_query q = {.limit = 0};
	uint64_t took_us, all_us;
	if (argc != 5 || clock_parse_local(span_str(argv[3]), &q.since) < 0 ||
		clock_parse_local(span_str(argv[4]), &q.until) < 0)
		return EX_USAGE;
	int rc = records_open(argv[1], &r);
	if (rc < 0) {
		errno = -rc;
		bench_die(argv[1]);
	}
	q.serial = span_str(argv[2]);
	uint64_t found = ask(r, &q, &took_us);
	q.serial = span_of(NULL, 0);
	uint64_t scanned = ask(r, &q, &all_us);
	printf("{\"found\": %lu, \"ms\": %.1f, \"scanned\": %lu, \"scanned_per_s\": %.0f, "
	       "\"visited_per_s\": %.0f}\n",
		(unsigned long)found, (double)took_us / 1e3, (unsigned long)scanned,
		(double)scanned * 1e6 / (double)took_us, (double)scanned * 1e6 / (double)all_us);
	records_close(r);
	return EX_OK;
}
