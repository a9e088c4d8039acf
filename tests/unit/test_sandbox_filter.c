/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sandbox_filter: each daemon's tables, in a child: what is not in them ends it, what is goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmdqd/confine.h"
#include "ingestd/confine.h"
#include "lib/sandbox_table.h"
#include "notifyd/confine.h"
#include "parserd/confine.h"

/* What a forbidden call ends with; a build that traps aborts. */
#ifdef SANDBOX_TRAP
#define END SIGABRT
#else
#define END SIGSYS
#endif

static const struct daemon {
	const char *name;
	const struct sandbox_call *const *tables;
} daemons[] = {
	{"ingestd", confine_ingestd_calls},
	{"parserd", confine_parserd_calls},
	{"cmdqd", confine_cmdqd_calls},
	{"notifyd", confine_notifyd_calls},
};

enum { INGESTD = 1, PARSERD = 2, CMDQD = 4, NOTIFYD = 8, ALL = 15 };

/* ---- what is tried; it gives 0 when it worked ---- */

static int done_if(bool worked)
{
	return worked ? 0 : 1;
}

#define TRY(name, expression)                      \
	static int name(void)                      \
	{                                          \
		return done_if((expression) >= 0); \
	}

static struct sock_fprog no_program;

TRY(try_exec, execl("/bin/true", "true", NULL))
TRY(try_execveat, syscall(SYS_execveat, -1, "/bin/true", NULL, NULL, 0))
TRY(try_fork, fork())
TRY(try_vfork, syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0))
TRY(try_ptrace, ptrace(PTRACE_TRACEME, 0, NULL, NULL))
TRY(try_internet, socket(AF_INET, SOCK_STREAM, 0))
TRY(try_internet6, socket(AF_INET6, SOCK_DGRAM, 0))
TRY(try_netlink, socket(AF_NETLINK, SOCK_RAW, 0))
TRY(try_exec_map,
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
		? -1
		: 0)
TRY(try_exec_gain, mprotect((void *)((uintptr_t)&no_program & ~(uintptr_t)4095), 4096,
			   PROT_READ | PROT_WRITE | PROT_EXEC))
TRY(try_dumpable, prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
TRY(try_sticky_input, ioctl(0, TIOCSTI, "x"))
TRY(try_kill, kill(getppid(), 0))
TRY(try_mount, mount("none", "/", NULL, MS_REMOUNT | MS_BIND, NULL))
TRY(try_unshare, unshare(CLONE_NEWUSER))
TRY(try_setuid, setuid(0))
TRY(try_chroot, chroot("/"))
TRY(try_chdir, chdir("/"))
TRY(try_bpf, syscall(SYS_bpf, 0, NULL, 0))
TRY(try_uring, syscall(SYS_io_uring_setup, 1, NULL))
TRY(try_keys, syscall(SYS_keyctl, 0, 0, 0, 0, 0))
TRY(try_perf, syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0))
TRY(try_fault_handler, syscall(SYS_userfaultfd, 0))
TRY(try_others_memory, syscall(SYS_process_vm_writev, getppid(), NULL, 0, NULL, 0, 0))
TRY(try_personality, syscall(SYS_personality, 0))
TRY(try_raise_limit, setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}))
TRY(try_symlink, symlinkat("x", -1, "y"))
TRY(try_link, linkat(-1, "x", -1, "y", 0))
TRY(try_node, mknodat(-1, "x", S_IFIFO, 0))
TRY(try_chown, fchown(-1, 0, 0))
TRY(try_truncate, ftruncate(-1, 0))
TRY(try_bind, bind(-1, NULL, 0))
TRY(try_listen, listen(-1, 1))
TRY(try_filter, setsockopt(1, SOL_SOCKET, SO_ATTACH_FILTER, &no_program, sizeof(no_program)))
/* These are forbidden to some and allowed to others; with nothing real to do they fail. */
TRY(try_open, openat(AT_FDCWD, "/", O_PATH | O_CLOEXEC))
TRY(try_mkdir, mkdirat(-1, "x", 0700) < 0 && errno == EBADF ? 0 : -1)
TRY(try_connect, connect(-1, NULL, 0) < 0 && errno == EBADF ? 0 : -1)
TRY(try_accept, accept4(-1, NULL, NULL, 0) < 0 && errno == EBADF ? 0 : -1)
TRY(try_lock, fcntl(-1, F_SETLK, &(struct flock){0}) < 0 && errno == EBADF ? 0 : -1)
TRY(try_write_at, pwrite(-1, "", 1, 0) < 0 && errno == EBADF ? 0 : -1)
TRY(try_rename, renameat2(-1, "x", -1, "y", 1) < 0 && errno == EBADF ? 0 : -1)

/* And these to nobody. */
TRY(try_local, socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))
TRY(try_pause, poll(NULL, 0, 1))
TRY(try_name, prctl(PR_GET_NAME, (char[16]){0}))
TRY(try_map, munmap(mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096))
TRY(try_guard,
	mprotect((void *)((uintptr_t)&no_program & ~(uintptr_t)4095), 4096, PROT_READ | PROT_WRITE))

static int try_refused(void)
{
	bool no_file = syscall(SYS_memfd_create, "x", 0) < 0 && errno == EPERM;

	return done_if(no_file);
}

static void *nothing(void *arg)
{
	return arg;
}

static int try_thread(void)
{
	pthread_t thread;

	return done_if(pthread_create(&thread, NULL, nothing, NULL) == 0 &&
		       pthread_join(thread, NULL) == 0);
}

/* Twice what malloc begins with, grown and given back. */
static int try_memory(void)
{
	char *p = malloc(100);

	p = p ? realloc(p, 1 << 20) : NULL;
	free(p);
	return done_if(p != NULL);
}

/* ---- the child ---- */

static int status_of(const struct daemon *d, int (*what)(void))
{
	int status, null;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		null = open("/dev/null", O_RDWR);
		if (dup2(null, STDERR_FILENO) < 0 || sandbox_enter() < 0 ||
			sandbox_filter(d->tables) < 0)
			_exit(99);
		_exit(what());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void must_end(const struct daemon *d, const char *call, int (*what)(void))
{
	int status = status_of(d, what);

	if (!WIFSIGNALED(status) || WTERMSIG(status) != END)
		fail_msg("%s: %s: status %x, and not ended by signal %d", d->name, call,
			(unsigned)status, END);
}

static void must_work(const struct daemon *d, const char *call, int (*what)(void))
{
	int status = status_of(d, what);

	if (status != 0)
		fail_msg("%s: %s: status %x", d->name, call, (unsigned)status);
}

struct attempt {
	const char *call;
	int (*what)(void);
	unsigned allowed; /* to which daemons */
	bool runtime;     /* to a sanitizer's runtime, in its build */
};

static const struct attempt attempts[] = {
	{"execve", try_exec, 0, false},
	{"execveat", try_execveat, 0, false},
	{"fork", try_fork, 0, true},
	{"clone of a process", try_vfork, 0, true},
	{"ptrace", try_ptrace, 0, true},
	{"socket AF_INET", try_internet, 0, false},
	{"socket AF_INET6", try_internet6, 0, false},
	{"socket AF_NETLINK", try_netlink, 0, false},
	{"mmap PROT_EXEC", try_exec_map, 0, false},
	{"mprotect PROT_EXEC", try_exec_gain, 0, false},
	{"prctl PR_SET_DUMPABLE", try_dumpable, 0, true},
	{"ioctl TIOCSTI", try_sticky_input, 0, false},
	{"kill", try_kill, 0, true},
	{"mount", try_mount, 0, false},
	{"unshare", try_unshare, 0, false},
	{"setuid", try_setuid, 0, false},
	{"chroot", try_chroot, 0, false},
	{"chdir", try_chdir, 0, false},
	{"bpf", try_bpf, 0, false},
	{"io_uring_setup", try_uring, 0, false},
	{"keyctl", try_keys, 0, false},
	{"perf_event_open", try_perf, 0, false},
	{"userfaultfd", try_fault_handler, 0, false},
	{"process_vm_writev", try_others_memory, 0, false},
	{"personality", try_personality, 0, false},
	{"setrlimit", try_raise_limit, 0, true},
	{"symlinkat", try_symlink, 0, false},
	{"linkat", try_link, 0, false},
	{"mknodat", try_node, 0, false},
	{"fchown", try_chown, 0, false},
	{"ftruncate", try_truncate, 0, false},
	{"bind", try_bind, 0, false},
	{"listen", try_listen, 0, false},
	{"setsockopt SO_ATTACH_FILTER", try_filter, 0, false},
	{"openat", try_open, INGESTD | PARSERD | CMDQD, true},
	{"mkdirat", try_mkdir, PARSERD | CMDQD, false},
	{"connect", try_connect, INGESTD | CMDQD, false},
	{"accept4", try_accept, INGESTD | CMDQD, false},
	{"fcntl F_SETLK", try_lock, PARSERD | CMDQD, false},
	{"pwrite64", try_write_at, INGESTD | PARSERD | CMDQD, false},
	{"renameat2", try_rename, INGESTD | PARSERD | CMDQD, false},
	{"a thread", try_thread, INGESTD, true},
	{"socket AF_UNIX", try_local, ALL, false},
	{"poll", try_pause, ALL, false},
	{"prctl PR_GET_NAME", try_name, ALL, false},
	{"mmap", try_map, ALL, false},
	{"mprotect", try_guard, ALL, false},
	{"memfd_create is refused", try_refused, ALL, false},
	{"malloc", try_memory, ALL, false},
};

static bool left_to_runtime(const struct attempt *a)
{
#ifdef SANDBOX_SANITIZED
	return a->runtime;
#else
	(void)a;
	return false;
#endif
}

static void every_call_of_every_daemon(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++) {
		const struct attempt *a = &attempts[i];

		if (left_to_runtime(a)) {
			print_message("not tried, the sanitizer needs it: %s\n", a->call);
			continue;
		}
		for (unsigned d = 0; d < sizeof(daemons) / sizeof(*daemons); d++)
			if (a->allowed & 1U << d)
				must_work(&daemons[d], a->call, a->what);
			else
				must_end(&daemons[d], a->call, a->what);
	}
}

/* ---- tables ---- */

static int filter_in_child(const struct sandbox_call *table)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		const struct sandbox_call *const tables[] = {sandbox_program, table, NULL};

		_exit(sandbox_enter() < 0 ? 99 : -sandbox_filter(tables));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void a_wrong_name_is_an_error(void **state)
{
	static const struct sandbox_call wrong[] = {CALL("opnat"), CALLS_END};
	int status = filter_in_child(wrong);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EINVAL);
}

static void a_name_of_another_architecture_is_passed_over(void **state)
{
	static const struct sandbox_call foreign[] = {
		CALL("s390_pci_mmio_read"), CALL("arm_fadvise64_64"), CALL("mmap2"), CALLS_END};

	(void)state;
	assert_int_equal(filter_in_child(foreign), 0);
}

static void a_call_may_stand_twice(void **state)
{
	static const struct sandbox_call again[] = {CALL("read"), CALL("read"), CALLS_END};

	(void)state;
	assert_int_equal(filter_in_child(again), 0);
}

/* ---- threads ---- */

static int hand_over[2];

static void *wait_and_try(void *arg)
{
	char byte;

	if (read(hand_over[0], &byte, 1) == 1)
		(void)try_internet();
	return arg;
}

/* It was started before, and the filter is its too. */
static void a_thread_that_runs_already_is_bound_too(void **state)
{
	int status;
	pthread_t thread;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		if (pipe(hand_over) < 0 || pthread_create(&thread, NULL, wait_and_try, NULL) != 0 ||
			dup2(open("/dev/null", O_RDWR), STDERR_FILENO) < 0 || sandbox_enter() < 0 ||
			sandbox_filter(confine_ingestd_calls) < 0)
			_exit(99);
		if (write(hand_over[1], "", 1) == 1)
			pthread_join(thread, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), END);
}

/* ---- sandbox_enter and the limits ---- */

static int nothing_is_left(void)
{
	struct rlimit core, files;

	return done_if(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
		       prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
		       getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0 &&
		       getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max == files.rlim_cur &&
		       mprotect((void *)((uintptr_t)&no_program & ~(uintptr_t)4095), 4096,
			       PROT_READ | PROT_EXEC) < 0);
}

static void privileges_are_given_up(void **state)
{
	int status;
	bool has_mdwe = prctl(66 /* PR_GET_MDWE */, 0, 0, 0, 0) >= 0;
	pid_t child;

	(void)state;
	if (!has_mdwe) {
		print_message("the kernel has no PR_SET_MDWE\n");
		skip();
	}
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(sandbox_enter() < 0 ? 99 : nothing_is_left());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* ---- tables ---- */

static bool is_same(const struct sandbox_call *a, const struct sandbox_call *b)
{
	bool same = strcmp(a->name, b->name) == 0 && a->refuse == b->refuse &&
		    a->arg_count == b->arg_count;

	for (unsigned i = 0; same && i < a->arg_count; i++)
		same = a->args[i].index == b->args[i].index && a->args[i].mask == b->args[i].mask &&
		       a->args[i].value == b->args[i].value;
	return same;
}

static void assert_stands_once(const struct daemon *d, const struct sandbox_call *call)
{
	unsigned times = 0;

	for (size_t t = 0; d->tables[t]; t++)
		for (const struct sandbox_call *c = d->tables[t]; c->name; c++)
			times += is_same(c, call);
	if (times != 1)
		fail_msg("%s: %s stands %u times", d->name, call->name, times);
}

/* What two changes have both added is taken away by none. */
static void each_call_stands_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(daemons) / sizeof(*daemons); i++)
		for (size_t t = 0; daemons[i].tables[t]; t++)
			for (const struct sandbox_call *c = daemons[i].tables[t]; c->name; c++)
				assert_stands_once(&daemons[i], c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_stands_once),
		cmocka_unit_test(every_call_of_every_daemon),
		cmocka_unit_test(a_wrong_name_is_an_error),
		cmocka_unit_test(a_name_of_another_architecture_is_passed_over),
		cmocka_unit_test(a_call_may_stand_twice),
		cmocka_unit_test(a_thread_that_runs_already_is_bound_too),
		cmocka_unit_test(privileges_are_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
