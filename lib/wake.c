/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wake: the packets of wake.sock and the sockets they go through. */
#include "lib/wake.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/io.h"
#include "lib/network.h"
#include "lib/serial.h"

/* ---- packets ---- */

int wake_put(struct buf *b, const struct wake *w)
{
	bool poke = w->kind == WAKE_POKE;

	buf_clear(b);
	if (!serial_valid(w->serial) || (poke && !network_is_address(w->address)))
		return -EINVAL;
	if (poke)
		return buf_printf(b, "wake %.*s %.*s", SPAN_ARG(w->serial), SPAN_ARG(w->address));
	return buf_printf(b, "seen %.*s", SPAN_ARG(w->serial));
}

int wake_get(struct span packet, struct wake *ret)
{
	struct wake w = {.kind = WAKE_SEEN};
	struct span kind;

	if (packet.len > WAKE_MAX || !span_next(&packet, ' ', &kind) ||
		!span_next(&packet, ' ', &w.serial) || !serial_valid(w.serial))
		return -EBADMSG;
	if (span_is(kind, "wake")) {
		w.kind = WAKE_POKE;
		if (!span_next(&packet, ' ', &w.address) || !network_is_address(w.address))
			return -EBADMSG;
	} else if (!span_is(kind, "seen")) {
		return -EBADMSG;
	}
	if (packet.ptr)
		return -EBADMSG;
	*ret = w;
	return 0;
}

/* ---- sockets ---- */

static int make_address(const char *path, struct sockaddr_un *ret)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	*ret = address;
	return 0;
}

static int make_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

int wake_connect(const char *path)
{
	struct sockaddr_un address;
	int fd, rc = make_address(path, &address);

	if (rc < 0)
		return rc;
	fd = make_socket();
	if (fd < 0)
		return fd;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		rc = -errno;
		io_close(fd);
		return rc;
	}
	return fd;
}

/* Removes a socket file that its owner left behind: only a refused connection shows that nobody
 * listens. */
static int clear_the_way(const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = wake_connect(path);
	if (fd != -ECONNREFUSED) {
		io_close(fd);
		return fd == -EACCES ? fd : -EADDRINUSE;
	}
	return unlink(path) < 0 ? -errno : 0;
}

/* The socket's own mode is what its file is born with, less the umask: so nobody gets in before
 * chmod() gives back what the umask took. */
static int bind_with_mode(int fd, const struct sockaddr_un *address, mode_t mode)
{
	if (fchmod(fd, mode) < 0 ||
		bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return -errno;
	return chmod(address->sun_path, mode) < 0 ? -errno : 0;
}

int wake_listen(const char *path, unsigned mode)
{
	struct sockaddr_un address;
	int fd, rc = make_address(path, &address);

	if (rc == 0)
		rc = clear_the_way(path);
	if (rc < 0)
		return rc;
	fd = make_socket();
	if (fd < 0)
		return fd;
	rc = bind_with_mode(fd, &address, mode);
	if (rc == 0)
		return fd;
	io_close(fd);
	return rc;
}
