/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cage: limits, which no way leads back from. */
#include "matchd/cage.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define DESCRIPTORS 64
#define CPU_S       3600

static int limit(const char *program, uint64_t memory_bytes)
{
	const struct {
		__rlimit_resource_t what;
		rlim_t most;
	} limits[] = {
		{RLIMIT_AS, memory_bytes},
		{RLIMIT_DATA, memory_bytes},
		{RLIMIT_CPU, CPU_S},
		{RLIMIT_NOFILE, DESCRIPTORS},
		{RLIMIT_NPROC, 0}, /* no thread either */
		{RLIMIT_FSIZE, 0},
		{RLIMIT_CORE, 0},
		{RLIMIT_MEMLOCK, 0},
		{RLIMIT_MSGQUEUE, 0},
	};

	(void)program;
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		if (setrlimit(limits[i].what, &(struct rlimit){limits[i].most, limits[i].most}) < 0)
			return -errno;
	return 0;
}

int cage_enter(const char *program, uint64_t memory_bytes)
{
	umask(077);
	return limit(program, memory_bytes);
}
