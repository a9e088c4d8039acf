/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cage: files, system calls and limits, which no way leads back from. */
#include "matchd/cage.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sandbox_table.h"

#define DESCRIPTORS 64
#define CPU_S       3600

/* ---- files ---- */

char *cage_directory(const char *program)
{
	char *directory = strdup(program);

	if (directory)
		*(strrchr(directory, '/') + (strrchr(directory, '/') == directory ? 1 : 0)) = '\0';
	return directory;
}

size_t cage_places(const char *directory, struct sandbox_place ret_places[static CAGE_PLACES])
{
	const char *const paths[] = {directory, "/usr/lib", "/usr/lib64", "/lib", "/lib64",
		"/etc/ld.so.cache", "/usr/local/lib"};
	size_t count = 0;

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (access(paths[i], F_OK) == 0)
			ret_places[count++] = (struct sandbox_place){.path = paths[i],
				.fd = -1,
				.may = SANDBOX_LIST | SANDBOX_READ | SANDBOX_EXECUTE};
	return count;
}

/* A kernel without Landlock leaves the owners and modes of files, as for the daemons. */
static int reach(const char *program)
{
	struct sandbox_place places[CAGE_PLACES];
	char *directory = cage_directory(program);
	int rc = directory ? sandbox_reach(places, cage_places(directory, places)) : -ENOMEM;

	free(directory);
	return rc < 0 ? rc : 0;
}

/* ---- system calls ---- */

/* clang-format off */
const struct sandbox_call cage_calls[] = {
	/* to begin */
	CALL("execve"),
	CALL("arch_prctl"), CALL("set_tid_address"), CALL("set_robust_list"), CALL("rseq"),
	CALL("prlimit64"), CALL("getrlimit"), CALL("setrlimit"),
	/* memory */
	CALL("brk"), CALL("mmap"), CALL("mprotect"), CALL("mremap"), CALL("munmap"), CALL("madvise"),
	/* files, which others decide about */
	CALL("open"), CALL("openat"), CALL("close"),
	CALL("read"), CALL("readv"), CALL("pread64"), CALL("lseek"),
	CALL("stat"), CALL("lstat"), CALL("fstat"), CALL("newfstatat"), CALL("statx"), CALL("fstatfs"),
	CALL("access"), CALL("faccessat"), CALL("faccessat2"),
	CALL("readlink"), CALL("readlinkat"), CALL("getcwd"), CALL("getdents64"),
	CALL("dup"), CALL("dup2"), CALL("dup3"), CALL("fcntl"),
	CALL_REFUSED("ioctl", ENOTTY),
	/* what it says */
	CALL("write"), CALL("writev"),
	CALL("recvfrom"), CALL("recvmsg"), CALL("sendto"), CALL("sendmsg"), CALL("shutdown"),
	CALL("getsockopt"),
	CALL("poll"), CALL("ppoll"), CALL("select"), CALL("pselect6"),
	/* time, signals to itself, and what it is */
	CALL("clock_gettime"), CALL("clock_getres"), CALL("gettimeofday"), CALL("time"), CALL("times"),
	CALL("nanosleep"), CALL("clock_nanosleep"), CALL("pause"), CALL("restart_syscall"),
	CALL("futex"), CALL("sched_yield"), CALL("sched_getaffinity"),
	CALL("rt_sigaction"), CALL("rt_sigprocmask"), CALL("rt_sigreturn"), CALL("sigaltstack"),
	CALL("tgkill"), CALL("getpid"), CALL("gettid"), CALL("getppid"), CALL("getsid"),
	CALL("getuid"), CALL("geteuid"), CALL("getgid"), CALL("getegid"),
	CALL("uname"), CALL("sysinfo"), CALL("getrusage"), CALL("getrandom"),
	CALL("exit"), CALL("exit_group"),
	CALLS_END,
};

/* What libraries try and do without. */
static const struct sandbox_call refused[] = {
	CALL_REFUSED("clone", EAGAIN), CALL_REFUSED("clone3", ENOSYS),
	CALL_REFUSED("fork", EAGAIN), CALL_REFUSED("vfork", EAGAIN),
	CALL_REFUSED("socket", EACCES), /* a local one; matchd's own filter ends who wants another */
	CALLS_END,
};
/* clang-format on */

/* ---- limits ---- */

static int limit(uint64_t memory_bytes)
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

	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		if (setrlimit(limits[i].what, &(struct rlimit){limits[i].most, limits[i].most}) < 0)
			return -errno;
	return 0;
}

/* The limits come last: making the filter takes memory. */
int cage_enter(const char *program, uint64_t memory_bytes)
{
	int rc = reach(program);

	umask(077);
	if (rc == 0)
		rc = sandbox_filter(
			(const struct sandbox_call *const[]){cage_calls, refused, NULL});
	return rc == 0 ? limit(memory_bytes) : rc;
}
