/* SPDX-License-Identifier: GPL-2.0-or-later */
/* killat K PATH PROGRAM [ARG…]: runs PROGRAM and kills it, with SIGKILL, before its K-th step that
 * a disk could notice. Steps count over all threads, from the first openat of a path that begins
 * with PATH, so that loading the program is none.
 *
 * 99: it was killed. Else the program's own exit status: it came to its end before step K. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define KILLED 99

static const long steps[] = {
	SYS_openat,
	SYS_write,
	SYS_writev,
	SYS_pwrite64,
	SYS_pwritev,
	SYS_fsync,
	SYS_fdatasync,
	SYS_msync,
	SYS_ftruncate,
	SYS_renameat,
	SYS_renameat2,
	SYS_linkat,
	SYS_unlinkat,
	SYS_mkdirat,
	SYS_fchmod,
	SYS_fchmodat,
	SYS_close,
#ifdef SYS_open
	SYS_open,
	SYS_rename,
	SYS_unlink,
	SYS_mkdir,
	SYS_rmdir,
#endif
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "killat: %s: %s\n", what, strerror(errno));
	exit(EX_OSERR);
}

static bool is_step(uint64_t number)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (number == (uint64_t)steps[i])
			return true;
	return false;
}

/* Is it an openat below `prefix`? */
static bool opens(pid_t pid, const struct __ptrace_syscall_info *call, const char *prefix)
{
	char text[PATH_MAX] = "";
	struct iovec here = {text, strlen(prefix)};
	struct iovec there = {(void *)(uintptr_t)call->entry.args[1], strlen(prefix)};

	if (call->entry.nr != SYS_openat)
		return false;
	return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)here.iov_len &&
	       strncmp(text, prefix, here.iov_len) == 0;
}

static _Noreturn void become(char **argv)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		die("PTRACE_TRACEME");
	raise(SIGSTOP); /* until killat has set its options */
	execvp(argv[0], argv);
	die(argv[0]);
}

/* Waits for what a thread has to say; ends with the program. */
static pid_t next_event(pid_t program, int *ret_status)
{
	for (;;) {
		pid_t pid = waitpid(-1, ret_status, __WALL);
		if (pid < 0 && errno != EINTR)
			die("waitpid");
		if (pid < 0)
			continue;
		if (WIFSTOPPED(*ret_status))
			return pid;
		if (pid == program)
			exit(WIFEXITED(*ret_status) ? WEXITSTATUS(*ret_status)
						    : 128 + WTERMSIG(*ret_status));
	}
}

static _Noreturn void kill_now(pid_t program)
{
	int status;

	if (kill(program, SIGKILL) < 0)
		die("kill");
	/* A thread that is stopped at the entry of its call dies before the call. The program is
	 * gone when its last thread is, and each has to be taken leave of. */
	pid_t pid;
	do
		pid = waitpid(-1, &status, __WALL);
	while ((pid < 0 && errno == EINTR) || (pid > 0 && (pid != program || WIFSTOPPED(status))));
	exit(KILLED);
}

/* The signal that has to be handed on to a thread that stopped for another reason than a call. */
static int to_deliver(int status)
{
	int signal = WSTOPSIG(status);

	return status >> 16 != 0 || signal == SIGSTOP || signal == SIGTRAP ? 0 : signal;
}

static _Noreturn void trace(pid_t program, unsigned long kill_at, const char *prefix)
{
	const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEEXEC;
	unsigned long count = 0;
	bool counting = false;
	int status;

	if (waitpid(program, &status, 0) != program ||
		ptrace(PTRACE_SETOPTIONS, program, NULL, options) < 0 ||
		ptrace(PTRACE_SYSCALL, program, NULL, NULL) < 0)
		die("ptrace");
	for (;;) {
		struct __ptrace_syscall_info call;
		pid_t pid = next_event(program, &status);
		int signal = 0;
		if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
			signal = to_deliver(status);
		} else if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(call), &call) > 0 &&
			   call.op == PTRACE_SYSCALL_INFO_ENTRY) {
			if (!counting)
				counting = opens(pid, &call, prefix);
			if (counting && is_step(call.entry.nr) && ++count == kill_at)
				kill_now(program);
		}
		if (ptrace(PTRACE_SYSCALL, pid, NULL, signal) < 0 && errno != ESRCH)
			die("PTRACE_SYSCALL");
	}
}

int main(int argc, char **argv)
{
	char *end = "";
	unsigned long kill_at = argc > 3 ? strtoul(argv[1], &end, 10) : 0;

	if (argc < 4 || *end || strlen(argv[2]) >= PATH_MAX) {
		fputs("usage: killat K PATH PROGRAM [ARG...]\n", stderr);
		return EX_USAGE;
	}
	pid_t program = fork();
	if (program < 0)
		die("fork");
	if (program == 0)
		become(argv + 3);
	trace(program, kill_at, argv[2]);
}
