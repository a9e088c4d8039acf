/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listen: see listen.h. */
#include "ingestd/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "lib/daemon.h"
#include "lib/io.h"
#include "lib/local.h"
#include "lib/log.h"

#define BACKLOG 1024

/* ---- handed over ---- */

static int refuse(const char *why, int rc)
{
	log_error("a socket that was handed over is not taken", LOG_TEXT("reason", why));
	return rc;
}

/* Whoever can speak on it is believed. */
static bool is_of_this_machine(int fd)
{
	struct sockaddr_storage at = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(at);
	return getsockname(fd, (struct sockaddr *)&at, &len) == 0 && at.ss_family == AF_UNIX;
}

static int take_proxy(int fd, struct listeners *l)
{
	if (l->proxy_fd >= 0)
		return refuse("there is one called " LISTEN_PROXY_NAME " already", -E2BIG);
	if (!is_of_this_machine(fd))
		return refuse("the one called " LISTEN_PROXY_NAME
			      " is no socket of the file system",
			-EINVAL);
	l->proxy_fd = fd;
	return 0;
}

static int take(int fd, struct listeners *l)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	if (daemon_socket_is(fd, LISTEN_PROXY_NAME))
		return take_proxy(fd, l);
	if (l->count == CONF_LISTEN_MAX)
		return refuse("there are too many", -E2BIG);
	l->fds[l->count++] = fd;
	return 0;
}

static int take_over(unsigned count, struct listeners *l)
{
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < count; i++)
		rc = take(DAEMON_FIRST_SOCKET + (int)i, l);
	return rc;
}

/* ---- made ---- */

/* "192.0.2.1:8081" or "[2001:db8::1]:8081" in its two parts. 0 or -EINVAL. */
static int split(const char *text, char host[static 64], const char **ret_port)
{
	const char *colon = strrchr(text, ':');
	if (!colon || !colon[1])
		return -EINVAL;
	const char *from = text, *to = colon;
	if (*from == '[' && to > from && to[-1] == ']') {
		from++;
		to--;
	}
	if (to <= from || to - from >= 64)
		return -EINVAL;
	memcpy(host, from, (size_t)(to - from));
	host[to - from] = '\0';
	*ret_port = colon + 1;
	return 0;
}

static int listen_at(const struct addrinfo *ai)
{
	int on = 1, off = 0;
	int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int rc = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (rc == 0 && ai->ai_family == AF_INET6)
		rc = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (rc == 0)
		rc = bind(fd, ai->ai_addr, ai->ai_addrlen);
	if (rc == 0)
		rc = listen(fd, BACKLOG);
	if (rc < 0) {
		rc = -errno;
		io_close(fd);
		return rc;
	}
	return fd;
}

static int make(const char *address)
{
	char host[64];
	const char *port;
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *ai = NULL;
	int rc = split(address, host, &port);
	if (rc == 0 && getaddrinfo(host, port, &hints, &ai) != 0)
		rc = -EINVAL;
	if (rc == 0) {
		rc = listen_at(ai);
		freeaddrinfo(ai);
	}
	if (rc < 0)
		log_error("cannot listen", LOG_TEXT("address", address), LOG_ERR(rc));
	return rc;
}

static int make_proxy(const char *path, int *ret_fd)
{
	int fd = local_listen(path, SOCK_STREAM, 0660);
	if (fd < 0) {
		log_error("cannot listen", LOG_TEXT("path", path), LOG_ERR(fd));
		return fd;
	}
	*ret_fd = fd;
	return 0;
}

/* What was made before a failure is in `l`. */
static int make_all(const struct conf *c, struct listeners *l)
{
	for (size_t i = 0; i < c->listen_count; i++) {
		int fd = make(c->listen[i]);
		if (fd < 0)
			return fd;
		l->fds[l->count++] = fd;
	}
	return c->listen_proxy[0] ? make_proxy(c->listen_proxy, &l->proxy_fd) : 0;
}

static void close_all(const struct listeners *l)
{
	for (unsigned i = 0; i < l->count; i++)
		io_close(l->fds[i]);
	io_close(l->proxy_fd);
}

int listen_all(const struct conf *c, struct listeners *ret)
{
	struct listeners l = {.proxy_fd = -1};
	unsigned handed = daemon_sockets();
	int rc = handed ? take_over(handed, &l) : make_all(c, &l);
	if (rc == 0)
		*ret = l;
	else
		close_all(&l);
	return rc;
}
