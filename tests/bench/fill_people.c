/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fill_people STATE USERS DEVICES COPIES EVERY: the records of a company: USERS people, each with a
 * card, known to COPIES of DEVICES terminals (named as fill_control and devsim name them), and
 * every EVERYth with two templates of a finger (0: nobody). Through parserd's own write side, as
 * terminals would have sent them. PIN of user n (from 0): 1000001 + n; card:
 * people_card. Makes STATE/parserd/records and STATE/private/records. */
#include "parserd/records.h"
#include "tests/bench/bench.h"
#include "tests/bench/people.h"

#define BATCH     65536 /* random keys: few transactions write few pages twice */
#define MAP_BYTES (1ull << 30)
#define FIRST_US  UINT64_C(1767600000000000) /* 2026-01-05 08:00:00 */
#define TEMPLATE  500                        /* bytes */

struct filling {
	struct records_writer *writer;
	uint64_t users, devices, copies, every;
};

static void must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	errno = -rc;
	bench_die(what);
}

/* A device, a PIN and a text. */
struct upload {
	char serial[32], pin[24], number[12], text[TEMPLATE + 128];
	size_t text_len;
	uint64_t at;
};

static int put_item(const struct filling *f, enum item_kind kind, const struct upload *u)
{
	const struct item i = {.kind = kind,
		.serial = span_str(u->serial),
		.ids = {span_str(u->pin), span_str("finger"), span_str(u->number), span_str("0")},
		.id_count = item_id_count(kind),
		.received_us = FIRST_US + u->at,
		.entry = {.name = "000647d2d1a53a00-0123456789abcdef", .number = 1},
		.place = (uint32_t)(u->at % BATCH),
		.text = span_of(u->text, u->text_len)};

	return records_put_item(f->writer, &i);
}

#define TEXT(u, ...) ((u)->text_len = (size_t)snprintf((u)->text, sizeof((u)->text), __VA_ARGS__))

static int put_user(const struct filling *f, uint64_t n, struct upload *u)
{
	TEXT(u, "group=1\nname=Name of %s\nprivilege=0\ntime_zones=0000000100000000\nverify=-1\n",
		u->pin);
	int rc = put_item(f, ITEM_USER, u);
	TEXT(u, "card=%lu\ncard.sent=%lu\npassword=%04lu\nvice_card=\nvice_card.sent=\n",
		(unsigned long)people_card(n), (unsigned long)people_card(n),
		(unsigned long)(n % 10000));
	return rc < 0 ? rc : put_item(f, ITEM_CREDENTIAL, u);
}

/* Bytes that look like a template, others for each finger. */
static int put_finger(const struct filling *f, uint64_t n, unsigned finger, struct upload *u)
{
	uint64_t bits = n * 10 + finger + 1;

	TEXT(u, "valid=1\n\nM.SS21");
	for (size_t i = 0; i < TEMPLATE; i++) {
		bits = bits * UINT64_C(6364136223846793005) + 1;
		u->text[u->text_len++] = (char)(bits >> 56);
	}
	snprintf(u->number, sizeof(u->number), "%u", finger);
	return put_item(f, ITEM_TEMPLATE, u);
}

static int put_copy(const struct filling *f, uint64_t n, uint64_t copy)
{
	struct upload u = {.at = n * f->copies + copy};
	uint64_t device = (n + copy * (f->devices / f->copies)) % f->devices;

	snprintf(u.serial, sizeof(u.serial), "SIM%06lu", (unsigned long)(device + 1));
	snprintf(u.pin, sizeof(u.pin), "%lu", (unsigned long)people_pin(n));
	int rc = put_user(f, n, &u);
	for (unsigned finger = 6; rc >= 0 && f->every > 0 && n % f->every == 0 && finger < 8;
		finger++)
		rc = put_finger(f, n, finger, &u);
	return rc;
}

static int put_batch(const struct filling *f, uint64_t first, uint64_t end)
{
	int rc = records_begin(f->writer);

	for (uint64_t n = first; rc >= 0 && n < end; n++)
		for (uint64_t copy = 0; rc >= 0 && copy < f->copies; copy++)
			rc = put_copy(f, n, copy);
	if (rc >= 0)
		return records_commit(f->writer);
	records_abort(f->writer);
	return rc;
}

static void put_all(const struct filling *f)
{
	for (uint64_t n = 0; n < f->users; n += BATCH) {
		uint64_t end = n + BATCH < f->users ? n + BATCH : f->users;
		int rc;
		while ((rc = put_batch(f, n, end)) == -EXFULL)
			must(records_grow(f->writer), "grow");
		must(rc, "records");
	}
}

int main(int argc, char **argv)
{
	struct filling f = {.writer = NULL};
	char path[4096], private_path[4096];

	if (argc != 6)
		return EX_USAGE;
	f.users = bench_number(argv[2]);
	f.devices = bench_number(argv[3]);
	f.copies = bench_number(argv[4]);
	f.every = bench_number(argv[5]);
	if (f.devices == 0 || f.copies == 0 || f.copies > f.devices)
		return EX_USAGE;
	close(bench_dir(argv[1], "parserd"));
	close(bench_dir(argv[1], "private"));
	snprintf(path, sizeof(path), "%s/parserd/records", argv[1]);
	snprintf(private_path, sizeof(private_path), "%s/private/records", argv[1]);
	must(records_writer_open(path, private_path, MAP_BYTES, &f.writer), path);
	must(records_know_old(f.writer, 1), "the index");
	uint64_t from_us = bench_now_us(), from_cpu_us = bench_cpu_us();
	put_all(&f);
	uint64_t rows = f.users * f.copies;
	printf("{\"users\": %lu, \"rows_per_s\": %.0f, \"cpu_ns\": %.0f}\n", (unsigned long)f.users,
		(double)rows * 1e6 / (double)(bench_now_us() - from_us + 1),
		(double)(bench_cpu_us() - from_cpu_us) * 1e3 / (double)rows);
	records_writer_close(f.writer);
	return EX_OK;
}
