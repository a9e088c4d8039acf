/* SPDX-License-Identifier: GPL-2.0-or-later */
/* append lane DIR SECONDS | append segment DIR SECONDS GROUP: what a commit costs beside the
 * barest thing that is durable (G11). `lane`: ingestd's own committer on a spool, with 64 waiters
 * that come back with a new entry as soon as they are answered. `segment`: one file that grows by
 * GROUP entries and an fdatasync at a time. */
#include <sys/eventfd.h>

#include "ingestd/commit.h"
#include "lib/clock.h"
#include "tests/bench/bench.h"

#define WAITERS 64

static struct buf entry;

static void make_entry(void)
{
	const struct spool_entry e = {
		.received_us = clock_wall_us(),
		.kind = span_str("upload"),
		.serial = span_str("SIM000001"),
		.peer = span_str("127.0.0.1"),
		.target = span_str("/iclock/cdata?SN=SIM000001&table=ATTLOG&Stamp=9999"),
		.body = span_str("1\t2026-01-05 08:00:00\t0\t1\t0\t0\t0\t0\t0\t0\t\n"),
	};
	entry = buf_with_max(4096);
	if (spool_entry_put(&entry, &e) < 0)
		bench_die("entry");
}

static void print(uint64_t entries, uint64_t groups, uint64_t from_us, uint64_t cpu_from_us)
{
	double s = (double)(bench_now_us() - from_us) / 1e6;
	double cpu_us = (double)(bench_cpu_us() - cpu_from_us);
	printf("{\"per_s\": %.1f, \"group\": %.2f, \"cpu_us\": %.3f}\n", (double)entries / s,
		(double)entries / (double)groups, cpu_us / (double)entries);
}

/* ---- lane ---- */

static uint64_t give_all(struct commit_lane *l, struct commit_item *list, bool again)
{
	uint64_t count = 0;
	struct commit_item *next;
	for (; list; list = next, count++) {
		next = list->next;
		if (list->result < 0)
			bench_die("commit");
		if (again)
			commit_submit(l, list);
	}
	commit_kick(l);
	return count;
}

static void run_lane(const char *dir, uint64_t until_us)
{
	struct commit_item items[WAITERS] = {0};
	struct commit_lane *l;
	struct spool s;
	int done_fd = eventfd(0, EFD_CLOEXEC);
	eventfd_t rung;
	uint64_t entries = 0, groups = 0;
	if (spool_make(dir, "upload") < 0 || spool_open(dir, "upload", SPOOL_FOR_WRITING, &s) < 0 ||
		commit_open(&s, done_fd, 8 << 20, &l) < 0)
		bench_die("lane");
	uint64_t from_us = bench_now_us(), cpu_us = bench_cpu_us();
	for (unsigned i = 0; i < WAITERS; i++) {
		items[i].bytes = buf_span(&entry);
		items[i].draft.fd = -1;
		commit_submit(l, &items[i]);
	}
	commit_kick(l);
	while (bench_now_us() < until_us) {
		if (eventfd_read(done_fd, &rung) < 0)
			bench_die("eventfd");
		groups += rung;
		entries += give_all(l, commit_collect(l), true);
	}
	print(entries, groups, from_us, cpu_us);
	commit_finish(l);
	(void)give_all(l, commit_collect(l), false);
	commit_free(l);
	spool_close(&s);
}

/* ---- segment ---- */

static void run_segment(const char *dir, uint64_t until_us, double group)
{
	struct iovec parts[WAITERS];
	int dir_fd = io_open_dir(AT_FDCWD, dir);
	int fd = bench_create(dir_fd, "segment");
	uint64_t entries = 0, groups = 0;
	uint64_t from_us = bench_now_us(), cpu_us = bench_cpu_us();
	while (bench_now_us() < until_us) {
		/* So that the mean is the one asked for. */
		size_t n = (size_t)(group * (double)(groups + 1) - (double)entries);
		n = n < 1 ? 1 : n > WAITERS ? WAITERS : n;
		for (size_t i = 0; i < n; i++)
			parts[i] = (struct iovec){entry.ptr, entry.len};
		/* Durability: the file's new length is all there is to it. */
		if (io_writev_all(fd, parts, n) < 0 || fdatasync(fd) < 0)
			bench_die("segment");
		entries += n;
		groups++;
	}
	print(entries, groups, from_us, cpu_us);
	close(fd);
	close(dir_fd);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return EX_USAGE;
	uint64_t until_us = bench_now_us() + bench_number(argv[3]) * 1000000;
	make_entry();
	if (strcmp(argv[1], "lane") == 0)
		run_lane(argv[2], until_us);
	else
		run_segment(argv[2], until_us, argc > 4 ? strtod(argv[4], NULL) : WAITERS);
	buf_free(&entry);
	return EX_OK;
}
