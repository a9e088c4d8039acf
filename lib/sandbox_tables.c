/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sandbox_tables: system calls that several daemons need, by what they are for. Where amd64 and
 * arm64 differ both names stand there. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "lib/sandbox_table.h"

/* clang-format off */
const struct sandbox_call sandbox_program[] = {
	/* memory, never to be executed */
	CALL("brk"),
	CALL_WITHOUT("mmap", 2, PROT_EXEC),
	CALL_WITHOUT("mprotect", 2, PROT_EXEC),
	CALL("mremap"),
	CALL("munmap"),
	CALL("madvise"),
	CALL("sysinfo"), /* qsort asks how much there is */
	/* time and waiting; the clock where the kernel's page has none */
	CALL("clock_gettime"),
	CALL("gettimeofday"),
	CALL("time"),
	CALL("futex"),
	CALL("poll"), CALL("ppoll"),
	CALL("restart_syscall"),
	CALL("rt_sigprocmask"),
	CALL("rt_sigreturn"),
	CALL("getrandom"),
	/* what is open */
	CALL("close"),
	CALL("fstat"), CALL("newfstatat"),
	CALL("read"),
	CALL("write"), CALL("writev"),
	/* libsystemd: a line to the journal, a word to the service manager */
	CALL_IF("socket", 0, AF_UNIX),
	CALL_IF("getsockopt", 1, SOL_SOCKET),
	CALL_IF_BOTH("setsockopt", 1, SOL_SOCKET, 2, SO_SNDBUF),
	CALL_IF_BOTH("setsockopt", 1, SOL_SOCKET, 2, SO_SNDBUFFORCE),
	CALL("sendmsg"),
	CALL_IF("fcntl", 1, F_DUPFD_CLOEXEC), /* a socket that came as 0, 1 or 2 goes elsewhere */
	CALL_IF("prctl", 0, PR_GET_NAME),
	CALL_REFUSED("memfd_create", EPERM), /* for a line that is too long: stderr takes it */
	CALL("getuid"), CALL("geteuid"), CALL("getgid"), CALL("getegid"),
	/* the end; what Landlock scopes keeps tgkill from others, where the kernel has that */
	CALL("exit"), CALL("exit_group"),
	CALL("getpid"), CALL("gettid"), CALL("tgkill"),
	CALLS_END,
};

const struct sandbox_call sandbox_files[] = {
	CALL("openat"),
	CALL("faccessat"), CALL("faccessat2"),
	CALL("fchmod"),
	CALL_IF("fcntl", 1, F_GETFL),
	CALL_IF("fcntl", 1, F_SETFD),
	CALL("fsync"),
	CALL("getdents64"),
	CALL("lseek"),
	CALL("renameat"), CALL("renameat2"),
	CALL("unlinkat"),
	/* libinotifytools: waiting for names, and how much there is of them */
	CALL_IF("ioctl", 1, FIONREAD),
	CALL("pselect6"),
	CALLS_END,
};

const struct sandbox_call sandbox_store[] = {
	CALL("fdatasync"),
	/* the table of readers: one that died is found by its lock */
	CALL_IF("fcntl", 1, F_GETLK), CALL_IF("fcntl", 1, F_SETLK), CALL_IF("fcntl", 1, F_SETLKW),
	CALL("pread64"),
	CALL("pwrite64"), CALL("pwritev"),
	CALLS_END,
};
/* clang-format on */
