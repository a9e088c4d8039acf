/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk DIR BYTES GROUP SECONDS: what the disk alone takes (G13): one file that grows by BYTES at a
 * time, synced after every GROUP of them. With 0 for GROUP every BYTES are a new file, written and
 * synced as `dd conv=fsync` does it (P2). */
#include "tests/bench/bench.h"

static uint64_t grow_one(int dir_fd, struct span block, uint64_t group, uint64_t until_us)
{
	int fd = bench_create(dir_fd, "disk");
	uint64_t blocks = 0;
	while (bench_now_us() < until_us) {
		for (uint64_t i = 0; i < group; i++, blocks++)
			if (io_write_all(fd, block) < 0)
				bench_die("write");
		/* Durability: only synced bytes count. */
		if (fdatasync(fd) < 0)
			bench_die("fdatasync");
	}
	close(fd);
	return blocks;
}

static uint64_t make_many(int dir_fd, struct span block, uint64_t until_us)
{
	uint64_t files = 0;
	for (; bench_now_us() < until_us; files++) {
		char name[32];
		snprintf(name, sizeof(name), "%lu", (unsigned long)files);
		int fd = bench_create(dir_fd, name);
		/* Durability: only synced bytes count. */
		if (io_write_all(fd, block) < 0 || fsync(fd) < 0)
			bench_die(name);
		close(fd);
	}
	return files;
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return EX_USAGE;
	size_t bytes = bench_number(argv[2]);
	uint64_t group = bench_number(argv[3]);
	uint64_t until_us = bench_now_us() + bench_number(argv[4]) * 1000000;
	char *block = malloc(bytes);
	int dir_fd = io_open_dir(AT_FDCWD, argv[1]);
	if (!block || dir_fd < 0)
		bench_die("disk");
	memset(block, 'x', bytes);
	uint64_t from_us = bench_now_us(), cpu_us = bench_cpu_us();
	uint64_t blocks = group > 0 ? grow_one(dir_fd, span_of(block, bytes), group, until_us)
				    : make_many(dir_fd, span_of(block, bytes), until_us);
	double s = (double)(bench_now_us() - from_us) / 1e6;
	cpu_us = bench_cpu_us() - cpu_us;
	printf("{\"mb_per_s\": %.1f, \"cpu_us\": %.1f}\n", (double)blocks * (double)bytes / 1e6 / s,
		(double)cpu_us / (double)blocks);
	free(block);
	close(dir_fd);
	return EX_OK;
}
