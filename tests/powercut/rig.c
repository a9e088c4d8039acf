/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rig: see the header. */
#include "tests/powercut/rig.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "tests/powercut/promise.h"

#define PORT       8081 /* in a network of our own */
#define PATIENCE_S 120  /* a guard against hanging, not a demand */

/* ---- the directory ---- */

static void make_dir(const struct rig *r, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	if (mkdir(path, 0755) < 0 || chown(path, RIG_USER, RIG_USER) < 0)
		err(EX_CANTCREAT, "%s", path);
}

static void write_conf(const struct rig *r)
{
	FILE *f = fopen(r->conf, "we");

	if (!f)
		err(EX_CANTCREAT, "%s", r->conf);
	fprintf(f,
		"spool_dir = \"%s\"\nstate_dir = \"%s\"\nrun_dir = \"%s/run\"\n"
		"listen = {\"127.0.0.1:%d\"}\nadmit = any\nfree_floor = \"0 B\"\n"
		"records_map = \"4 MiB\"\n",
		r->spool, r->state, r->dir, PORT);
	if (fclose(f) != 0)
		err(EX_IOERR, "%s", r->conf);
}

void rig_open(struct rig *r, const char *bin, const char *dir)
{
	static const char *const names[] = {
		"mnt", "run", "run/desk", "run/wake", "run/match", "log"};

	*r = (struct rig){.bin = bin};
	snprintf(r->dir, sizeof(r->dir), "%s", dir);
	snprintf(r->mount, sizeof(r->mount), "%s/mnt", dir);
	snprintf(r->conf, sizeof(r->conf), "%s/conf", dir);
	snprintf(r->spool, sizeof(r->spool), "%s/punchd/spool", r->mount);
	snprintf(r->state, sizeof(r->state), "%s/punchd/state", r->mount);
	if (mkdir(dir, 0755) < 0 || chmod(dir, 0755) < 0 || chown(dir, RIG_USER, RIG_USER) < 0)
		err(EX_CANTCREAT, "%s", dir);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		make_dir(r, names[i]);
	write_conf(r);
}

/* ---- programs ---- */

/* The daemons say READY to us as they would to a service manager. */
static int listen_for_ready(const struct rig *r, struct sockaddr_un *ret)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	int len = snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/ready", r->dir);
	if (len < 0 || (size_t)len >= sizeof(ret->sun_path))
		objection("dead: the path of the rig is too long");
	(void)unlink(ret->sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)ret, sizeof(*ret)) < 0)
		objection("dead: a socket: %s", strerror(errno));
	return fd;
}

static __attribute__((noreturn)) void become(
	const struct rig *r, const char *const *args, const char *ready_path)
{
	char program[512], log[512];

	snprintf(program, sizeof(program), "%s/%s", r->bin, args[0]);
	snprintf(log, sizeof(log), "%s/log/%s", r->dir, args[0]);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd >= 0) {
		(void)dup2(fd, STDOUT_FILENO);
		(void)dup2(fd, STDERR_FILENO);
	}
	(void)setenv("PUNCHD_CONF", r->conf, 1);
	if (ready_path)
		(void)setenv("NOTIFY_SOCKET", ready_path, 1);
	execv(program, (char **)(uintptr_t)args);
	_exit(EX_UNAVAILABLE);
}

static pid_t spawn(const struct rig *r, const char *const *args, const char *ready_path)
{
	pid_t pid = fork();

	if (pid < 0)
		objection("dead: no process: %s", strerror(errno));
	if (pid == 0)
		become(r, args, ready_path);
	return pid;
}

/* The last line that it logged. */
static void last_words(const struct rig *r, const char *name, char ret[static 400])
{
	char path[512], text[4096];

	snprintf(path, sizeof(path), "%s/log/%s", r->dir, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	text[len > 0 ? len : 0] = '\0';
	close(fd);
	char *end = text + strlen(text);
	while (end > text && end[-1] == '\n')
		*--end = '\0';
	char *last = strrchr(text, '\n');
	snprintf(ret, 400, "%.380s", last ? last + 1 : text);
}

static void expect_end(const struct rig *r, pid_t pid, const char *name)
{
	int status;
	char words[400];

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	last_words(r, name, words);
	objection("dead: %s ended with %s %d: %s", name, WIFEXITED(status) ? "status" : "signal",
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), words);
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == pid;
}

static pid_t start_daemon(const struct rig *r, const char *name)
{
	const char *const args[] = {name, "-c", r->conf, NULL};
	struct sockaddr_un address;
	char said[4096] = "";
	int fd = listen_for_ready(r, &address);
	pid_t pid = spawn(r, args, address.sun_path);

	for (int waited_ms = 0; !strstr(said, "READY=1"); waited_ms += 5) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (poll(&p, 1, 5) > 0) {
			ssize_t len = recv(fd, said, sizeof(said) - 1, 0);
			said[len > 0 ? len : 0] = '\0';
		} else if (has_ended(pid) || waited_ms > PATIENCE_S * 1000) {
			(void)kill(pid, SIGKILL);
			expect_end(r, pid, name);
			objection("dead: %s ended while it started", name);
		}
	}
	close(fd);
	return pid;
}

static void stop_daemon(const struct rig *r, pid_t pid, const char *name)
{
	(void)kill(pid, SIGTERM);
	expect_end(r, pid, name);
}

static void run(const struct rig *r, const char *const *args)
{
	expect_end(r, spawn(r, args, NULL), args[0]);
}

/* ---- working off ---- */

static bool is_empty(const struct rig *r, const char *below)
{
	char path[512];
	bool empty = true;

	snprintf(path, sizeof(path), "%s/%s", r->spool, below);
	DIR *dir = opendir(path);
	if (!dir)
		objection("dead: %s: %s", path, strerror(errno));
	for (const struct dirent *d; (d = readdir(dir)) != NULL;)
		if (d->d_name[0] != '.' && !strstr(d->d_name, ".try"))
			empty = false;
	(void)closedir(dir);
	return empty;
}

/* New before cur: what is claimed between the two looks is seen by the second. */
static void wait_until_empty(const struct rig *r, const char *fresh, const char *in_work)
{
	for (int waited_ms = 0; !(is_empty(r, fresh) && is_empty(r, in_work)); waited_ms++) {
		if (waited_ms > PATIENCE_S * 1000)
			objection("left: spool/%s is never worked off", fresh);
		usleep(1000);
	}
}

/* parserd alone can be asked to end when there is nothing left to do. cmdqd runs meanwhile. */
void rig_work_off(const struct rig *r)
{
	const char *const once[] = {"parserd", "-c", r->conf, "--once", NULL};
	pid_t parserd = spawn(r, once, NULL);
	pid_t cmdqd = start_daemon(r, "cmdqd");

	wait_until_empty(r, "order/new", "order/cur");
	wait_until_empty(r, "result/new", "result/cur");
	stop_daemon(r, cmdqd, "cmdqd");
	expect_end(r, parserd, "parserd");
}

void rig_replay(const struct rig *r, const char *kind)
{
	const char *const args[] = {"punchctl", "spool", "replay", kind, "--all", NULL};

	run(r, args);
}

/* ---- serving ---- */

static int connect_to_ingestd(void)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		objection("dead: ingestd does not listen: %s", strerror(errno));
	return fd;
}

void rig_serve(const struct rig *r, const char *serial, unsigned long long pin)
{
	char body[64], text[512];
	int body_len = snprintf(body, sizeof(body), "%llu\t2026-01-05 08:00:00\t0\t1\n", pin);
	int len = snprintf(text, sizeof(text),
		"POST /iclock/cdata?SN=%s&table=ATTLOG&Stamp=9999 HTTP/1.1\r\nHost: punchd\r\n"
		"Connection: close\r\nContent-Length: %d\r\n\r\n%s",
		serial, body_len, body);
	pid_t ingestd = start_daemon(r, "ingestd");
	int fd = connect_to_ingestd();

	if (send(fd, text, (size_t)len, MSG_NOSIGNAL) != len)
		objection("dead: ingestd does not take an upload");
	ssize_t got = recv(fd, text, sizeof(text) - 1, MSG_WAITALL);
	text[got > 0 ? got : 0] = '\0';
	if (!strstr(text, " 200 ") || !strstr(text, "OK: 1"))
		objection("dead: ingestd answers an upload with \"%.60s\"", text);
	close(fd);
	stop_daemon(r, ingestd, "ingestd");
}
