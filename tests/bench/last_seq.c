/* SPDX-License-Identifier: GPL-2.0-or-later */
/* last_seq STATE/parserd/records AT_LEAST TIMEOUT_MS: waits until the journal holds so many facts,
 * and prints how many it holds. The end of "end to end". */
#include "lib/clock.h"
#include "store/records.h"
#include "tests/bench/bench.h"

#define LOOK_EVERY_MS 2

int main(int argc, char **argv)
{
	struct records_reader *r = NULL;
	uint64_t seq = 0;
	if (argc != 4)
		return EX_USAGE;
	uint64_t wanted = bench_number(argv[2]);
	uint64_t until_ms = clock_mono_ms() + bench_number(argv[3]);
	int rc = records_open(argv[1], &r);
	while (clock_mono_ms() < until_ms) {
		if (rc == -ENOENT) /* parserd has not come so far yet */
			rc = records_open(argv[1], &r);
		if (rc == 0)
			rc = records_last_seq(r, &seq);
		if (rc < 0 && rc != -ENOENT) {
			errno = -rc;
			bench_die(argv[1]);
		}
		if (rc == 0 && seq >= wanted)
			break;
		clock_sleep_ms(LOOK_EVERY_MS);
	}
	printf("{\"seq\": %lu}\n", (unsigned long)seq);
	if (r)
		records_close(r);
	return seq >= wanted ? EX_OK : EX_TEMPFAIL;
}
