/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fill_control STATE/cmdqd/control DEVICES DUE HISTORY: makes the store that cmdqd would have after
 * a long time: DEVICES approved terminals, named as devsim names them, DUE of them with one command
 * that waits, and HISTORY commands that are done, one device after the other. Through cmdqd's own
 * write side, 4096 a transaction. */
#include "cmdqd/queue.h"
#include "lib/clock.h"
#include "tests/bench/bench.h"

#define BATCH   4096
#define FIRST_S 1767600000 /* 2026-01-05 08:00:00 */

struct filling {
	struct ledger *ledger;
	uint64_t devices, due;
};
typedef int put_one(const struct filling *f, uint64_t n);

static void must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	errno = -rc;
	bench_die(what);
}

static void name(char serial[static SERIAL_MAX + 1], uint64_t n)
{
	snprintf(serial, SERIAL_MAX + 1, "SIM%06lu", (unsigned long)(n + 1));
}

/* What a terminal has told by its handshake and its first polls. */
static int put_device(const struct filling *f, uint64_t n)
{
	struct device d = {.state = DEVICE_APPROVED,
		.first_seen_us = FIRST_S * UINT64_C(1000000),
		.last_seen_us = FIRST_S * UINT64_C(1000000),
		.address = "127.0.0.1",
		.class = "att",
		.push_version = "2.4.1",
		.language = "69",
		.zone_told = ZONE_TOLD_BASE, /* UTC, as they are by default */
		.firmware = "Ver 8.0.4.2-20260105",
		.info = "Ver 8.0.4.2-20260105,812,430,35120,10.0.0.7,10,7,12,400,11111"};

	name(d.serial, n);
	return ledger_put(f->ledger, &d);
}

static struct span command_text(char *into, size_t size, uint64_t n)
{
	int len = snprintf(into, size, "verb: user.add\npin: %lu\nname: Name of %lu\n",
		(unsigned long)(1001 + n), (unsigned long)(1001 + n));

	return span_of(into, (size_t)len);
}

/* Every so many devices one. */
static int put_due(const struct filling *f, uint64_t n)
{
	char serial[SERIAL_MAX + 1], text[128], why[VERB_WHY_BYTES];
	struct typed command;
	uint64_t id;

	name(serial, n * (f->devices / f->due));
	must(typed_get(command_text(text, sizeof(text), n), &command, why), "command");
	const struct queue_order o = {
		.serial = span_str(serial), .entry = QUEUE_OWN_ENTRY, .command = &command};
	return queue_add(f->ledger, &o, clock_wall_us(), &id);
}

/* As it is when its result has come. */
static int put_old(const struct filling *f, uint64_t n)
{
	const uint64_t at_us = (FIRST_S + n) * UINT64_C(1000000);
	char text[128];
	struct command c = {.state = COMMAND_DONE,
		.owner_uid = 1000,
		.queued_us = at_us,
		.offered_us = at_us + 150000,
		.ended_us = at_us + 900000,
		.offers = 1,
		.has_return = true,
		.text = command_text(text, sizeof(text), n)};

	name(c.serial, n % f->devices);
	snprintf(c.order, sizeof(c.order), "%016lx-0123456789abcdef.1", (unsigned long)at_us);
	snprintf(
		c.result, sizeof(c.result), "%016lx-fedcba9876543210.1", (unsigned long)c.ended_us);
	int rc = ledger_add_command(f->ledger, &c, false);
	return rc < 0 ? rc : ledger_put_ordered(f->ledger, c.order, &(struct ordered){.id = c.id});
}

static int put_batch(const struct filling *f, put_one *put, uint64_t first, uint64_t end)
{
	int rc = ledger_need(f->ledger);

	for (uint64_t n = first; rc >= 0 && n < end; n++)
		rc = put(f, n);
	if (rc >= 0)
		rc = ledger_commit(f->ledger);
	return rc < 0 ? ledger_give_up(f->ledger, rc) : 0;
}

/* How many a second. */
static double put_all(const struct filling *f, put_one *put, uint64_t count)
{
	uint64_t from_us = bench_now_us();
	int rc;

	for (uint64_t n = 0; n < count; n += BATCH) {
		do
			rc = put_batch(f, put, n, n + BATCH < count ? n + BATCH : count);
		while (rc == -EAGAIN);
		must(rc, "the store");
	}
	return (double)count * 1e6 / (double)(bench_now_us() - from_us + 1);
}

int main(int argc, char **argv)
{
	struct filling f = {.ledger = NULL};
	if (argc != 5)
		return EX_USAGE;
	f.devices = bench_number(argv[2]);
	f.due = bench_number(argv[3]);
	must(ledger_open(argv[1], &f.ledger), argv[1]);
	double devices_per_s = put_all(&f, put_device, f.devices);
	double due_per_s = put_all(&f, put_due, f.due);
	double history_per_s = put_all(&f, put_old, bench_number(argv[4]));
	printf("{\"devices_per_s\": %.0f, \"due_per_s\": %.0f, \"history_per_s\": %.0f}\n",
		devices_per_s, due_per_s, history_per_s);
	ledger_close(f.ledger);
	return EX_OK;
}
