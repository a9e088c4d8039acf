/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sandbox_filter: the only file that knows libseccomp. */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/sandbox_table.h"

/* ---- what becomes of who calls anything else ---- */

#ifdef SANDBOX_TRAP

static void put(const char *text)
{
	(void)!write(STDERR_FILENO, text, strlen(text));
}

static void put_number(int number)
{
	char digits[] = "0000\n";

	for (int i = 3; i >= 0; i--, number /= 10)
		digits[i] = (char)('0' + number % 10);
	put(digits);
}

/* The number first: to find the name allocates, which a handler should not. But the program is
 * over, and this build is for tests. */
static void name_call(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	put("sandbox: not allowed here: system call ");
	put_number(info->si_syscall);
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, info->si_syscall);
	put(name ? name : "it has no name");
	put("\n");
	abort();
}

#define OTHERWISE SCMP_ACT_TRAP

static int prepare(void)
{
	const struct sigaction action = {.sa_sigaction = name_call, .sa_flags = SA_SIGINFO};

	return sigaction(SIGSYS, &action, NULL) < 0 ? -errno : 0;
}

#else

#define OTHERWISE SCMP_ACT_KILL_PROCESS

static int prepare(void)
{
	return 0;
}

#endif

/* ---- the tables ---- */

static int add_call(scmp_filter_ctx filter, const struct sandbox_call *call)
{
	uint32_t act = call->refuse ? SCMP_ACT_ERRNO((uint32_t)call->refuse) : SCMP_ACT_ALLOW;
	struct scmp_arg_cmp args[2];
	int number = seccomp_syscall_resolve_name(call->name);

	if (number == __NR_SCMP_ERROR)
		return -EINVAL;
	if (number < 0) /* another architecture's */
		return 0;
	for (unsigned i = 0; i < call->arg_count; i++)
		args[i] = SCMP_CMP64(call->args[i].index, SCMP_CMP_MASKED_EQ, call->args[i].mask,
			call->args[i].value);
	int rc = seccomp_rule_add_array(filter, act, number, call->arg_count, args);
	return rc == -EEXIST ? 0 : rc; /* two tables may name the same */
}

static int add_table(scmp_filter_ctx filter, const struct sandbox_call *table)
{
	int rc = 0;

	for (; rc == 0 && table->name; table++)
		rc = add_call(filter, table);
	return rc;
}

/* What a sanitizer's runtime needs besides, above all to look for leaks at the end. Such a build is
 * no product. */
static int add_runtime(scmp_filter_ctx filter)
{
#ifdef SANDBOX_SANITIZED
	static const struct sandbox_call runtime[] = {
		CALL("clone"),
		CALL("getdents"),
		CALL("getdents64"),
		CALL("getppid"),
		CALL("getrlimit"),
		CALL("kill"),
		CALL("lseek"),
		CALL("nanosleep"), /* ThreadSanitizer's own thread waits so */
		CALL("open"),
		CALL("openat"),
		CALL("pipe2"),
		CALL("prctl"),
		CALL("prlimit64"),
		CALL("process_vm_readv"),
		CALL("ptrace"),
		CALL("readlink"),
		CALL("readlinkat"),
		CALL("rt_sigaction"),
		CALL("sched_getaffinity"),
		CALL("sched_yield"),
		CALL("sigaltstack"),
		CALL("stat"),
		CALL("wait4"),
		CALLS_END,
	};
	return add_table(filter, runtime);
#else
	(void)filter;
	return 0;
#endif
}

/* ---- the filter ---- */

/* All threads, a foreign architecture's calls ended like any other, and a tree instead of a list:
 * the filter runs before each call. */
static int set_up(scmp_filter_ctx filter)
{
	int rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

	if (rc == 0)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	return rc == 0 ? seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) : rc;
}

int sandbox_filter(const struct sandbox_call *const tables[])
{
	scmp_filter_ctx filter = seccomp_init(OTHERWISE);
	int rc = filter ? set_up(filter) : -ENOMEM;

	for (; rc == 0 && *tables; tables++)
		rc = add_table(filter, *tables);
	if (rc == 0)
		rc = add_runtime(filter);
	if (rc == 0)
		rc = prepare();
	if (rc == 0)
		rc = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return rc;
}
