/* SPDX-License-Identifier: GPL-2.0-or-later */
/* local: sockets between processes of this machine. */
#include "lib/local.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/io.h"

#define SOCKET_BYTES (1024 * 1024)

static int make_address(const char *path, struct sockaddr_un *ret)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	*ret = address;
	return 0;
}

/* Room for many packets, so that a burst does not make the other side wait. The kernel may give
 * less, and it would do: its answer is not looked at. */
static int make_socket(int type)
{
	const int bytes = SOCKET_BYTES;
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	return fd;
}

int local_connect(const char *path, int type)
{
	struct sockaddr_un address;
	int fd, rc = make_address(path, &address);

	if (rc < 0)
		return rc;
	fd = make_socket(type);
	if (fd < 0)
		return fd;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		rc = -errno;
		io_close(fd);
		return rc;
	}
	return fd;
}

/* To a socket of another type the kernel lets nobody connect, and says whether there is one. */
int local_is_there(const char *path, int type)
{
	int fd = local_connect(path, type == SOCK_DGRAM ? SOCK_SEQPACKET : SOCK_DGRAM);

	if (fd >= 0)
		io_close(fd);
	if (fd == -EPROTOTYPE)
		return 1;
	return fd >= 0 || fd == -ENOENT || fd == -ECONNREFUSED ? 0 : fd;
}

/* Removes a socket file that its owner left behind. Only a refused connection shows that nobody
 * listens: any other answer, a full backlog too, comes from somebody alive. */
static int clear_the_way(const char *path, int type)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = local_connect(path, type);
	if (fd != -ECONNREFUSED) {
		io_close(fd);
		return fd == -EACCES ? fd : -EADDRINUSE;
	}
	return unlink(path) < 0 ? -errno : 0;
}

/* The socket's own mode is what its file is born with, less the umask: so nobody gets in before
 * chmod() gives back what the umask took. Datagrams need no listen(). */
static int bind_with_mode(int fd, const struct sockaddr_un *address, int type, mode_t mode)
{
	if (fchmod(fd, mode) < 0 ||
		bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ||
		chmod(address->sun_path, mode) < 0)
		return -errno;
	return type != SOCK_DGRAM && listen(fd, SOMAXCONN) < 0 ? -errno : 0;
}

int local_listen(const char *path, int type, mode_t mode)
{
	struct sockaddr_un address;
	int fd, rc = make_address(path, &address);

	if (rc == 0)
		rc = clear_the_way(path, type);
	if (rc < 0)
		return rc;
	fd = make_socket(type);
	if (fd < 0)
		return fd;
	rc = bind_with_mode(fd, &address, type, mode);
	if (rc == 0)
		return fd;
	io_close(fd);
	return rc;
}

int local_accept(int listen_fd)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return errno == EINTR || errno == ECONNABORTED ? -EAGAIN : -errno;
	return fd;
}
