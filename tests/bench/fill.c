/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fill STATE/parserd/records COUNT: writes COUNT more punches through parserd's own write side,
 * 4096 a transaction, and prints how fast the first and the last 200,000 of them went. A thousand
 * terminals punch in turn, one punch a second between them, so ten million are 116 days. */
#include "parserd/records.h"
#include "tests/bench/bench.h"

#define BATCH     4096
#define TERMINALS 1000
#define STRETCH   200000ul
#define MAP_BYTES (1ull << 30)
#define FIRST_S   1767600000 /* 2026-01-05 08:00:00 */

static void must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	errno = -rc;
	bench_die(what);
}

static int add(struct records_writer *w, uint64_t n)
{
	char serial[16], pin[16];
	int serial_len = snprintf(serial, sizeof(serial), "SIM%06u", (unsigned)(1 + n % TERMINALS));
	int pin_len = snprintf(pin, sizeof(pin), "%u", (unsigned)(1 + n / TERMINALS % 1000));
	const struct punch p = {
		.time = clock_local_from_seconds(FIRST_S + (int64_t)n),
		.serial = span_of(serial, (size_t)serial_len),
		.pin = span_of(pin, (size_t)pin_len),
		.status = span_str("0"),
		.verify = span_str("1"),
		.workcode = span_str("0"),
		.extra = span_str("\t0\t0\t0\t0\t0"),
		.received_us = (FIRST_S + n) * 1000000ull,
		.entry = {.name = "000647d2d1a53a00-0123456789abcdef", .number = 1},
	};
	return records_add_punch(w, &p);
}

static int add_batch(struct records_writer *w, uint64_t first, uint64_t end)
{
	int rc = records_begin(w);
	for (uint64_t n = first; rc >= 0 && n < end; n++)
		rc = add(w, n);
	if (rc >= 0)
		return records_commit(w);
	records_abort(w);
	return rc;
}

static void put_batch(struct records_writer *w, uint64_t first, uint64_t end)
{
	int rc;
	while ((rc = add_batch(w, first, end)) == -EXFULL)
		must(records_grow(w), "grow");
	must(rc, "records");
}

/* Writes [first, end) and gives the records a second. */
static double put_all(struct records_writer *w, uint64_t first, uint64_t end)
{
	uint64_t from_us = bench_now_us();
	for (uint64_t n = first; n < end; n += BATCH)
		put_batch(w, n, n + BATCH < end ? n + BATCH : end);
	return (double)(end - first) * 1e6 / (double)(bench_now_us() - from_us);
}

static uint64_t count_of(const char *path)
{
	struct records_reader *r;
	uint64_t seq;
	must(records_open(path, &r), path);
	must(records_last_seq(r, &seq), path);
	records_close(r);
	return seq;
}

int main(int argc, char **argv)
{
	struct records_writer *w;
	char private_path[4096];
	if (argc != 3)
		return EX_USAGE;
	snprintf(private_path, sizeof(private_path), "%s-private", argv[1]);
	must(records_writer_open(argv[1], private_path, MAP_BYTES, &w), argv[1]);
	uint64_t first = count_of(argv[1]), end = first + bench_number(argv[2]);
	uint64_t stretch = end - first < 2 * STRETCH ? (end - first) / 2 : STRETCH;
	double first_per_s = put_all(w, first, first + stretch);
	(void)put_all(w, first + stretch, end - stretch);
	double last_per_s = put_all(w, end - stretch, end);
	printf("{\"count\": %lu, \"first_per_s\": %.0f, \"last_per_s\": %.0f}\n",
		(unsigned long)end, first_per_s, last_per_s);
	records_writer_close(w);
	return EX_OK;
}
