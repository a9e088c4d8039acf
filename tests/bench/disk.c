/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk DIR BYTES GROUP SECONDS: what the disk alone takes (G13): one file that grows by BYTES at a
 * time, synced after every GROUP of them. */
#include "tests/bench/bench.h"

int main(int argc, char **argv)
{
	if (argc != 5)
		return EX_USAGE;
	size_t bytes = bench_number(argv[2]);
	uint64_t group = bench_number(argv[3]), blocks = 0;
	uint64_t until_us = bench_now_us() + bench_number(argv[4]) * 1000000;
	char *block = malloc(bytes);
	int dir_fd = io_open_dir(AT_FDCWD, argv[1]);
	int fd = bench_create(dir_fd, "disk");
	if (!block || group == 0)
		bench_die("disk");
	memset(block, 'x', bytes);
	uint64_t from_us = bench_now_us(), cpu_us = bench_cpu_us();
	while (bench_now_us() < until_us) {
		for (uint64_t i = 0; i < group; i++, blocks++)
			if (io_write_all(fd, span_of(block, bytes)) < 0)
				bench_die("write");
		/* Durability: only synced bytes count. */
		if (fdatasync(fd) < 0)
			bench_die("fdatasync");
	}
	double s = (double)(bench_now_us() - from_us) / 1e6;
	cpu_us = bench_cpu_us() - cpu_us;
	printf("{\"mb_per_s\": %.1f, \"cpu_us\": %.1f}\n", (double)blocks * (double)bytes / 1e6 / s,
		(double)cpu_us / (double)blocks);
	free(block);
	close(fd);
	close(dir_fd);
	return EX_OK;
}
