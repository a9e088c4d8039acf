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
#include "lib/log.h"

#define BACKLOG 1024

static int take_over(unsigned count, int ret_fds[static CONF_LISTEN_MAX])
{
	if (count > CONF_LISTEN_MAX) {
		log_error("too many sockets handed over", LOG_NUM("count", count));
		return -E2BIG;
	}
	for (unsigned i = 0; i < count; i++) {
		int fd = DAEMON_FIRST_SOCKET + (int)i;
		int flags = fcntl(fd, F_GETFL);
		if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
			return -errno;
		ret_fds[i] = fd;
	}
	return (int)count;
}

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

int listen_all(const struct conf *c, int ret_fds[static CONF_LISTEN_MAX])
{
	unsigned handed = daemon_sockets();
	if (handed)
		return take_over(handed, ret_fds);
	for (size_t i = 0; i < c->listen_count; i++) {
		int fd = make(c->listen[i]);
		if (fd < 0) {
			while (i-- > 0)
				io_close(ret_fds[i]);
			return fd;
		}
		ret_fds[i] = fd;
	}
	return (int)c->listen_count;
}
