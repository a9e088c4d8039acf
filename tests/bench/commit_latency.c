/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commit_latency DIR RATE SECONDS: how long a bare commit takes, RATE times a second: write, fsync,
 * rename, fsync of the directory (G12). */
#include "tests/bench/bench.h"

#define BYTES 300 /* as an entry with one punch has */

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void wait_until(uint64_t due_us)
{
	struct timespec t = {
		.tv_sec = (time_t)(due_us / 1000000),
		.tv_nsec = (long)(due_us % 1000000) * 1000,
	};
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static uint64_t commit(int tmp_dir, int new_dir, uint64_t number)
{
	static const char bytes[BYTES];
	char name[32];
	snprintf(name, sizeof(name), "%016lx", (unsigned long)number);
	uint64_t from_us = bench_now_us();
	int fd = bench_create(tmp_dir, name);
	/* Durability: file, name, directory, in this order, as the product does it. */
	if (io_write_all(fd, span_of(bytes, BYTES)) < 0 || fsync(fd) < 0 ||
		renameat(tmp_dir, name, new_dir, name) < 0 || fsync(new_dir) < 0)
		bench_die("commit");
	uint64_t took_us = bench_now_us() - from_us;
	close(fd);
	return took_us;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return EX_USAGE;
	int tmp_dir = bench_dir(argv[1], "tmp"), new_dir = bench_dir(argv[1], "new");
	uint64_t rate = bench_number(argv[2]), count = rate * bench_number(argv[3]);
	uint64_t *took_us = calloc(count, sizeof(*took_us));
	if (!took_us || count == 0)
		bench_die("how many?");
	uint64_t start_us = bench_now_us(), cpu_us = bench_cpu_us();
	for (uint64_t i = 0; i < count; i++) {
		wait_until(start_us + i * 1000000 / rate);
		took_us[i] = commit(tmp_dir, new_dir, i);
	}
	cpu_us = bench_cpu_us() - cpu_us;
	qsort(took_us, count, sizeof(*took_us), compare);
	printf("{\"p50_us\": %lu, \"p99_us\": %lu, \"cpu_us\": %.1f}\n",
		(unsigned long)took_us[count / 2], (unsigned long)took_us[count * 99 / 100],
		(double)cpu_us / (double)count);
	free(took_us);
	return EX_OK;
}
