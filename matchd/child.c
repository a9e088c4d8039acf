/* SPDX-License-Identifier: GPL-2.0-or-later */
/* child: fork, and what belongs to it. The process is held by a descriptor, so that no signal can
 * reach another one that got its number. */
#include "matchd/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/io.h"
#include "matchd/cage.h"

#define LAST_WAIT_MS 1000

int child_open(const char *program, uint64_t memory_bytes, struct child *ret)
{
	int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null_fd < 0)
		return -errno;
	*ret = (struct child){program, memory_bytes, null_fd, .pid_fd = -1, .fd = -1};
	return 0;
}

void child_close(struct child *c)
{
	struct pollfd end = {.fd = c->pid_fd, .events = POLLIN};
	int status;

	child_end(c);
	if (c->pid_fd >= 0 && poll(&end, 1, LAST_WAIT_MS) > 0)
		child_reap(c, &status);
	io_close(c->pid_fd);
	io_close(c->null_fd);
	c->pid_fd = c->null_fd = -1;
}

/* ---- within the new process ---- */

/* Dies with matchd, even if that died before this was said. */
static bool bind_life(pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

static bool own_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	return signal(SIGPIPE, SIG_DFL) != SIG_ERR && sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

static bool own_descriptors(int fd, int null_fd)
{
	return dup2(fd, STDIN_FILENO) >= 0 && dup2(fd, STDOUT_FILENO) >= 0 &&
	       dup2(null_fd, STDERR_FILENO) >= 0 &&
	       close_range(STDERR_FILENO + 1, UINT32_MAX, 0) == 0;
}

static void become(const struct child *c, int fd, pid_t parent)
{
	char *const argv[] = {(char *)c->program, NULL};
	char *const environment[] = {"PATH=/usr/bin:/bin", "LANG=C", NULL};

	if (bind_life(parent) && own_signals() && own_descriptors(fd, c->null_fd) &&
		setsid() >= 0 && chdir("/") == 0 && cage_enter(c->program, c->memory_bytes) == 0)
		execve(c->program, argv, environment);
	_exit(127);
}

/* ---- within matchd ---- */

/* It is held by `fd` and has the other end. */
static int adopt(struct child *c, pid_t pid, int fd)
{
	int rc;

	c->pid_fd = pidfd_open(pid, 0);
	if (c->pid_fd >= 0) {
		c->pid = pid;
		c->fd = fd;
		return 0;
	}
	rc = -errno;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return rc;
}

/* Its end of the socket blocks, as programs expect it of their input; ours does not. */
static int make_pair(int ret_fds[static 2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret_fds) < 0)
		return -errno;
	if (fcntl(ret_fds[0], F_SETFL, O_NONBLOCK) == 0)
		return 0;
	int rc = -errno;
	io_close(ret_fds[0]);
	io_close(ret_fds[1]);
	return rc;
}

int child_start(struct child *c)
{
	pid_t pid, parent = getpid();
	int fds[2], rc;

	if (access(c->program, X_OK) < 0)
		return -errno;
	rc = make_pair(fds);
	if (rc < 0)
		return rc;
	pid = fork();
	if (pid == 0)
		become(c, fds[1], parent);
	rc = pid < 0 ? -errno : adopt(c, pid, fds[0]);
	io_close(fds[1]);
	if (rc < 0)
		io_close(fds[0]);
	return rc;
}

void child_end(struct child *c)
{
	if (c->pid_fd >= 0)
		pidfd_send_signal(c->pid_fd, SIGKILL, NULL, 0);
	io_close(c->fd);
	c->fd = -1;
}

bool child_reap(struct child *c, int *ret_status)
{
	if (c->pid_fd < 0)
		return true;
	if (waitpid(c->pid, ret_status, WNOHANG) == 0)
		return false;
	io_close(c->pid_fd);
	c->pid_fd = -1;
	return true;
}

int child_say(const struct child *c, struct span line)
{
	ssize_t n = send(c->fd, line.ptr, line.len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return -errno;
	return (size_t)n < line.len ? -EAGAIN : 0;
}

ssize_t child_hear(const struct child *c, void *into, size_t room)
{
	ssize_t n = recv(c->fd, into, room, MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	return n > 0 ? n : -EPIPE;
}
