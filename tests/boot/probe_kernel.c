/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe_kernel: other processes, rights, and what the kernel does for whoever asks. */
#include "probe.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PIDS_LOOKED_AT = 30000,
	PAGE_BYTES = 4096,
};

/* ---- processes ---- */

static int nothing(const char *unused)
{
	(void)unused;
	return 0;
}

static int make_process(const char *unused)
{
	return probe_in_child(nothing, unused);
}

static int become(const char *path)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execl(path, path, "--version", (char *)NULL);
	return errno;
}

/* Whatever it ends with, it was started. */
static int start_program(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = outcome(fd);

	if (rc == 0)
		close(fd);
	else if (rc == ENOENT)
		return rc;
	rc = probe_in_child(become, path);
	return rc == EACCES || rc == EPERM || rc == ENOENT ? rc : 0;
}

static int see_process(const char *unused)
{
	char path[64];

	(void)unused;
	for (int pid = 1; pid < PIDS_LOOKED_AT; pid++) {
		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		if (pid != getpid() && pid != getppid() && access(path, F_OK) == 0)
			return 0;
	}
	return ENOENT;
}

static int signal_process(const char *unused)
{
	int rc = ESRCH;

	(void)unused;
	for (int pid = 1; pid < PIDS_LOOKED_AT; pid++) {
		if (pid == getpid() || pid == getppid())
			continue;
		if (kill(pid, 0) == 0)
			return 0;
		if (errno != ESRCH)
			rc = errno;
	}
	return rc;
}

static int trace(const char *unused)
{
	(void)unused;
	return outcome(ptrace(PTRACE_ATTACH, 1, 0, 0));
}

static int read_memory(const char *unused)
{
	(void)unused;
	return outcome(syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0));
}

/* ---- rights and the kernel ---- */

static int new_user_namespace(const char *unused)
{
	(void)unused;
	return outcome(unshare(CLONE_NEWUSER));
}

static int new_net_namespace(const char *unused)
{
	(void)unused;
	return outcome(unshare(CLONE_NEWNET));
}

static int mount_something(const char *path)
{
	return outcome(mount("none", path, "tmpfs", 0, NULL));
}

static int change_root(const char *path)
{
	return outcome(chroot(path));
}

static int become_root(const char *unused)
{
	(void)unused;
	return outcome(setuid(0));
}

static int write_and_run_page(const char *unused)
{
	void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)unused;
	return page == MAP_FAILED ? errno : 0;
}

static int run_written_page(const char *unused)
{
	void *page =
		mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)unused;
	if (page == MAP_FAILED)
		return errno;
	return outcome(mprotect(page, PAGE_BYTES, PROT_READ | PROT_EXEC));
}

/* A program of its own making, in a file that it may write to. */
static int run_file_in(const char *dir)
{
	char path[128];
	void *page;
	int fd, rc;

	snprintf(path, sizeof(path), "%s/0000000000000000-00000000000000fe", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0700);
	if (fd < 0)
		return errno;
	rc = outcome(ftruncate(fd, PAGE_BYTES));
	if (rc == 0) {
		page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
		rc = page == MAP_FAILED ? errno : 0;
	}
	close(fd);
	unlink(path);
	return rc;
}

/* Wherever any of them may write: it is enough to find one place. */
static int run_written_file(const char *unused)
{
	static const char *const places[] = {"/tmp", "/var/tmp", "/dev/shm", "/run",
		SPOOL "upload/tmp", SPOOL "result/tmp", SPOOL "order/tmp", SPOOL "erase/tmp",
		STATE "parserd", STATE "private", STATE "cmdqd", STATE "files", RUN "desk",
		RUN "wake", RUN "match"};
	int rc = ENOENT;

	(void)unused;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		int one = run_file_in(places[i]);

		if (one == 0) {
			dprintf(STDOUT_FILENO, "what it writes to %s it can run\n", places[i]);
			return 0;
		}
		if (one == EPERM) /* written and not run */
			rc = one;
	}
	return rc;
}

static int nameless_file(const char *unused)
{
	(void)unused;
	return outcome(syscall(SYS_memfd_create, "x", 0));
}

static int load_bpf(const char *unused)
{
	union bpf_attr attr;

	(void)unused;
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = attr.value_size = sizeof(int);
	attr.max_entries = 1;
	return outcome(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

static int measure(const char *unused)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr)};

	(void)unused;
	return outcome(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static int io_ring(const char *unused)
{
	char parameters[120] = {0};

	(void)unused;
	return outcome(syscall(SYS_io_uring_setup, 4, parameters));
}

static int keyring(const char *unused)
{
	(void)unused;
	return outcome(syscall(SYS_keyctl, 0, -3, 1));
}

static int user_faults(const char *unused)
{
	(void)unused;
	return outcome(syscall(SYS_userfaultfd, O_CLOEXEC));
}

static int shared_memory(const char *unused)
{
	(void)unused;
	return outcome(shmget(IPC_PRIVATE, PAGE_BYTES, IPC_CREAT | 0600));
}

static int set_clock(const char *unused)
{
	struct timespec now;

	(void)unused;
	clock_gettime(CLOCK_REALTIME, &now);
	return outcome(clock_settime(CLOCK_REALTIME, &now));
}

static int set_hostname(const char *name)
{
	return outcome(sethostname(name, strlen(name)));
}

static int load_module(const char *unused)
{
	(void)unused;
	return outcome(syscall(SYS_init_module, NULL, 0L, ""));
}

static int read_kernel_log(const char *unused)
{
	char text[16];

	(void)unused;
	return outcome(syscall(SYS_syslog, 3, text, sizeof(text)));
}

static int run_realtime(const char *unused)
{
	const struct sched_param first = {.sched_priority = 1};

	(void)unused;
	return outcome(sched_setscheduler(0, SCHED_FIFO, &first));
}

/* Asks for what does nothing where it is allowed: Ctrl-Alt-Del sends a signal. */
static int restart_machine(const char *unused)
{
	(void)unused;
	return outcome(reboot(RB_DISABLE_CAD));
}

/* ---- the list ---- */

const struct attempt probe_kernel[] = {
	{"make a process", make_process, NULL},
	{"start a program of `/usr/lib`", start_program,
		"/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"},
	{"signal another process", signal_process, NULL},
	{"start a shell", start_program, "/bin/sh"},
	{"see another process", see_process, NULL},
	{"trace another process", trace, NULL},
	{"read another's memory", read_memory, NULL},
	{"become root", become_root, NULL},
	{"mount", mount_something, "/tmp"},
	{"chroot", change_root, "/tmp"},
	{"a user namespace", new_user_namespace, NULL},
	{"a network namespace", new_net_namespace, NULL},
	{"a page to write and to run", write_and_run_page, NULL},
	{"run a page that it wrote", run_written_page, NULL},
	{"run a file that it wrote", run_written_file, NULL},
	{"a file without a name", nameless_file, NULL},
	{"BPF", load_bpf, NULL},
	{"perf", measure, NULL},
	{"io_uring", io_ring, NULL},
	{"the keyring", keyring, NULL},
	{"userfaultfd", user_faults, NULL},
	{"System V shared memory", shared_memory, NULL},
	{"read the kernel's log", read_kernel_log, NULL},
	{"load a module", load_module, NULL},
	{"set the clock", set_clock, NULL},
	{"set the host's name", set_hostname, "x"},
	{"real-time priority", run_realtime, NULL},
	{"restart the machine", restart_machine, NULL},
	{0},
};
