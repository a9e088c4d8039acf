/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backlog SPOOL_DIR COUNT: makes the spools as the consumers would, and COUNT files of one upload
 * with one punch each in upload/new, synced all together at the end: what waits for a parserd that
 * was away, as foreign writers leave it. */
#include "lib/clock.h"
#include "spool/spool.h"
#include "tests/bench/bench.h"

static void must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	errno = -rc;
	bench_die(what);
}

static void put_file(const struct spool *s, uint64_t n)
{
	struct buf b = buf_with_max(4096), body = buf_with_max(256);
	struct spool_draft d;
	const struct clock_local at = clock_local_from_seconds(1767600000 + (int64_t)n);
	must(buf_printf(&body, "%lu\t%04u-%02u-%02u %02u:%02u:%02u\t0\t1\t0\t0\t0\t0\t0\t0\t\n",
		     (unsigned long)(1 + n % 1000), at.year, at.month, at.day, at.hour, at.minute,
		     at.second),
		"body");
	const struct spool_entry e = {
		.received_us = clock_wall_us(),
		.kind = span_str("upload"),
		.serial = span_str("SIM000001"),
		.peer = span_str("127.0.0.1"),
		.target = span_str("/iclock/cdata?SN=SIM000001&table=ATTLOG&Stamp=9999"),
		.body = buf_span(&body),
	};
	must(spool_entry_put(&b, &e), "entry");
	must(spool_draft_open(s, &d), "draft");
	must(io_write_all(d.fd, buf_span(&b)), "write");
	close(d.fd);
	must(renameat(s->dirs[SPOOL_TMP], d.name, s->dirs[SPOOL_NEW], d.name) < 0 ? -errno : 0,
		"rename");
	buf_free(&b);
	buf_free(&body);
}

int main(int argc, char **argv)
{
	static const char *const kinds[] = {"upload", "result", "order"};
	struct spool s;
	if (argc != 3)
		return EX_USAGE;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		must(spool_make(argv[1], kinds[i]), argv[1]);
	must(spool_open(argv[1], "upload", SPOOL_FOR_WRITING, &s), "upload");
	for (uint64_t n = 0, count = bench_number(argv[2]); n < count; n++)
		put_file(&s, n);
	if (syncfs(s.root) < 0)
		bench_die("syncfs");
	spool_close(&s);
	return EX_OK;
}
