/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe: laid in the place of a daemon's program and started by its unit, it tries what an attacker
 * would who had taken the daemon over, and prints for each attempt "probe: WHAT: yes" or the error.
 * docs/TRUST.md has the table that must come out. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define SPOOL "/var/spool/punchd/"
#define STATE "/var/lib/punchd/"
#define RUN   "/run/punchd/"

enum {
	FIRST_INHERITED = 3, /* sd_listen_fds(3) */
	PIDS_LOOKED_AT = 30000,
	PAGE_BYTES = 4096,
	TRAPPED = 200, /* an exit status that is no errno */
};

/* 0 or the errno of what has just returned `rc`. */
static int outcome(long rc)
{
	return rc < 0 ? errno : 0;
}

/* ---- files ---- */

static int open_as(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0600);
	int rc = outcome(fd);

	if (fd >= 0)
		close(fd);
	return rc;
}

static int read_file(const char *path)
{
	return open_as(path, O_RDONLY);
}

static int write_file(const char *path)
{
	return open_as(path, O_WRONLY);
}

static int list(const char *path)
{
	return open_as(path, O_RDONLY | O_DIRECTORY);
}

static int create_in(const char *path)
{
	char name[256];
	int rc;

	snprintf(name, sizeof(name), "%s/0000000000000000-00000000000000ff", path);
	rc = open_as(name, O_WRONLY | O_CREAT);
	if (rc == 0)
		unlink(name);
	return rc;
}

/* Any file of the directory: who may list it and read none sees names alone. */
static int read_any_in(const char *path)
{
	DIR *dir = opendir(path);
	int rc = ENODATA;

	if (!dir)
		return errno;
	for (struct dirent *e; rc != 0 && (e = readdir(dir));)
		if (e->d_name[0] != '.')
			rc = openat(dirfd(dir), e->d_name, O_RDONLY) < 0 ? errno : 0;
	closedir(dir);
	return rc;
}

static int make_node(const char *path)
{
	return outcome(mknod(path, S_IFCHR | 0600, 0x101));
}

static int make_setuid(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	int rc = fd < 0 ? errno : outcome(fchmod(fd, 04755));

	unlink(path);
	return rc;
}

/* ---- sockets ---- */

static int connect_as(const char *path, int type)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return errno;
	strncpy(at.sun_path, path, sizeof(at.sun_path) - 1);
	rc = outcome(connect(fd, (struct sockaddr *)&at, sizeof(at)));
	close(fd);
	return rc;
}

static int connect_packet(const char *path)
{
	return connect_as(path, SOCK_SEQPACKET);
}

static int connect_stream(const char *path)
{
	return connect_as(path, SOCK_STREAM);
}

static int connect_datagram(const char *path)
{
	return connect_as(path, SOCK_DGRAM);
}

static int open_socket(int family, int type)
{
	int fd = socket(family, type, 0);
	int rc = outcome(fd);

	if (fd >= 0)
		close(fd);
	return rc;
}

static int socket_inet(const char *unused)
{
	(void)unused;
	return open_socket(AF_INET, SOCK_STREAM);
}

static int socket_inet6(const char *unused)
{
	(void)unused;
	return open_socket(AF_INET6, SOCK_DGRAM);
}

static int socket_netlink(const char *unused)
{
	(void)unused;
	return open_socket(AF_NETLINK, SOCK_RAW);
}

static int socket_packet(const char *unused)
{
	(void)unused;
	return open_socket(AF_PACKET, SOCK_RAW);
}

static int socket_vsock(const char *unused)
{
	(void)unused;
	return open_socket(AF_VSOCK, SOCK_STREAM);
}

/* 127.0.0.1 and 198.51.100.7 as an IPv4 or IPv6 socket wants them. */
static socklen_t address_for(int fd, uint32_t ipv4, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_storage own = {0};
	socklen_t length = sizeof(own);

	if (getsockname(fd, (struct sockaddr *)&own, &length) < 0 ||
		(own.ss_family != AF_INET && own.ss_family != AF_INET6))
		return 0;
	memset(ret, 0, sizeof(*ret));
	ret->ss_family = own.ss_family;
	if (own.ss_family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)ret;

		in->sin_port = htons(port);
		in->sin_addr.s_addr = htonl(ipv4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

	in6->sin6_port = htons(port);
	in6->sin6_addr.s6_addr[10] = in6->sin6_addr.s6_addr[11] = 0xff;
	ipv4 = htonl(ipv4);
	memcpy(in6->sin6_addr.s6_addr + 12, &ipv4, sizeof(ipv4));
	return sizeof(*in6);
}

/* The first inherited socket of the type that has an address in a network; -1 if there is none. */
static int inherited(int type)
{
	struct sockaddr_storage at;
	int got;
	socklen_t length;

	for (int fd = FIRST_INHERITED; fd < FIRST_INHERITED + 8; fd++) {
		length = sizeof(got);
		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &got, &length) == 0 && got == type &&
			address_for(fd, INADDR_LOOPBACK, 9, &at) > 0)
			return fd;
	}
	return -1;
}

/* A listening socket that was shut down may connect: the way into the network without socket(2).
 * Port 9 has nobody, so a refusal came from the network and means that it can be reached. */
static int connect_what_listens(const char *unused)
{
	struct sockaddr_storage to;
	int fd = inherited(SOCK_STREAM), rc;
	socklen_t length;

	(void)unused;
	if (fd < 0)
		return EBADF;
	length = address_for(fd, INADDR_LOOPBACK, 9, &to);
	shutdown(fd, SHUT_RDWR);
	rc = outcome(connect(fd, (struct sockaddr *)&to, length));
	return rc == ECONNREFUSED || rc == EINPROGRESS ? 0 : rc;
}

static int send_to(uint32_t ipv4)
{
	struct sockaddr_storage to;
	int fd = inherited(SOCK_DGRAM);
	socklen_t length;

	if (fd < 0)
		return EBADF;
	length = address_for(fd, ipv4, 9, &to);
	return outcome(sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&to, length));
}

static int send_near(const char *unused)
{
	(void)unused;
	return send_to(INADDR_LOOPBACK);
}

/* 198.51.100.7 is nobody's: RFC 5737. */
static int send_far(const char *unused)
{
	(void)unused;
	return send_to(0xc6336407);
}

/* ---- processes ---- */

/* A child of its own; what it ends with. */
static int in_child(int (*run)(const char *), const char *argument)
{
	pid_t child = fork();
	int status = 0;

	if (child < 0)
		return errno;
	if (child == 0)
		_exit(run(argument));
	if (waitpid(child, &status, 0) < 0)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : TRAPPED;
}

static int nothing(const char *unused)
{
	(void)unused;
	return 0;
}

static int make_process(const char *unused)
{
	return in_child(nothing, unused);
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
	rc = in_child(become, path);
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

/* ---- the attempts, in the order of the table ---- */

static const struct attempt {
	const char *what;
	int (*try)(const char *argument);
	const char *argument;
} attempts[] = {
	{"read the records", read_file, STATE "parserd/records/data.mdb"},
	{"write the records", write_file, STATE "parserd/records/data.mdb"},
	{"write the records' `lock.mdb`", write_file, STATE "parserd/records/lock.mdb"},
	{"see photos of punches", list, STATE "parserd/photos"},
	{"lay a photo there", create_in, STATE "parserd/photos"},
	{"read what is private", read_file, STATE "private/records/data.mdb"},
	{"write what is private", write_file, STATE "private/records/data.mdb"},
	{"read devices and commands", read_file, STATE "cmdqd/control/data.mdb"},
	{"write devices and commands", write_file, STATE "cmdqd/control/data.mdb"},
	{"read the admission list", read_file, STATE "cmdqd/admission"},
	{"write the admission list", write_file, STATE "cmdqd/admission"},
	{"see content of results", list, STATE "cmdqd/content"},
	{"lay content there", create_in, STATE "cmdqd/content"},
	{"read files for terminals", read_any_in, STATE "files"},
	{"lay a file there", create_in, STATE "files"},
	{"make an upload", create_in, SPOOL "upload/tmp"},
	{"read uploads that wait", read_any_in, SPOOL "upload/new"},
	{"see uploads that are done", list, SPOOL "upload/done"},
	{"make a result", create_in, SPOOL "result/tmp"},
	{"see results that are done", list, SPOOL "result/done"},
	{"make an order", create_in, SPOOL "order/tmp"},
	{"see orders that are done", list, SPOOL "order/done"},
	{"make an order to erase", create_in, SPOOL "erase/tmp"},
	{"see what was erased", list, SPOOL "erase/done"},
	{"ask at the desk", connect_packet, RUN "desk/desk.sock"},
	{"say whom to wake", connect_datagram, RUN "wake/wake.sock"},
	{"ask whose finger it is", connect_packet, RUN "match/match.sock"},
	{"come to ingestd in another's name", connect_stream, RUN "proxy/ingestd.sock"},
	{"read the key of TLS", read_file, "/run/credentials/punchd-tls.service/tls.pem.key"},
	{"read the configuration", read_file, "/etc/punchd/punchd.conf"},
	{"write the configuration", write_file, "/etc/punchd/punchd.conf"},
	{"write a log line", connect_datagram, "/run/systemd/journal/socket"},
	{"send a datagram to a private network", send_near, NULL},
	{"send a datagram elsewhere", send_far, NULL},
	{"connect with the socket that it listens on", connect_what_listens, NULL},
	{"make a process", make_process, NULL},
	{"start a program of `/usr/lib`", start_program,
		"/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"},
	{"signal another process", signal_process, NULL},
	{"write to a `/tmp` of its own", create_in, "/tmp"},

	{"read `/etc/shadow`", read_file, "/etc/shadow"},
	{"read the key of TLS where it is kept", read_file, "/etc/punchd/tls/key.pem"},
	{"see `/home`", list, "/home"},
	{"see `/root`", list, "/root"},
	{"see `/var/log`", list, "/var/log"},
	{"read in another's `/tmp`", read_file, "/tmp/of-another"},
	{"start a shell", start_program, "/bin/sh"},
	{"write its own program", create_in, "/usr/libexec/punchd"},
	{"write to `/etc`", create_in, "/etc"},
	{"write to `/usr/lib`", create_in, "/usr/lib"},
	{"reach D-Bus", connect_stream, "/run/dbus/system_bus_socket"},
	{"reach the service manager", connect_stream, "/run/systemd/private"},
	{"open an IPv4 socket", socket_inet, NULL},
	{"open an IPv6 socket", socket_inet6, NULL},
	{"open a netlink socket", socket_netlink, NULL},
	{"open a packet socket", socket_packet, NULL},
	{"open a vsock socket", socket_vsock, NULL},
	{"see another process", see_process, NULL},
	{"read another's environment", read_file, "/proc/1/environ"},
	{"trace another process", trace, NULL},
	{"read another's memory", read_memory, NULL},
	{"become root", become_root, NULL},
	{"make a setuid file", make_setuid, "/tmp/s"},
	{"make a device node", make_node, "/tmp/n"},
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
	{"read `/dev/kmsg`", read_file, "/dev/kmsg"},
	{"read `/dev/mem`", read_file, "/dev/mem"},
	{"write a sysctl", write_file, "/proc/sys/kernel/hostname"},
	{"write to cgroups", create_in, "/sys/fs/cgroup"},
	{"load a module", load_module, NULL},
	{"set the clock", set_clock, NULL},
	{"set the host's name", set_hostname, "x"},
	{"real-time priority", run_realtime, NULL},
	{"restart the machine", restart_machine, NULL},
};

static void print(const char *what, int rc)
{
	if (rc == 0)
		printf("probe: %s: yes\n", what);
	else
		printf("probe: %s: %s\n", what, rc == TRAPPED ? "killed" : strerrorname_np(rc));
}

/* Each attempt is a process's: what is allowed must not change the next one. Root would really
 * mount and really set the host's name, so whoever starts this by mistake must not be root. */
int main(void)
{
	if (getuid() == 0 || geteuid() == 0) {
		fprintf(stderr, "probe: not as root: what it tries would work\n");
		return EX_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++) {
		print(attempts[i].what, in_child(attempts[i].try, attempts[i].argument));
		fflush(stdout);
	}
	return 0;
}
